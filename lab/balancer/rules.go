package balancer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func describeListener(
	ctx context.Context, api API, from types.Listener, targetGroupARN string, certificate *tls.Certificate,
) (Listener, error) {
	listener := Listener{Port: int(aws.ToInt32(from.Port))}
	if from.Protocol == types.ProtocolEnumHttps {
		if certificate == nil {
			return Listener{}, errors.New("a certificate is missing")
		}
		listener.Certificate = certificate
	}
	var err error
	if listener.Default, err = describeAction(from.DefaultActions, targetGroupARN); err != nil {
		return Listener{}, err
	}
	rules, err := api.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: from.ListenerArn})
	if err != nil {
		return Listener{}, err
	}
	byPriority := map[int]Rule{}
	var priorities []int
	for _, each := range rules.Rules {
		if aws.ToBool(each.IsDefault) {
			continue
		}
		priority, err := strconv.Atoi(aws.ToString(each.Priority))
		if err != nil {
			return Listener{}, fmt.Errorf("priority of a rule: %w", err)
		}
		if byPriority[priority], err = describeRule(each, targetGroupARN); err != nil {
			return Listener{}, fmt.Errorf("rule %d: %w", priority, err)
		}
		priorities = append(priorities, priority)
	}
	slices.Sort(priorities)
	for _, priority := range priorities {
		listener.Rules = append(listener.Rules, byPriority[priority])
	}
	return listener, nil
}

func describeRule(from types.Rule, targetGroupARN string) (Rule, error) {
	action, err := describeAction(from.Actions, targetGroupARN)
	if err != nil {
		return Rule{}, err
	}
	var conditions []func(*http.Request) bool
	for _, each := range from.Conditions {
		condition, err := describeCondition(each)
		if err != nil {
			return Rule{}, err
		}
		conditions = append(conditions, condition)
	}
	return Rule{Action: action, Matches: func(r *http.Request) bool {
		return !slices.ContainsFunc(conditions, func(matches func(*http.Request) bool) bool { return !matches(r) })
	}}, nil
}

// describeAction returns the action of a rule. There is one, unless users are authenticated first.
func describeAction(from []types.Action, targetGroupARN string) (Action, error) {
	if len(from) != 1 {
		return nil, fmt.Errorf("%d actions are not supported", len(from))
	}
	switch action := from[0]; action.Type {
	case types.ActionTypeEnumForward:
		groups := []string{}
		if action.ForwardConfig != nil {
			for _, each := range action.ForwardConfig.TargetGroups {
				groups = append(groups, aws.ToString(each.TargetGroupArn))
			}
		} else {
			groups = append(groups, aws.ToString(action.TargetGroupArn))
		}
		if !slices.Equal(groups, []string{targetGroupARN}) {
			return nil, fmt.Errorf("forwards to %v, not to the target group alone", groups)
		}
		return Forward(), nil
	case types.ActionTypeEnumRedirect:
		return describeRedirect(action.RedirectConfig)
	case types.ActionTypeEnumFixedResponse:
		config := action.FixedResponseConfig
		status, err := strconv.Atoi(aws.ToString(config.StatusCode))
		if err != nil {
			return nil, fmt.Errorf("status of a fixed response: %w", err)
		}
		return Respond(status, aws.ToString(config.ContentType), aws.ToString(config.MessageBody)), nil
	default:
		return nil, fmt.Errorf("action %s is not supported", action.Type)
	}
}

// describeRedirect knows redirects to another protocol and port, where AWS's defaults keep the rest.
func describeRedirect(config *types.RedirectActionConfig) (Action, error) {
	for _, each := range []struct {
		value    *string
		defaults string
	}{{config.Host, "#{host}"}, {config.Path, "/#{path}"}, {config.Query, "#{query}"}} {
		if value := aws.ToString(each.value); value != "" && value != each.defaults {
			return nil, fmt.Errorf("redirects to %s are not supported", value)
		}
	}
	status, err := strconv.Atoi(strings.TrimPrefix(string(config.StatusCode), "HTTP_"))
	if err != nil {
		return nil, fmt.Errorf("status of a redirect: %w", err)
	}
	protocol, port := aws.ToString(config.Protocol), aws.ToString(config.Port)
	if strings.Contains(protocol+port, "#") || protocol == "" || port == "" {
		return nil, errors.New("redirects to the same protocol or port are not supported")
	}
	return Redirect(status, protocol, port), nil
}

// describeCondition returns whether a request meets a condition: one of its values, in which * and ? are wildcards. Only paths are
// case-sensitive (user guide, "Condition types for listener rules").
func describeCondition(from types.RuleCondition) (func(*http.Request) bool, error) {
	values := from.Values // how conditions on hosts and paths used to be written
	switch field := aws.ToString(from.Field); field {
	case "http-header":
		matches := wildcards("(?i)", from.HttpHeaderConfig.Values)
		name := aws.ToString(from.HttpHeaderConfig.HttpHeaderName)
		return func(r *http.Request) bool { return slices.ContainsFunc(r.Header.Values(name), matches) }, nil
	case "host-header":
		if from.HostHeaderConfig != nil {
			values = from.HostHeaderConfig.Values
		}
		matches := wildcards("(?i)", values)
		return func(r *http.Request) bool {
			host, _, err := net.SplitHostPort(r.Host)
			if err != nil {
				host = r.Host
			}
			return matches(host)
		}, nil
	case "path-pattern":
		if from.PathPatternConfig != nil {
			values = from.PathPatternConfig.Values
		}
		matches := wildcards("", values)
		return func(r *http.Request) bool { return matches(r.URL.EscapedPath()) }, nil
	default:
		return nil, fmt.Errorf("condition %s is not supported", field)
	}
}

func wildcards(flags string, patterns []string) func(string) bool {
	var alternatives []string
	for _, pattern := range patterns {
		quoted := regexp.QuoteMeta(pattern)
		alternatives = append(alternatives, strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted))
	}
	return regexp.MustCompile(flags + `^(?:` + strings.Join(alternatives, "|") + `)$`).MatchString
}
