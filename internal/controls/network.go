package controls

import (
	"fmt"
	"slices"
	"strings"

	"ha-web/internal/awstype"
)

// administration are the ports of remote administration that EC2.21 names.
var administration = []float64{22, 3389}

// unrestricted are the ports that may be open to everyone (EC2.18).
var unrestricted = []float64{80, 443}

func network() []Control {
	vpcs, groups := []string{awstype.EC2VPC}, []string{awstype.EC2SecurityGroup}
	controls := []Control{
		{
			ID: "EC2.2", Also: []string{"CIS v3 5.4", "CIS v5 5.5"}, Title: "Default security groups let nothing through", Severity: High,
			Remedy: "Adopt the default group without rules", Types: vpcs,
			check: func(p *plan, r resource) string {
				return unless(p.has(awstype.EC2DefaultSecurityGroup, "vpcId", r, func(group resource) bool {
					return len(group.objects("ingress"))+len(group.objects("egress")) == 0
				}), "it has rules")
			},
		}, {
			ID: "EC2.6", Title: "Traffic of VPCs is on record", Severity: Medium, Remedy: "Set network.flowLogs.enabled", Types: vpcs,
			check: func(p *plan, r resource) string {
				return unless(p.has(awstype.EC2FlowLog, "vpcId", r, func(log resource) bool {
					return log.text("trafficType") == "ALL" || log.text("trafficType") == "REJECT"
				}), "what it rejects is not")
			},
		},
	}
	controls = append(controls, endpoints()...)
	return append(controls, []Control{
		{
			ID: "EC2.12", Title: "Elastic addresses are in use", Severity: Low, Remedy: "Release it", Types: []string{awstype.EC2EIP},
			check: func(p *plan, r resource) string {
				return unless(p.linked(awstype.EC2NatGateway, "allocationId", r), "nothing uses it")
			},
		}, {
			ID: "EC2.15", Title: "Subnets hand out no public addresses", Severity: Medium, Remedy: "Set mapPublicIpOnLaunch to false", Types: []string{awstype.EC2Subnet},
			check: func(_ *plan, r resource) string {
				return unless(!r.on("mapPublicIpOnLaunch") && !r.on("assignIpv6AddressOnCreation"), "it does")
			},
		}, {
			ID: "EC2.16", Title: "Network ACLs are in use", Severity: Low, Remedy: "Delete it", Types: []string{awstype.EC2NetworkACL},
			check: func(p *plan, r resource) string {
				return unless(p.linked(awstype.EC2NetworkACLAssociation, "networkAclId", r) || len(r.texts("subnetIds")) > 0, "no subnet is behind it")
			},
		}, {
			ID: "EC2.18", Also: []string{"EC2.13", "EC2.14", "EC2.19", "EC2.53", "EC2.54", "CIS v3 5.2", "CIS v3 5.3", "CIS v5 5.1.2", "CIS v5 5.3", "CIS v5 5.4"},
			Title: "Only ports 80 and 443 are open to everyone", Severity: Critical, Remedy: "Name a group, or a range of addresses",
			Types: []string{awstype.VPCSecurityGroupIngressRule},
			check: func(_ *plan, r resource) string { return openPorts(r) },
		}, {
			ID: "EC2.21", Also: []string{"CIS v3 5.1", "CIS v5 5.2"}, Title: "Network ACLs let nobody in for remote administration", Severity: Medium,
			Remedy: "Narrow the ports, or the addresses", Types: []string{awstype.EC2NetworkACLRule},
			where: func(_ *plan, r resource) bool { return !r.on("egress") && r.text("ruleAction") == "allow" },
			check: func(_ *plan, r resource) string { return administered(r) },
		}, {
			ID: "EC2.22", Title: "Security groups are in use", Severity: Medium, Remedy: "Delete it", Types: groups,
			check: func(p *plan, r resource) string {
				return unless(inGroup(p, r, awstype.RDSInstance, awstype.EC2VPCEndpoint, awstype.EC2LaunchTemplate, awstype.LBLoadBalancer, awstype.RDSProxy), "nothing is in it")
			},
		},
	}...)
}

// endpoints returns a control for each service that VPCs should reach without leaving AWS.
func endpoints() []Control {
	var controls []Control
	for _, each := range []struct{ id, service, what string }{
		{"EC2.10", "ec2", "EC2"}, {"EC2.55", "ecr.api", "the API of ECR"}, {"EC2.56", "ecr.dkr", "the registry of ECR"},
		{"EC2.57", "ssm", "Systems Manager"}, {"EC2.58", "ssm-contacts", "contacts of Incident Manager"},
		{"EC2.60", "ssm-incidents", "Incident Manager"},
	} {
		controls = append(controls, Control{
			ID: each.id, Title: "VPCs have an endpoint for " + each.what, Severity: Medium,
			Remedy: "Add " + each.service + " to network.interfaceEndpoints", Types: []string{awstype.EC2VPC},
			check: func(p *plan, r resource) string {
				return unless(p.has(awstype.EC2VPCEndpoint, "vpcId", r, func(found resource) bool {
					return strings.HasSuffix(found.text("serviceName"), "."+each.service)
				}), "there is none")
			},
		})
	}
	return controls
}

// openPorts returns which ports a rule opens to everyone that are not for everyone.
func openPorts(rule resource) string {
	if !anywhere(rule.text("cidrIpv4")) && !anywhere(rule.text("cidrIpv6")) {
		return ""
	}
	from, to := rule.number("fromPort"), rule.number("toPort")
	if rule.text("ipProtocol") == "tcp" && from == to && slices.Contains(unrestricted, from) {
		return ""
	}
	return fmt.Sprintf("%s %v to %v is open to everyone", rule.text("ipProtocol"), from, to)
}

// administered returns which port of remote administration a rule lets everyone reach.
func administered(rule resource) string {
	if !anywhere(rule.text("cidrBlock")) && !anywhere(rule.text("ipv6CidrBlock")) {
		return ""
	}
	for _, port := range administration {
		all := rule.text("protocol") == "-1" || rule.text("protocol") == "all"
		if all || rule.text("protocol") == "tcp" && rule.number("fromPort") <= port && port <= rule.number("toPort") {
			return fmt.Sprintf("port %v is open to everyone", port)
		}
	}
	return ""
}

// inGroup reports whether anything of these types is in a group; of a launch template, its instances.
func inGroup(p *plan, group resource, kinds ...string) bool {
	return slices.ContainsFunc(kinds, func(kind string) bool {
		return slices.ContainsFunc(p.of(kind), func(each resource) bool { return slices.ContainsFunc(groupsOf(each), group.is) })
	})
}

// groupsOf returns the groups that a resource, or its network interfaces, are in: types have names of their own for them.
func groupsOf(r resource) []string {
	groups := slices.Concat(r.texts("securityGroupIds"), r.texts("securityGroups"), r.texts("vpcSecurityGroupIds"))
	for _, each := range r.objects("networkInterfaces") {
		groups = append(groups, each.texts("securityGroups")...)
	}
	return groups
}
