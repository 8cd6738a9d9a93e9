package cdn

import (
	"fmt"
	"slices"

	"ha-web/internal/distribution"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The SDK's package for AWS WAF takes 4 GB of memory to compile (field note PUL-1). Its resources are registered here
// by their type tokens, with properties as the provider names them.
const (
	webACLType  = "aws:wafv2/webAcl:WebAcl"
	ipSetType   = "aws:wafv2/ipSet:IpSet"
	loggingType = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
)

// wafResource is a resource of AWS WAF.
type wafResource struct {
	pulumi.CustomResourceState

	ARN pulumi.StringOutput `pulumi:"arn"`
}

// register registers a resource of AWS WAF for CloudFront, which is in us-east-1 (field note CDN-1).
func (b *builder) register(kind, name string, inputs pulumi.Map) (*wafResource, error) {
	resource := &wafResource{}
	if err := b.ctx.RegisterResource(kind, name, inputs, resource, b.Options(b.inUSEast1())...); err != nil {
		return nil, fmt.Errorf("creating %s %s: %w", kind, name, err)
	}
	return resource, nil
}

// scope is that of all that protects CloudFront.
const scope = "CLOUDFRONT"

// edgeHeader makes up the values of the header that the network before CloudFront sends.
func (b *builder) edgeHeader() error {
	if b.args.Edge.Header.Name == "" {
		return nil
	}
	var err error
	b.edge, err = b.HeaderValues(b.ctx, "edge", "Value of the header that the network before CloudFront sends",
		b.args.Edge.Header.Version, b.args.KeyARN)
	return err
}

// webACL creates the firewall. Without an edge it lets in what no rule blocks; with one, nothing but what comes from there.
func (b *builder) webACL() error {
	if b.args.WAF.Disabled {
		return nil
	}
	rules, err := b.rules()
	if err != nil {
		return err
	}
	otherwise := "allow"
	if b.args.Edge.On() {
		otherwise = "block" // with 403
	}
	list := pulumi.Array{}
	for _, each := range rules {
		list = append(list, each.property())
	}
	name := b.Name("waf")
	b.firewall, err = b.register(webACLType, name, pulumi.Map{
		"scope":            pulumi.String(scope),
		"description":      pulumi.String("Firewall of " + b.Name("cdn")),
		"defaultAction":    pulumi.Map{otherwise: pulumi.Map{}},
		"rules":            list,
		"visibilityConfig": measured(b.plan.firewall),
		"tags":             b.Tags(name),
	})
	if err != nil {
		return err
	}
	return b.firewallLog()
}

// rule is one rule of the firewall.
type rule struct {
	name      string
	priority  int        // those with small numbers come first
	action    pulumi.Map // nil: each rule of a set has its own
	statement pulumi.Map
}

func (r rule) property() pulumi.Map {
	property := pulumi.Map{
		"name":             pulumi.String(r.name),
		"priority":         pulumi.Int(r.priority),
		"statement":        r.statement,
		"visibilityConfig": measured(r.name),
	}
	if r.action != nil {
		property["action"] = r.action
	} else {
		property["overrideAction"] = pulumi.Map{"none": pulumi.Map{}} // leaves their actions as they are (field note WAF-5)
	}
	return property
}

// measured counts what a rule does (Security Hub WAF.12). It keeps no samples, which would show people's cookies: the log
// has the same requests without them.
func measured(metric string) pulumi.Map {
	return pulumi.Map{
		"cloudwatchMetricsEnabled": pulumi.Bool(true),
		"metricName":               pulumi.String(metric),
		"sampledRequestsEnabled":   pulumi.Bool(false),
	}
}

// rules returns the rules in use: the rate limit, the sets of AWS and, last, what lets the edge in.
func (b *builder) rules() ([]rule, error) {
	fromEdge, err := b.fromEdge()
	if err != nil {
		return nil, err
	}
	exempt, err := b.addressSets("exempt", b.args.WAF.RateLimitExempt)
	if err != nil {
		return nil, err
	}
	var rules []rule
	if *b.args.WAF.RateLimit > 0 {
		rules = append(rules, rule{
			"rate-limit", 10,
			pulumi.Map{"block": pulumi.Map{"customResponse": pulumi.Map{"responseCode": pulumi.Int(429)}}},
			b.rateLimit(fromEdge, exempt),
		})
	}
	for _, set := range distribution.RuleSets {
		if !set.PHP || b.args.WAF.PHP {
			rules = append(rules, rule{set.Role, set.Priority, nil, b.managed(set)})
		}
	}
	if len(fromEdge) > 0 {
		rules = append(rules, rule{"edge", 100, pulumi.Map{"allow": pulumi.Map{}}, allOf(fromEdge)})
	}
	return rules, nil
}

// managed is a set of rules that AWS keeps, but for those that shall only count.
func (b *builder) managed(set distribution.RuleSet) pulumi.Map {
	statement := pulumi.Map{"vendorName": pulumi.String("AWS"), "name": pulumi.String(set.Name)}
	var counted pulumi.Array
	for _, name := range set.Rules {
		if slices.Contains(set.Counted, name) || slices.Contains(b.args.WAF.CountOnly, name) {
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

// rateLimit bounds the requests of one client in five minutes. Behind an edge it goes by the address that the edge names,
// and looks at its requests alone: others could name any.
func (b *builder) rateLimit(fromEdge []pulumi.Map, exempt []*wafResource) pulumi.Map {
	statement := pulumi.Map{
		"limit":               pulumi.Int(*b.args.WAF.RateLimit),
		"evaluationWindowSec": pulumi.Int(300),
		"aggregateKeyType":    pulumi.String("IP"),
	}
	if b.args.Edge.On() {
		statement["aggregateKeyType"] = pulumi.String("FORWARDED_IP")
		// MATCH: who gets something past the edge that is no address is blocked, or could send as much as they like.
		statement["forwardedIpConfig"] = b.forwarded("MATCH")
	}
	counts := slices.Clone(fromEdge)
	for _, set := range exempt {
		inSet := pulumi.Map{"arn": set.ARN}
		if b.args.Edge.On() {
			client := b.forwarded("NO_MATCH")
			client["position"] = pulumi.String("FIRST") // as for the limit
			inSet["ipSetForwardedIpConfig"] = client
		}
		counts = append(counts, pulumi.Map{"notStatement": pulumi.Map{
			"statements": pulumi.Array{pulumi.Map{"ipSetReferenceStatement": inSet}},
		}})
	}
	if len(counts) > 0 {
		statement["scopeDownStatement"] = allOf(counts)
	}
	return pulumi.Map{"rateBasedStatement": statement}
}

// forwarded is where a request names its client. otherwise says what holds where that is no address.
func (b *builder) forwarded(otherwise string) pulumi.Map {
	return pulumi.Map{
		"headerName":       pulumi.String(b.args.Edge.ClientAddressHeader),
		"fallbackBehavior": pulumi.String(otherwise),
	}
}

// fromEdge returns the statements that hold, all of them, for requests of the edge.
func (b *builder) fromEdge() ([]pulumi.Map, error) {
	var statements []pulumi.Map
	sets, err := b.addressSets("edge", b.args.Edge.Addresses)
	if err != nil {
		return nil, err
	}
	var addresses, values []pulumi.Map
	for _, set := range sets {
		addresses = append(addresses, pulumi.Map{"ipSetReferenceStatement": pulumi.Map{"arn": set.ARN}})
	}
	for _, each := range b.edge {
		values = append(values, b.carries(each.Value))
	}
	for _, choice := range [][]pulumi.Map{addresses, values} {
		if len(choice) > 0 {
			statements = append(statements, anyOf(choice))
		}
	}
	return statements, nil
}

// carries holds for requests with this value in the header of the edge.
func (b *builder) carries(value pulumi.StringInput) pulumi.Map {
	return pulumi.Map{"byteMatchStatement": pulumi.Map{
		"fieldToMatch":         pulumi.Map{"singleHeader": headerField(b.args.Edge.Header.Name)},
		"positionalConstraint": pulumi.String("EXACTLY"),
		"searchString":         value,
		"textTransformations": pulumi.Array{pulumi.Map{
			"priority": pulumi.Int(0), "type": pulumi.String("NONE"),
		}},
	}}
}

// addressSets creates the sets of these address ranges: one of IPv4 and one of IPv6, or fewer.
func (b *builder) addressSets(role string, ranges []string) ([]*wafResource, error) {
	v4, v6 := distribution.ByVersion(ranges)
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

// allOf holds where all of the statements do, anyOf where one does. AWS takes neither of fewer than two.
func allOf(statements []pulumi.Map) pulumi.Map { return joined("andStatement", statements) }
func anyOf(statements []pulumi.Map) pulumi.Map { return joined("orStatement", statements) }

func joined(kind string, statements []pulumi.Map) pulumi.Map {
	if len(statements) == 1 {
		return statements[0]
	}
	list := pulumi.Array{}
	for _, each := range statements {
		list = append(list, each)
	}
	return pulumi.Map{kind: pulumi.Map{"statements": list}}
}
