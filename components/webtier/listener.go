package webtier

import (
	"fmt"

	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tlsPolicy takes TLS 1.3, and of TLS 1.2 the ciphers with forward secrecy and authentication (Elastic Load Balancing
// user guide, "Security policies"; Security Hub ELB.17).
const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"

// listeners creates the listener that forwards and, where that one speaks TLS, one that sends HTTP there. Each has its
// port for life: two cannot have one, not even while a stack moves to TLS, or back.
func (b *builder) listeners() error {
	if b.certificate.ARN == nil {
		return b.forwardOn("http", &lb.ListenerArgs{Port: pulumi.Int(80), Protocol: pulumi.String("HTTP")})
	}
	err := b.forwardOn("https", &lb.ListenerArgs{
		Port: pulumi.Int(443), Protocol: pulumi.String("HTTPS"),
		CertificateArn: component.Optional(b.certificate.ARN), SslPolicy: pulumi.String(tlsPolicy),
	})
	if err != nil {
		return err
	}
	_, err = b.listen("http", &lb.ListenerArgs{
		Port: pulumi.Int(80), Protocol: pulumi.String("HTTP"),
		DefaultActions: lb.ListenerDefaultActionArray{lb.ListenerDefaultActionArgs{
			Type: pulumi.String("redirect"),
			Redirect: lb.ListenerDefaultActionRedirectArgs{
				Protocol: pulumi.String("HTTPS"), Port: pulumi.String("443"), StatusCode: pulumi.String("HTTP_301"),
			},
		}},
	}, pulumi.DependsOn(b.routes)) // not before there is something to send people to
	return err
}

// forwardOn creates the listener that leads requests to the instances.
func (b *builder) forwardOn(role string, args *lb.ListenerArgs) error {
	args.DefaultActions = lb.ListenerDefaultActionArray{b.defaultAction()}
	var err error
	if b.listener, err = b.listen(role, args); err != nil {
		return err
	}
	b.routes = []pulumi.Resource{b.listener}
	return b.originRule()
}

func (b *builder) listen(role string, args *lb.ListenerArgs, opts ...pulumi.ResourceOption) (*lb.Listener, error) {
	name := b.Name("listener", role)
	args.LoadBalancerArn, args.Tags = b.balancer.Arn, b.Tags(name)
	listener, err := lb.NewListener(b.ctx, name, args, b.Options(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("creating listener %s: %w", name, err)
	}
	return listener, nil
}

// defaultAction is for requests that no rule knows.
func (b *builder) defaultAction() lb.ListenerDefaultActionArgs {
	if b.args.Ingress == CloudFront {
		return lb.ListenerDefaultActionArgs{
			Type: pulumi.String("fixed-response"),
			FixedResponse: lb.ListenerDefaultActionFixedResponseArgs{
				StatusCode: pulumi.String("403"), ContentType: pulumi.String("text/plain"), MessageBody: pulumi.String("Forbidden"),
			},
		}
	}
	return lb.ListenerDefaultActionArgs{Type: pulumi.String("forward"), TargetGroupArn: b.targets.Arn}
}

// originRulePriority is the last that there is: rules for some paths come before it.
const originRulePriority = 50_000

// originRule forwards what comes with the origin header. The prefix list of CloudFront admits the distributions of all
// its customers; only one's own knows the value (field notes ALB-8, ALB-9).
func (b *builder) originRule() error {
	if len(b.origin) == 0 {
		return nil
	}
	name := b.Name("listener", "origin")
	rule, err := lb.NewListenerRule(b.ctx, name, &lb.ListenerRuleArgs{
		ListenerArn: b.listener.Arn,
		Priority:    pulumi.Int(originRulePriority),
		Conditions: lb.ListenerRuleConditionArray{lb.ListenerRuleConditionArgs{
			HttpHeader: lb.ListenerRuleConditionHttpHeaderArgs{
				HttpHeaderName: pulumi.String(b.args.OriginHeader.Name), Values: b.originValues(),
			},
		}},
		Actions: lb.ListenerRuleActionArray{lb.ListenerRuleActionArgs{
			Type: pulumi.String("forward"), TargetGroupArn: b.targets.Arn,
		}},
		Tags: b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating rule %s: %w", name, err)
	}
	b.routes = append(b.routes, rule)
	return nil
}

// originValues are the values of the origin header that the load balancer takes, the newest first.
func (b *builder) originValues() pulumi.StringArray {
	var values pulumi.StringArray
	for _, each := range b.origin {
		values = append(values, each.Value)
	}
	return values
}

// originHeader makes up the values of the origin header.
func (b *builder) originHeader() error {
	if b.args.Ingress != CloudFront {
		return nil
	}
	var err error
	b.origin, err = b.HeaderValues(b.ctx, "origin", "Value of the header that CloudFront sends to the load balancer",
		b.args.OriginHeader.Version, b.args.KeyARN)
	return err
}
