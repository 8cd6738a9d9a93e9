package monitoring

import (
	"fmt"

	"ha-web/internal/parts"
	"ha-web/internal/settings/cdn"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// matched counts the events that a rule has passed on.
func matched(rule pulumi.StringInput) series {
	return series{namespace: "AWS/Events", name: "Invocations", stat: "Sum", dimensions: []dimension{{"RuleName", rule}}}
}

// secretAlarms watch the password of the database. The notices say who read it, and when.
func secretAlarms(rules map[string]pulumi.StringInput) []alarm {
	return []alarm{
		{
			role: readRule, page: securityPage,
			metrics: []series{matched(rules[readRule])}, period: 300, breaches: 1, periods: 1,
			comparison: above, missing: notBreaching,
			consequence: "Root, an IAM user or an unknown role has read the password of the database.",
		},
		{
			role:    rotationRule,
			metrics: []series{matched(rules[rotationRule])}, period: 300, breaches: 1, periods: 1,
			comparison: above, missing: notBreaching,
			consequence: "Secrets Manager could not rotate the password of the database: the old one stays valid for longer than it should.",
		},
	}
}

// cloudFront is a metric of the distribution.
func (b *builder) cloudFront(name, stat string) series {
	return series{namespace: "AWS/CloudFront", name: name, stat: stat, dimensions: []dimension{
		{"DistributionId", b.args.CDN.DistributionID}, {"Region", pulumi.String("Global")},
	}}
}

// allRules is every rule of the web ACL together.
const allRules = "ALL"

// firewall is a metric of the web ACL, of one rule or of all. That of a distribution has no dimension Region (AWS WAF developer guide,
// "AWS WAF metrics and dimensions").
func (b *builder) firewall(rule, name string) series {
	return series{namespace: "AWS/WAFV2", name: name, stat: "Sum", dimensions: []dimension{
		{"Rule", pulumi.String(rule)}, {"WebACL", b.args.CDN.FirewallName},
	}}
}

func (b *builder) cdnAlarms() []alarm {
	if !b.args.CDN.Settings.Enabled {
		return nil
	}
	alarms := []alarm{{
		role: "cdn-errors", page: cdnPage, panel: serverErrorPanel, at: b.cdn,
		metrics:    []series{b.cloudFront("5xxErrorRate", "Average").as("rate"), b.cloudFront("Requests", "Sum").as("views")},
		expression: fmt.Sprintf("IF(rate * views / 100 >= %d, rate, 0)", b.settings.Thresholds.MinimumErrors), period: 60, breaches: 3, periods: 5,
		comparison: above, threshold: float64(b.settings.Thresholds.CDNErrorPercent), missing: notBreaching,
		consequence: "CloudFront answers users with errors: the load balancer or the bucket does not answer it.",
	}}
	if !b.args.CDN.Settings.WAF.Enabled {
		return alarms
	}
	if b.args.CDN.Settings.WAF.RateLimit > 0 {
		alarms = append(alarms, alarm{
			role: "rate-limited", page: cdnPage, panel: firewallPanel, at: b.cdn,
			metrics:    []series{b.firewall(cdn.RateLimitRule, "BlockedRequests").as("limited").named("blocked by the rate limit")},
			expression: "FILL(limited, 0)", period: 300, breaches: 2, periods: 2, // without FILL, old breaches would count once it is over
			comparison: above, threshold: float64(b.settings.Thresholds.RateLimitedRequests), missing: notBreaching,
			consequence: "The rate limit refuses requests with 429: a lecture hall behind one address, or an attack.",
		})
	}
	return append(alarms, alarm{
		role: "blocked-requests", panel: firewallPanel, at: b.cdn,
		metrics: []series{b.firewall(allRules, "BlockedRequests").named("blocked")}, period: 300, breaches: 2, periods: 3,
		comparison: above, threshold: float64(b.settings.Thresholds.BlockedRequests), missing: notBreaching,
		consequence: "AWS WAF blocks far more than usual: an attack, or a rule that blocks legitimate users.",
	})
}

// deliveryAlarms watch deliveries. Failures of each topic go to the other topic.
func (b *builder) deliveryAlarms(deadLetters map[*region]pulumi.StringInput) []alarm {
	var alarms []alarm
	for _, at := range b.regions() {
		failed := func(topic *parts.Topic, label string) series {
			return series{namespace: "AWS/SNS", name: "NumberOfNotificationsFailed", stat: "Sum", label: label, dimensions: []dimension{
				{"TopicName", topic.Name},
			}}
		}
		alarms = append(alarms,
			alarm{
				role: "pages-undelivered", panel: notificationPanel, at: at, topic: at.notices,
				metrics: []series{failed(at.pages, "pages")}, period: 300, breaches: 1, periods: 1,
				comparison: above, missing: notBreaching,
				consequence: "A page was not delivered to a subscriber: someone on call may not know of it.",
			},
			alarm{
				role: "notices-undelivered", panel: notificationPanel, at: at, topic: at.pages,
				metrics: []series{failed(at.notices, "notices")}, period: 300, breaches: 3, periods: 3,
				comparison: above, missing: notBreaching,
				consequence: "Notices are not delivered to a subscriber: the record has gaps.",
			})
		if queue := deadLetters[at]; queue != nil {
			alarms = append(alarms, alarm{
				role: "incidents-undelivered", panel: notificationPanel, at: at,
				metrics: []series{{
					namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesVisible", stat: "Maximum", label: "incidents",
					dimensions: []dimension{{"QueueName", queue}},
				}},
				period: 300, breaches: 1, periods: 1, comparison: above, missing: notBreaching,
				consequence: "ServiceNow did not accept an incident: there is no ticket for it.",
			})
		}
	}
	return alarms
}
