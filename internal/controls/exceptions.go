package controls

import (
	"slices"

	"ha-web/internal/awstype"
)

const byNAT = "Instances reach it by the NAT gateways, encrypted. An endpoint costs 7.30 USD a month and zone."

// Exceptions returns the controls that this program does not pass, where, and why: because the design asks for something
// else, or because what they ask for is there in another way. What a stack does without on purpose is in its settings.
func Exceptions() []Exception {
	return []Exception{
		{Control: "CloudFront.1", Reason: "The application answers /: a root object would stand before it, and is looked up in every origin."},
		{
			Control: "CloudFront.4", Reason: "Pages have one origin, the load balancer, which spans zones. Static files get a second one with cdn.replicaRegion.",
			where: func(_ *plan, r resource) bool { return len(bucketOrigins(r)) < 2 },
		},
		{Control: "CloudFront.5", Reason: "They are on record by version 2 of access logs, which the control does not see (docs/adr/0007).", where: deliversLogs},
		{Control: "CloudFront.17", Reason: "The site is there for everyone. The application knows who may see what."},
		{Control: "EC2.10", Reason: "Nothing in the stack asks EC2."},
		{Control: "EC2.21", Reason: "NAT gateways take answers on any port from 1024 on, and nothing else is there but the load balancer, which listens on none " +
			"of them. Without 3389 one connection in 64,512 would hang (docs/adr/0002).", where: answersToNAT},
		{Control: "EC2.28", Reason: "Instances keep nothing: each is made anew from image and user data."},
		{Control: "EC2.55", Reason: byNAT, where: leavesByNAT},
		{Control: "EC2.56", Reason: byNAT, where: leavesByNAT},
		{Control: "EC2.57", Reason: byNAT, where: leavesByNAT},
		{Control: "EC2.58", Reason: "Nothing in the stack asks Incident Manager."},
		{Control: "EC2.60", Reason: "Nothing in the stack asks Incident Manager."},
		{Control: "ELB.16", Reason: "CloudFront has the firewall (CloudFront.6), and nobody gets past it (HA.21).", where: behindCloudFront},
		{Control: "ELB.18", Reason: "It redirects, as ELB.1 wants, and serves nothing.", where: onlyRedirects},
		{Control: "ELB.21", Reason: "TLS ends at the load balancer, the only one that reaches servers (HA.22). The check asks for no data."},
		{Control: "ELB.22", Reason: "TLS ends at the load balancer, the only one that reaches servers (HA.22), within the VPC."},
		{Control: "RDS.9", Reason: "General and audit logs would hold every statement, with what people typed.", where: asksEverything},
		{Control: "RDS.23", Reason: "RDS Proxy listens on the default port of its engine and no other."},
		{Control: "RDS.26", Reason: "RDS backs up by itself, to the second. A plan of AWS Backup would take the schedule over from the program."},
		{Control: "S3.7", Reason: "Logs are a record, and static files come from their repository. Those get a copy with cdn.replicaRegion."},
		{Control: "S3.9", Reason: "Those who read and write are on record where they do: CloudFront, load balancer, CloudTrail."},
		{Control: "S3.11", Reason: "Nothing waits for a change in them."},
		{Control: "S3.15", Reason: "Old versions bring back what was deleted. Locked objects could not expire, nor the stack be destroyed."},
		{Control: "S3.17", Reason: "Load balancers write to buckets with keys of S3 only, and static files are public. No bucket holds data of people but logs."},
		{Control: "SecretsManager.1", Reason: "Only who issued it can change it; put-secret-value brings in the new one.", where: given},
		{Control: "SecretsManager.1", Reason: "It changes with its version in the settings, at both ends at once (docs/cdn.md).", where: madeUp},
		{Control: "HA.17", Reason: "It encrypts messages on their way, and nothing that stays.", where: onlyForTopics},
	}
}

// deliversLogs reports whether the requests to a distribution are on record by version 2 of access logs.
func deliversLogs(p *plan, distribution resource) bool {
	return slices.ContainsFunc(p.of(awstype.CloudWatchLogDeliverySource), func(source resource) bool {
		return source.text("logType") == "ACCESS_LOGS" && p.linked(awstype.CloudWatchLogDelivery, "deliverySourceName", source)
	})
}

// behindCloudFront reports whether there is a distribution before a load balancer.
func behindCloudFront(p *plan, _ resource) bool { return len(p.of(awstype.CloudFrontDistribution)) > 0 }

func onlyRedirects(_ *plan, listener resource) bool {
	return !slices.ContainsFunc(listener.objects("defaultActions"), func(action object) bool { return action.text("type") != "redirect" })
}

// answersToNAT reports whether a rule of a network ACL lets in answers, and guards subnets of NAT gateways and load balancers
// only.
func answersToNAT(p *plan, rule resource) bool {
	acl, _ := p.find(awstype.EC2NetworkACL, rule.text("networkAclId"))
	behind := p.attached(awstype.EC2NetworkACLAssociation, "networkAclId", acl)
	return rule.number("fromPort") >= 1024 && len(behind) > 0 && !slices.ContainsFunc(behind, func(association resource) bool {
		guarded, _ := p.find(awstype.EC2Subnet, association.text("subnetId"))
		return p.linked(awstype.AutoScalingGroup, "vpcZoneIdentifiers", guarded) || p.linked(awstype.RDSSubnetGroup, "subnetIds", guarded) ||
			p.linked(awstype.RDSProxy, "vpcSubnetIds", guarded)
	})
}

// onlyForTopics reports whether a key encrypts topics, and nothing else.
func onlyForTopics(p *plan, r resource) bool {
	return r.Type == awstype.KMSKey && !slices.ContainsFunc(p.of(everything), func(each resource) bool {
		return each.Type != awstype.SNSTopic && each.Type != awstype.KMSAlias && refers(map[string]any(each.object), "kms", r)
	})
}

// asksEverything reports whether all that a database does not publish are the logs of every statement.
func asksEverything(_ *plan, database resource) bool {
	return exports(database, allLogs[database.text("engine")]...) == "not audit, general"
}

// given and madeUp tell secrets that people fill from those that the stack makes up.
func given(p *plan, r resource) bool  { return r.Type == awstype.SecretsManagerSecret && named(p, r) }
func madeUp(p *plan, r resource) bool { return r.Type == awstype.SecretsManagerSecret && !named(p, r) }

func leavesByNAT(p *plan, vpc resource) bool {
	return slices.ContainsFunc(p.of(awstype.EC2NatGateway), func(gateway resource) bool {
		public, _ := p.find(awstype.EC2Subnet, gateway.text("subnetId"))
		return vpc.is(public.text("vpcId"))
	})
}
