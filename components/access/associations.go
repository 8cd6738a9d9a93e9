package access

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// step is one step of an SSM document.
func step(action, name string, inputs pulumi.Map) pulumi.Map {
	return pulumi.Map{"action": pulumi.String(action), "name": pulumi.String(name), "inputs": inputs}
}

// awaitBoot waits until the boot script is done: State Manager runs as soon as the SSM agent does, and two installations of packages at
// a time fail (amazon-linux-2023#397). Whether the boot script succeeded is not its concern.
var awaitBoot = step("aws:runShellScript", "boot", pulumi.Map{
	"timeoutSeconds": pulumi.String("1800"), "runCommand": pulumi.ToStringArray([]string{"cloud-init status --wait || true"}),
})

// associate has State Manager run some steps on the instances of the Auto Scaling group: on each new one after its boot, on all when the steps
// change, and on a schedule. It runs them on half of the instances at a time, so that a failure leaves the others alone. The
// permissions exist before the first run. It returns the id of the association.
func (b *builder) associate(
	kind, role, schedule string, permissions []pulumi.Resource, steps ...pulumi.Map,
) (pulumi.StringInput, error) {
	name := b.Name(kind, role)
	list := pulumi.Array{awaitBoot}
	for _, each := range steps {
		list = append(list, each)
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
		return nil, fmt.Errorf("creating document %s: %w", name, err)
	}
	association, err := ssm.NewAssociation(b.ctx, name, &ssm.AssociationArgs{
		AssociationName:    pulumi.String(b.physical + "-" + kind + "-" + role),
		Name:               document.Name,
		DocumentVersion:    document.LatestVersion, // a number: with $LATEST, changed steps would wait for the schedule
		ScheduleExpression: pulumi.String(schedule),
		Targets: ssm.AssociationTargetArray{ssm.AssociationTargetArgs{
			Key: pulumi.String("tag:aws:autoscaling:groupName"), Values: pulumi.StringArray{b.args.Web.AutoScalingGroupName},
		}},
		ComplianceSeverity: pulumi.String("HIGH"),
		MaxConcurrency:     pulumi.String("50%"),
		MaxErrors:          pulumi.String("0"),
		Tags:               b.Tags(name),
	}, b.Options(pulumi.DependsOn(permissions))...)
	if err != nil {
		return nil, fmt.Errorf("creating association %s: %w", name, err)
	}
	return association.AssociationId, nil
}

// failures publishes failed runs of associations to the topic for notices, where there is one: an instance serves requests without
// its sensor, and nobody would notice.
func (b *builder) failures(associations pulumi.StringArray) error {
	if b.args.NoticeTopicARN == nil {
		return nil
	}
	name := b.Name("upkeep", "failed")
	rule, err := cloudwatch.NewEventRule(b.ctx, name, &cloudwatch.EventRuleArgs{
		Description: pulumi.String("Agents and playbooks that failed"),
		EventPattern: pulumi.JSONMarshal(pulumi.Map{
			"source":      pulumi.StringArray{pulumi.String("aws.ssm")},
			"detail-type": pulumi.StringArray{pulumi.String("EC2 State Manager Association State Change")},
			"detail": pulumi.Map{
				"association-id": associations,
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
