package parts

import (
	"fmt"
	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// publishers are the services that publish to topics on their own account, and need a right to the key of an encrypted one:
// without it their messages vanish without an error (AWS re:Post, "Why didn't I receive an SNS notification for my CloudWatch alarm trigger?").
var publishers = []struct {
	sid, service string
	// unbound: EventBridge names no account, and would be refused where one is asked for (Amazon EventBridge user guide,
	// "Amazon SNS permissions"; github.com/awslabs/landing-zone-accelerator-on-aws/issues/407).
	unbound bool
}{
	{"PublishAlarms", "cloudwatch.amazonaws.com", false},
	{"PublishEvents", "events.amazonaws.com", true},
	{"PublishDatabaseEvents", "events.rds.amazonaws.com", false},
	{"PublishBudgets", "budgets.amazonaws.com", false},
	{"PublishCostAnomalies", "costalerts.amazonaws.com", false},
}

// publish returns the statements that let the publishers of this account do something.
func publish(place Place, actions []string, resource pulumi.StringInput) []Statement {
	var statements []Statement
	for _, each := range publishers {
		statement := Statement{
			Sid: each.sid, Service: pulumi.String(each.service), Actions: actions, Resources: []pulumi.StringInput{resource},
		}
		if !each.unbound {
			statement.Conditions = map[string]pulumi.Map{"StringEquals": {"aws:SourceAccount": place.Account}}
		}
		statements = append(statements, statement)
	}
	return statements
}

// TopicKey returns the statements of a key's policy that let services publish to topics that it encrypts.
func TopicKey(place Place) []Statement {
	use := []string{"kms:Decrypt", "kms:GenerateDataKey*"}
	everything := pulumi.String("*") // in a key's policy: the key
	// Auto Scaling publishes by its own role (Amazon SNS developer guide, "Managing Amazon SNS encryption keys"). Named as a
	// principal, that would have to exist before the account's first group does.
	scaling := pulumi.Sprintf("arn:%s:iam::%s:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
		place.Partition, place.Account)
	return append(publish(place, use, everything), Statement{
		Sid: "PublishScaling", AWS: pulumi.String("*"), Actions: use, Resources: []pulumi.StringInput{everything},
		Conditions: map[string]pulumi.Map{"ArnEquals": {"aws:PrincipalArn": scaling}},
	})
}

// ownTopic is what the default policy of a topic lets its account do, which a policy of one's own replaces.
var ownTopic = []string{
	"sns:AddPermission", "sns:DeleteTopic", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:Publish",
	"sns:RemovePermission", "sns:SetTopicAttributes", "sns:Subscribe",
}

// Topic is an SNS topic.
type Topic struct {
	Name pulumi.StringOutput
	// ARN is known once its policy is in place: RDS and AWS Budgets refuse a topic that they may not publish to.
	ARN pulumi.StringOutput
}

// Topic creates a topic, encrypted with this key, to which the account and the services above publish, and nobody without
// TLS. The policy of the key must have the statements of TopicKey.
func (c Children) Topic(
	ctx *pulumi.Context, name, physical string, place Place, key pulumi.StringInput, opts ...pulumi.ResourceOption,
) (*Topic, error) {
	topic, err := sns.NewTopic(ctx, name, &sns.TopicArgs{
		Name:           pulumi.String(physical),
		KmsMasterKeyId: component.Optional(key),
		Tags:           c.Tags(name),
	}, c.Options(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("creating topic %s: %w", name, err)
	}
	statements := append([]Statement{
		{Sid: "Own", AWS: place.Root(), Actions: ownTopic, Resources: []pulumi.StringInput{topic.Arn}},
		{
			Sid: "RefuseWithoutTLS", Deny: true, AWS: pulumi.String("*"), Actions: []string{"sns:Publish"},
			Resources:  []pulumi.StringInput{topic.Arn},
			Conditions: map[string]pulumi.Map{"Bool": {"aws:SecureTransport": pulumi.String("false")}},
		},
	}, publish(place, []string{"sns:Publish"}, topic.Arn)...)
	policy, err := sns.NewTopicPolicy(ctx, name, &sns.TopicPolicyArgs{
		Arn: topic.Arn, Policy: Policy(statements...),
	}, c.Options(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("creating policy of topic %s: %w", name, err)
	}
	return &Topic{Name: topic.Name, ARN: policy.Arn}, nil
}
