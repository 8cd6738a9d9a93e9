package controls

import (
	"regexp"

	"ha-web/internal/awstype"
)

func autoScaling() []Control {
	group := []string{awstype.AutoScalingGroup}
	return []Control{
		{
			ID: "AutoScaling.1", Title: "Groups behind a load balancer go by its health checks", Severity: Low,
			Remedy: "Set healthCheckType to ELB", Types: group,
			where: func(_ *plan, r resource) bool { return len(r.texts("targetGroupArns")) > 0 },
			check: func(_ *plan, r resource) string {
				return unless(r.text("healthCheckType") == "ELB", "a dead application is not replaced")
			},
		}, {
			ID: "AutoScaling.2", Title: "Groups span zones", Severity: Medium, Remedy: "Give the group subnets of two zones or more", Types: group,
			check: func(p *plan, r resource) string { return spans(p, r.texts("vpcZoneIdentifiers")) },
		}, {
			ID: "AutoScaling.6", Title: "Groups have several types of instance", Severity: Medium,
			Remedy: "List a second type under web.instanceTypes", Types: group,
			check: func(_ *plan, r resource) string {
				return unless(len(r.objects("mixedInstancesPolicy.launchTemplate.overrides")) > 1, "one type only")
			},
		}, {
			ID: "AutoScaling.9", Title: "Groups use launch templates", Severity: Medium, Remedy: "Name a launch template", Types: group,
			check: func(p *plan, r resource) string { return unless(template(r) != nil, "no launch template") },
		},
	}
}

// template returns the launch template that a group names, with its version.
func template(group resource) object {
	for _, path := range []string{"mixedInstancesPolicy.launchTemplate.launchTemplateSpecification", "launchTemplate"} {
		if found := group.objects(path); len(found) == 1 {
			return found[0]
		}
	}
	return nil
}

// paravirtual are families of instances that came before hardware virtualization.
var paravirtual = regexp.MustCompile(`^(c1|c3|hi1|hs1|m1|m2|m3|t1)\.`)

// instances are the controls of launch templates: those of instances, which have what their template says.
func instances() []Control {
	templates := []string{awstype.EC2LaunchTemplate}
	return []Control{
		{
			ID: "EC2.170", Also: []string{"EC2.8", "AutoScaling.3", "CIS v3 5.6", "CIS v5 5.7"}, Severity: High,
			Title: "Instances answer to version 2 of the metadata service only", Remedy: "Set metadataOptions.httpTokens to required",
			Types: templates,
			check: func(_ *plan, r resource) string {
				return unless(r.text("metadataOptions.httpTokens") == "required", "requests without a token are answered")
			},
		}, {
			ID: "AutoScaling.4", Title: "Metadata does not leave the instance", Severity: High,
			Remedy: "Set metadataOptions.httpPutResponseHopLimit to 1", Types: templates,
			check: func(_ *plan, r resource) string {
				return unless(r.number("metadataOptions.httpPutResponseHopLimit") == 1, "tokens travel further than one hop")
			},
		}, {
			ID: "EC2.25", Also: []string{"EC2.9", "AutoScaling.5"}, Title: "Instances have no public address", Severity: High,
			Remedy: "Set associatePublicIpAddress of each interface to false", Types: templates,
			check: func(_ *plan, r resource) string {
				for _, each := range r.objects("networkInterfaces") {
					if each.text("associatePublicIpAddress") != "false" {
						return "an interface may get one"
					}
				}
				return unless(len(r.objects("networkInterfaces")) > 0, "the subnet decides")
			},
		}, {
			ID: "EC2.17", Title: "Instances have one network interface", Severity: Low, Remedy: "Take out all but the first", Types: templates,
			check: func(_ *plan, r resource) string {
				return unless(len(r.objects("networkInterfaces")) <= 1, "%d interfaces", len(r.objects("networkInterfaces")))
			},
		}, {
			ID: "EC2.181", Also: []string{"EC2.3"}, Title: "Volumes are encrypted", Severity: Medium,
			Remedy: "Set encrypted of each volume to true", Types: templates,
			check: func(_ *plan, r resource) string {
				for _, each := range r.objects("blockDeviceMappings") {
					if each.has("ebs") && !each.on("ebs.encrypted") {
						return each.text("deviceName") + " is not"
					}
				}
				return unless(len(r.objects("blockDeviceMappings")) > 0, "the image decides")
			},
		}, {
			ID: "EC2.24", Title: "Instances are not paravirtual", Severity: Medium, Remedy: "Take a later family of instances",
			Types: []string{awstype.EC2LaunchTemplate, awstype.AutoScalingGroup},
			check: func(_ *plan, r resource) string {
				for _, each := range append(r.objects("mixedInstancesPolicy.launchTemplate.overrides"), r.object) {
					if paravirtual.MatchString(each.text("instanceType")) {
						return each.text("instanceType") + " may be"
					}
				}
				return ""
			},
		}, {
			ID: "EC2.28", Title: "Volumes are in a backup plan", Severity: Low, Remedy: "Add a plan of AWS Backup", Types: templates,
			check: func(p *plan, _ resource) string {
				return unless(len(p.of(awstype.BackupSelection)) > 0, "there is no plan")
			},
		},
	}
}
