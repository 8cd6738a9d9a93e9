package monitoring

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// serviceNow opens an incident for each page, and resolves it when that is over.
func (b *builder) serviceNow() error {
	b.deadLetters = map[*site]pulumi.StringInput{}
	if b.args.ServiceNow.Instance == "" {
		return nil
	}
	for _, at := range b.everywhere() {
		if err := b.incidents(at); err != nil {
			return err
		}
	}
	return nil
}

// change is what ServiceNow is told when pages change to a state.
type change struct {
	role, state string
	pages       []page
	since       string // path of when the alarm went off: the same time in both states
	fields      map[string]string
}

// changes are what ServiceNow hears of in a region: each page that opens, in its own words, and all that are over.
func (b *builder) changes(at *site) []change {
	over := change{"incident-resolve", "OK", nil, "$.detail.previousState.timestamp", map[string]string{
		"state":       "6", // resolved
		"close_code":  "Solution provided",
		"close_notes": "<reason>",
	}}
	var changes []change
	for _, each := range pages {
		if b.siteOf(each) != at {
			continue
		}
		over.pages = append(over.pages, each)
		changes = append(changes, change{"incident-open-" + each.role, "ALARM", []page{each}, "$.detail.state.timestamp", map[string]string{
			"state":             "1", // new
			"short_description": b.physical(each.role),
			"description":       b.description(each.consequence, each.role),
			"work_notes":        "<reason>",
			"urgency":           strconv.Itoa(b.args.ServiceNow.Urgency),
			"impact":            strconv.Itoa(b.args.ServiceNow.Impact),
			"assignment_group":  b.args.ServiceNow.AssignmentGroup,
		}})
	}
	return append(changes, over)
}

// pattern matches the events of a change.
func (b *builder) pattern(c change) pulumi.Map {
	var names pulumi.StringArray
	for _, each := range c.pages {
		names = append(names, pulumi.String(b.physical(each.role)))
	}
	detail := pulumi.Map{"alarmName": names, "state": pulumi.Map{"value": texts(c.state)}}
	if c.state == "OK" { // which a new alarm is too, without anything having been wrong
		detail["previousState"] = pulumi.Map{"value": texts("ALARM")}
	}
	return pulumi.Map{
		"source": texts("aws.cloudwatch"), "detail-type": texts("CloudWatch Alarm State Change"), "detail": detail,
	}
}

// columnPrefix is what ServiceNow calls columns of one's own by.
const columnPrefix = "u_"

// transformer makes a row of the import set out of an event. EventBridge gives an endpoint five seconds and then tries again, so
// that ServiceNow may be told the same thing twice: it knows the incident by its correlation id, which is the alarm and when
// it went off (field note OBS-5). What is taken from the event stands in quotes, is always there, and has no quotes itself,
// which EventBridge would not escape (Amazon EventBridge user guide, "Common issues with transforming input").
func (c change) transformer() cloudwatch.EventTargetInputTransformerArgs {
	row := map[string]string{columnPrefix + "correlation_id": "<account>/<region>/<name>/<since>"}
	for name, text := range c.fields {
		row[columnPrefix+name] = text
	}
	template, _ := json.Marshal(row) // of texts, which never fails
	return cloudwatch.EventTargetInputTransformerArgs{
		InputPaths: pulumi.ToStringMap(map[string]string{
			"account": "$.account", "region": "$.region", "name": "$.detail.alarmName", "reason": "$.detail.state.reason", "since": c.since,
		}),
		InputTemplate: pulumi.String(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(template))),
	}
}

func (b *builder) incidents(at *site) error {
	destination, role, err := b.destination(at)
	if err != nil {
		return err
	}
	changes := b.changes(at)
	var rules []*cloudwatch.EventRule
	for _, each := range changes {
		rule, err := b.rule(at, each.role, "Pages for ServiceNow: "+each.state, b.pattern(each), false)
		if err != nil {
			return err
		}
		rules = append(rules, rule)
	}
	queue, policy, err := b.deadLetterQueue(at, rules)
	if err != nil {
		return err
	}
	b.deadLetters[at] = queue.Name
	for i, each := range changes {
		name := b.name(at, each.role)
		_, err := cloudwatch.NewEventTarget(b.ctx, name, &cloudwatch.EventTargetArgs{
			Rule:             rules[i].Name,
			Arn:              destination.Arn,
			RoleArn:          role.Arn,
			InputTransformer: each.transformer(),
			DeadLetterConfig: cloudwatch.EventTargetDeadLetterConfigArgs{Arn: queue.Arn},
			RetryPolicy: cloudwatch.EventTargetRetryPolicyArgs{
				MaximumEventAgeInSeconds: pulumi.Int(3600), // after which incidents-undelivered tells
				MaximumRetryAttempts:     pulumi.Int(185),
			},
		}, b.in(at, pulumi.DependsOn([]pulumi.Resource{policy}))...)
		if err != nil {
			return fmt.Errorf("creating target of rule %s: %w", name, err)
		}
	}
	return nil
}

// destination creates the way to the table of ServiceNow, and the role that EventBridge goes it by.
func (b *builder) destination(at *site) (*cloudwatch.EventApiDestination, *iam.Role, error) {
	name := b.name(at, "servicenow")
	host := "https://" + b.args.ServiceNow.Instance + ".service-now.com"
	connection, err := cloudwatch.NewEventConnection(b.ctx, name, b.credentials(host), b.in(at)...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating connection %s: %w", name, err)
	}
	destination, err := cloudwatch.NewEventApiDestination(b.ctx, name, &cloudwatch.EventApiDestinationArgs{
		Description:                  pulumi.String("Incidents in ServiceNow"),
		ConnectionArn:                connection.Arn,
		HttpMethod:                   pulumi.String("POST"),
		InvocationEndpoint:           pulumi.String(host + "/api/now/import/" + b.args.ServiceNow.ImportSet),
		InvocationRateLimitPerSecond: pulumi.Int(5),
	}, b.in(at)...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating API destination %s: %w", name, err)
	}
	role, _, err := b.roleOf(name, "events.amazonaws.com", parts.Statement{
		Actions: []string{"events:InvokeApiDestination"}, Resources: []pulumi.StringInput{destination.Arn},
	})
	return destination, role, err
}

// credentials are those of a user, or of an OAuth client.
func (b *builder) credentials(host string) *cloudwatch.EventConnectionArgs {
	args := &cloudwatch.EventConnectionArgs{Description: pulumi.String("ServiceNow"), AuthorizationType: pulumi.String("BASIC")}
	if b.args.ServiceNow.ClientID == "" {
		args.AuthParameters = cloudwatch.EventConnectionAuthParametersArgs{Basic: cloudwatch.EventConnectionAuthParametersBasicArgs{
			Username: pulumi.String(b.args.ServiceNow.Username), Password: b.args.ServiceNow.Password,
		}}
		return args
	}
	args.AuthorizationType = pulumi.String("OAUTH_CLIENT_CREDENTIALS")
	args.AuthParameters = cloudwatch.EventConnectionAuthParametersArgs{Oauth: cloudwatch.EventConnectionAuthParametersOauthArgs{
		AuthorizationEndpoint: pulumi.String(host + "/oauth_token.do"),
		HttpMethod:            pulumi.String("POST"),
		ClientParameters: cloudwatch.EventConnectionAuthParametersOauthClientParametersArgs{
			ClientId: pulumi.String(b.args.ServiceNow.ClientID), ClientSecret: b.args.ServiceNow.ClientSecret,
		},
		OauthHttpParameters: cloudwatch.EventConnectionAuthParametersOauthOauthHttpParametersArgs{
			Bodies: cloudwatch.EventConnectionAuthParametersOauthOauthHttpParametersBodyArray{
				cloudwatch.EventConnectionAuthParametersOauthOauthHttpParametersBodyArgs{
					Key: pulumi.String("grant_type"), Value: pulumi.String("client_credentials"),
				},
			},
		},
	}}
	return args
}

// deadLetterQueue keeps, for two weeks, what ServiceNow did not take.
func (b *builder) deadLetterQueue(at *site, rules []*cloudwatch.EventRule) (*sqs.Queue, *sqs.QueuePolicy, error) {
	name := b.name(at, "incidents-undelivered")
	queue, err := sqs.NewQueue(b.ctx, name, &sqs.QueueArgs{
		MessageRetentionSeconds: pulumi.Int(14 * 24 * 3600),
		SqsManagedSseEnabled:    pulumi.Bool(true),
		Tags:                    b.Tags(name),
	}, b.in(at)...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating queue %s: %w", name, err)
	}
	var sources pulumi.StringArray
	for _, each := range rules {
		sources = append(sources, each.Arn)
	}
	policy, err := sqs.NewQueuePolicy(b.ctx, name, &sqs.QueuePolicyArgs{
		QueueUrl: queue.Url,
		Policy: parts.Policy(
			parts.Statement{
				Sid: "KeepIncidents", Service: pulumi.String("events.amazonaws.com"), Actions: []string{"sqs:SendMessage"},
				Resources:  []pulumi.StringInput{queue.Arn},
				Conditions: map[string]pulumi.Map{"ArnEquals": {"aws:SourceArn": sources}},
			},
			parts.Statement{
				Sid: "RefuseWithoutTLS", Deny: true, AWS: pulumi.String("*"), Actions: []string{"sqs:*"},
				Resources:  []pulumi.StringInput{queue.Arn},
				Conditions: map[string]pulumi.Map{"Bool": {"aws:SecureTransport": pulumi.String("false")}},
			},
		),
	}, b.in(at)...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating policy of queue %s: %w", name, err)
	}
	return queue, policy, nil
}
