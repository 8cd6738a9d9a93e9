// Package monitoring provides what notifies people, before users notice, that a stack loses redundancy, fails or slows down:
// alarms with their sections in a runbook, topics, a dashboard, and routes to ServiceNow, Datadog, Slack and others.
//
// Single alarms and events go to the topic of notices, for the record. What someone must act on now is a composite alarm, and
// goes to the topic of pages.
package monitoring

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of Monitoring.
const Type = "ha-web:index:Monitoring"

// Monitoring is topics, alarms and a dashboard, about 15 USD a month.
type Monitoring struct {
	pulumi.ResourceState

	// AlarmTopicARN is the topic of pages, and NoticeTopicARN that of notices.
	AlarmTopicARN  pulumi.StringOutput `pulumi:"alarmTopicArn"`
	NoticeTopicARN pulumi.StringOutput `pulumi:"noticeTopicArn"`
	// DashboardURL is the address of the dashboard in the CloudWatch console.
	DashboardURL pulumi.StringOutput `pulumi:"dashboardUrl"`
}

// New creates Monitoring. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Monitoring, error) {
	args, prefix, err := component.ArgsOr(args).resolve(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("monitoring %s: %w", name, err)
	}
	monitoring := &Monitoring{}
	if err := component.Register(ctx, Type, name, args.Settings, monitoring, opts...); err != nil {
		return nil, err
	}
	build := &builder{
		Children: parts.ChildrenOf(monitoring, name, args.Shared),
		ctx:      ctx,
		args:     args,
		settings: args.Settings,
		prefix:   prefix,
	}
	if err := build.all(monitoring); err != nil {
		return nil, err
	}
	return monitoring, component.RegisterOutputs(ctx, monitoring)
}

// builder creates the children of Monitoring. Its steps get what they need from others, and return what they make.
type builder struct {
	parts.Children
	ctx      *pulumi.Context
	args     *Args
	settings *Settings
	prefix   string // of names in AWS

	main *region // of the component
	cdn  *region // of the metrics of CloudFront: the same, where the component is there; nil without a distribution
}

// all creates everything, and sets the outputs of Monitoring.
func (b *builder) all(monitoring *Monitoring) (err error) {
	if b.main, b.cdn, err = b.topics(); err != nil {
		return err
	}
	for _, step := range []func() error{b.subscriptions, b.slack, b.databaseEvents} {
		if err := step(); err != nil {
			return err
		}
	}
	rules, err := b.events()
	if err != nil {
		return err
	}
	deadLetters, err := b.serviceNow()
	if err != nil {
		return err
	}
	alarms := b.table(rules, deadLetters)
	members, err := b.metricAlarms(alarms)
	if err != nil {
		return err
	}
	pages, err := b.compositeAlarms(members)
	if err != nil {
		return err
	}
	dashboard, err := b.dashboard(alarms, pages)
	if err != nil {
		return err
	}
	for _, step := range []func() error{b.cacheMetrics, b.datadog, b.budget} {
		if err := step(); err != nil {
			return err
		}
	}
	monitoring.AlarmTopicARN = b.main.pages.ARN
	monitoring.NoticeTopicARN = b.main.notices.ARN
	monitoring.DashboardURL = pulumi.Sprintf("https://%s.console.aws.amazon.com/cloudwatch/home?region=%[1]s#dashboards/dashboard/%s",
		b.main.place.Region, dashboard)
	return nil
}

// roleOf creates a role that a service assumes to do what the statements allow. Its trust policy has no condition on the
// account: not all of these services pass one, and no one can hand them a role of another account.
func (b *builder) roleOf(name, service string, statements ...parts.Statement) (*iam.Role, *iam.RolePolicy, error) {
	role, err := b.ServiceRole(b.ctx, name, service, nil)
	if err != nil {
		return nil, nil, err
	}
	policy, err := b.RolePolicy(b.ctx, name, role.Name, statements...)
	return role, policy, err
}

// physical returns the name in AWS of what people look up by name.
func (b *builder) physical(role string) string { return b.prefix + "-" + role }
