package plan

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"ha-web/internal/awstype"
	"ha-web/internal/offline"
)

// details are the properties that matter most of a type, as the tree shows them. A word in braces stands for that
// property, words between bars for the first of them that is set.
var details = map[string]string{
	awstype.ACMCertificate:                   "{domainName}",
	awstype.AutoScalingGroup:                 "{minSize} to {maxSize} instances",
	awstype.AutoScalingPolicy:                "{policyType}",
	awstype.AutoScalingSchedule:              "{minSize} to {maxSize} at {recurrence|startTime}",
	awstype.BudgetsBudget:                    "{limitAmount} {limitUnit} {timeUnit}",
	awstype.ChatbotSlackChannelConfiguration: "{slackTeamId} {slackChannelId}",
	awstype.CloudFrontDistribution:           "{comment}: {priceClass}, {httpVersion}",
	awstype.CloudWatchCompositeAlarm:         "{alarmRule}",
	awstype.CloudWatchDashboard:              "{dashboardName}",
	awstype.CloudWatchEventAPIDestination:    "{httpMethod} {invocationEndpoint}",
	awstype.CloudWatchEventRule:              "{description}",
	awstype.CloudWatchLogGroup:               "kept {retentionInDays} days",
	awstype.CloudWatchMetricAlarm:            "{alarmDescription}",
	awstype.EC2EIP:                           "",
	awstype.EC2FlowLog:                       "{trafficType} to {logDestinationType}",
	awstype.EC2LaunchTemplate:                "{instanceType} from {imageId}",
	awstype.EC2NatGateway:                    "in {subnetId}",
	awstype.EC2NetworkACLAssociation:         "{subnetId} behind {networkAclId}",
	awstype.EC2NetworkACLRule:                "{ruleAction} {protocol} {fromPort}-{toPort} {cidrBlock}",
	awstype.EC2Route:                         "{destinationCidrBlock} to {gatewayId|natGatewayId}",
	awstype.EC2RouteTableAssociation:         "{subnetId} by {routeTableId}",
	awstype.EC2SecurityGroup:                 "{description}",
	awstype.EC2Subnet:                        "{cidrBlock} {availabilityZone}",
	awstype.EC2VPC:                           "{cidrBlock}",
	awstype.EC2VPCEndpoint:                   "{vpcEndpointType} {serviceName}",
	awstype.IAMRolePolicyAttachment:          "{policyArn}",
	awstype.KinesisFirehoseDeliveryStream:    "{destination}",
	awstype.KMSAlias:                         "{name}",
	awstype.LBListener:                       "{protocol} {port}",
	awstype.LBTargetGroup:                    "{protocol} {port}, {loadBalancingAlgorithmType}",
	awstype.RDSEventSubscription:             "{sourceType} {eventCategories}",
	awstype.RDSInstance:                      "{identifier}: {engine} {engineVersion} on {instanceClass}, Multi-AZ {multiAz}, {allocatedStorage} GiB",
	awstype.RDSParameterGroup:                "{family}",
	awstype.RDSProxy:                         "{name}: {engineFamily}, TLS required {requireTls}",
	awstype.RDSProxyTarget:                   "{dbInstanceIdentifier} behind {dbProxyName}",
	awstype.Route53Record:                    "{type} {name}",
	awstype.S3BucketObjectv2:                 "{key}",
	awstype.SecretsManagerSecret:             "{name|description}",
	awstype.SNSTopicSubscription:             "{protocol} {endpoint}",
	awstype.SSMParameter:                     "{name} = {insecureValue}",
	awstype.VPCSecurityGroupEgressRule:       "{ipProtocol} {toPort} to {cidrIpv4|prefixListId|referencedSecurityGroupId}",
	awstype.VPCSecurityGroupIngressRule:      "{ipProtocol} {toPort} from {cidrIpv4|prefixListId|referencedSecurityGroupId}",
	awstype.WAFv2IPSet:                       "{addresses}",
	awstype.WAFv2WebACL:                      "{description}",
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

func detail(resource offline.Resource) string {
	return placeholder.ReplaceAllStringFunc(details[resource.Type], func(braced string) string {
		for _, name := range strings.Split(strings.Trim(braced, "{}"), "|") {
			if value, set := resource.Inputs[name]; set {
				if text, isText := value.(string); isText && strings.HasPrefix(text, "{") {
					return "a JSON object" // of many lines
				}
				return strings.TrimSuffix(fmt.Sprint(value), "_id")
			}
		}
		return "?"
	})
}

// WriteTree writes a recording for people: components with their resources, counts, outputs, capacity and notes.
func WriteTree(out io.Writer, recording *offline.Recording) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s %s\n", recording.Project, recording.Stack)
	children := map[string][]offline.Resource{}
	for _, resource := range recording.Resources {
		children[resource.Parent] = append(children[resource.Parent], resource)
	}
	writeChildren(table, children, "pulumi:pulumi:Stack::"+recording.Project+"-"+recording.Stack, "  ")
	writeCounts(table, recording.Resources)
	writeOutputs(table, recording.Outputs)
	writeBlock(table, "capacity", recording.CapacityLines)
	writeBlock(table, "notes", recording.Notes)
	return table.Flush()
}

func writeBlock(table io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(table, "\n%s\n", title)
	for _, line := range lines {
		fmt.Fprintf(table, "  %s\n", line)
	}
}

func writeChildren(table io.Writer, children map[string][]offline.Resource, parent, indent string) {
	for _, resource := range children[parent] {
		if !resource.Custom {
			fmt.Fprintf(table, "\n%s%s %s\n", indent, shortType(resource.Type), resource.Name)
		} else {
			fmt.Fprintf(table, "%s%s\t%s\t%s\n", indent, shortType(resource.Type), resource.Name, detail(resource))
		}
		writeChildren(table, children, resource.Key(), indent+"  ")
	}
}

func writeCounts(table io.Writer, resources []offline.Resource) {
	counts := map[string]int{}
	var types []string
	for _, resource := range resources {
		if counts[resource.Type]++; counts[resource.Type] == 1 {
			types = append(types, resource.Type)
		}
	}
	slices.Sort(types)
	fmt.Fprintf(table, "\nresources\n")
	for _, each := range types {
		fmt.Fprintf(table, "  %s\t%d\n", shortType(each), counts[each])
	}
	fmt.Fprintf(table, "  total\t%d\n", len(resources))
}

func writeOutputs(table io.Writer, outputs map[string]any) {
	if len(outputs) == 0 {
		return
	}
	fmt.Fprintf(table, "\noutputs\n")
	for _, property := range properties(nil, outputs) {
		fmt.Fprintf(table, "  %s\t%s\n", property.path, encode(property.after))
	}
}

// shortType returns a type token as Go programs name it: ec2.Subnet for aws:ec2/subnet:Subnet, and Vpc for a component.
func shortType(token string) string {
	parts := strings.Split(token, ":")
	module, _, _ := strings.Cut(parts[1], "/")
	if module == "index" {
		return parts[2]
	}
	return module + "." + parts[2]
}
