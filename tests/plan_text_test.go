package tests

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPlanShowsTheNetworkOfTheDesign(t *testing.T) {
	t.Parallel()
	stdout, _, status := run(t, project, "plan", "-stack", "prod")
	require.Zero(t, status)
	tree := regexp.MustCompile(` +`).ReplaceAllString(stdout, " ")
	for _, line := range []string{
		"ec2.Vpc ha-web-vpc 10.0.0.0/16",
		"ec2.Subnet ha-web-public-a 10.0.1.0/24 us-east-1a", "ec2.Subnet ha-web-public-b 10.0.2.0/24 us-east-1b",
		"ec2.Subnet ha-web-private-a 10.0.11.0/24 us-east-1a", "ec2.Subnet ha-web-private-b 10.0.12.0/24 us-east-1b",
		"ec2.Subnet ha-web-data-a 10.0.21.0/24 us-east-1a", "ec2.Subnet ha-web-data-b 10.0.22.0/24 us-east-1b",
		"ec2.Route ha-web-private-internet-b 0.0.0.0/0 to ha-web-nat-b",
		"vpc.SecurityGroupIngressRule ha-web-app-from-alb tcp 8080 from ha-web-alb",
		"vpc.SecurityGroupIngressRule ha-web-db-from-proxy tcp 5432 from ha-web-proxy",
		"autoscaling.Group ha-web-app 2 to 10 instances",
		"lb.Listener ha-web-listener-https HTTPS 443",
		"ec2.Subnet 6",
	} {
		assert.Contains(t, tree, line)
	}
	assert.Empty(t, notes(t, "-stack", "prod"))
	assert.Contains(t, notes(t, "-stack", "dev", "-c", "web.image=ssm:/golden/moodle"),
		"floating image: each update rolls out the newest version of /golden/moodle; a version in web.image pins one")
	resources, _, _ := strings.Cut(stdout, "\noutputs\n")
	assert.NotContains(t, resources, "?", "a detail of the tree is missing")
}

// notes returns the notes of a plan, but for those about placeholders.
func notes(t *testing.T, args ...string) []string {
	t.Helper()
	return slices.DeleteFunc(allNotes(t, args...), func(note string) bool { return strings.HasPrefix(note, "placeholder: ") })
}

func TestPlaceholdersAreTheFirstNotesOfProduction(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{
		`placeholder: domain.name is "learn.example.edu": replace it before this stack is deployed`,
		`placeholder: domain.hostedZone is "example.edu": replace it before this stack is deployed`,
		`placeholder: monitoring.email[0] is "oncall@example.edu": replace it before this stack is deployed`,
		`placeholder: monitoring.notices.email[0] is "platform@example.edu": replace it before this stack is deployed`,
	}, allNotes(t, "-stack", "prod")[:4])
	assert.NotContains(t, strings.Join(allNotes(t, "-stack", "dev"), "\n"), "placeholder")
}

// allNotes returns the notes of a plan.
func allNotes(t *testing.T, args ...string) []string {
	t.Helper()
	stdout, stderr, status := run(t, project, append([]string{"plan"}, args...)...)
	require.Zero(t, status, stderr)
	_, list, _ := strings.Cut(stdout, "\nnotes\n")
	return strings.FieldsFunc(strings.ReplaceAll(list, "  ", ""), func(r rune) bool { return r == '\n' })
}

func TestPlanSaysWhenAScheduleEmptiesAZone(t *testing.T) {
	t.Parallel()
	said := notes(t, "-stack", "dev", "-c", "web.schedules=[{name: night, recurrence: 0 20 * * *, min: 0}, {name: day, recurrence: 0 7 * * *, min: 2}]")
	assert.Contains(t, said, "schedule night: with min 0 a zone may have no instance")
	assert.NotContains(t, strings.Join(said, "\n"), "schedule day")
}

// A plan is the same whenever it is made, and says for which time.
func TestPlanIsForOneTime(t *testing.T) {
	t.Parallel()
	launch := []string{"-stack", "dev", "-c", "web.schedules=[{name: launch, start: 2026-03-01T08:00, min: 4}]"}
	assert.Equal(t, "2026-03-01T08:00:00Z", planOf(t, launch...).one(t, awstype.AutoScalingSchedule, "ha-web-schedule-launch")["startTime"])
	assert.Contains(t, notes(t, launch...), "schedules and exams are those of 2026-01-01T00:00:00Z: -now plans for another time")

	later := append(launch, "-now", "2026-03-01T08:00:00Z")
	assert.Empty(t, planOf(t, later...).of(awstype.AutoScalingSchedule))
	assert.Equal(t, 4.0, planOf(t, later...).one(t, awstype.AutoScalingGroup, "ha-web-app")["minSize"])
	assert.Contains(t, notes(t, later...), "schedules and exams are those of 2026-03-01T08:00:00Z: -now plans for another time")
	assert.Contains(t, notes(t, later...), "schedule launch is in force: the group has 4 to 8 instances")

	_, stderr, status := run(t, project, "plan", "-now", "tomorrow")
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, `-now: must be a time such as 2027-01-11T09:00:00Z, got "tomorrow"`)
	assert.NotContains(t, strings.Join(notes(t, "-stack", "prod"), "\n"), "-now", "without schedules no time matters")
}

func TestDevIsTheDefaultAndSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	stdout, _, status := run(t, project, "plan")
	require.Zero(t, status)
	assert.True(t, strings.HasPrefix(stdout, "ha-web dev\n"))
	assert.Contains(t, stdout, "\nnotes\n  no TLS behind CloudFront: ")
	assert.Contains(t, stdout, "\n  no domain name: ")
	assert.Contains(t, stdout, "\n  no firewall: ")
	assert.Contains(t, stdout, "\n  one NAT gateway: ")
	assert.Contains(t, stdout, "\n  database in one zone: ")
	assert.Contains(t, stdout, "\n  no one is notified of alarms: ")
	assert.Equal(t, []string{"ha-web-alb-from-internet: ha-web-alb tcp 80 from [0.0.0.0/0]"},
		rules(planOf(t, "-c", "cdn.enabled=false"))[:1], "no TLS, so no port 443")
}
