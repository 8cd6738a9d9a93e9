package balancer

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// API is what Describe asks.
type API interface {
	DescribeListeners(context.Context, *elb.DescribeListenersInput, ...func(*elb.Options)) (*elb.DescribeListenersOutput, error)
	DescribeRules(context.Context, *elb.DescribeRulesInput, ...func(*elb.Options)) (*elb.DescribeRulesOutput, error)
	DescribeTargetGroups(context.Context, *elb.DescribeTargetGroupsInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error)
	DescribeTargetGroupAttributes(context.Context, *elb.DescribeTargetGroupAttributesInput, ...func(*elb.Options)) (
		*elb.DescribeTargetGroupAttributesOutput, error)
	DescribeLoadBalancerAttributes(context.Context, *elb.DescribeLoadBalancerAttributesInput, ...func(*elb.Options)) (
		*elb.DescribeLoadBalancerAttributesOutput, error)
}

// Describe returns the settings and listeners of a load balancer and its one target group, as AWS knows them. HTTPS listeners get
// the certificate. What this package does not know, such as sticky sessions, is an error: a lab must not show a stack that is not.
func Describe(ctx context.Context, api API, loadBalancerARN, targetGroupARN string, certificate *tls.Certificate) (Settings, []Listener, error) {
	settings, err := describeSettings(ctx, api, loadBalancerARN, targetGroupARN)
	if err != nil {
		return Settings{}, nil, fmt.Errorf("describing target group %s: %w", targetGroupARN, err)
	}
	var listeners []Listener
	for pages := elb.NewDescribeListenersPaginator(api, &elb.DescribeListenersInput{LoadBalancerArn: &loadBalancerARN}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return Settings{}, nil, fmt.Errorf("describing the listeners of %s: %w", loadBalancerARN, err)
		}
		for _, each := range page.Listeners {
			listener, err := describeListener(ctx, api, each, targetGroupARN, certificate)
			if err != nil {
				return Settings{}, nil, fmt.Errorf("describing the listener on port %d of %s: %w", aws.ToInt32(each.Port), loadBalancerARN, err)
			}
			listeners = append(listeners, listener)
		}
	}
	slices.SortFunc(listeners, func(a, b Listener) int { return cmp.Compare(a.Port, b.Port) })
	return settings, listeners, nil
}

// Scaled returns the settings with other times of health checks and of the deregistration delay: a factor of 0.1 makes them ten
// times as short. Timeouts of connections stay.
func (s Settings) Scaled(factor float64) Settings {
	for _, each := range []*time.Duration{&s.HealthCheck.Interval, &s.HealthCheck.Timeout, &s.DeregistrationDelay} {
		*each = time.Duration(float64(*each) * factor)
	}
	return s
}

const idleTimeout = "idle_timeout.timeout_seconds" // the one attribute of a load balancer that matters here

func describeSettings(ctx context.Context, api API, loadBalancerARN, targetGroupARN string) (Settings, error) {
	groups, err := api.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{targetGroupARN}})
	if err != nil {
		return Settings{}, err
	}
	if len(groups.TargetGroups) != 1 {
		return Settings{}, fmt.Errorf("found %d target groups", len(groups.TargetGroups))
	}
	group := groups.TargetGroups[0]
	ofGroup, err := api.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &targetGroupARN})
	if err != nil {
		return Settings{}, err
	}
	ofBalancer, err := api.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &loadBalancerARN})
	if err != nil {
		return Settings{}, err
	}
	attributes := attributes{values: map[string]string{}}
	for _, each := range ofGroup.Attributes {
		attributes.values[aws.ToString(each.Key)] = aws.ToString(each.Value)
	}
	for _, each := range ofBalancer.Attributes {
		if key := aws.ToString(each.Key); key == idleTimeout {
			attributes.values[key] = aws.ToString(each.Value)
		}
	}
	attributes.refuse("stickiness.enabled", "true")
	attributes.refuse("load_balancing.cross_zone.enabled", "false")
	if attributes.seconds("slow_start.duration_seconds", 0) > 0 {
		attributes.faults = append(attributes.faults, errors.New("slow start is not supported"))
	}
	settings := Settings{
		Algorithm:           attributes.values["load_balancing.algorithm.type"],
		DeregistrationDelay: attributes.seconds("deregistration_delay.timeout_seconds", 300),
		IdleTimeout:         attributes.seconds(idleTimeout, 60),
		HealthCheck:         describeCheck(group),
	}.withDefaults()
	return settings, errors.Join(append(attributes.faults, settings.validate())...)
}

func describeCheck(group types.TargetGroup) HealthCheck {
	check := HealthCheck{
		Path:               aws.ToString(group.HealthCheckPath),
		Interval:           time.Duration(aws.ToInt32(group.HealthCheckIntervalSeconds)) * time.Second,
		Timeout:            time.Duration(aws.ToInt32(group.HealthCheckTimeoutSeconds)) * time.Second,
		HealthyThreshold:   int(aws.ToInt32(group.HealthyThresholdCount)),
		UnhealthyThreshold: int(aws.ToInt32(group.UnhealthyThresholdCount)),
	}
	if group.Matcher != nil {
		check.Matcher = aws.ToString(group.Matcher.HttpCode)
	}
	return check
}

// attributes are those of a load balancer and of a target group, by key.
type attributes struct {
	values map[string]string
	faults []error
}

func (a *attributes) seconds(key string, otherwise int) time.Duration {
	seconds := otherwise
	if text := a.values[key]; text != "" {
		var err error
		if seconds, err = strconv.Atoi(text); err != nil {
			a.faults = append(a.faults, fmt.Errorf("attribute %s: %w", key, err))
		}
	}
	return time.Duration(seconds) * time.Second
}

func (a *attributes) refuse(key, value string) {
	if a.values[key] == value {
		a.faults = append(a.faults, fmt.Errorf("attribute %s: %s is not supported", key, value))
	}
}
