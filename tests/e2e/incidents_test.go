//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ha-web/internal/awstype"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// incident is an update that a page of docs/ asks for while something is wrong: the moment at which it must not fail.
type incident struct {
	name   string
	stack  string // on which it is run
	beside bool   // in one update with the incident before, which has to do with other resources
	pages  []string
	// before brings the stack to where the page begins.
	before   step
	settings []setting
	// after checks what the page promises.
	after step
}

type step func(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap)

// setting is a value of the stack file.
type setting struct{ path, value string }

// patience is how long such an update may take: an update that AWS refuses is tried again and again. Most take half a minute here.
const patience = 5 * time.Minute

var incidents = []incident{
	{
		name: "add an Availability Zone", stack: "dev", pages: []string{"runbook.md#redundancy"},
		before: scaleOut, settings: []setting{{"network.availabilityZones[2]", "us-east-1c"}},
		after: func(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
			group := readGroup(ctx, t, d.aws, outputs)
			assert.Equal(t, []string{"us-east-1a", "us-east-1b", "us-east-1c"}, group.AvailabilityZones)
			assert.EqualValues(t, 3, *group.MinSize)
			assert.Empty(t, activeRefresh(ctx, t, d, outputs), "the instances stay")
		},
	},
	{
		name: "raise web.size.max", stack: "dev", pages: []string{"runbook.md#fleet-full"},
		before: scheduleExams, settings: []setting{{"web.size.max", "9"}},
		after: func(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
			assert.EqualValues(t, 9, *readGroup(ctx, t, d.aws, outputs).MaxSize)
		},
	},
	{
		name: "give the database room and speed", stack: "dev", beside: true, pages: []string{"runbook.md#database-storage"},
		settings: []setting{{"database.maxStorageGiB", "200"}, {"database.storageGiB", "40"}, {"database.instanceClass", "db.t4g.medium"}},
		after: func(ctx context.Context, t *testing.T, d *deployment, _ auto.OutputMap) {
			found, err := d.aws.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
			require.NoError(t, err)
			instance := found.DBInstances[0]
			assert.Equal(t, "db.t4g.medium", *instance.DBInstanceClass)
			assert.EqualValues(t, []int32{40, 200}, []int32{*instance.AllocatedStorage, *instance.MaxAllocatedStorage})
		},
	},
	{
		name: "add an instance type", stack: "dev", pages: []string{"runbook.md#healthy-hosts"},
		settings: []setting{{"web.instanceTypes[1]", "t4g.medium"}},
		after: func(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
			assert.Len(t, readGroup(ctx, t, d.aws, outputs).MixedInstancesPolicy.LaunchTemplate.Overrides, 2)
		},
	},
	{
		name: "put a proxy before the database", stack: "dev", beside: true, pages: []string{"runbook.md#database-connections"},
		settings: []setting{{"database.proxy.enabled", "true"}},
		after: func(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
			checkGroups(ctx, t, d.aws.ec2, outputs["vpcId"].Value.(string), map[string]rules{
				"ha-web-app": withProxy["ha-web-app"], "ha-web-db": withProxy["ha-web-db"],
			})
		},
	},
	{
		name: "tune fleet, network and database", stack: "dev",
		pages: []string{
			"runbook.md#target-connection-errors", "runbook.md#rollout-latency", "runbook.md#fleet-load", "runbook.md#nat-drops",
			"runbook.md#database-memory", "runbook.md#database-secret-read", "web-tier.md#change-the-origin-header",
		},
		settings: []setting{
			{"web.targetGroup.deregistrationSeconds", "120"}, {"web.bootSeconds", "200"}, {"web.rollout.maxHealthyPercent", "120"},
			{"web.scaling.cpuPercent", "50"}, {"web.originHeader.version", "2"}, {"network.interfaceEndpoints[0]", "ecr.api"},
			{"database.parameters.work_mem", `"8192"`}, {"monitoring.secretReaders[0]", "auditor"},
		},
		after: func(ctx context.Context, t *testing.T, d *deployment, _ auto.OutputMap) {
			assert.Len(t, originValues(ctx, t, d.aws, 80), 2, "the old value and the new one")
			found, err := d.aws.ec2.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{
				Filters: filter("service-name", "com.amazonaws.us-east-1.ecr.api"),
			})
			require.NoError(t, err)
			assert.Len(t, found.VpcEndpoints, 1)
		},
	},
	{
		name: "raise web.size.max while exams are on", stack: "dev", pages: []string{"runbook.md#fleet-full"},
		before: awaitExams, settings: []setting{{"web.size.max", "10"}},
		after: func(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
			group := readGroup(ctx, t, d.aws, outputs)
			assert.EqualValues(t, 10, *group.MaxSize)
			assert.EqualValues(t, 4, *group.MinSize, "that of the exams")
			d.expectNoDrift(ctx, t)
		},
	},
	{
		name: "end exams before their time", stack: "dev", pages: []string{"web-tier.md#grow-before-a-rush"},
		before: func(ctx context.Context, t *testing.T, d *deployment, _ auto.OutputMap) {
			d.Unset(ctx, t, "web.schedules")
		},
		after: func(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
			assert.EqualValues(t, 3, *readGroup(ctx, t, d.aws, outputs).MinSize, "one in each zone again")
			assert.Empty(t, readActions(ctx, t, d, outputs))
			// As AWS does where no update has run since the exams began.
			setSizes(ctx, t, d, outputs, 4)
			d.readBack(ctx, t, awstype.AutoScalingGroup)
			d.Update(ctx, t)
			assert.EqualValues(t, 3, *readGroup(ctx, t, d.aws, outputs).MinSize)
		},
	},
	{
		name: "raise web.size.min of a scaled-out fleet", stack: "dev",
		pages:  []string{"runbook.md#zone-heartbeat", "runbook.md#zone-errors", "runbook.md#zone-latency"},
		before: scaleOut, settings: []setting{{"web.size.min", "4"}},
		after: func(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
			assert.EqualValues(t, 4, *readGroup(ctx, t, d.aws, outputs).MinSize)
			assert.Empty(t, activeRefresh(ctx, t, d, outputs), "the instances stay")
		},
	},
	{
		name: "change a schedule that has fired", stack: "local", pages: []string{"web-tier.md#grow-before-a-rush"},
		before: awaitEvening, settings: []setting{{"web.schedules[1].min", "3"}, {"web.schedules[1].desired", "3"}},
		after: func(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
			for _, each := range readActions(ctx, t, d, outputs) {
				if *each.ScheduledActionName == "weekday-evening" {
					assert.EqualValues(t, []int32{3, 3}, []int32{*each.MinSize, *each.DesiredCapacity})
					return
				}
			}
			assert.Fail(t, "there is no such schedule")
		},
	},
	{
		name: "lower cdn.waf.rateLimit", stack: "local", beside: true, pages: []string{"runbook.md#rejected-connections"},
		settings: []setting{{"cdn.waf.rateLimit", "1000"}},
		after: func(ctx context.Context, t *testing.T, d *deployment, _ auto.OutputMap) {
			assert.EqualValues(t, 1000, *readFirewall(ctx, t, d.aws)[0].Statement.RateBasedStatement.Limit)
		},
	},
	{
		name: "go back to the release before while a bad one rolls out", stack: "prod", pages: []string{"web-tier.md#roll-out-a-release"},
		before: rollOutBadRelease, settings: []setting{{"web.container", goodRelease}}, after: checkGoodRelease,
	},
	{
		name: "go back to the release before after AWS stopped a bad one", stack: "prod", pages: []string{"web-tier.md#roll-out-a-release"},
		before: awaitFailedRelease, settings: []setting{{"web.container", goodRelease}}, after: checkGoodRelease,
	},
}

// runIncidents runs the incidents of a stack, one after the other, but for those that are beside another.
func runIncidents(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	var updates [][]incident
	for _, each := range incidents {
		switch {
		case each.stack != d.Name:
		case each.beside:
			last := &updates[len(updates)-1]
			*last = append(*last, each)
		default:
			updates = append(updates, []incident{each})
		}
	}
	require.NotEmpty(t, updates)
	for _, each := range updates {
		if !t.Run(namesOf(each), func(t *testing.T) { handle(ctx, t, d, outputs, each) }) {
			t.FailNow()
		}
	}
}

func namesOf(incidents []incident) string {
	var names []string
	for _, each := range incidents {
		names = append(names, each.name)
	}
	return strings.Join(names, ", and ")
}

// handle runs one update for incidents.
func handle(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap, incidents []incident) {
	for _, each := range incidents {
		for _, page := range each.pages {
			requireHeading(t, page)
		}
		if each.before != nil {
			each.before(ctx, t, d, outputs)
		}
		for _, setting := range each.settings {
			d.Set(ctx, t, setting.path, setting.value)
		}
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := d.TryUpdate(bounded, t, namesOf(incidents))
	require.NoError(t, err)
	for _, each := range incidents {
		if each.after != nil {
			each.after(ctx, t, d, outputs)
		}
	}
}

// requireHeading checks that the page is there, with its heading.
func requireHeading(t *testing.T, page string) {
	t.Helper()
	file, anchor, _ := strings.Cut(page, "#")
	content, err := os.ReadFile(filepath.Join(suite.Project, "docs", file))
	require.NoError(t, err)
	heading := "(?im)^#+ " + strings.ReplaceAll(regexp.QuoteMeta(anchor), "-", "[- ]") + "$"
	require.Regexp(t, heading, string(content), page)
}
