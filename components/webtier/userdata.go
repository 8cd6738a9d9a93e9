package webtier

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ha-web/internal/settings/web"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

//go:embed boot/boot.sh
var bootScript string

//go:embed boot/hello.py
var helloService string

// userDataLimit is the most bytes that EC2 accepts, before they are encoded (Amazon EC2 API reference,
// RequestLaunchTemplateData).
const userDataLimit = 16 * 1024

// variable is a shell variable that the boot script reads.
type variable struct {
	name  string
	value pulumi.StringInput
}

// userData returns the boot script after its variables. Everyone who may describe a launch template can read it: it has names and
// ARNs, and never the value of a secret.
func (b *builder) userData(logs *cloudwatch.LogGroup) pulumi.StringOutput {
	variables := []variable{
		{"LOG_GROUP", logs.Name}, // an output, so that the log group exists before an instance
		{"PORT", pulumi.String(strconv.Itoa(b.settings.Port))},
		{"HEALTH_PATH", pulumi.String(b.settings.HealthCheck.Path)},
		{"BOOT_SECONDS", pulumi.String(strconv.Itoa(b.settings.BootSeconds))},
		{"DRAIN_SECONDS", pulumi.String(strconv.Itoa(drainSeconds))},
	}
	if b.settings.Container != "" {
		repository, _ := b.settings.Repository()
		variables = append(variables,
			variable{"CONTAINER", pulumi.String(b.settings.Container)},
			variable{"REGISTRY", pulumi.String(repository.Registry)},
			variable{"REGISTRY_REGION", pulumi.String(repository.Region)},
		)
	} else {
		variables = append(variables, variable{"HELLO_SERVICE", pulumi.String(helloService)})
	}
	return b.encoded(append(variables, variable{"APP_ENVIRONMENT", b.environment()}))
}

// drainSeconds is how long the application has from SIGTERM until it is killed. EC2 Auto Scaling deregisters an instance, waits for
// its requests for the deregistration delay at most, and then terminates it: only then does systemd send SIGTERM (Amazon EC2 Auto
// Scaling user guide, "Attach an Elastic Load Balancing load balancer to your Auto Scaling group").
const drainSeconds = 30

// environment returns the environment variables of the application, a line each. The boot script adds what only the instance knows.
func (b *builder) environment() pulumi.StringOutput {
	lines := []any{
		pulumi.Sprintf("PORT=%d", b.settings.Port), pulumi.Sprintf("DRAIN_SECONDS=%d", drainSeconds), pulumi.Sprintf("AWS_REGION=%s", b.place.Region),
	}
	if b.args.ParameterPrefix != nil {
		lines = append(lines, pulumi.Sprintf("PARAMETER_PREFIX=%s", b.args.ParameterPrefix))
	}
	for _, name := range slices.Sorted(maps.Keys(b.args.Secrets)) {
		lines = append(lines, pulumi.Sprintf("%s=%s", web.SecretVariable(name), b.args.Secrets[name]))
	}
	for _, each := range b.settings.Variables() {
		lines = append(lines, each.Name+"="+each.Value)
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

// encoded returns the script after these variables, in base64, as a launch template requires.
func (b *builder) encoded(variables []variable) pulumi.StringOutput {
	values := make(pulumi.StringArray, len(variables))
	for i, each := range variables {
		values[i] = each.value
	}
	return values.ToStringArrayOutput().ApplyT(func(values []string) (string, error) {
		var script strings.Builder
		script.WriteString("#!/bin/bash\n")
		for i, each := range variables {
			fmt.Fprintf(&script, "%s=%s\n", each.name, quoted(values[i]))
		}
		script.WriteString(strings.TrimPrefix(bootScript, "#!/bin/bash\n"))
		if size := script.Len(); size > userDataLimit {
			return "", fmt.Errorf("user data of %s must be at most %d bytes, got %d: use fewer secrets, or less of web.environment", b.Name("app"), userDataLimit, size)
		}
		return base64.StdEncoding.EncodeToString([]byte(script.String())), nil
	}).(pulumi.StringOutput)
}

// quoted returns a string as one word of the shell, whatever is in it.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
