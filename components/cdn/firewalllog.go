package cdn

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// firewallLog keeps what the firewall blocked or counted (Security Hub WAF.11), and no cookies, credentials or secrets of
// it. What it let in is in the access logs.
func (b *builder) firewallLog() error {
	name := b.Name("waf")
	// AWS WAF writes to groups of such names only (field note WAF-2). The stack's key may be of another region.
	logs, err := b.LogGroup(b.ctx, name, "aws-waf-logs-"+b.plan.firewall, b.args.WAF.LogRetentionDays, nil, b.inUSEast1())
	if err != nil {
		return err
	}
	hidden := pulumi.Array{}
	for _, header := range []string{"authorization", "cookie", b.args.Edge.Header.Name} {
		if header != "" {
			hidden = append(hidden, pulumi.Map{"singleHeader": headerField(header)})
		}
	}
	kept := pulumi.Array{}
	for _, action := range []string{"BLOCK", "COUNT", "EXCLUDED_AS_COUNT"} { // the last: rules of sets that only count
		kept = append(kept, pulumi.Map{"actionCondition": pulumi.Map{"action": pulumi.String(action)}})
	}
	_, err = b.register(loggingType, name, pulumi.Map{
		"resourceArn":           b.firewall.ARN,
		"logDestinationConfigs": pulumi.StringArray{logs.Arn},
		"redactedFields":        hidden,
		"loggingFilter": pulumi.Map{
			"defaultBehavior": pulumi.String("DROP"),
			"filters": pulumi.Array{pulumi.Map{
				"behavior": pulumi.String("KEEP"), "requirement": pulumi.String("MEETS_ANY"), "conditions": kept,
			}},
		},
	})
	return err
}

// headerField names a header as AWS WAF wants it, in small letters.
func headerField(name string) pulumi.Map {
	return pulumi.Map{"name": pulumi.String(strings.ToLower(name))}
}
