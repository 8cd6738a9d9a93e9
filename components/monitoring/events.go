package monitoring

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// databaseEvents subscribes the notices to events of RDS, by source. AWS Security Hub requires the categories of its controls
// RDS.20 to RDS.22, including those of database security groups, which only databases outside a VPC have.
func (b *builder) databaseEvents() error {
	for _, each := range []struct {
		role, source string
		id           pulumi.StringInput // nil: all
		wanted       bool
		categories   []string
	}{
		{"db-events", "db-instance", b.args.Database.Identifier, true, []string{
			"availability", "configuration change", "deletion", "failover", "failure", "low storage", "maintenance",
			"notification", "recovery",
		}}, // RDS.20
		{"parameter-events", "db-parameter-group", b.args.Database.ParameterGroupName, true, []string{
			"configuration change",
		}}, // RDS.21
		{"security-group-events", "db-security-group", nil, true, []string{"configuration change", "failure"}}, // RDS.22
		{"proxy-events", "db-proxy", b.args.Database.ProxyName, b.args.Database.Settings.Proxy.Enabled, []string{
			"configuration change", "deletion", "failure",
		}},
	} {
		if !each.wanted {
			continue
		}
		var ids pulumi.StringArray
		if each.id != nil {
			ids = pulumi.StringArray{each.id}
		}
		name := b.Name(each.role)
		_, err := rds.NewEventSubscription(b.ctx, name, &rds.EventSubscriptionArgs{
			SnsTopic:        b.main.notices.ARN,
			SourceType:      pulumi.String(each.source),
			SourceIds:       ids,
			EventCategories: pulumi.ToStringArray(each.categories),
			Tags:            b.Tags(name),
		}, b.Options(pulumi.DependsOnInputs(b.sources()))...)
		if err != nil {
			return fmt.Errorf("creating event subscription %s: %w", name, err)
		}
	}
	return nil
}

// sources depends on everything that has event subscriptions. RDS takes half a minute to delete a subscription, and Pulumi deletes
// what depends on more first: subscriptions that all depend on the same are deleted at the same time.
func (b *builder) sources() pulumi.ResourceArrayOutput {
	all := []any{b.args.Database.Identifier, b.args.Database.ParameterGroupName}
	if b.args.Database.Settings.Proxy.Enabled {
		all = append(all, b.args.Database.ProxyName)
	}
	return pulumi.All(all...).ApplyT(func([]any) []pulumi.Resource { return nil }).(pulumi.ResourceArrayOutput)
}

// event is a kind of event that EventBridge sends to the notices.
type event struct {
	role, description string
	pattern           pulumi.Map
	// readOnly: the pattern matches read-only calls, which a rule gets only in a state of its own (Amazon EventBridge user
	// guide, "Receiving read-only management events").
	readOnly bool
}

// The rules that alarms watch.
const (
	rotationRule = "secret-rotation-failed"
	readRule     = "database-secret-read"
	storageRule  = "database-storage-event"
)

// storageEvents are the events of a database instance whose volume is full or cannot grow (Amazon RDS user guide, "Amazon RDS event
// categories and event messages"). Not among them is RDS-EVENT-0089, less than 10 % free: that is when autoscaling begins.
var storageEvents = []string{
	"RDS-EVENT-0007", // the storage is exhausted
	"RDS-EVENT-0221", // the storage is full, and RDS has shut the database down
	"RDS-EVENT-0222", // so little is free that RDS is about to
	"RDS-EVENT-0223", // storage autoscaling is unable to scale the storage
	"RDS-EVENT-0224", // storage autoscaling reaches maxStorageGiB
	"RDS-EVENT-0254", // the storage quota of the account is exceeded
}

// groupEvents are events of the Auto Scaling group that someone should know of (Amazon EC2 Auto Scaling user guide, "Amazon EC2 Auto
// Scaling event reference" and "Instance refresh example events and patterns"). No update rolls back, but a person may.
var groupEvents = []string{
	"EC2 Instance Launch Unsuccessful",
	"EC2 Instance Terminate Unsuccessful",
	"EC2 Auto Scaling Instance Refresh Failed",
	"EC2 Auto Scaling Instance Refresh Cancelled",
	"EC2 Auto Scaling Instance Refresh Rollback Started",
	"EC2 Auto Scaling Instance Refresh Rollback Succeeded",
	"EC2 Auto Scaling Instance Refresh Rollback Failed",
}

func (b *builder) eventTable() []event {
	secret := b.args.Database.SecretARN.ToStringOutput()
	return []event{
		{
			role: "fleet-events", description: "Instances that did not start or end, and rollouts that did not succeed",
			pattern: pulumi.Map{
				"source":      texts("aws.autoscaling"),
				"detail-type": texts(groupEvents...),
				"detail":      pulumi.Map{"AutoScalingGroupName": pulumi.Array{b.args.Web.AutoScalingGroupName}},
			},
		},
		{
			role: storageRule, description: "The volume of the database is full, or cannot grow",
			pattern: pulumi.Map{
				"source":      texts("aws.rds"),
				"detail-type": texts("RDS DB Instance Event"),
				"detail": pulumi.Map{
					"EventID":          texts(storageEvents...),
					"SourceIdentifier": pulumi.Array{b.args.Database.Identifier},
				},
			},
		},
		{
			role: rotationRule, description: "Secrets Manager could not change the password of the database",
			pattern: pulumi.Map{
				"source":      texts("aws.secretsmanager"),
				"detail-type": texts("AWS Service Event via CloudTrail"),
				"detail": pulumi.Map{
					"eventName":           texts("RotationFailed"),
					"additionalEventData": pulumi.Map{"SecretId": pulumi.Array{secret}},
				},
			},
		},
		{
			role: readRule, description: "Root or an unknown role read the password of the database",
			pattern: pulumi.Map{
				"source":      texts("aws.secretsmanager"),
				"detail-type": texts("AWS API Call via CloudTrail"),
				"detail": pulumi.Map{
					"eventName":         texts("GetSecretValue"),
					"requestParameters": pulumi.Map{"secretId": secretID(secret)},
					"$or": pulumi.Array{
						// Root and users, who have not assumed a role.
						pulumi.Map{"userIdentity": pulumi.Map{"type": otherThan(texts("AssumedRole", "AWSService"))}},
						pulumi.Map{"userIdentity": pulumi.Map{"sessionContext": pulumi.Map{"sessionIssuer": pulumi.Map{
							"userName": otherThan(b.readers()),
						}}}},
					},
				},
			},
			readOnly: true,
		},
	}
}

// rdsRole is the service-linked role with which RDS rotates the password.
const rdsRole = "AWSServiceRoleForRDS"

// readers returns the names of the roles that may read the secret of the database.
func (b *builder) readers() pulumi.StringArray {
	return slices.Concat(texts(rdsRole), b.args.Database.SecretReaders, texts(b.settings.SecretReaders...))
}

// secretID matches every way to name a secret in a call: its ARN, its ARN without the six random characters, and its name.
func secretID(arn pulumi.StringOutput) pulumi.Array {
	bare := arn.ApplyT(func(arn string) string { return arn[:max(0, strings.LastIndex(arn, "-"))] }).(pulumi.StringOutput)
	name := bare.ApplyT(func(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }).(pulumi.StringOutput)
	return pulumi.Array{pulumi.Map{"prefix": bare}, pulumi.Map{"prefix": name}}
}

func otherThan(values pulumi.StringArray) pulumi.Array {
	return pulumi.Array{pulumi.Map{"anything-but": values}}
}

func texts(list ...string) pulumi.StringArray { return pulumi.ToStringArray(list) }

// events sends events of EventBridge to the notices, whole: an input template would fail on a quote in a value. It returns the names
// of the rules, by role.
func (b *builder) events() (map[string]pulumi.StringInput, error) {
	rules := map[string]pulumi.StringInput{}
	for _, each := range b.eventTable() {
		rule, err := b.rule(b.main, each.role, each.description, each.pattern, each.readOnly)
		if err != nil {
			return nil, err
		}
		rules[each.role] = rule.Name
		name := b.Name(each.role)
		_, err = cloudwatch.NewEventTarget(b.ctx, name, &cloudwatch.EventTargetArgs{
			Rule: rule.Name,
			Arn:  b.main.notices.ARN,
		}, b.Options()...)
		if err != nil {
			return nil, fmt.Errorf("creating target of rule %s: %w", name, err)
		}
	}
	return rules, nil
}

// rule creates a rule on the default event bus of a region.
func (b *builder) rule(at *region, role, description string, pattern pulumi.Map, readOnly bool) (*cloudwatch.EventRule, error) {
	state := "ENABLED"
	if readOnly {
		state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
	}
	name := b.name(at, role)
	rule, err := cloudwatch.NewEventRule(b.ctx, name, &cloudwatch.EventRuleArgs{
		Description:  pulumi.String(description),
		EventPattern: pulumi.JSONMarshal(pattern),
		State:        pulumi.String(state),
		Tags:         b.Tags(name),
	}, b.optionsIn(at)...)
	if err != nil {
		return nil, fmt.Errorf("creating rule %s: %w", name, err)
	}
	return rule, nil
}
