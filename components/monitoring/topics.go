package monitoring

import (
	"ha-web/internal/settings/domain"

	"fmt"
	"maps"
	"slices"

	"ha-web/internal/alarms"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/chatbot"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// site is a region with alarms, and the topics that they go to: an alarm reaches none of another region.
type site struct {
	suffix []string // of names
	opts   []pulumi.ResourceOption
	place  parts.Place
	logKey pulumi.StringInput // nil: CloudWatch's own

	pages, notices *parts.Topic
}

// name returns the logical name of a child of this region.
func (b *builder) name(at *site, role ...string) string {
	return b.Name(append(slices.Clone(role), at.suffix...)...)
}

// in returns the options of a child of this region.
func (b *builder) in(at *site, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return b.Options(slices.Concat(at.opts, more)...)
}

// sites creates the topics: in the region of the component and, where that is another, in the one of CloudFront's metrics.
func (b *builder) sites() (err error) {
	b.main = &site{place: b.Place(b.ctx), logKey: b.args.KeyARN}
	if err := b.topics(b.main, b.args.KeyARN); err != nil {
		return err
	}
	if b.args.CDN.Disabled {
		return nil
	}
	if b.args.Region == domain.CertificateRegion {
		b.cdn = b.main
		return nil
	}
	b.cdn = &site{
		suffix: []string{domain.CertificateRegion},
		opts:   []pulumi.ResourceOption{pulumi.Provider(b.args.CDN.USEast1)},
		place:  b.main.place.In(domain.CertificateRegion),
	}
	// A topic takes no key of another region.
	name := b.name(b.cdn, "alarms")
	policy := parts.KeyPolicy(b.cdn.place, []string{"sns"}, parts.TopicKey(b.cdn.place)...)
	key, err := b.DataKey(b.ctx, name, "Alarms of "+b.plan.prefix, policy, b.cdn.opts...)
	if err != nil {
		return err
	}
	return b.topics(b.cdn, key.Arn)
}

func (b *builder) topics(at *site, key pulumi.StringInput) (err error) {
	at.pages, err = b.Topic(b.ctx, b.name(at, "alarms"), b.physical("alarms"), at.place, key, at.opts...)
	if err != nil {
		return err
	}
	at.notices, err = b.Topic(b.ctx, b.name(at, "notices"), b.physical("notices"), at.place, key, at.opts...)
	return err
}

// siteOf returns the region of a page, nil where there is none.
func (b *builder) siteOf(page page) *site {
	if page.role == cdnPage {
		return b.cdn
	}
	return b.main
}

// everywhere returns the regions with alarms, each once.
func (b *builder) everywhere() []*site {
	if b.cdn == nil || b.cdn == b.main {
		return []*site{b.main}
	}
	return []*site{b.main, b.cdn}
}

// subscriptions has people and systems hear of the topics.
func (b *builder) subscriptions() error {
	for _, at := range b.everywhere() {
		for _, each := range []struct {
			role  string
			topic *parts.Topic
			who   Subscribers
		}{{"alarms", at.pages, b.args.Pages}, {"notices", at.notices, b.args.Notices}} {
			if err := b.subscribe(at, each.role, each.topic, each.who); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) subscribe(at *site, role string, topic *parts.Topic, who Subscribers) error {
	subscribe := func(name, protocol string, endpoint pulumi.StringInput, opts ...pulumi.ResourceOption) error {
		_, err := sns.NewTopicSubscription(b.ctx, name, &sns.TopicSubscriptionArgs{
			Topic: topic.ARN, Protocol: pulumi.String(protocol), Endpoint: endpoint,
		}, b.in(at, opts...)...)
		if err != nil {
			return fmt.Errorf("creating subscription %s: %w", name, err)
		}
		return nil
	}
	for _, address := range who.Email {
		if err := subscribe(b.name(at, role, "email", alarms.Label(address)), "email", pulumi.String(address)); err != nil {
			return err
		}
	}
	for _, each := range slices.Sorted(maps.Keys(who.HTTPS)) {
		if err := subscribe(b.name(at, role, "https", each), "https", who.HTTPS[each]); err != nil {
			return err
		}
	}
	for _, function := range who.Functions {
		name := b.name(at, role, "function", alarms.Label(function))
		permission, err := b.invoke(name, function, topic)
		if err != nil {
			return err
		}
		if err := subscribe(name, "lambda", pulumi.String(function), pulumi.DependsOn([]pulumi.Resource{permission})); err != nil {
			return err
		}
	}
	return nil
}

// invoke lets a topic call a function, which is in the region of the component whatever that of the topic.
func (b *builder) invoke(name, function string, topic *parts.Topic) (*lambda.Permission, error) {
	permission, err := lambda.NewPermission(b.ctx, name, &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  pulumi.String(function),
		Principal: pulumi.String("sns.amazonaws.com"),
		SourceArn: topic.ARN,
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("letting %s call a function: %w", name, err)
	}
	return permission, nil
}

// slack brings the topics into a channel. Whoever writes there may look at what the alarms are about, and change nothing.
func (b *builder) slack() error {
	if !b.args.Slack.On() {
		return nil
	}
	name := b.Name("slack")
	role, err := b.ServiceRole(b.ctx, name, "chatbot.amazonaws.com", nil)
	if err != nil {
		return err
	}
	readOnly := b.main.place.ManagedPolicy("CloudWatchReadOnlyAccess")
	rights, err := b.AttachPolicy(b.ctx, name, role.Name, readOnly)
	if err != nil {
		return err
	}
	topics := pulumi.StringArray{}
	for _, at := range b.everywhere() {
		topics = append(topics, at.pages.ARN, at.notices.ARN)
	}
	_, err = chatbot.NewSlackChannelConfiguration(b.ctx, name, &chatbot.SlackChannelConfigurationArgs{
		ConfigurationName: pulumi.String(b.plan.prefix),
		IamRoleArn:        role.Arn,
		// AWS's default would let the channel do all that the role may, were that ever more.
		GuardrailPolicyArns: pulumi.StringArray{readOnly},
		LoggingLevel:        pulumi.String("ERROR"),
		SlackTeamId:         pulumi.String(b.args.Slack.WorkspaceID),
		SlackChannelId:      pulumi.String(b.args.Slack.ChannelID),
		SnsTopicArns:        topics,
		Tags:                b.Tags(name),
	}, b.Options(pulumi.DependsOn([]pulumi.Resource{rights}))...)
	if err != nil {
		return fmt.Errorf("creating Slack channel %s: %w", name, err)
	}
	return nil
}
