package monitoring

import (
	"ha-web/internal/parts"

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
			consequence: "Root, a user or an unknown role has read the password of the database.",
		},
		{
			role:    rotationRule,
			metrics: []series{matched(rules[rotationRule])}, period: 300, breaches: 1, periods: 1,
			comparison: above, missing: notBreaching,
			consequence: "The password of the database was not changed: the old one goes on to work, longer than it should.",
		},
	}
}

// cloudFront is a metric of the distribution.
func (b *builder) cloudFront(name, stat string) series {
	return series{namespace: "AWS/CloudFront", name: name, stat: stat, dimensions: []dimension{
		{"DistributionId", b.args.CDN.DistributionID}, {"Region", pulumi.String("Global")},
	}}
}

// firewall is a metric of the web ACL, over all its rules. That of a distribution has no dimension Region (AWS WAF developer guide,
// "AWS WAF metrics and dimensions").
func (b *builder) firewall(name string) series {
	return series{namespace: "AWS/WAFV2", name: name, stat: "Sum", dimensions: []dimension{
		{"Rule", pulumi.String("ALL")}, {"WebACL", b.args.CDN.FirewallName},
	}}
}

func (b *builder) cdnAlarms() []alarm {
	if !b.args.CDN.Settings.Enabled {
		return nil
	}
	alarms := []alarm{{
		role: "cdn-errors", page: cdnPage, panel: serverErrorPanel, at: b.cdn,
		metrics: []series{b.cloudFront("5xxErrorRate", "Average").named("CloudFront")}, period: 60, breaches: 3, periods: 5,
		comparison: above, threshold: float64(b.settings.Thresholds.CDNErrorPercent), missing: notBreaching,
		consequence: "CloudFront answers people with errors: the load balancer, or the bucket, does not answer it.",
	}}
	if !b.args.CDN.Settings.WAF.Enabled {
		return alarms
	}
	return append(alarms, alarm{
		role: "blocked-requests", panel: firewallPanel, at: b.cdn,
		metrics: []series{b.firewall("BlockedRequests")}, period: 300, breaches: 2, periods: 3,
		comparison: above, threshold: float64(b.settings.Thresholds.BlockedRequests), missing: notBreaching,
		consequence: "The firewall blocks far more than usual: an attack, or a rule that hits people who mean no harm.",
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
				consequence: "A page did not reach someone or something: whoever is on call may not know what they should.",
			},
			alarm{
				role: "notices-undelivered", panel: notificationPanel, at: at, topic: at.pages,
				metrics: []series{failed(at.notices, "notices")}, period: 300, breaches: 3, periods: 3,
				comparison: above, missing: notBreaching,
				consequence: "Notices do not reach someone or something: the record has gaps.",
			})
		if queue := deadLetters[at]; queue != nil {
			alarms = append(alarms, alarm{
				role: "incidents-undelivered", panel: notificationPanel, at: at,
				metrics: []series{{
					namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesVisible", stat: "Maximum", label: "incidents",
					dimensions: []dimension{{"QueueName", queue}},
				}},
				period: 300, breaches: 1, periods: 1, comparison: above, missing: notBreaching,
				consequence: "ServiceNow did not take an incident: there is no ticket for it.",
			})
		}
	}
	return alarms
}
