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

// serviceNow opens an incident for each page, and resolves it when the page is over. It returns the names of the queues of
// incidents that ServiceNow did not accept, none without ServiceNow.
func (b *builder) serviceNow() (map[*region]pulumi.StringInput, error) {
	deadLetters := map[*region]pulumi.StringInput{}
	if !b.settings.ServiceNow.Enabled() {
		return deadLetters, nil
	}
	for _, at := range b.regions() {
		queue, err := b.incidents(at)
		if err != nil {
			return nil, err
		}
		deadLetters[at] = queue
	}
	return deadLetters, nil
}

// change is the row that ServiceNow gets when pages change to a state.
type change struct {
	role, state string
	pages       []page
	since       string // path of the time at which the alarm went off, which is the same time in both states
	fields      map[string]string
}

// changes returns what ServiceNow gets from a region: each page that opens, with its own text, and all that are over.
func (b *builder) changes(at *region) []change {
	over := change{"incident-resolve", "OK", nil, "$.detail.previousState.timestamp", map[string]string{
		"state":       "6", // resolved
		"close_code":  "Solution provided",
		"close_notes": "<reason>",
	}}
	var changes []change
	for _, each := range pages {
		if b.regionOf(each) != at {
			continue
		}
		over.pages = append(over.pages, each)
		changes = append(changes, change{"incident-open-" + each.role, "ALARM", []page{each}, "$.detail.state.timestamp", map[string]string{
			"state":             "1", // new
			"short_description": b.physical(each.role),
			"description":       b.description(each.consequence, each.role),
			"work_notes":        "<reason>",
			"urgency":           strconv.Itoa(b.settings.ServiceNow.Urgency),
			"impact":            strconv.Itoa(b.settings.ServiceNow.Impact),
			"assignment_group":  b.settings.ServiceNow.AssignmentGroup,
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
	if c.state == "OK" { // a new alarm changes to it too, from INSUFFICIENT_DATA
		detail["previousState"] = pulumi.Map{"value": texts("ALARM")}
	}
	return pulumi.Map{
		"source": texts("aws.cloudwatch"), "detail-type": texts("CloudWatch Alarm State Change"), "detail": detail,
	}
}

// columnPrefix begins the names of custom columns in ServiceNow.
const columnPrefix = "u_"

// transformer turns an event into a row of the import set. EventBridge gives an endpoint five seconds and then retries, so that
// ServiceNow may get the same row twice (Amazon EventBridge user guide, "API destinations"): it identifies the incident by its
// correlation ID, which is the alarm and the time at which it went off. Values from the event stand in quotes, are always present,
// and contain no quotes, which EventBridge would not escape (same guide, "Common issues with transforming input").
func (c change) transformer() cloudwatch.EventTargetInputTransformerArgs {
	row := map[string]string{columnPrefix + "correlation_id": "<account>/<region>/<name>/<since>"}
	for name, text := range c.fields {
		row[columnPrefix+name] = text
	}
	paths := map[string]string{
		"account": "$.account", "region": "$.region", "name": "$.detail.alarmName", "reason": "$.detail.state.reason", "since": c.since,
	}
	encoded, _ := json.Marshal(row) // never fails for strings
	template := string(encoded)
	for name := range paths { // all other angle brackets stay escaped: EventBridge would take them for placeholders
		template = strings.ReplaceAll(template, `\u003c`+name+`\u003e`, "<"+name+">")
	}
	return cloudwatch.EventTargetInputTransformerArgs{
		InputPaths: pulumi.ToStringMap(paths), InputTemplate: pulumi.String(template),
	}
}

// incidents sends the changes of a region to ServiceNow. It returns the name of the queue of those that it did not accept.
func (b *builder) incidents(at *region) (pulumi.StringInput, error) {
	destination, role, err := b.destination(at)
	if err != nil {
		return nil, err
	}
	changes := b.changes(at)
	var rules []*cloudwatch.EventRule
	for _, each := range changes {
		rule, err := b.rule(at, each.role, "Pages for ServiceNow: "+each.state, b.pattern(each), false)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	queue, policy, err := b.deadLetterQueue(at, rules)
	if err != nil {
		return nil, err
	}
	for i, each := range changes {
		name := b.name(at, each.role)
		_, err := cloudwatch.NewEventTarget(b.ctx, name, &cloudwatch.EventTargetArgs{
			Rule:             rules[i].Name,
			Arn:              destination.Arn,
			RoleArn:          role.Arn,
			InputTransformer: each.transformer(),
			DeadLetterConfig: cloudwatch.EventTargetDeadLetterConfigArgs{Arn: queue.Arn},
			RetryPolicy: cloudwatch.EventTargetRetryPolicyArgs{
				MaximumEventAgeInSeconds: pulumi.Int(3600), // then the alarm incidents-undelivered goes off
				MaximumRetryAttempts:     pulumi.Int(185),
			},
		}, b.optionsIn(at, pulumi.DependsOn([]pulumi.Resource{policy}))...)
		if err != nil {
			return nil, fmt.Errorf("creating target of rule %s: %w", name, err)
		}
	}
	return queue.Name, nil
}

// destination creates the API destination of the import set table, and the role with which EventBridge invokes it.
func (b *builder) destination(at *region) (*cloudwatch.EventApiDestination, *iam.Role, error) {
	name := b.name(at, "servicenow")
	host := "https://" + b.settings.ServiceNow.Instance + ".service-now.com"
	connection, err := cloudwatch.NewEventConnection(b.ctx, name, b.credentials(host), b.optionsIn(at)...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating connection %s: %w", name, err)
	}
	destination, err := cloudwatch.NewEventApiDestination(b.ctx, name, &cloudwatch.EventApiDestinationArgs{
		Description:                  pulumi.String("Incidents in ServiceNow"),
		ConnectionArn:                connection.Arn,
		HttpMethod:                   pulumi.String("POST"),
		InvocationEndpoint:           pulumi.String(host + "/api/now/import/" + b.settings.ServiceNow.ImportSet),
		InvocationRateLimitPerSecond: pulumi.Int(5),
	}, b.optionsIn(at)...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating API destination %s: %w", name, err)
	}
	role, _, err := b.roleOf(name, "events.amazonaws.com", parts.Statement{
		Actions: []string{"events:InvokeApiDestination"}, Resources: []pulumi.StringInput{destination.Arn},
	})
	return destination, role, err
}

// credentials returns the connection of a user, or of an OAuth client.
func (b *builder) credentials(host string) *cloudwatch.EventConnectionArgs {
	args := &cloudwatch.EventConnectionArgs{Description: pulumi.String("ServiceNow"), AuthorizationType: pulumi.String("BASIC")}
	if b.settings.ServiceNow.ClientID == "" {
		args.AuthParameters = cloudwatch.EventConnectionAuthParametersArgs{Basic: cloudwatch.EventConnectionAuthParametersBasicArgs{
			Username: pulumi.String(b.settings.ServiceNow.Username), Password: b.settings.ServiceNow.Password,
		}}
		return args
	}
	args.AuthorizationType = pulumi.String("OAUTH_CLIENT_CREDENTIALS")
	args.AuthParameters = cloudwatch.EventConnectionAuthParametersArgs{Oauth: cloudwatch.EventConnectionAuthParametersOauthArgs{
		AuthorizationEndpoint: pulumi.String(host + "/oauth_token.do"),
		HttpMethod:            pulumi.String("POST"),
		ClientParameters: cloudwatch.EventConnectionAuthParametersOauthClientParametersArgs{
			ClientId: pulumi.String(b.settings.ServiceNow.ClientID), ClientSecret: b.settings.ServiceNow.ClientSecret,
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

// deadLetterQueue keeps, for two weeks, what ServiceNow did not accept.
func (b *builder) deadLetterQueue(at *region, rules []*cloudwatch.EventRule) (*sqs.Queue, *sqs.QueuePolicy, error) {
	name := b.name(at, "incidents-undelivered")
	queue, err := sqs.NewQueue(b.ctx, name, &sqs.QueueArgs{
		MessageRetentionSeconds: pulumi.Int(14 * 24 * 3600),
		SqsManagedSseEnabled:    pulumi.Bool(true),
		Tags:                    b.Tags(name),
	}, b.optionsIn(at)...)
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
	}, b.optionsIn(at)...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating policy of queue %s: %w", name, err)
	}
	return queue, policy, nil
}
