package access

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// step is one step of a document of Systems Manager.
func step(action, name string, inputs pulumi.Map) pulumi.Map {
	return pulumi.Map{"action": pulumi.String(action), "name": pulumi.String(name), "inputs": inputs}
}

// apply has State Manager take some steps on the instances of the fleet: on each new one when it appears, on all when the steps
// change, and on a schedule. Half of them at a time: what goes wrong with one does not take the others along.
func (b *builder) apply(kind, role, schedule string, steps ...pulumi.Map) error {
	name := b.Name(kind, role)
	list := make(pulumi.Array, len(steps))
	for i, each := range steps {
		list[i] = each
	}
	document, err := ssm.NewDocument(b.ctx, name, &ssm.DocumentArgs{
		DocumentType:   pulumi.String("Command"),
		DocumentFormat: pulumi.String("JSON"),
		TargetType:     pulumi.String("/AWS::EC2::Instance"),
		Content: pulumi.JSONMarshal(pulumi.Map{
			"schemaVersion": pulumi.String("2.2"), "description": pulumi.String(kind + " " + role), "mainSteps": list,
		}),
		Tags: b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating document %s: %w", name, err)
	}
	association, err := ssm.NewAssociation(b.ctx, name, &ssm.AssociationArgs{
		AssociationName:    pulumi.String(b.prefix + "-" + kind + "-" + role),
		Name:               document.Name,
		DocumentVersion:    document.LatestVersion, // a number, so that other steps reach the instances at once
		ScheduleExpression: pulumi.String(schedule),
		Targets: ssm.AssociationTargetArray{ssm.AssociationTargetArgs{
			Key: pulumi.String("tag:aws:autoscaling:groupName"), Values: pulumi.StringArray{b.args.Web.AutoScalingGroupName},
		}},
		ComplianceSeverity: pulumi.String("HIGH"),
		MaxConcurrency:     pulumi.String("50%"),
		MaxErrors:          pulumi.String("0"),
		Tags:               b.Tags(name),
	}, b.Options(pulumi.DependsOn(b.rights))...)
	if err != nil {
		return fmt.Errorf("associating %s: %w", name, err)
	}
	b.failed = append(b.failed, association.AssociationId)
	return nil
}

// failures tells of associations that fail: an instance serves without its sensor, and nobody would know.
func (b *builder) failures() error {
	name := b.Name("upkeep", "failed")
	rule, err := cloudwatch.NewEventRule(b.ctx, name, &cloudwatch.EventRuleArgs{
		Description: pulumi.String("Agents and playbooks that failed"),
		EventPattern: pulumi.JSONMarshal(pulumi.Map{
			"source":      pulumi.StringArray{pulumi.String("aws.ssm")},
			"detail-type": pulumi.StringArray{pulumi.String("EC2 State Manager Association State Change")},
			"detail": pulumi.Map{
				"association-id": b.failed,
				"status":         pulumi.StringArray{pulumi.String("Failed")},
			},
		}),
		Tags: b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating rule %s: %w", name, err)
	}
	_, err = cloudwatch.NewEventTarget(b.ctx, name, &cloudwatch.EventTargetArgs{
		Rule: rule.Name, Arn: b.args.NoticeTopicARN,
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating target %s: %w", name, err)
	}
	return nil
}
