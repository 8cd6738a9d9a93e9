// Package monitoring provides what tells people, before users do, that a site loses redundancy, fails or slows down: alarms
// with their pages in a runbook, topics that carry them, a dashboard, and routes to ServiceNow, Datadog, Slack and others.
//
// Single alarms and events go to the topic of notices, for the record. What someone has to get up for is a composite alarm,
// and goes to the topic of pages.
package monitoring

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of Monitoring.
const Type = "ha-web:index:Monitoring"

// Monitoring is topics, alarms and a dashboard, about 10 USD a month.
type Monitoring struct {
	pulumi.ResourceState

	// AlarmTopicARN is the topic of pages, and NoticeTopicARN that of notices.
	AlarmTopicARN  pulumi.StringOutput `pulumi:"alarmTopicArn"`
	NoticeTopicARN pulumi.StringOutput `pulumi:"noticeTopicArn"`
	// DashboardURL is where people see it all.
	DashboardURL pulumi.StringOutput `pulumi:"dashboardUrl"`
}

// New creates Monitoring. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Monitoring, error) {
	if args == nil {
		args = &Args{}
	}
	settings := args.withDefaults()
	plan, err := settings.plan(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("monitoring %s: %w", name, err)
	}
	monitoring := &Monitoring{}
	if err := ctx.RegisterComponentResourceV2(Type, name, settings.inputs(), monitoring, opts...); err != nil {
		return nil, fmt.Errorf("registering monitoring %s: %w", name, err)
	}
	build := &builder{
		Children: parts.ChildrenOf(monitoring, name, settings.Shared),
		ctx:      ctx,
		args:     settings,
		plan:     plan,
	}
	if err := build.all(); err != nil {
		return nil, err
	}
	monitoring.AlarmTopicARN = build.main.pages.ARN
	monitoring.NoticeTopicARN = build.main.notices.ARN
	monitoring.DashboardURL = pulumi.Sprintf("https://%s.console.aws.amazon.com/cloudwatch/home?region=%[1]s#dashboards/dashboard/%s",
		build.main.place.Region, build.dashboardName)
	return monitoring, ctx.RegisterResourceOutputs(monitoring, pulumi.Map{
		"alarmTopicArn":  monitoring.AlarmTopicARN,
		"noticeTopicArn": monitoring.NoticeTopicARN,
		"dashboardUrl":   monitoring.DashboardURL,
	})
}

// builder holds what the steps of building Monitoring hand to one another.
type builder struct {
	parts.Children
	ctx  *pulumi.Context
	args Args
	plan plan

	main, cdn     *site                         // the same, where the component is in us-east-1 itself; cdn is nil without a distribution
	rules         map[string]pulumi.StringInput // names of rules of EventBridge, by role
	deadLetters   map[*site]pulumi.StringInput  // names of queues of incidents that did not arrive
	alarms        []alarm
	members       map[string]pulumi.StringArray // names of alarms by their composite
	composites    []pulumi.StringInput          // ARNs
	dashboardName pulumi.StringOutput
}

func (b *builder) all() error {
	for _, step := range []func() error{
		b.sites, b.subscriptions, b.slack, b.databaseEvents, b.events, b.serviceNow, b.metricAlarms, b.compositeAlarms,
		b.dashboard, b.cacheMetrics, b.datadog, b.budget,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// roleOf creates a role that a service takes on to do what the statements say. It has no condition on the account: not all of
// these services name one, and nobody hands over a role of another account.
func (b *builder) roleOf(name, service string, statements ...parts.Statement) (*iam.Role, *iam.RolePolicy, error) {
	role, err := b.ServiceRole(b.ctx, name, service, nil)
	if err != nil {
		return nil, nil, err
	}
	policy, err := b.RolePolicy(b.ctx, name, role.Name, statements...)
	return role, policy, err
}

// physical returns the name in AWS of what people look up.
func (b *builder) physical(role string) string { return b.plan.prefix + "-" + role }
