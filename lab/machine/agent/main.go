//go:build linux

// Agent runs on machines of the lab in the place of the CloudWatch agent, which is not in Debian: it receives what the instance sends
// to it, measures memory and disk, and puts all of it with PutMetricData, with the credentials of the instance's role.
//
//	agent CONFIGURATION INTERVAL
//
// The interval is that of Amazon's agent, a minute, in the time of the lab.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("got %d arguments: agent CONFIGURATION INTERVAL", len(args))
	}
	content, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	settings, err := parse(content)
	if err != nil {
		return err
	}
	interval, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	configured, err := config.LoadDefaultConfig(ctx, config.WithEC2IMDSRegion())
	if err != nil {
		return err
	}
	collected := &collector{rollUps: settings.RollUps}
	if collected.appended, err = identify(ctx, configured, settings.Dimensions); err != nil {
		return err
	}
	if s := settings.Collected.StatsD; s != nil {
		collected.dropped = s.Dropped
		on, err := net.ListenPacket("udp", s.Address)
		if err != nil {
			return err
		}
		defer on.Close()
		go receive(on, collected)
	}
	return publish(ctx, cloudwatch.NewFromConfig(configured), settings, collected, interval)
}

// identify finds the values of dimensions out, as Amazon's agent does: from the metadata service and the tags of the instance.
func identify(ctx context.Context, configured aws.Config, dimensions map[string]string) (map[string]string, error) {
	document, err := imds.NewFromConfig(configured).GetInstanceIdentityDocument(ctx, nil)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	if _, wanted := dimensions["InstanceId"]; wanted {
		values["InstanceId"] = document.InstanceID
	}
	if _, wanted := dimensions["AutoScalingGroupName"]; wanted {
		if values["AutoScalingGroupName"], err = groupOf(ctx, ec2.NewFromConfig(configured), document.InstanceID); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// groupTag is the tag that Auto Scaling gives an instance of a group.
const groupTag = "aws:autoscaling:groupName"

func groupOf(ctx context.Context, api *ec2.Client, instance string) (string, error) {
	found, err := api.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: []types.Filter{
		{Name: aws.String("resource-id"), Values: []string{instance}}, {Name: aws.String("key"), Values: []string{groupTag}},
	}})
	if err != nil {
		return "", err
	}
	if len(found.Tags) != 1 {
		return "", fmt.Errorf("instance %s has no tag %s", instance, groupTag)
	}
	return *found.Tags[0].Value, nil
}

// receive takes what arrives, until the listener is closed.
func receive(on net.PacketConn, collected *collector) {
	buffer := make([]byte, 64<<10)
	for {
		n, _, err := on.ReadFrom(buffer)
		if err != nil {
			return
		}
		for line := range strings.Lines(string(buffer[:n])) {
			received, err := parseCounter(strings.TrimSpace(line))
			if err != nil {
				fmt.Fprintln(os.Stderr, "agent:", err)
				continue
			}
			collected.add(received)
		}
	}
}

// publish puts what was gathered at the end of each interval, with the time of its beginning.
func publish(ctx context.Context, api *cloudwatch.Client, settings metrics, collected *collector, interval time.Duration) error {
	for {
		began := time.Now().Truncate(interval)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(began.Add(interval))):
		}
		for _, each := range measure(settings) {
			collected.add(each)
		}
		data := collected.take(began)
		if len(data) == 0 {
			continue
		}
		go func() { // a service that does not answer holds nothing up
			bound, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			if _, err := api.PutMetricData(bound, &cloudwatch.PutMetricDataInput{Namespace: &settings.Namespace, MetricData: data}); err != nil {
				fmt.Fprintln(os.Stderr, "agent:", err)
			}
		}()
	}
}
