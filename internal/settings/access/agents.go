package access

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ha-web/internal/validate"
)

// Agent is software on every instance besides the application, such as a CrowdStrike sensor.
type Agent struct {
	// Name of the agent, such as falcon: at most 32 lowercase letters, digits and single hyphens.
	Name string `pulumi:"name,optional"`
	// Package in SSM Distributor that installs the agent, by name or ARN, such as `FalconSensor-Linux`. Left out: only
	// access.agents[].commands run. Not `AmazonCloudWatchAgent`: every instance has it.
	Package string `pulumi:"package,optional"`
	// Version of the package. Left out: the newest, at each run.
	Version string `pulumi:"version,optional"`
	// Arguments for the install script of the package, such as `{SSM_CS_CCID: ...}`. Never a secret: anyone who may read the
	// stack sees them.
	Arguments map[string]string `pulumi:"arguments,optional"`
	// Shell commands that run as root after the package is installed, at each run. Never a secret: anyone who may read the stack
	// sees them.
	Commands []string `pulumi:"commands,optional"`
	// Secrets for the commands: ARNs in Secrets Manager by the environment variable that gets the value, such as
	// `{DD_API_KEY: "arn:..."}`. Instances get the permission to read them, and no disk and no log of AWS contains a value.
	Secrets map[string]string `pulumi:"secrets,optional"`
	// When the agent is installed or repaired, in addition to once on every new instance: `rate(12 hours)`, 30 minutes or more and
	// less than 31 days, or `cron(0 3 * * ? *)`, in UTC. Left out: `rate(1 day)`.
	Schedule string `pulumi:"schedule,optional"`
}

// DefaultSchedule is when agents and playbooks are applied again.
const DefaultSchedule = "rate(1 day)"

// bootPackage is what Distributor calls the package that instances install when they boot. dnf and Distributor would undo each
// other's upgrades.
const bootPackage = "AmazonCloudWatchAgent"

var (
	packageName    = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,200}$`)
	packageVersion = regexp.MustCompile(`^[A-Za-z0-9._-]{0,64}$`)
	argument       = regexp.MustCompile(`^SSM_[A-Za-z0-9_]+$`)
	variable       = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	secretARN      = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]+-[A-Za-z0-9]{6}$`)
)

// interpolation begins what SSM replaces by a parameter in a document.
const interpolation = "{{"

func (a *Agent) validate(f validate.Fields, before []Agent) {
	validateName(f, &a.Name, slices.ContainsFunc(before, func(other Agent) bool { return other.Name == a.Name }))
	f.Check(&a.Schedule, checkSchedule(a.Schedule))
	switch {
	case a.Package == "" && len(a.Commands) == 0:
		f.Add(&a.Package, "is required without %s", f.Name(&a.Commands))
	case a.Package == "" && (a.Version != "" || len(a.Arguments) > 0):
		f.Add(&a.Package, "is required with a version or arguments")
	case a.Package != "" && !packageName.MatchString(a.Package):
		f.Add(&a.Package, "must be the name or ARN of a package in SSM Distributor, got %q", a.Package)
	case strings.HasSuffix(a.Package, bootPackage):
		f.Add(&a.Package, "must not be %s, which every instance installs when it boots: take the agent out", bootPackage)
	}
	if !packageVersion.MatchString(a.Version) {
		f.Add(&a.Version, "must be a version, got %q", a.Version)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Arguments)) {
		if !argument.MatchString(name) || strings.Contains(a.Arguments[name], interpolation) {
			f.AddEntry(&a.Arguments, name, "must have a name of SSM_ and letters, digits and _, and a value without %s, got %q",
				interpolation, a.Arguments[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Secrets)) {
		if !variable.MatchString(name) {
			f.AddEntry(&a.Secrets, name, "must have a name of letters, digits and _")
		}
		if !secretARN.MatchString(a.Secrets[name]) {
			f.AddEntry(&a.Secrets, name, "must be the complete ARN of a secret, with the six characters at its end, got %q", a.Secrets[name])
		}
	}
	for i, command := range a.Commands {
		if command == "" || strings.Contains(command, interpolation) {
			f.Add(&a.Commands[i], "must be a command without %s, which SSM interprets, got %q", interpolation, command)
		}
	}
}

func validateName(f validate.Fields, name *string, taken bool) {
	switch {
	case !validate.Label(*name) || len(*name) > 32:
		f.Add(name, "must be at most 32 lowercase letters, digits and single hyphens, got %q", *name)
	case taken:
		f.Add(name, "%s is listed twice", *name)
	}
}

var (
	rate = regexp.MustCompile(`^rate\(([1-9][0-9]{0,5}) (minute|hour|day)(s?)\)$`)
	cron = regexp.MustCompile(`^cron\(([^()]+)\)$`)
)

// checkSchedule returns what is wrong with the schedule of an association of State Manager (AWS Systems Manager user guide,
// "Reference: Cron and rate expressions for Systems Manager").
func checkSchedule(schedule string) error {
	if parts := cron.FindStringSubmatch(schedule); parts != nil {
		return checkCron(schedule, strings.Fields(parts[1]))
	}
	parts := rate.FindStringSubmatch(schedule)
	if parts == nil || (parts[1] == "1") != (parts[3] == "") {
		return fmt.Errorf("must be such as %s or cron(0 3 * * ? *), in UTC, got %q", DefaultSchedule, schedule)
	}
	count, _ := strconv.Atoi(parts[1])
	minutes := count * map[string]int{"minute": 1, "hour": 60, "day": 24 * 60}[parts[2]]
	if minutes < 30 || minutes >= 31*24*60 {
		return fmt.Errorf("must be 30 minutes or more and less than 31 days, got %q", schedule)
	}
	return nil
}

// checkCron returns what is wrong with the fields of a cron expression: minutes, hours, day of month, month, day of week, year.
func checkCron(schedule string, fields []string) error {
	if len(fields) == 7 && fields[0] == "0" {
		fields = fields[1:] // seconds, which may be left out
	}
	switch {
	case len(fields) != 6:
		return fmt.Errorf("must have six fields, such as cron(0 3 * * ? *), got %q", schedule)
	case (fields[2] == "?") == (fields[4] == "?"):
		return fmt.Errorf("must have ? as its day of the month or its day of the week, such as cron(0 3 ? * SUN *), got %q", schedule)
	case fields[3] != "*":
		return fmt.Errorf("must have * as its month: State Manager runs every so many hours, every day or every week, got %q", schedule)
	}
	return nil
}
