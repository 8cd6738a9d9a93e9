package cdn

import (
	"fmt"
	"slices"

	"ha-web/internal/awstype"
	"ha-web/internal/parts"
	"ha-web/internal/settings/cdn"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Compiling the SDK's package for AWS WAF takes 4 GB of memory (pulumi-aws#1117). Its resources are registered by their type
// tokens instead, with the names that properties have in the provider.
const (
	webACLType  = awstype.WAFv2WebACL
	ipSetType   = awstype.WAFv2IPSet
	loggingType = awstype.WAFv2WebACLLoggingConfiguration
)

// wafResource is a resource of AWS WAF.
type wafResource struct {
	pulumi.CustomResourceState

	ARN pulumi.StringOutput `pulumi:"arn"`
}

// register registers a resource of AWS WAF, in us-east-1 like everything that protects CloudFront.
func (b *builder) register(kind, name string, inputs pulumi.Map) (*wafResource, error) {
	resource := &wafResource{}
	if err := b.ctx.RegisterResource(kind, name, inputs, resource, b.Options(b.inUSEast1())...); err != nil {
		return nil, fmt.Errorf("creating %s %s: %w", kind, name, err)
	}
	return resource, nil
}

// scope is for CloudFront, as opposed to REGIONAL for load balancers (AWS WAF API reference, CreateWebACL).
const scope = "CLOUDFRONT"

// edgeHeader creates the values of the header that the edge sends, the one to send first, and none without such a header.
func (b *builder) edgeHeader() ([]parts.HeaderValue, error) {
	header := b.settings.Edge.Header
	if header.Name == "" {
		return nil, nil
	}
	return b.HeaderValues(b.ctx, "edge", "Value of the header that the network before CloudFront sends", header.Version, b.args.KeyARN)
}

// webACL creates the web ACL with its log, nil where there is none. It allows requests that no rule blocks or, with an edge,
// only those that come through it.
func (b *builder) webACL(edge []parts.HeaderValue) (*wafResource, error) {
	if !b.settings.WAF.Enabled {
		return nil, nil
	}
	rules, err := b.rules(edge)
	if err != nil {
		return nil, err
	}
	action := "allow"
	if b.settings.Edge.On() {
		action = "block" // with 403
	}
	list := pulumi.Array{}
	for _, each := range rules {
		list = append(list, each.property())
	}
	name := b.Name("waf")
	firewall, err := b.register(webACLType, name, pulumi.Map{
		"scope":            pulumi.String(scope),
		"description":      pulumi.String("Firewall of " + b.Name("cdn")),
		"defaultAction":    pulumi.Map{action: pulumi.Map{}},
		"rules":            list,
		"visibilityConfig": visibility(b.firewallName),
		"tags":             b.Tags(name),
	})
	if err != nil {
		return nil, err
	}
	return firewall, b.firewallLog(firewall)
}

// rule is a rule of the web ACL.
type rule struct {
	name      string
	priority  int        // rules are evaluated from the lowest to the highest
	action    pulumi.Map // nil: each rule of a managed rule group has its own
	statement pulumi.Map
}

func (r rule) property() pulumi.Map {
	property := pulumi.Map{
		"name":             pulumi.String(r.name),
		"priority":         pulumi.Int(r.priority),
		"statement":        r.statement,
		"visibilityConfig": visibility(r.name),
	}
	if r.action != nil {
		property["action"] = r.action
	} else {
		// Managed rule groups require this, and other rules an action (AWS WAF API reference, Rule). It changes no action.
		property["overrideAction"] = pulumi.Map{"none": pulumi.Map{}}
	}
	return property
}

// visibility turns on the metrics of a rule (AWS Security Hub, WAF.12). Samples of requests would show cookies of viewers: the
// log has the same requests without them.
func visibility(metric string) pulumi.Map {
	return pulumi.Map{
		"cloudwatchMetricsEnabled": pulumi.Bool(true),
		"metricName":               pulumi.String(metric),
		"sampledRequestsEnabled":   pulumi.Bool(false),
	}
}

// rules returns the rules of the web ACL: the rate limit, the managed rule groups and, last, the one that allows the edge.
func (b *builder) rules(edge []parts.HeaderValue) ([]rule, error) {
	fromEdge, err := b.fromEdge(edge)
	if err != nil {
		return nil, err
	}
	exempt, err := b.ipSets("exempt", b.settings.WAF.RateLimitExempt)
	if err != nil {
		return nil, err
	}
	var rules []rule
	if b.settings.WAF.RateLimit > 0 {
		rules = append(rules, rule{
			cdn.RateLimitRule, 10,
			pulumi.Map{"block": pulumi.Map{"customResponse": pulumi.Map{"responseCode": pulumi.Int(429)}}},
			b.rateLimit(fromEdge, exempt),
		})
	}
	for _, group := range cdn.RuleGroups {
		if !group.PHP || b.settings.WAF.PHP {
			rules = append(rules, rule{group.Role, group.Priority, nil, b.managed(group)})
		}
	}
	if len(fromEdge) > 0 {
		rules = append(rules, rule{"edge", 100, pulumi.Map{"allow": pulumi.Map{}}, allOf(fromEdge)})
	}
	return rules, nil
}

// managed is the statement of a managed rule group, with some of its rules set to count only.
func (b *builder) managed(group cdn.RuleGroup) pulumi.Map {
	statement := pulumi.Map{"vendorName": pulumi.String("AWS"), "name": pulumi.String(group.Name)}
	var counted pulumi.Array
	for _, name := range group.Rules {
		if slices.Contains(group.Counted, name) || slices.Contains(b.settings.WAF.CountOnly, name) {
			counted = append(counted, pulumi.Map{
				"name": pulumi.String(name), "actionToUse": pulumi.Map{"count": pulumi.Map{}},
			})
		}
	}
	if len(counted) > 0 {
		statement["ruleActionOverrides"] = counted
	}
	return pulumi.Map{"managedRuleGroupStatement": statement}
}

// rateLimit is the statement that limits the requests of a client in five minutes. Behind an edge it identifies the client by
// the header that the edge sends, and counts requests of the edge only: others could write any address there.
func (b *builder) rateLimit(fromEdge []pulumi.Map, exempt []*wafResource) pulumi.Map {
	statement := pulumi.Map{
		"limit":               pulumi.Int(b.settings.WAF.RateLimit),
		"evaluationWindowSec": pulumi.Int(300),
		"aggregateKeyType":    pulumi.String("IP"),
	}
	if b.settings.Edge.On() {
		statement["aggregateKeyType"] = pulumi.String("FORWARDED_IP")
		// MATCH blocks a client that gets a malformed address through the edge, which could otherwise send without limit.
		statement["forwardedIpConfig"] = b.forwarded("MATCH")
	}
	counted := slices.Clone(fromEdge)
	for _, set := range exempt {
		inSet := pulumi.Map{"arn": set.ARN}
		if b.settings.Edge.On() {
			client := b.forwarded("NO_MATCH")
			client["position"] = pulumi.String("FIRST") // the address that the limit counts by
			inSet["ipSetForwardedIpConfig"] = client
		}
		counted = append(counted, pulumi.Map{"notStatement": pulumi.Map{
			"statements": pulumi.Array{pulumi.Map{"ipSetReferenceStatement": inSet}},
		}})
	}
	if len(counted) > 0 {
		statement["scopeDownStatement"] = allOf(counted)
	}
	return pulumi.Map{"rateBasedStatement": statement}
}

// forwarded names the header with the address of the client, and the result for a malformed address.
func (b *builder) forwarded(fallback string) pulumi.Map {
	return pulumi.Map{
		"headerName":       pulumi.String(b.settings.Edge.ClientAddressHeader),
		"fallbackBehavior": pulumi.String(fallback),
	}
}

// fromEdge returns the statements that all hold for requests of the edge. None without an edge.
func (b *builder) fromEdge(edge []parts.HeaderValue) ([]pulumi.Map, error) {
	sets, err := b.ipSets("edge", b.settings.Edge.Addresses)
	if err != nil {
		return nil, err
	}
	var addresses, values, statements []pulumi.Map
	for _, set := range sets {
		addresses = append(addresses, pulumi.Map{"ipSetReferenceStatement": pulumi.Map{"arn": set.ARN}})
	}
	for _, each := range edge {
		values = append(values, b.headerEquals(each.Value))
	}
	for _, alternatives := range [][]pulumi.Map{addresses, values} {
		if len(alternatives) > 0 {
			statements = append(statements, anyOf(alternatives))
		}
	}
	return statements, nil
}

// headerEquals is the statement that holds for requests with this value in the header of the edge.
func (b *builder) headerEquals(value pulumi.StringInput) pulumi.Map {
	return pulumi.Map{"byteMatchStatement": pulumi.Map{
		"fieldToMatch":         pulumi.Map{"singleHeader": headerField(b.settings.Edge.Header.Name)},
		"positionalConstraint": pulumi.String("EXACTLY"),
		"searchString":         value,
		"textTransformations": pulumi.Array{pulumi.Map{
			"priority": pulumi.Int(0), "type": pulumi.String("NONE"),
		}},
	}}
}

// ipSets creates the IP sets of address ranges, one for each version of IP that is among them.
func (b *builder) ipSets(role string, ranges []string) ([]*wafResource, error) {
	v4, v6 := cdn.ByVersion(ranges)
	var sets []*wafResource
	for _, each := range []struct {
		version, suffix string
		ranges          []string
	}{{"IPV4", "v4", v4}, {"IPV6", "v6", v6}} {
		if len(each.ranges) == 0 {
			continue
		}
		name := b.Name("waf", role, each.suffix)
		set, err := b.register(ipSetType, name, pulumi.Map{
			"scope":            pulumi.String(scope),
			"ipAddressVersion": pulumi.String(each.version),
			"addresses":        pulumi.ToStringArray(each.ranges),
			"tags":             b.Tags(name),
		})
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// allOf holds where all of the statements do, anyOf where one does. AWS WAF requires two or more in either.
func allOf(statements []pulumi.Map) pulumi.Map { return combine("andStatement", statements) }
func anyOf(statements []pulumi.Map) pulumi.Map { return combine("orStatement", statements) }

func combine(kind string, statements []pulumi.Map) pulumi.Map {
	if len(statements) == 1 {
		return statements[0]
	}
	list := pulumi.Array{}
	for _, each := range statements {
		list = append(list, each)
	}
	return pulumi.Map{kind: pulumi.Map{"statements": list}}
}
