package access

import (
	"fmt"
	"slices"

	"ha-web/internal/settings/access"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// signIn creates a listener rule for each path, before the other rules: it redirects people without a session to the identity
// provider. Health checks do not pass the listener. It returns the ARNs of the secrets whose values the rules contain.
func (b *builder) signIn() ([]pulumi.StringInput, error) {
	secret, held := b.clientSecret()
	actions := b.signInActions(secret)
	// AWS does not document whether the load balancer answers the callback by itself, or only where a rule authenticates.
	for _, path := range append(slices.Clone(b.settings.OIDC.Paths), access.CallbackPath) {
		name := b.Name("signin", access.Label(path))
		_, err := lb.NewListenerRule(b.ctx, name, &lb.ListenerRuleArgs{
			ListenerArn: b.args.Web.ListenerARN,
			Priority:    pulumi.Int(access.Priority(path)),
			Conditions:  b.conditions(path),
			Actions:     actions,
			Tags:        b.Tags(name),
		}, b.Options()...)
		if err != nil {
			return nil, fmt.Errorf("creating rule %s: %w", name, err)
		}
	}
	return held, nil
}

// conditions are the path and, behind CloudFront, the origin header, which the rule of the web tier requires too: sign-in is no way
// around CloudFront and its firewall.
func (b *builder) conditions(path string) lb.ListenerRuleConditionArray {
	conditions := lb.ListenerRuleConditionArray{lb.ListenerRuleConditionArgs{
		PathPattern: lb.ListenerRuleConditionPathPatternArgs{Values: pulumi.StringArray{pulumi.String(path)}},
	}}
	if len(b.args.Web.Origin.HeaderValues) > 0 {
		conditions = append(conditions, lb.ListenerRuleConditionArgs{HttpHeader: lb.ListenerRuleConditionHttpHeaderArgs{
			HttpHeaderName: pulumi.String(b.args.Web.Origin.HeaderName), Values: b.args.Web.Origin.HeaderValues,
		}})
	}
	return conditions
}

func (b *builder) signInActions(clientSecret pulumi.StringInput) lb.ListenerRuleActionArray {
	oidc := b.settings.OIDC
	return lb.ListenerRuleActionArray{
		lb.ListenerRuleActionArgs{
			Type: pulumi.String("authenticate-oidc"), Order: pulumi.Int(1),
			AuthenticateOidc: lb.ListenerRuleActionAuthenticateOidcArgs{
				Issuer:                   pulumi.String(oidc.Issuer),
				AuthorizationEndpoint:    pulumi.String(oidc.AuthorizationEndpoint),
				TokenEndpoint:            pulumi.String(oidc.TokenEndpoint),
				UserInfoEndpoint:         pulumi.String(oidc.UserInfoEndpoint),
				ClientId:                 pulumi.String(oidc.ClientID),
				ClientSecret:             clientSecret,
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

// clientSecret returns the OAuth client secret, and the ARN of the secret that it is read from. A listener rule takes no such ARN:
// its value ends up in the state, encrypted (Elastic Load Balancing API reference, AuthenticateOidcActionConfig).
func (b *builder) clientSecret() (value pulumi.StringInput, held []pulumi.StringInput) {
	if b.settings.OIDC.ClientSecret != nil {
		return b.settings.OIDC.ClientSecret, nil
	}
	arn := pulumi.String(b.settings.OIDC.ClientSecretARN)
	version := secretsmanager.LookupSecretVersionOutput(b.ctx, secretsmanager.LookupSecretVersionOutputArgs{
		SecretId: arn,
	}, b.Parent())
	return pulumi.ToSecret(version.SecretString()).(pulumi.StringOutput), []pulumi.StringInput{arn}
}
