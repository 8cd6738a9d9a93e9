package controls

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

func autoScaling() []Control {
	group := []string{autoScalingGroup}
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
	templates := []string{launchTemplate}
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
			Types: []string{launchTemplate, autoScalingGroup},
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
			check: func(p *plan, _ resource) string { return unless(len(p.of(backupSelection)) > 0, "there is no plan") },
		},
	}
}

func registry() []Control {
	repositories := []string{imageRepository}
	return []Control{
		{
			ID: "ECR.1", Title: "Images are scanned", Severity: High, Remedy: "Turn on scanning on push", Types: repositories,
			check: func(_ *plan, r resource) string {
				return unless(r.on("imageScanningConfiguration.scanOnPush"), "they are not")
			},
		}, {
			ID: "ECR.2", Title: "Tags of images do not move", Severity: Medium, Remedy: "Set imageTagMutability to IMMUTABLE", Types: repositories,
			check: func(_ *plan, r resource) string {
				return unless(r.text("imageTagMutability") == "IMMUTABLE", "they can")
			},
		}, {
			ID: "ECR.3", Title: "Old images go", Severity: Medium, Remedy: "Add a lifecycle policy", Types: repositories,
			check: func(_ *plan, r resource) string {
				return unless(len(r.objects("lifecyclePolicy.rules")) > 0, "they stay for ever")
			},
		}, {
			ID: "ECR.5", Title: "Images are encrypted with a key of the account", Severity: Medium, Remedy: "Name a key of AWS KMS", Types: repositories,
			check: func(_ *plan, r resource) string {
				for _, each := range r.objects("encryptionConfigurations") {
					if each.has("kmsKey") {
						return ""
					}
				}
				return "they are not"
			},
		},
	}
}

func loadBalancing() []Control {
	balancers, listeners, targets := []string{loadBalancer}, []string{listener}, []string{targetGroup}
	return []Control{
		{
			ID: "ELB.1", Title: "HTTP is redirected to HTTPS", Severity: Medium, Remedy: "Set domain.name, or domain.certificateArn", Types: listeners,
			where: func(_ *plan, r resource) bool { return r.text("protocol") == "HTTP" },
			check: func(_ *plan, r resource) string {
				return unless(redirects(r), "port %s serves in the clear", r.text("port"))
			},
		}, {
			ID: "ELB.4", Title: "Invalid headers are dropped", Severity: Medium, Remedy: "Set dropInvalidHeaderFields", Types: balancers,
			check: func(_ *plan, r resource) string { return unless(r.on("dropInvalidHeaderFields"), "they reach servers") },
		}, {
			ID: "ELB.5", Title: "Requests are on record", Severity: Medium, Remedy: "Set web.accessLogs.enabled", Types: balancers,
			check: func(_ *plan, r resource) string { return unless(r.on("accessLogs.enabled"), "they are not") },
		}, {
			ID: "ELB.6", Title: "Load balancers are protected from deletion", Severity: Medium, Remedy: "Set web.deletionProtection", Types: balancers,
			check: func(_ *plan, r resource) string {
				return unless(r.on("enableDeletionProtection"), "one call deletes it")
			},
		}, {
			ID: "ELB.12", Title: "Requests that servers may read in two ways are refused", Severity: Medium,
			Remedy: "Set desyncMitigationMode to defensive or strictest", Types: balancers,
			check: func(_ *plan, r resource) string {
				mode := r.text("desyncMitigationMode")
				return unless(mode == "defensive" || mode == "strictest", "mode %q", mode)
			},
		}, {
			ID: "ELB.13", Title: "Load balancers span zones", Severity: Medium, Remedy: "Give it subnets of two zones or more", Types: balancers,
			check: func(p *plan, r resource) string { return spans(p, r.texts("subnets")) },
		}, {
			ID: "ELB.16", Title: "A firewall is in front of load balancers", Severity: Medium,
			Remedy: "Set cdn.waf.enabled, and leave web.ingress to cloudfront", Types: balancers,
			check: func(p *plan, r resource) string {
				return unless(len(p.attached(webACLAssociation, "resourceArn", r)) > 0, "it has no web ACL of its own")
			},
		}, {
			ID: "ELB.17", Title: "TLS is of a recommended policy", Severity: Medium, Remedy: "Take a policy of TLS 1.2 and 1.3, such as ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
			Types: listeners,
			where: func(_ *plan, r resource) bool { return r.text("protocol") == "HTTPS" },
			check: func(_ *plan, r resource) string {
				return unless(recommended.MatchString(r.text("sslPolicy")), "policy %q", r.text("sslPolicy"))
			},
		}, {
			ID: "ELB.18", Title: "Listeners speak TLS", Severity: Medium, Remedy: "Set domain.name, or domain.certificateArn", Types: listeners,
			check: func(_ *plan, r resource) string {
				return unless(r.text("protocol") == "HTTPS", "port %s does not", r.text("port"))
			},
		}, {
			ID: "ELB.21", Title: "Health checks are encrypted", Severity: Medium, Remedy: "Check by HTTPS", Types: targets,
			check: func(_ *plan, r resource) string {
				return unless(r.text("healthCheck.protocol") == "HTTPS", "they are in the clear")
			},
		}, {
			ID: "ELB.22", Title: "Requests to targets are encrypted", Severity: Medium, Remedy: "Forward by HTTPS", Types: targets,
			check: func(_ *plan, r resource) string {
				return unless(r.text("protocol") == "HTTPS", "they are in the clear")
			},
		},
	}
}

// recommended are the TLS policies that ELB.17 lets pass.
var recommended = regexp.MustCompile(`^ELBSecurityPolicy-TLS13-(1-3-2021-06|1-3-FIPS-2023-04|1-2-Res-2021-06|1-2-Res-FIPS-2023-04|1-[23](-Res)?(-FIPS)?-PQ-2025-09)$`)

func redirects(listener resource) bool {
	actions := listener.objects("defaultActions")
	return len(actions) == 1 && actions[0].text("type") == "redirect" && actions[0].text("redirect.protocol") == "HTTPS"
}

// spans returns what is wrong with subnets that do not lie in two zones.
func spans(p *plan, subnets []string) string {
	zones := p.zones(subnets)
	return unless(len(zones) >= 2, "it is in %d zone: %s", len(zones), strings.Join(zones, ", "))
}

// unless returns nothing where a condition holds, and else a fault.
func unless(holds bool, fault string, args ...any) string {
	if holds {
		return ""
	}
	return fmt.Sprintf(fault, args...)
}

func contains(list []string, wanted ...string) bool {
	return !slices.ContainsFunc(wanted, func(each string) bool { return !slices.Contains(list, each) })
}
