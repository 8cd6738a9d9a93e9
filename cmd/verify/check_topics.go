package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

const (
	pagesRemedy   = "name who is on call in monitoring.email or another way: docs/monitoring.md, Who hears of it; each address has to confirm"
	pendingRemedy = "have each address confirm by the link in its mail, which is valid for two days; after that, subscribe it again"
)

// subscriptions are how many a topic has.
type subscriptions struct {
	confirmed int
	pending   []string
}

func pagesSubscribed(ctx context.Context, l *live) finding {
	return subscribed(ctx, l, l.outputs.AlarmTopicArn, fail(pagesRemedy, "nobody gets pages: %s", l.outputs.AlarmTopicArn))
}

// noticesSubscribed skips a topic that nobody subscribes to: notices are for the record, and CloudWatch keeps them too.
func noticesSubscribed(ctx context.Context, l *live) finding {
	return subscribed(ctx, l, l.outputs.NoticeTopicArn, skip("nobody subscribes to notices (monitoring.notices)"))
}

// subscribed judges a topic, and its twin in the region of CloudFront's alarms. Without a subscription, it returns nobody.
func subscribed(ctx context.Context, l *live, topic string, nobody finding) finding {
	at := map[string]services{topic: l.aws}
	topics := []string{topic}
	if l.outputs.edgeApart() {
		parsed, err := arn.Parse(topic)
		if err != nil {
			return fail(outputsRemedy, "the outputs name a topic %q", topic)
		}
		parsed.Region = edgeRegion
		topics = append(topics, parsed.String())
		at[parsed.String()] = l.edge
	}
	var seen, faults []string
	none := false
	for _, each := range topics {
		found, err := listSubscriptions(ctx, at[each], each)
		if err != nil {
			return unanswered(err)
		}
		seen = append(seen, fmt.Sprintf("%d confirmed at %s", found.confirmed, each))
		none = none || found.confirmed == 0
		if len(found.pending) > 0 {
			faults = append(faults, fmt.Sprintf("pending at %s: %s", each, strings.Join(found.pending, ", ")))
		}
	}
	if none && len(faults) == 0 {
		return nobody
	}
	return failures(faults, pendingRemedy, pass("%s", strings.Join(seen, ", ")))
}

func listSubscriptions(ctx context.Context, at services, topic string) (subscriptions, error) {
	var all subscriptions
	pages := sns.NewListSubscriptionsByTopicPaginator(at.topics, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return all, fmt.Errorf("topic %s: %w", topic, err)
		}
		for _, each := range page.Subscriptions {
			// In place of an ARN, SNS has PendingConfirmation or, for some days, Deleted (Amazon SNS developer guide,
			// "Confirm the subscription").
			switch aws.ToString(each.SubscriptionArn) {
			case "Deleted":
			case "PendingConfirmation":
				all.pending = append(all.pending, aws.ToString(each.Endpoint))
			default:
				all.confirmed++
			}
		}
	}
	return all, nil
}
