package controls

import (
	"fmt"
	"slices"
	"strings"

	"ha-web/internal/awstype"
)

func cloudWatch() []Control {
	alarms := []string{awstype.CloudWatchMetricAlarm}
	return []Control{
		{
			ID: "CloudWatch.15", Title: "Alarms do something", Severity: High, Remedy: "Name an action", Types: alarms,
			check: func(_ *plan, r resource) string {
				return unless(len(r.texts("alarmActions")) > 0, "nobody hears of it")
			},
		}, {
			ID: "CloudWatch.16", Title: "Logs are kept for a year or more", Severity: Medium, Remedy: "Raise its retentionDays, or logRetentionDays",
			Types: []string{awstype.CloudWatchLogGroup},
			check: func(_ *plan, r resource) string {
				days := r.number("retentionInDays")
				return unless(days == 0 || days >= 365, "for %v days", days) // 0: for ever
			},
		}, {
			ID: "CloudWatch.17", Title: "Alarms are switched on", Severity: High, Remedy: "Leave actionsEnabled out", Types: alarms,
			check: func(_ *plan, r resource) string { return unless(r.text("actionsEnabled") != "false", "it is off") },
		},
	}
}

func firehose() []Control {
	return []Control{{
		ID: "DataFirehose.1", Title: "Streams are encrypted", Severity: Medium, Remedy: "Turn on serverSideEncryption", Types: []string{awstype.KinesisFirehoseDeliveryStream},
		check: func(_ *plan, r resource) string { return unless(r.on("serverSideEncryption.enabled"), "it is not") },
	}}
}

func topicsAndQueues() []Control {
	return []Control{
		{
			ID: "SNS.1", Title: "Topics are encrypted", Severity: Medium, Remedy: "Name a key of the stack", Types: []string{awstype.SNSTopic},
			check: func(_ *plan, r resource) string { return unless(r.has("kmsMasterKeyId"), "it is not") },
		}, {
			ID: "SNS.4", Title: "Topics are not public", Severity: Critical, Remedy: "Name principals, or add a condition", Types: []string{awstype.SNSTopicPolicy},
			check: func(_ *plan, r resource) string { return publicStatement(r) },
		}, {
			ID: "SQS.1", Title: "Queues are encrypted", Severity: Medium, Remedy: "Turn on sqsManagedSseEnabled", Types: []string{awstype.SQSQueue},
			check: func(_ *plan, r resource) string {
				return unless(r.on("sqsManagedSseEnabled") || r.has("kmsMasterKeyId"), "it is not")
			},
		}, {
			ID: "SQS.3", Title: "Queues are not public", Severity: High, Remedy: "Name principals, or add a condition", Types: []string{awstype.SQSQueuePolicy},
			check: func(_ *plan, r resource) string { return publicStatement(r) },
		},
	}
}

func systemsManager() []Control {
	return []Control{
		{
			ID: "SSM.1", Title: "Systems Manager looks after instances", Severity: Medium, Remedy: "Attach AmazonSSMManagedInstanceCore to their role",
			Types: []string{awstype.EC2LaunchTemplate},
			check: func(p *plan, r resource) string {
				profile, _ := p.find(awstype.IAMInstanceProfile, r.text("iamInstanceProfile.arn"))
				return unless(slices.ContainsFunc(p.of(awstype.IAMRolePolicyAttachment), func(attached resource) bool {
					return profile.has("role") && attached.text("role") == profile.text("role") &&
						strings.HasSuffix(attached.text("policyArn"), "policy/AmazonSSMManagedInstanceCore")
				}), "it may not")
			},
		}, {
			ID: "SSM.4", Title: "Documents are not public", Severity: Critical, Remedy: "Take its permissions out", Types: []string{awstype.SSMDocument},
			check: func(_ *plan, r resource) string {
				return unless(!strings.EqualFold(r.text("permissions.accountIds"), "all"), "everyone may run it")
			},
		},
	}
}

func identity() []Control {
	return []Control{
		{
			ID: "IAM.1", Title: "Nobody may do everything", Severity: High, Remedy: "Name actions, or resources", Types: []string{awstype.IAMPolicy, awstype.IAMRolePolicy},
			check: func(_ *plan, r resource) string {
				for _, each := range r.statements("policy") {
					if each.allows() && slices.Contains(each.texts("Action"), "*") && slices.Contains(each.texts("Resource"), "*") {
						return fmt.Sprintf("statement %q lets one", each.text("Sid"))
					}
				}
				return ""
			},
		}, {
			ID: "IAM.21", Title: "Managed policies name actions, not services", Severity: Low, Remedy: "Name actions", Types: []string{awstype.IAMPolicy},
			where: notBoundary,
			check: func(_ *plan, r resource) string {
				for _, each := range r.statements("policy") {
					for _, action := range slices.Concat(each.texts("Action"), each.texts("NotAction")) {
						if each.allows() && strings.HasSuffix(action, ":*") {
							return "all of " + action
						}
					}
				}
				return ""
			},
		},
	}
}

// notBoundary reports whether a policy is none that only limits what others allow: Security Hub does not look at those.
func notBoundary(p *plan, policy resource) bool {
	return !p.linked(awstype.IAMRole, "permissionsBoundary", policy)
}
