package tests

import (
	"testing"

	"ha-web/components/cdn"
	"ha-web/internal/awstype"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

func TestNothingButTheEdgeGetsIn(t *testing.T) {
	t.Parallel()
	inSet := func(set string) map[string]any {
		return map[string]any{"ipSetReferenceStatement": map[string]any{"arn": "arn:aws:wafv2:us-east-1:123456789012:" + set}}
	}
	carries := map[string]any{"byteMatchStatement": map[string]any{
		"fieldToMatch":         map[string]any{"singleHeader": map[string]any{"name": "x-from-edge"}},
		"positionalConstraint": "EXACTLY", "searchString": offline.Secret,
		"textTransformations": []any{map[string]any{"priority": 0.0, "type": "NONE"}},
	}}
	both := func(kind string, statements ...any) map[string]any {
		return map[string]any{kind: map[string]any{"statements": statements}}
	}
	tests := map[string]struct {
		edge cdn.Edge
		want map[string]any
	}{
		"by its addresses":   {cdn.Edge{Addresses: []string{"192.0.2.0/24"}}, inSet("web-waf-edge-v4")},
		"of both kinds":      {cdn.Edge{Addresses: []string{"2001:db8::/32", "192.0.2.0/24"}}, both("orStatement", inSet("web-waf-edge-v4"), inSet("web-waf-edge-v6"))},
		"by its header":      {cdn.Edge{Header: cdn.Header{Name: "X-From-Edge", Version: 1}}, carries},
		"while that changes": {cdn.Edge{Header: cdn.Header{Name: "X-From-Edge", Version: 2}}, both("orStatement", carries, carries)},
		"by all that is known": {cdn.Edge{Addresses: []string{"192.0.2.0/24"}, Header: cdn.Header{Name: "X-From-Edge", Version: 1}},
			both("andStatement", inSet("web-waf-edge-v4"), carries)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := cdnArgs(func(s *cdn.Settings) {
				s.Edge.Addresses = test.edge.Addresses
				if test.edge.Header.Name != "" {
					s.Edge.Header = test.edge.Header
				}
			})
			got := record(t, newCdn(args)).one(t, awstype.WAFv2WebACL, "web-waf")
			assert.Equal(t, map[string]any{"block": map[string]any{}}, got["defaultAction"])
			rules := got["rules"].([]any)
			assert.Equal(t, map[string]any{
				"name": "edge", "priority": 100.0, "action": map[string]any{"allow": map[string]any{}}, "statement": test.want,
				"visibilityConfig": measured("edge"),
			}, rules[len(rules)-1])
			assert.Equal(t, limited(map[string]any{
				"limit": 10000.0, "evaluationWindowSec": 300.0, "aggregateKeyType": "FORWARDED_IP",
				"forwardedIpConfig":  map[string]any{"headerName": "X-Forwarded-For", "fallbackBehavior": "MATCH"},
				"scopeDownStatement": test.want,
			}), rules[0], "by the client address that the edge sends, for requests of the edge only")
		})
	}
}

func TestRateLimitBehindTheEdgeExemptsForwardedAddresses(t *testing.T) {
	t.Parallel()
	args := cdnArgs(func(s *cdn.Settings) {
		s.Edge.Header.Name, s.Edge.ClientAddressHeader = "X-From-Edge", "True-Client-IP"
		s.WAF.RateLimitExempt = []string{"198.51.100.0/24"}
	})
	rules := record(t, newCdn(args)).one(t, awstype.WAFv2WebACL, "web-waf")["rules"].([]any)
	statement := rules[0].(map[string]any)["statement"].(map[string]any)["rateBasedStatement"].(map[string]any)
	assert.Equal(t, map[string]any{"headerName": "True-Client-IP", "fallbackBehavior": "MATCH"}, statement["forwardedIpConfig"])
	terms := statement["scopeDownStatement"].(map[string]any)["andStatement"].(map[string]any)["statements"].([]any)
	assert.Equal(t, map[string]any{"notStatement": map[string]any{"statements": []any{map[string]any{
		"ipSetReferenceStatement": map[string]any{
			"arn":                    "arn:aws:wafv2:us-east-1:123456789012:web-waf-exempt-v4",
			"ipSetForwardedIpConfig": map[string]any{"headerName": "True-Client-IP", "fallbackBehavior": "NO_MATCH", "position": "FIRST"},
		},
	}}}}, terms[1])
}

func TestOutputsConfigureTheEdge(t *testing.T) {
	t.Parallel()
	got := record(t, func(ctx *pulumi.Context) error {
		front, err := createCdn(ctx, "web", fullCdn())
		if err != nil {
			return err
		}
		ctx.Export("host", front.EdgeOriginHost)
		ctx.Export("header", front.EdgeHeaderName)
		ctx.Export("secret", front.EdgeHeaderSecretARN)
		ctx.Export("records", front.DNSRecords)
		return nil
	})
	assert.Equal(t, map[string]any{
		"host": "web-cdn.cloudfront.net", "header": "X-From-Edge",
		"secret": "arn:aws:secretsmanager:us-east-1:123456789012:web-edge-v2",
	}, got.Outputs, "and no records: the name resolves to the edge")
	assert.Equal(t, []string{"web-cdn-validation-learn.example.edu", "web-cdn-validation-www.example.edu"}, got.names(awstype.Route53Record))
	assert.Equal(t, []any{"learn.example.edu", "www.example.edu"}, got.one(t, awstype.CloudFrontDistribution, "web-cdn")["aliases"], "the edge keeps the header Host")
	assert.Equal(t, []string{"web-edge-v1", "web-edge-v2"}, got.names(awstype.SecretsManagerSecret), "the previous value stays valid")
}

func TestValuesOfHeadersStaySecret(t *testing.T) {
	t.Parallel()
	got := record(t, newCdn(fullCdn()))
	for _, resource := range got.Resources {
		text := inputsOf(t, resource)
		assert.NotContains(t, text, "hunter2", resource.Key())
		assert.NotContains(t, text, `"random"`, resource.Key())
	}
}
