package webtier

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

//go:embed boot/boot.sh
var bootScript string

//go:embed boot/hello.py
var helloService string

// userDataLimit is the most that EC2 takes, before it is encoded (field note WT-12).
const userDataLimit = 16 * 1024

// setting is a shell variable that the boot script reads.
type setting struct {
	name  string
	value pulumi.StringInput
}

// userData returns the boot script with its settings before it. All of it is there to be read by whoever may describe a
// launch template: it has names and ARNs, and never a value of a secret (document 000).
func (b *builder) userData() pulumi.StringOutput {
	settings := []setting{
		{"LOG_GROUP", b.logs.Name}, // its output, so that the group is there before an instance (field note WT-13)
		{"PORT", pulumi.String(strconv.Itoa(b.args.Port))},
		{"HEALTH_PATH", pulumi.String(b.args.HealthCheck.Path)},
		{"BOOT_SECONDS", pulumi.String(strconv.Itoa(b.args.BootSeconds))},
		{"DRAIN_SECONDS", pulumi.String(strconv.Itoa(drainSeconds))},
	}
	if b.args.Container != "" {
		repository, _ := b.spec.Repository()
		settings = append(settings,
			setting{"CONTAINER", pulumi.String(b.args.Container)},
			setting{"REGISTRY", pulumi.String(repository.Registry)},
			setting{"REGISTRY_REGION", pulumi.String(repository.Region)},
		)
	} else {
		settings = append(settings, setting{"HELLO_SERVICE", pulumi.String(helloService)})
	}
	return b.encoded(append(settings, setting{"APP_ENVIRONMENT", b.environment()}))
}

// drainSeconds is how long the application has to finish its requests when it is told to stop. The load balancer sends it
// no more by then.
const drainSeconds = 30

// environment returns the environment of the application, a line each. The boot script adds what only the instance
// knows.
func (b *builder) environment() pulumi.StringOutput {
	lines := []any{pulumi.Sprintf("PORT=%d", b.args.Port), pulumi.Sprintf("AWS_REGION=%s", b.place.Region)}
	if b.args.ParameterPrefix != nil {
		lines = append(lines, pulumi.Sprintf("PARAMETER_PREFIX=%s", b.args.ParameterPrefix))
	}
	for _, name := range slices.Sorted(maps.Keys(b.args.Secrets)) {
		variable := strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_SECRET_ARN"
		lines = append(lines, pulumi.Sprintf("%s=%s", variable, b.args.Secrets[name]))
	}
	return pulumi.Sprintf(strings.Repeat("%s\n", len(lines)), lines...)
}

// secretARNs returns the ARNs of the application's secrets, by name.
func (b *builder) secretARNs() []pulumi.StringInput {
	var arns []pulumi.StringInput
	for _, name := range slices.Sorted(maps.Keys(b.args.Secrets)) {
		arns = append(arns, b.args.Secrets[name])
	}
	return arns
}

// encoded returns the script with these settings, as a launch template wants it: in base64, once.
func (b *builder) encoded(settings []setting) pulumi.StringOutput {
	values := make(pulumi.StringArray, len(settings))
	for i, each := range settings {
		values[i] = each.value
	}
	return values.ToStringArrayOutput().ApplyT(func(values []string) (string, error) {
		var script strings.Builder
		script.WriteString("#!/bin/bash\n")
		for i, each := range settings {
			fmt.Fprintf(&script, "%s=%s\n", each.name, quoted(values[i]))
		}
		script.WriteString(strings.TrimPrefix(bootScript, "#!/bin/bash\n"))
		if size := script.Len(); size > userDataLimit {
			return "", fmt.Errorf("user data of %s has %d bytes, and EC2 takes %d: use fewer secrets", b.Name("app"), size, userDataLimit)
		}
		return base64.StdEncoding.EncodeToString([]byte(script.String())), nil
	}).(pulumi.StringOutput)
}

// quoted returns a text as one word of the shell, whatever is in it.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
