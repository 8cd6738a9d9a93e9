package balancer

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/require"
)

const (
	balancerARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/1"
	groupARN    = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/2"
)

// account is a load balancer as AWS would describe it.
type account struct {
	group      types.TargetGroup
	attributes map[string]string
	listeners  []types.Listener
	rules      []types.Rule
}

func (a *account) DescribeListeners(_ context.Context, in *elb.DescribeListenersInput, _ ...func(*elb.Options)) (*elb.DescribeListenersOutput, error) {
	if *in.LoadBalancerArn != balancerARN {
		return nil, errors.New("no such load balancer")
	}
	if in.Marker == nil { // one on each page
		return &elb.DescribeListenersOutput{Listeners: a.listeners[:1], NextMarker: aws.String("2")}, nil
	}
	return &elb.DescribeListenersOutput{Listeners: a.listeners[1:]}, nil
}

func (a *account) DescribeRules(_ context.Context, in *elb.DescribeRulesInput, _ ...func(*elb.Options)) (*elb.DescribeRulesOutput, error) {
	if *in.ListenerArn != "https" {
		return &elb.DescribeRulesOutput{}, nil
	}
	return &elb.DescribeRulesOutput{Rules: a.rules}, nil
}

func (a *account) DescribeTargetGroups(_ context.Context, in *elb.DescribeTargetGroupsInput, _ ...func(*elb.Options)) (
	*elb.DescribeTargetGroupsOutput, error) {
	if in.TargetGroupArns[0] != groupARN {
		return &elb.DescribeTargetGroupsOutput{}, nil
	}
	return &elb.DescribeTargetGroupsOutput{TargetGroups: []types.TargetGroup{a.group}}, nil
}

func (a *account) DescribeTargetGroupAttributes(context.Context, *elb.DescribeTargetGroupAttributesInput, ...func(*elb.Options)) (
	*elb.DescribeTargetGroupAttributesOutput, error) {
	out := &elb.DescribeTargetGroupAttributesOutput{}
	for key, value := range a.attributes {
		out.Attributes = append(out.Attributes, types.TargetGroupAttribute{Key: &key, Value: &value})
	}
	return out, nil
}

func (a *account) DescribeLoadBalancerAttributes(context.Context, *elb.DescribeLoadBalancerAttributesInput, ...func(*elb.Options)) (
	*elb.DescribeLoadBalancerAttributesOutput, error) {
	return &elb.DescribeLoadBalancerAttributesOutput{Attributes: []types.LoadBalancerAttribute{
		{Key: aws.String("idle_timeout.timeout_seconds"), Value: aws.String("120")},
		{Key: aws.String("load_balancing.cross_zone.enabled"), Value: aws.String("false")}, // of emulators; it cannot be so on AWS
	}}, nil
}

var forward = []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(groupARN)}}

func fixed(status string) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{
		StatusCode: &status, ContentType: aws.String("text/plain"), MessageBody: aws.String("Forbidden"),
	}}}
}

// stack is an account with what the program deploys behind CloudFront, and two rules more.
func stack() *account {
	return &account{
		group: types.TargetGroup{
			HealthCheckPath: aws.String("/health"), HealthCheckIntervalSeconds: aws.Int32(20), HealthCheckTimeoutSeconds: aws.Int32(5),
			HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(3), Matcher: &types.Matcher{HttpCode: aws.String("200")},
		},
		attributes: map[string]string{
			"load_balancing.algorithm.type": "least_outstanding_requests", "deregistration_delay.timeout_seconds": "60",
			"stickiness.enabled": "false", "slow_start.duration_seconds": "0",
		},
		listeners: []types.Listener{
			{ListenerArn: aws.String("https"), Port: aws.Int32(443), Protocol: types.ProtocolEnumHttps, DefaultActions: fixed("403")},
			{ListenerArn: aws.String("http"), Port: aws.Int32(80), Protocol: types.ProtocolEnumHttp, DefaultActions: []types.Action{{
				Type: types.ActionTypeEnumRedirect, RedirectConfig: &types.RedirectActionConfig{
					Protocol: aws.String("HTTPS"), Port: aws.String("443"), StatusCode: types.RedirectActionStatusCodeEnumHttp301,
					Host: aws.String("#{host}"), Path: aws.String("/#{path}"), Query: aws.String("#{query}"),
				},
			}}},
		},
		rules: []types.Rule{
			{IsDefault: aws.Bool(true), Priority: aws.String("default"), Actions: fixed("403")},
			{Priority: aws.String("50000"), Actions: forward, Conditions: []types.RuleCondition{{
				Field: aws.String("http-header"), HttpHeaderConfig: &types.HttpHeaderConditionConfig{
					HttpHeaderName: aws.String("X-Origin-Verify"), Values: []string{"new", "o?d"},
				},
			}}},
			{Priority: aws.String("9"), Actions: fixed("410"), Conditions: []types.RuleCondition{
				{Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/gone/*", "/old.php"}}},
				{Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: []string{"*.Example.edu"}}},
			}},
		},
	}
}

func TestDescribe(t *testing.T) {
	settings, listeners, err := Describe(t.Context(), stack(), balancerARN, groupARN, &tls.Certificate{})
	require.NoError(t, err)
	require.Equal(t, Settings{
		Algorithm: LeastOutstandingRequests, DeregistrationDelay: time.Minute, IdleTimeout: 2 * time.Minute, ConnectTimeout: 10 * time.Second,
		HealthCheck: HealthCheck{
			Path: "/health", Interval: 20 * time.Second, Timeout: 5 * time.Second, HealthyThreshold: 2, UnhealthyThreshold: 3, Matcher: "200",
		},
	}, settings)
	scaled := settings.Scaled(0.1)
	require.Equal(t, []time.Duration{2 * time.Second, time.Second / 2, 6 * time.Second, 2 * time.Minute},
		[]time.Duration{scaled.HealthCheck.Interval, scaled.HealthCheck.Timeout, scaled.DeregistrationDelay, scaled.IdleTimeout})
	require.Len(t, listeners, 2)
	require.Equal(t, []any{80, true, 443, false},
		[]any{listeners[0].Port, listeners[0].Certificate == nil, listeners[1].Port, listeners[1].Certificate == nil})

	b := newBench(t, checkedOnce())
	b.add("i-1", zoneA, nil)
	ask := func(listener Listener, url, origin string) int {
		r, w := httptest.NewRequest("GET", url, nil), httptest.NewRecorder()
		r.Header.Set("X-Origin-Verify", origin)
		b.node(zoneA).handler(listener).ServeHTTP(w, r)
		return w.Code
	}
	require.Equal(t, 301, ask(listeners[0], "http://www.example.edu/", ""))
	for _, each := range []struct {
		url, origin string
		want        int
	}{
		{"https://www.example.edu/", "", 403},
		{"https://www.example.edu/", "older", 403},
		{"https://www.example.edu/", "new", 200},
		{"https://www.example.edu/", "OLD", 200},
		{"https://www.example.edu:443/gone/x", "new", 410},
		{"https://www.example.edu/old.php", "new", 410},
		{"https://www.example.edu/oldxphp", "new", 200},
		{"https://www.example.edu/Gone/x", "new", 200},
		{"https://example.edu/gone/x", "new", 200},
	} {
		require.Equal(t, each.want, ask(listeners[1], each.url, each.origin), "%s %s", each.url, each.origin)
	}
}

func TestDescribeRefusesWhatItDoesNotKnow(t *testing.T) {
	for want, change := range map[string]func(a *account){
		"attribute stickiness.enabled: true is not supported": func(a *account) { a.attributes["stickiness.enabled"] = "true" },
		"attribute load_balancing.cross_zone.enabled: false is not supported": func(a *account) {
			a.attributes["load_balancing.cross_zone.enabled"] = "false"
		},
		"slow start is not supported":                      func(a *account) { a.attributes["slow_start.duration_seconds"] = "30" },
		"algorithm: must be one of":                        func(a *account) { a.attributes["load_balancing.algorithm.type"] = "fastest" },
		"attribute deregistration_delay.timeout_seconds":   func(a *account) { a.attributes["deregistration_delay.timeout_seconds"] = "soon" },
		"the listener on port 443":                         func(a *account) { a.rules[1].Priority = aws.String("last") },
		"rule 50000: condition source-ip is not supported": func(a *account) { a.rules[1].Conditions[0].Field = aws.String("source-ip") },
		"forwards to [other], not to the target group alone": func(a *account) {
			a.rules[1].Actions = []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String("other")}}
		},
		"action authenticate-oidc is not supported":                func(a *account) { a.rules[1].Actions = []types.Action{{Type: types.ActionTypeEnumAuthenticateOidc}} },
		"2 actions are not supported":                              func(a *account) { a.rules[1].Actions = append(fixed("403"), fixed("404")...) },
		"redirects to www.example.edu are not supported":           func(a *account) { a.listeners[1].DefaultActions[0].RedirectConfig.Host = aws.String("www.example.edu") },
		"redirects to the same protocol or port are not supported": func(a *account) { a.listeners[1].DefaultActions[0].RedirectConfig.Port = aws.String("#{port}") },
	} {
		changed := stack()
		change(changed)
		_, _, err := Describe(t.Context(), changed, balancerARN, groupARN, &tls.Certificate{})
		require.ErrorContains(t, err, want)
	}
	_, _, err := Describe(t.Context(), stack(), balancerARN, groupARN, nil)
	require.ErrorContains(t, err, "a certificate is missing")
	_, _, err = Describe(t.Context(), stack(), balancerARN, "arn:other", &tls.Certificate{})
	require.ErrorContains(t, err, "found 0 target groups")
}
