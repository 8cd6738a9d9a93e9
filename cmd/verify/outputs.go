package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"ha-web/internal/validate"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	parameters "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// outputs are the outputs of a stack, by their names in docs/outputs.md.
type outputs struct {
	AutoScalingGroupName string `json:"autoScalingGroupName"`
	TargetGroupArn       string `json:"targetGroupArn"`

	Environment          string   `json:"environment"`
	URL                  string   `json:"url"`
	DomainName           string   `json:"domainName"`
	CDNEnabled           bool     `json:"cdnEnabled"`
	ALBDNSName           string   `json:"albDnsName"`
	ALBProtocol          string   `json:"albProtocol"`
	Ingress              string   `json:"ingress"`
	AvailabilityZones    []string `json:"availabilityZones"`
	VpcID                string   `json:"vpcId"`
	VpcCIDR              string   `json:"vpcCidr"`
	PublicSubnetIDs      []string `json:"publicSubnetIds"`
	PrivateSubnetIDs     []string `json:"privateSubnetIds"`
	DataSubnetIDs        []string `json:"dataSubnetIds"`
	ApplicationPort      int      `json:"applicationPort"`
	DatabaseIdentifier   string   `json:"databaseIdentifier"`
	DatabaseEngine       string   `json:"databaseEngine"`
	DatabaseName         string   `json:"databaseName"`
	DatabaseEndpoint     string   `json:"databaseEndpoint"`
	DatabaseOperators    bool     `json:"databaseOperators"`
	DatabaseProxyEnabled bool     `json:"databaseProxyEnabled"`
	DatabaseSecretArn    string   `json:"databaseSecretArn"`
	ParameterPrefix      string   `json:"parameterPrefix"`
	AlarmTopicArn        string   `json:"alarmTopicArn"`
	NoticeTopicArn       string   `json:"noticeTopicArn"`

	region string         // of TargetGroupArn
	all    map[string]any // as they were read
	// written is when the SSM parameter that they were read from was, zero for outputs of a file.
	written time.Time
}

const missingOutput = "is not among the outputs: run pulumi up first, and name the right stack"

// readOutputs reads what pulumi stack output --json prints, from a file or, for -, from stdin.
func readOutputs(file string, stdin io.Reader) (*outputs, error) {
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("-outputs: %w", err)
		}
		defer opened.Close()
		stdin = opened
	}
	var raw json.RawMessage
	if err := json.NewDecoder(stdin).Decode(&raw); err != nil {
		return nil, fmt.Errorf("-outputs: must be what pulumi stack output --json prints: %w", err)
	}
	out, err := parseOutputs(raw)
	if err != nil {
		return nil, fmt.Errorf("-outputs: must be what pulumi stack output --json prints: %w", err)
	}
	return out, out.validate()
}

// readParameter reads the outputs of a stack, PROJECT/STACK, from its SSM parameter in the region of the AWS configuration.
func readParameter(ctx context.Context, stack string) (*outputs, error) {
	services, err := connect(ctx, "")
	if err != nil {
		return nil, err
	}
	name := "/" + stack + "/outputs"
	found, err := services.parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if _, ok := errors.AsType[*parameters.ParameterNotFound](err); ok {
		return nil, fmt.Errorf("-stack: there is no SSM parameter %s in this account and region: set AWS_REGION to the stack's, or run pulumi up", name)
	}
	if err != nil {
		return nil, fmt.Errorf("-stack: SSM parameter %s: %w", name, err)
	}
	out, err := parseOutputs([]byte(aws.ToString(found.Parameter.Value)))
	if err != nil {
		return nil, fmt.Errorf("-stack: SSM parameter %s: must be a JSON object: %w", name, err)
	}
	out.written = aws.ToTime(found.Parameter.LastModifiedDate)
	if err := out.validate(); err != nil {
		return nil, err
	}
	return out, out.validateAll()
}

func parseOutputs(text []byte) (*outputs, error) {
	var out outputs
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, err
	}
	return &out, json.Unmarshal(text, &out.all)
}

// validate checks what every verb needs.
func (o *outputs) validate() error {
	var faults validate.Faults
	if o.AutoScalingGroupName == "" {
		faults.Add("autoScalingGroupName", missingOutput)
	}
	parsed, err := arn.Parse(o.TargetGroupArn)
	switch {
	case o.TargetGroupArn == "":
		faults.Add("targetGroupArn", missingOutput)
	case err != nil || parsed.Region == "":
		faults.Add("targetGroupArn", "must be an ARN with a region, got %q", o.TargetGroupArn)
	}
	o.region = parsed.Region
	return faults.Err()
}

// validateAll checks what verify check needs more.
func (o *outputs) validateAll() error {
	var faults validate.Faults
	for _, each := range []struct{ name, value string }{
		{"url", o.URL}, {"albDnsName", o.ALBDNSName}, {"albProtocol", o.ALBProtocol}, {"vpcId", o.VpcID},
		{"databaseIdentifier", o.DatabaseIdentifier}, {"databaseSecretArn", o.DatabaseSecretArn},
		{"parameterPrefix", o.ParameterPrefix}, {"alarmTopicArn", o.AlarmTopicArn}, {"noticeTopicArn", o.NoticeTopicArn},
	} {
		if each.value == "" {
			faults.Add(each.name, missingOutput)
		}
	}
	if len(strings.Split(o.ParameterPrefix, "/")) != 3 && o.ParameterPrefix != "" {
		faults.Add("parameterPrefix", "must be /PROJECT/STACK, got %q", o.ParameterPrefix)
	}
	return faults.Err()
}

// production says whether the stack is for production. One whose outputs do not say is treated so.
func (o *outputs) production() bool { return o.Environment != development }

// stack returns PROJECT/STACK.
func (o *outputs) stack() string { return strings.TrimPrefix(o.ParameterPrefix, "/") }

// Values of outputs. A stack that was last updated before there were these outputs has neither.
const (
	production        = "production" // environment
	development       = "development"
	ingressInternet   = "internet" // ingress
	ingressCloudFront = "cloudfront"
)

// lacks is the finding of a property that production needs, and that a stack for another purpose may do without.
func (o *outputs) lacks(remedy, format string, args ...any) finding {
	switch seen := fmt.Sprintf(format, args...); o.Environment {
	case production:
		return fail(remedy, "%s", seen)
	case "":
		return skip("%s. The outputs do not say whether this stack is for production, which needs it: the next pulumi up adds that", seen)
	default:
		return skip("%s, which a stack for %s may do without", seen, o.Environment)
	}
}

// answersAll reports whether the load balancer answers everyone, and not CloudFront alone. Without web.ingress, it is what stands
// before it that decides.
func (o *outputs) answersAll() bool {
	if o.Ingress == "" {
		return !o.CDNEnabled
	}
	return o.Ingress == ingressInternet
}

// edgeApart says whether what belongs to CloudFront is in another region than the stack.
func (o *outputs) edgeApart() bool { return o.CDNEnabled && o.region != edgeRegion }
