package webtier

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tlsPolicy accepts TLS 1.3, and of TLS 1.2 the ciphers with forward secrecy and authentication (Elastic Load Balancing user
// guide, "Security policies"; AWS Security Hub, ELB.17).
const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"

// listeners creates the listener that forwards requests and, with a certificate, one that redirects HTTP to it. A listener never
// changes its port: two cannot have the same one, not even while a stack moves to TLS or back. It returns the first, and
// everything that forwards requests to the target group.
func (b *builder) listeners(
	balancer *lb.LoadBalancer, targets *lb.TargetGroup, certificate parts.Issued, origin parts.Origin,
) (*lb.Listener, []pulumi.Resource, error) {
	role, args := "http", &lb.ListenerArgs{Port: pulumi.Int(80), Protocol: pulumi.String("HTTP")}
	if certificate.ARN != nil {
		role, args = "https", &lb.ListenerArgs{
			Port: pulumi.Int(443), Protocol: pulumi.String("HTTPS"),
			CertificateArn: component.Optional(certificate.ARN), SslPolicy: pulumi.String(tlsPolicy),
		}
	}
	args.DefaultActions = lb.ListenerDefaultActionArray{b.defaultAction(targets)}
	listener, err := b.listener(role, balancer, args)
	if err != nil {
		return nil, nil, err
	}
	routes := []pulumi.Resource{listener}
	if len(origin.HeaderValues) > 0 {
		rule, err := b.originRule(listener, targets, origin)
		if err != nil {
			return nil, nil, err
		}
		routes = append(routes, rule)
	}
	if certificate.ARN == nil {
		return listener, routes, nil
	}
	return listener, routes, b.redirect(balancer, routes)
}

// redirect creates the listener that redirects HTTP to HTTPS, after what serves HTTPS.
func (b *builder) redirect(balancer *lb.LoadBalancer, routes []pulumi.Resource) error {
	_, err := b.listener("http", balancer, &lb.ListenerArgs{
		Port: pulumi.Int(80), Protocol: pulumi.String("HTTP"),
		DefaultActions: lb.ListenerDefaultActionArray{lb.ListenerDefaultActionArgs{
			Type: pulumi.String("redirect"),
			Redirect: lb.ListenerDefaultActionRedirectArgs{
				Protocol: pulumi.String("HTTPS"), Port: pulumi.String("443"), StatusCode: pulumi.String("HTTP_301"),
			},
		}},
	}, pulumi.DependsOn(routes))
	return err
}

func (b *builder) listener(
	role string, balancer *lb.LoadBalancer, args *lb.ListenerArgs, opts ...pulumi.ResourceOption,
) (*lb.Listener, error) {
	name := b.Name("listener", role)
	args.LoadBalancerArn, args.Tags = balancer.Arn, b.Tags(name)
	listener, err := lb.NewListener(b.ctx, name, args, b.Options(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("creating listener %s: %w", name, err)
	}
	return listener, nil
}

// defaultAction is for requests that no listener rule matches.
func (b *builder) defaultAction(targets *lb.TargetGroup) lb.ListenerDefaultActionArgs {
	if b.settings.Ingress == CloudFront {
		return lb.ListenerDefaultActionArgs{
			Type: pulumi.String("fixed-response"),
			FixedResponse: lb.ListenerDefaultActionFixedResponseArgs{
				StatusCode: pulumi.String("403"), ContentType: pulumi.String("text/plain"), MessageBody: pulumi.String("Forbidden"),
			},
		}
	}
	return lb.ListenerDefaultActionArgs{Type: pulumi.String("forward"), TargetGroupArn: targets.Arn}
}

// originRulePriority is the last priority that there is: rules for some paths come before it.
const originRulePriority = 50_000

// originRule forwards requests that have the origin header. The prefix list of CloudFront admits the distributions of all its
// customers; only the stack's own knows the value (Amazon CloudFront developer guide, "Restrict access to Application Load
// Balancers").
func (b *builder) originRule(listener *lb.Listener, targets *lb.TargetGroup, origin parts.Origin) (*lb.ListenerRule, error) {
	name := b.Name("listener", "origin")
	rule, err := lb.NewListenerRule(b.ctx, name, &lb.ListenerRuleArgs{
		ListenerArn: listener.Arn,
		Priority:    pulumi.Int(originRulePriority),
		Conditions: lb.ListenerRuleConditionArray{lb.ListenerRuleConditionArgs{
			HttpHeader: lb.ListenerRuleConditionHttpHeaderArgs{
				HttpHeaderName: pulumi.String(origin.HeaderName), Values: origin.HeaderValues,
			},
		}},
		Actions: lb.ListenerRuleActionArray{lb.ListenerRuleActionArgs{
			Type: pulumi.String("forward"), TargetGroupArn: targets.Arn,
		}},
		Tags: b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating listener rule %s: %w", name, err)
	}
	return rule, nil
}

// originHeader generates the values of the origin header, the newest first: none where the load balancer answers everyone.
func (b *builder) originHeader() ([]parts.HeaderValue, error) {
	if b.settings.Ingress != CloudFront {
		return nil, nil
	}
	return b.HeaderValues(b.ctx, "origin", "Value of the header that CloudFront sends to the load balancer",
		b.settings.OriginHeader.Version, b.args.KeyARN)
}
