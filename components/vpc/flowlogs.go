package vpc

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const flowLogsService = "vpc-flow-logs.amazonaws.com"

// flowLogs records all traffic of the VPC in CloudWatch Logs (AWS Security Hub, EC2.6).
func (b *builder) flowLogs() error {
	if !b.settings.FlowLogs.Enabled {
		return nil
	}
	name := b.Name("flow-logs")
	group, err := b.LogGroup(b.ctx, name, "", b.settings.FlowLogs.RetentionDays, nil)
	if err != nil {
		return err
	}
	role, policy, err := b.flowLogsRole(name, group)
	if err != nil {
		return err
	}
	_, err = ec2.NewFlowLog(b.ctx, name, &ec2.FlowLogArgs{
		VpcId:              b.vpc.ID(),
		TrafficType:        pulumi.String("ALL"),
		LogDestinationType: pulumi.String("cloud-watch-logs"),
		LogDestination:     group.Arn,
		IamRoleArn:         role.Arn,
		Tags:               b.Tags(name),
		// The role is of no use before its policy (IAM user guide, "Troubleshoot IAM: changes that I make are not always immediately visible").
	}, b.Options(pulumi.DependsOn([]pulumi.Resource{policy}))...)
	if err != nil {
		return fmt.Errorf("creating flow log %s: %w", name, err)
	}
	return nil
}

// flowLogsRole creates the role by which the flow logs of this account, and of no other, write to the group.
func (b *builder) flowLogsRole(name string, group *cloudwatch.LogGroup) (*iam.Role, *iam.RolePolicy, error) {
	role, err := b.ServiceRole(b.ctx, name, flowLogsService, map[string]pulumi.Map{
		"StringEquals": {"aws:SourceAccount": b.vpc.OwnerId},
	})
	if err != nil {
		return nil, nil, err
	}
	policy, err := b.RolePolicy(b.ctx, name, role.Name,
		parts.Statement{
			Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"},
			Resources: []pulumi.StringInput{group.Arn, pulumi.Sprintf("%s:*", group.Arn)},
		},
		parts.Statement{
			Actions:   []string{"logs:DescribeLogGroups"}, // lists groups, so it cannot be narrowed to one
			Resources: []pulumi.StringInput{pulumi.String("*")},
		},
	)
	return role, policy, err
}
