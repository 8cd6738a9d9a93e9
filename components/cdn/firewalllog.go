package cdn

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// firewallLog records the requests that the web ACL blocked or counted (AWS Security Hub, WAF.11), without cookies, credentials
// and the secret of the edge. The access logs have those that it allowed.
func (b *builder) firewallLog(firewall *wafResource) error {
	name := b.Name("waf")
	// The name has a required prefix (AWS WAF developer guide, "Sending web ACL traffic logs to an Amazon CloudWatch Logs log
	// group"). The key of the stack may be in another region, so the log group uses one of AWS.
	logs, err := b.LogGroup(b.ctx, name, "aws-waf-logs-"+b.firewallName, b.settings.WAF.LogRetentionDays, nil, b.inUSEast1())
	if err != nil {
		return err
	}
	redacted := pulumi.Array{}
	for _, header := range []string{"authorization", "cookie", b.settings.Edge.Header.Name} {
		if header != "" {
			redacted = append(redacted, pulumi.Map{"singleHeader": headerField(header)})
		}
	}
	kept := pulumi.Array{}
	for _, action := range []string{"BLOCK", "COUNT", "EXCLUDED_AS_COUNT"} { // the last: rules of groups that only count
		kept = append(kept, pulumi.Map{"actionCondition": pulumi.Map{"action": pulumi.String(action)}})
	}
	_, err = b.register(loggingType, name, pulumi.Map{
		"resourceArn":           firewall.ARN,
		"logDestinationConfigs": pulumi.StringArray{logs.Arn},
		"redactedFields":        redacted,
		"loggingFilter": pulumi.Map{
			"defaultBehavior": pulumi.String("DROP"),
			"filters": pulumi.Array{pulumi.Map{
				"behavior": pulumi.String("KEEP"), "requirement": pulumi.String("MEETS_ANY"), "conditions": kept,
			}},
		},
	})
	return err
}

// headerField names a header for AWS WAF, in lowercase (AWS WAF API reference, SingleHeader).
func headerField(name string) pulumi.Map {
	return pulumi.Map{"name": pulumi.String(strings.ToLower(name))}
}
