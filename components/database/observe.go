package database

import (
	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// logGroups creates the log groups of the database before the database: RDS would make them itself, unencrypted, and
// keep them for ever (field note DB-19).
func (b *builder) logGroups() ([]pulumi.Resource, error) {
	var groups []pulumi.Resource
	for _, log := range b.plan.engine.Logs {
		group, err := b.logGroup(b.Name("db", log), "/aws/rds/instance/"+b.plan.identifier+"/"+log)
		if err != nil {
			return nil, err
		}
		groups = append(groups, group)
	}
	return groups, nil
}

func (b *builder) logGroup(name, physical string) (*cloudwatch.LogGroup, error) {
	return b.LogGroup(b.ctx, name, physical, b.args.LogRetentionDays, b.args.KeyARN)
}

// insights switches on what shows why a database is slow: Performance Insights, where the class has it, for the week
// that costs nothing, and measurements of the operating system. It returns what the instance then depends on.
func (b *builder) insights(args *rds.InstanceArgs) ([]pulumi.Resource, error) {
	if b.plan.engine.Insights(b.args.InstanceClass) {
		args.PerformanceInsightsEnabled = pulumi.Bool(true)
		args.PerformanceInsightsRetentionPeriod = pulumi.Int(7)
		args.PerformanceInsightsKmsKeyId = component.Optional(b.args.KeyARN)
	}
	args.MonitoringInterval = pulumi.Int(*b.args.MonitoringSeconds)
	if *b.args.MonitoringSeconds == 0 {
		return nil, nil
	}
	role, policy, err := b.monitoringRole()
	if err != nil {
		return nil, err
	}
	args.MonitoringRoleArn = role.Arn.ToStringPtrOutput()
	return []pulumi.Resource{policy}, nil
}

// monitoringRole creates the role by which RDS, for this account and no other, writes its measurements.
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
