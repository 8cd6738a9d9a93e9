package database

import (
	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// setObservability turns on logs, Performance Insights and Enhanced Monitoring, which show why a database is slow. It returns what
// the database instance depends on then.
func (b *builder) setObservability(args *rds.InstanceArgs) ([]pulumi.Resource, error) {
	logs := b.settings.Engine.Logs()
	dependencies, err := b.logGroups(logs)
	if err != nil {
		return nil, err
	}
	args.EnabledCloudwatchLogsExports = pulumi.ToStringArray(logs)
	if b.settings.Engine.Insights(b.settings.InstanceClass) {
		args.PerformanceInsightsEnabled = pulumi.Bool(true)
		args.PerformanceInsightsRetentionPeriod = pulumi.Int(7) // days, free of charge
		args.PerformanceInsightsKmsKeyId = component.Optional(b.args.KeyARN)
	}
	args.MonitoringInterval = pulumi.Int(b.settings.MonitoringSeconds)
	if b.settings.MonitoringSeconds == 0 {
		return dependencies, nil
	}
	role, policy, err := b.monitoringRole()
	if err != nil {
		return nil, err
	}
	args.MonitoringRoleArn = role.Arn.ToStringPtrOutput()
	return append(dependencies, policy), nil
}

// logGroups creates the log groups of the database before the database: RDS would create them itself, without the key, and keep their
// events forever.
func (b *builder) logGroups(logs []string) ([]pulumi.Resource, error) {
	var groups []pulumi.Resource
	for _, log := range logs {
		group, err := b.logGroup(b.Name("db", log), "/aws/rds/instance/"+b.names.database+"/"+log)
		if err != nil {
			return nil, err
		}
		groups = append(groups, group)
	}
	return groups, nil
}

func (b *builder) logGroup(name, physical string) (*cloudwatch.LogGroup, error) {
	return b.LogGroup(b.ctx, name, physical, b.settings.LogRetentionDays, b.args.KeyARN)
}

// monitoringRole creates the role by which RDS, for this account and no other, writes the samples of Enhanced Monitoring.
func (b *builder) monitoringRole() (*iam.Role, *iam.RolePolicyAttachment, error) {
	name := b.Name("db", "monitoring")
	role, err := b.ServiceRole(b.ctx, name, "monitoring.rds.amazonaws.com", map[string]pulumi.Map{
		"StringEquals": {"aws:SourceAccount": b.place.Account},
	})
	if err != nil {
		return nil, nil, err
	}
	policy, err := b.AttachPolicy(b.ctx, name, role.Name, b.place.ManagedPolicy("service-role/AmazonRDSEnhancedMonitoringRole"))
	return role, policy, err
}
