package monitoring

import (
	"fmt"
	"maps"
	"slices"

	"ha-web/internal/parts"
	"ha-web/internal/settings/domain"
	"ha-web/internal/settings/monitoring"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/chatbot"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// region is a region with alarms, and the topics of their notifications: an alarm cannot use a topic of another region.
type region struct {
	suffix []string // of logical names
	opts   []pulumi.ResourceOption
	place  parts.Place
	logKey pulumi.StringInput // nil: a key that CloudWatch Logs owns

	pages, notices *parts.Topic
}

// name returns the logical name of a child of this region.
func (b *builder) name(at *region, role ...string) string {
	return b.Name(append(slices.Clone(role), at.suffix...)...)
}

// optionsIn returns the options of a child of this region.
func (b *builder) optionsIn(at *region, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return b.Options(slices.Concat(at.opts, more)...)
}

// topics creates the topics in the region of the component and, unless that is the same, in the region of CloudFront's metrics. It
// returns both regions, the second one nil without a distribution.
func (b *builder) topics() (main, cdn *region, err error) {
	main = &region{place: b.Place(b.ctx), logKey: b.args.KeyARN}
	if err := b.topicsIn(main, b.args.KeyARN); err != nil {
		return nil, nil, err
	}
	if !b.args.CDN.Settings.Enabled {
		return main, nil, nil
	}
	if b.args.Region == domain.CertificateRegion {
		return main, main, nil
	}
	cdn = &region{
		suffix: []string{domain.CertificateRegion},
		opts:   []pulumi.ResourceOption{pulumi.Provider(b.args.CDN.USEast1)},
		place:  main.place.In(domain.CertificateRegion),
	}
	// A topic cannot use a key of another region.
	name := b.name(cdn, "alarms")
	policy := parts.KeyPolicy(cdn.place, []string{"sns"}, parts.TopicKey(cdn.place)...)
	key, err := b.DataKey(b.ctx, name, "Alarms of "+b.prefix, policy, cdn.opts...)
	if err != nil {
		return nil, nil, err
	}
	return main, cdn, b.topicsIn(cdn, key.Arn)
}

func (b *builder) topicsIn(at *region, key pulumi.StringInput) (err error) {
	at.pages, err = b.Topic(b.ctx, b.name(at, "alarms"), b.physical("alarms"), at.place, key, at.opts...)
	if err != nil {
		return err
	}
	at.notices, err = b.Topic(b.ctx, b.name(at, "notices"), b.physical("notices"), at.place, key, at.opts...)
	return err
}

// regionOf returns the region of a page, nil without a distribution.
func (b *builder) regionOf(page page) *region {
	if page.role == cdnPage {
		return b.cdn
	}
	return b.main
}

// regions returns the regions with alarms, each once.
func (b *builder) regions() []*region {
	if b.cdn == nil || b.cdn == b.main {
		return []*region{b.main}
	}
	return []*region{b.main, b.cdn}
}

// subscribers receive what goes to a topic.
type subscribers struct {
	Email     []string
	HTTPS     map[string]pulumi.StringInput
	Functions []string
}

// subscriptions subscribes people and systems to the topics.
func (b *builder) subscriptions() error {
	for _, at := range b.regions() {
		for _, each := range []struct {
			role  string
			topic *parts.Topic
			who   subscribers
		}{
			{"alarms", at.pages, subscribers{b.settings.Email, b.settings.HTTPS, b.settings.Functions}},
			{"notices", at.notices, subscribers(b.settings.Notices)},
		} {
			if err := b.subscribe(at, each.role, each.topic, each.who); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) subscribe(at *region, role string, topic *parts.Topic, who subscribers) error {
	subscribe := func(name, protocol string, endpoint pulumi.StringInput, opts ...pulumi.ResourceOption) error {
		_, err := sns.NewTopicSubscription(b.ctx, name, &sns.TopicSubscriptionArgs{
			Topic: topic.ARN, Protocol: pulumi.String(protocol), Endpoint: endpoint,
		}, b.optionsIn(at, opts...)...)
		if err != nil {
			return fmt.Errorf("creating subscription %s: %w", name, err)
		}
		return nil
	}
	for _, address := range who.Email {
		if err := subscribe(b.name(at, role, "email", monitoring.Label(address)), "email", pulumi.String(address)); err != nil {
			return err
		}
	}
	for _, each := range slices.Sorted(maps.Keys(who.HTTPS)) {
		if err := subscribe(b.name(at, role, "https", each), "https", who.HTTPS[each]); err != nil {
			return err
		}
	}
	for _, function := range who.Functions {
		name := b.name(at, role, "function", monitoring.Label(function))
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

// invoke lets a topic invoke a function, which is in the region of the component, whatever the region of the topic.
func (b *builder) invoke(name, function string, topic *parts.Topic) (*lambda.Permission, error) {
	permission, err := lambda.NewPermission(b.ctx, name, &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  pulumi.String(function),
		Principal: pulumi.String("sns.amazonaws.com"),
		SourceArn: topic.ARN,
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating permission %s: %w", name, err)
	}
	return permission, nil
}

// slack sends the topics to a channel. Its members may look up what the alarms are about, and change nothing.
func (b *builder) slack() error {
	if !b.settings.Slack.Enabled() {
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
	for _, at := range b.regions() {
		topics = append(topics, at.pages.ARN, at.notices.ARN)
	}
	_, err = chatbot.NewSlackChannelConfiguration(b.ctx, name, &chatbot.SlackChannelConfigurationArgs{
		ConfigurationName: pulumi.String(b.prefix),
		IamRoleArn:        role.Arn,
		// The default guardrail policy would allow everything that the role may do.
		GuardrailPolicyArns: pulumi.StringArray{readOnly},
		LoggingLevel:        pulumi.String("ERROR"),
		SlackTeamId:         pulumi.String(b.settings.Slack.WorkspaceID),
		SlackChannelId:      pulumi.String(b.settings.Slack.ChannelID),
		SnsTopicArns:        topics,
		Tags:                b.Tags(name),
	}, b.Options(pulumi.DependsOn([]pulumi.Resource{rights}))...)
	if err != nil {
		return fmt.Errorf("creating Slack channel %s: %w", name, err)
	}
	return nil
}
