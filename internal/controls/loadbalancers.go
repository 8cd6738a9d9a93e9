package controls

import (
	"regexp"

	"ha-web/internal/awstype"
)

func loadBalancing() []Control {
	balancers, listeners, targets := []string{awstype.LBLoadBalancer}, []string{awstype.LBListener}, []string{awstype.LBTargetGroup}
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
				return unless(p.linked(awstype.WAFv2WebACLAssociation, "resourceArn", r), "it has no web ACL of its own")
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
var recommended = regexp.MustCompile(`^ELBSecurityPolicy-TLS13-(1-3-2021-06|1-3-FIPS-2023-04|1-2-Res-2021-06|1-2-Res-FIPS-2023-04|(1-2-Res|1-3)(-FIPS)?-PQ-2025-09)$`)

func redirects(listener resource) bool {
	actions := listener.objects("defaultActions")
	return len(actions) == 1 && actions[0].text("type") == "redirect" && actions[0].text("redirect.protocol") == "HTTPS"
}
