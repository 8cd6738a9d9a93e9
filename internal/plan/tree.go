package plan

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"ha-web/internal/offline"
)

// details are the properties that matter most of a type, as the tree shows them. A word in braces stands for that
// property, words between bars for the first of them that is set.
var details = map[string]string{
	"aws:acm/certificate:Certificate":                                 "{domainName}",
	"aws:autoscaling/group:Group":                                     "{minSize} to {maxSize} instances",
	"aws:autoscaling/policy:Policy":                                   "{policyType}",
	"aws:autoscaling/schedule:Schedule":                               "{minSize} to {maxSize} at {recurrence|startTime}",
	"aws:budgets/budget:Budget":                                       "{limitAmount} {limitUnit} {timeUnit}",
	"aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": "{slackTeamId} {slackChannelId}",
	"aws:cloudfront/distribution:Distribution":                        "{comment}: {priceClass}, {httpVersion}",
	"aws:cloudwatch/compositeAlarm:CompositeAlarm":                    "{alarmRule}",
	"aws:cloudwatch/dashboard:Dashboard":                              "{dashboardName}",
	"aws:cloudwatch/eventApiDestination:EventApiDestination":          "{httpMethod} {invocationEndpoint}",
	"aws:cloudwatch/eventRule:EventRule":                              "{description}",
	"aws:cloudwatch/logGroup:LogGroup":                                "kept {retentionInDays} days",
	"aws:cloudwatch/metricAlarm:MetricAlarm":                          "{alarmDescription}",
	"aws:ec2/eip:Eip":                                                 "",
	"aws:ec2/flowLog:FlowLog":                                         "{trafficType} to {logDestinationType}",
	"aws:ec2/launchTemplate:LaunchTemplate":                           "{instanceType} from {imageId}",
	"aws:ec2/natGateway:NatGateway":                                   "in {subnetId}",
	"aws:ec2/networkAclAssociation:NetworkAclAssociation":             "{subnetId} behind {networkAclId}",
	"aws:ec2/networkAclRule:NetworkAclRule":                           "{ruleAction} {protocol} {fromPort}-{toPort} {cidrBlock}",
	"aws:ec2/route:Route":                                             "{destinationCidrBlock} to {gatewayId|natGatewayId}",
	"aws:ec2/routeTableAssociation:RouteTableAssociation":             "{subnetId} by {routeTableId}",
	"aws:ec2/securityGroup:SecurityGroup":                             "{description}",
	"aws:ec2/subnet:Subnet":                                           "{cidrBlock} {availabilityZone}",
	"aws:ec2/vpc:Vpc":                                                 "{cidrBlock}",
	"aws:ec2/vpcEndpoint:VpcEndpoint":                                 "{vpcEndpointType} {serviceName}",
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":               "{policyArn}",
	"aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream":       "{destination}",
	"aws:kms/alias:Alias":                                             "{name}",
	"aws:lb/listener:Listener":                                        "{protocol} {port}",
	"aws:lb/targetGroup:TargetGroup":                                  "{protocol} {port}, {loadBalancingAlgorithmType}",
	"aws:rds/eventSubscription:EventSubscription":                     "{sourceType} {eventCategories}",
	"aws:rds/instance:Instance":                                       "{identifier}: {engine} {engineVersion} on {instanceClass}, Multi-AZ {multiAz}, {allocatedStorage} GiB",
	"aws:rds/parameterGroup:ParameterGroup":                           "{family}",
	"aws:rds/proxy:Proxy":                                             "{name}: {engineFamily}, TLS required {requireTls}",
	"aws:rds/proxyTarget:ProxyTarget":                                 "{dbInstanceIdentifier} behind {dbProxyName}",
	"aws:route53/record:Record":                                       "{type} {name}",
	"aws:s3/bucketObjectv2:BucketObjectv2":                            "{key}",
	"aws:secretsmanager/secret:Secret":                                "{name|description}",
	"aws:sns/topicSubscription:TopicSubscription":                     "{protocol} {endpoint}",
	"aws:ssm/parameter:Parameter":                                     "{name} = {insecureValue}",
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":         "{ipProtocol} {toPort} to {cidrIpv4|prefixListId|referencedSecurityGroupId}",
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":       "{ipProtocol} {toPort} from {cidrIpv4|prefixListId|referencedSecurityGroupId}",
	"aws:wafv2/ipSet:IpSet":                                           "{addresses}",
	"aws:wafv2/webAcl:WebAcl":                                         "{description}",
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

func detail(resource offline.Resource) string {
	return placeholder.ReplaceAllStringFunc(details[resource.Type], func(braced string) string {
		for _, name := range strings.Split(strings.Trim(braced, "{}"), "|") {
			if value, set := resource.Inputs[name]; set {
				return strings.TrimSuffix(fmt.Sprint(value), "_id")
			}
		}
		return "?"
	})
}

// WriteTree writes a recording for people: components with their resources, counts, outputs and notes.
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
	if len(recording.Notes) > 0 {
		fmt.Fprintf(table, "\nnotes\n")
		for _, note := range recording.Notes {
			fmt.Fprintf(table, "  %s\n", note)
		}
	}
	return table.Flush()
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
