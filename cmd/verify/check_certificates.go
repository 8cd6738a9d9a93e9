package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watching "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

const (
	validDays         = 30
	certificateRemedy = "ACM renews a certificate 60 days before it expires, while its validation records are in DNS: " +
		"check them with aws acm describe-certificate, and pulumi stack output dnsRecords; import an imported certificate again"
)

func siteCertificate(ctx context.Context, l *live) finding {
	if l.outputs.DomainName == "" {
		return skip("the stack has no certificate of its own: domain.name is not set")
	}
	expires, err := l.site.expiry(ctx, hostOf(l.outputs.URL))
	if err != nil {
		return fail(certificateRemedy+"; if the name is not found or does not connect: create the DNS records", "%s: %v", l.outputs.URL, err)
	}
	left := days(expires)
	seen := fmt.Sprintf("%s: valid until %s, %d days", hostOf(l.outputs.URL), expires.UTC().Format(time.DateOnly), left)
	if left <= validDays {
		return fail(certificateRemedy, "%s", seen)
	}
	return pass("%s", seen)
}

// originCertificate asks CloudWatch: where CloudFront stands before the load balancer, nobody else reaches what it serves.
func originCertificate(ctx context.Context, l *live) finding {
	arns, err := l.listenerCertificates(ctx)
	if err != nil {
		return unanswered(err)
	}
	if len(arns) == 0 {
		if l.outputs.ALBProtocol == "https" {
			return fail("run pulumi up --refresh, which restores the listener", "the load balancer has no listener for HTTPS")
		}
		return skip("the load balancer has no listener for HTTPS: domain.name is not set")
	}
	var seen, faults []string
	for _, each := range arns {
		left, known, err := l.daysToExpiry(ctx, each)
		switch {
		case err != nil:
			return unanswered(err)
		case !known:
			// There is no more data once it has expired (AWS CDK API reference, ICertificate.metricDaysToExpiry).
			return skip("CloudWatch has no DaysToExpiry of %s: it is less than a day old, is not of ACM, or has expired", each)
		case left <= validDays:
			faults = append(faults, fmt.Sprintf("%d days left: %s", left, each))
		}
		seen = append(seen, fmt.Sprintf("%d days left: %s", left, each))
	}
	return failures(faults, certificateRemedy, pass("%s", strings.Join(seen, ", ")))
}

// listenerCertificates returns the ARNs of the certificates of the load balancer.
func (l *live) listenerCertificates(ctx context.Context) ([]string, error) {
	group, err := l.targetGroup()
	if err != nil {
		return nil, err
	}
	if len(group.LoadBalancerArns) == 0 {
		return nil, nil
	}
	found, err := l.aws.listeners.DescribeListeners(ctx, &balancing.DescribeListenersInput{LoadBalancerArn: &group.LoadBalancerArns[0]})
	if err != nil {
		return nil, fmt.Errorf("listeners: %w", err)
	}
	var arns []string
	for _, listener := range found.Listeners {
		for _, each := range listener.Certificates {
			arns = append(arns, aws.ToString(each.CertificateArn))
		}
	}
	return arns, nil
}

// daysToExpiry returns how many days a certificate of ACM is valid, which ACM tells CloudWatch at least once a day.
func (l *live) daysToExpiry(ctx context.Context, certificate string) (left int, known bool, err error) {
	now := time.Now()
	found, err := l.aws.metrics.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/CertificateManager"), MetricName: aws.String("DaysToExpiry"),
		Dimensions: []watching.Dimension{{Name: aws.String("CertificateArn"), Value: &certificate}},
		StartTime:  aws.Time(now.Add(-48 * time.Hour)), EndTime: &now,
		Period: aws.Int32(24 * 60 * 60), Statistics: []watching.Statistic{watching.StatisticMinimum},
	})
	if err != nil {
		return 0, false, fmt.Errorf("days to expiry of %s: %w", certificate, err)
	}
	// The newest of the two days: a certificate may have been renewed in between.
	var newest time.Time
	for _, each := range found.Datapoints {
		if at := aws.ToTime(each.Timestamp); each.Minimum != nil && !at.Before(newest) {
			newest, left, known = at, int(*each.Minimum), true
		}
	}
	return left, known, nil
}
