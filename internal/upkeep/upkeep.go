// Package upkeep knows what can be asked of the software on instances beside the application: agents, and playbooks of
// Ansible, which AWS Systems Manager applies to new instances and again on a schedule. Settings and the Access component share
// its types, its defaults and its rules; it knows neither.
//
// The comments of fields with a setting tag are the text of docs/settings.md.
package upkeep

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Agent is software on every instance, such as a sensor of CrowdStrike.
type Agent struct {
	// Name, such as falcon: small letters, digits and single hyphens.
	Name string `pulumi:"name,optional"`
	// Package of SSM Distributor that is installed, such as `AmazonCloudWatchAgent`. Left out: commands install it.
	Package string `pulumi:"package,optional"`
	// Its version. Left out: the newest, at each run.
	Version string `pulumi:"version,optional"`
	// Arguments of the package's own scripts, such as `{SSM_CS_CCID: ...}`. Everyone who may look at the stack reads them.
	Arguments map[string]string `pulumi:"arguments,optional"`
	// Commands of the shell, as root, after the package is there.
	Commands []string `pulumi:"commands,optional"`
	// Secrets that instances may read for it: ARNs in Secrets Manager, by the variable in which commands find the value, such
	// as `{DD_API_KEY: "arn:..."}`. The value is on no disk, and in no log of AWS.
	Secrets map[string]string `pulumi:"secrets,optional"`
	// How often it is looked after, as `rate(12 hours)` or `cron(0 3 * * ? *)`, besides once on every new instance. Left out:
	// `rate(1 day)`.
	Schedule string `pulumi:"schedule,optional"`
}

// Playbook is a playbook of Ansible for every instance.
type Playbook struct {
	// Name, such as moodle: small letters, digits and single hyphens.
	Name string `pulumi:"name,optional"`
	// Folder below that of the project, such as `examples/moodle`. It goes to a bucket, from which instances take it.
	Folder string `pulumi:"folder,optional"`
	// File in it that is played. Left out: `site.yml`.
	Playbook string `pulumi:"playbook,optional"`
	// Variables for it, such as `{moodle_release: "5.0.2"}`. Everyone who may look at the stack reads them.
	Variables map[string]string `pulumi:"variables,optional"`
	// How often it is played, as schedule of an agent, besides once on every new instance.
	Schedule string `pulumi:"schedule,optional"`

	// Files are the files of the folder, by path.
	Files map[string]string
}

// What holds where nothing else is asked for.
const (
	DefaultSchedule = "rate(1 day)"
	DefaultPlaybook = "site.yml"
)

// Digest names the content of a playbook: another one is another place in the bucket, and is played at once.
func (p Playbook) Digest() string {
	sum := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(p.Files)) {
		fmt.Fprintf(sum, "%d %s %d ", len(path), path, len(p.Files[path]))
		sum.Write([]byte(p.Files[path]))
	}
	return fmt.Sprintf("%x", sum.Sum(nil))[:12]
}

// ExtraVariables returns the variables as the document AWS-ApplyAnsiblePlaybooks takes them.
func (p Playbook) ExtraVariables() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		words = append(words, name+"="+p.Variables[name])
	}
	return strings.Join(words, " ")
}

// Spec is what upkeep is asked to be.
type Spec struct {
	Agents    []Agent
	Playbooks []Playbook
}

// WithDefaults returns a copy in which everything left out has its default.
func (s Spec) WithDefaults() Spec {
	s.Agents, s.Playbooks = slices.Clone(s.Agents), slices.Clone(s.Playbooks)
	for i, each := range s.Agents {
		s.Agents[i].Schedule = cmp.Or(each.Schedule, DefaultSchedule)
	}
	for i, each := range s.Playbooks {
		s.Playbooks[i].Schedule = cmp.Or(each.Schedule, DefaultSchedule)
		s.Playbooks[i].Playbook = cmp.Or(each.Playbook, DefaultPlaybook)
	}
	return s
}

// Validate records every fault of the spec. key gives the fields, such as Agents[0].Name, the names that whoever asks knows
// them by.
func (s Spec) Validate(faults *validate.Faults, key func(field string) string) {
	fields := validate.Named{Faults: faults, Name: key}
	var agents, playbooks []string
	for i, each := range s.Agents {
		each.check(fields, fmt.Sprintf("Agents[%d]", i), agents)
		agents = append(agents, each.Name)
	}
	for i, each := range s.Playbooks {
		each.check(fields, fmt.Sprintf("Playbooks[%d]", i), playbooks)
		playbooks = append(playbooks, each.Name)
	}
}

var (
	packageName = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,200}$`)
	version     = regexp.MustCompile(`^[A-Za-z0-9._-]{0,64}$`)
	argument    = regexp.MustCompile(`^SSM_[A-Za-z0-9_]+$`)
	variable    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	secretARN   = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]+-[A-Za-z0-9]{6}$`)
	schedule    = regexp.MustCompile(`^(rate\((([3-9][0-9]|[1-9][0-9]{2,}) minutes|1 (hour|day)|[2-9][0-9]* (hours|days)|1[0-9]+ (hours|days))\)|cron\([^()]+\))$`)
)

func checkName(fields validate.Named, field, name string, earlier []string) {
	switch {
	case !validate.Label(name) || len(name) > 32:
		fields.Add(field, "must be small letters, digits and single hyphens, 32 at most, got %q", name)
	case slices.Contains(earlier, name):
		fields.Add(field, "%s is taken by one before it", name)
	}
}

// checkSchedule wants half an hour at least, as State Manager does.
func checkSchedule(fields validate.Named, field, text string) {
	if !schedule.MatchString(text) {
		fields.Add(field, "must be such as %s, 30 minutes at least, or cron(0 3 * * ? *), in UTC, got %q", DefaultSchedule, text)
	}
}

// interpolated is what SSM takes for a parameter in a document.
const interpolated = "{{"

func (a Agent) check(fields validate.Named, field string, earlier []string) {
	checkName(fields, field+".Name", a.Name, earlier)
	checkSchedule(fields, field+".Schedule", a.Schedule)
	switch {
	case a.Package == "" && len(a.Commands) == 0:
		fields.Add(field+".Package", "needs this, or %s", fields.Name(field+".Commands"))
	case a.Package == "" && (a.Version != "" || len(a.Arguments) > 0):
		fields.Add(field+".Package", "is required with a version, and with arguments")
	case a.Package != "" && !packageName.MatchString(a.Package):
		fields.Add(field+".Package", "must be the name of a package in SSM Distributor, or its ARN, got %q", a.Package)
	}
	if !version.MatchString(a.Version) {
		fields.Add(field+".Version", "must be a version, got %q", a.Version)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Arguments)) {
		if !argument.MatchString(name) || strings.Contains(a.Arguments[name], interpolated) {
			fields.Add(field+".Arguments", "%s: must begin with SSM_ and have letters, digits and _ only, and no %s in its value", name, interpolated)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Secrets)) {
		if !variable.MatchString(name) {
			fields.Add(field+".Secrets", "%s: must be a name of letters, digits and _", name)
		}
		if !secretARN.MatchString(a.Secrets[name]) {
			fields.Add(field+".Secrets", "%s: must be the whole ARN of a secret, six letters at its end included, got %q", name, a.Secrets[name])
		}
	}
	for _, each := range a.Commands {
		if each == "" || strings.Contains(each, interpolated) {
			fields.Add(field+".Commands", "must be commands without %s, which is SSM's own, got %q", interpolated, each)
		}
	}
}

// extraValue is what the document AWS-ApplyAnsiblePlaybooks takes as the value of a variable.
var extraValue = regexp.MustCompile(`^[^\s|:();&]+$`)

// What a folder may hold. It is a playbook, and no place for archives.
const (
	maxFiles = 100
	maxBytes = 1 << 20
)

func (p Playbook) check(fields validate.Named, field string, earlier []string) {
	checkName(fields, field+".Name", p.Name, earlier)
	checkSchedule(fields, field+".Schedule", p.Schedule)
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		if !variable.MatchString(name) || !extraValue.MatchString(p.Variables[name]) {
			fields.Add(field+".Variables", "%s: SSM takes a name of letters, digits and _, and a value without spaces and |:();&, got %q",
				name, p.Variables[name])
		}
	}
	if len(p.Files) == 0 {
		return // which is a fault of the folder
	}
	if _, found := p.Files[p.Playbook]; !found {
		fields.Add(field+".Playbook", "there is no %s in the folder", p.Playbook)
	}
	size := 0
	for _, content := range p.Files {
		size += len(content)
	}
	if len(p.Files) > maxFiles || size > maxBytes {
		fields.Add(field+".Folder", "has %d files with %d bytes, and room for %d with %d: leave out what no instance needs",
			len(p.Files), size, maxFiles, maxBytes)
	}
}
