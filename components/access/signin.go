package access

import (
	"fmt"
	"slices"

	"ha-web/internal/staff"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// signIn puts a rule for each path before the listener's others: whoever comes without a session is sent to the identity
// provider first. Health checks reach instances past the listener.
func (b *builder) signIn() error {
	actions := b.signInActions()
	// AWS does not say whether people who come back are its own business, or that of a rule.
	for _, path := range append(slices.Clone(b.args.OIDC.Paths), staff.CallbackPath) {
		name := b.Name("signin", staff.Label(path))
		_, err := lb.NewListenerRule(b.ctx, name, &lb.ListenerRuleArgs{
			ListenerArn: b.args.Web.ListenerARN,
			Priority:    pulumi.Int(staff.Priority(path)),
			Conditions:  b.conditions(path),
			Actions:     actions,
			Tags:        b.Tags(name),
		}, b.Options()...)
		if err != nil {
			return fmt.Errorf("creating rule %s: %w", name, err)
		}
	}
	return nil
}

// conditions are those of a path, and of the way in that the listener's own rule asks for: sign-in is no way past CloudFront
// and its firewall.
func (b *builder) conditions(path string) lb.ListenerRuleConditionArray {
	conditions := lb.ListenerRuleConditionArray{lb.ListenerRuleConditionArgs{
		PathPattern: lb.ListenerRuleConditionPathPatternArgs{Values: pulumi.StringArray{pulumi.String(path)}},
	}}
	if len(b.args.Web.OriginHeaderValues) > 0 {
		conditions = append(conditions, lb.ListenerRuleConditionArgs{HttpHeader: lb.ListenerRuleConditionHttpHeaderArgs{
			HttpHeaderName: pulumi.String(b.args.Web.OriginHeaderName), Values: b.args.Web.OriginHeaderValues,
		}})
	}
	return conditions
}

func (b *builder) signInActions() lb.ListenerRuleActionArray {
	oidc := b.args.OIDC
	endpoints := oidc.signIn().Resolved()
	return lb.ListenerRuleActionArray{
		lb.ListenerRuleActionArgs{
			Type: pulumi.String("authenticate-oidc"), Order: pulumi.Int(1),
			AuthenticateOidc: lb.ListenerRuleActionAuthenticateOidcArgs{
				Issuer:                   pulumi.String(oidc.Issuer),
				AuthorizationEndpoint:    pulumi.String(endpoints.Authorization),
				TokenEndpoint:            pulumi.String(endpoints.Token),
				UserInfoEndpoint:         pulumi.String(endpoints.UserInfo),
				ClientId:                 pulumi.String(oidc.ClientID),
				ClientSecret:             b.clientSecret(),
				Scope:                    pulumi.String(oidc.Scope),
				SessionTimeout:           pulumi.Int(oidc.SessionHours * 60 * 60),
				OnUnauthenticatedRequest: pulumi.String("authenticate"),
			},
		},
		lb.ListenerRuleActionArgs{
			Type: pulumi.String("forward"), Order: pulumi.Int(2), TargetGroupArn: b.args.Web.TargetGroupARN,
		},
	}
}

// clientSecret returns what the load balancer shows the identity provider. A load balancer takes no ARN in its place: the
// value ends up in Pulumi's state, as a secret (field note ALB-11).
func (b *builder) clientSecret() pulumi.StringInput {
	if b.args.OIDC.ClientSecret != nil {
		return b.args.OIDC.ClientSecret
	}
	arn := pulumi.String(b.args.OIDC.ClientSecretARN)
	b.access.HeldSecretARNs = append(b.access.HeldSecretARNs, arn)
	version := secretsmanager.LookupSecretVersionOutput(b.ctx, secretsmanager.LookupSecretVersionOutputArgs{
		SecretId: arn,
	}, b.Parent())
	return pulumi.ToSecret(version.SecretString()).(pulumi.StringOutput)
}
