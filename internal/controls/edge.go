package controls

import (
	"slices"
	"strings"

	"ha-web/internal/awstype"
)

func certificates() []Control {
	all := []string{awstype.ACMCertificate}
	return []Control{
		{
			ID: "ACM.1", Title: "Certificates renew by themselves", Severity: Medium, Remedy: "Prove them by DNS", Types: all,
			check: func(_ *plan, r resource) string { return unless(r.text("validationMethod") == "DNS", "someone has to") },
		}, {
			ID: "ACM.2", Title: "Keys of certificates have 2,048 bits or more", Severity: High, Remedy: "Leave keyAlgorithm out", Types: all,
			check: func(_ *plan, r resource) string { return unless(r.text("keyAlgorithm") != "RSA_1024", "1,024") },
		},
	}
}

func cloudFront() []Control { return slices.Concat(towardsViewers(), towardsOrigins()) }

// towardsViewers are about what distributions are to viewers.
func towardsViewers() []Control {
	all := []string{awstype.CloudFrontDistribution}
	return []Control{
		{
			ID: "CloudFront.1", Title: "Distributions have a default root object", Severity: High, Remedy: "Set defaultRootObject", Types: all,
			check: func(_ *plan, r resource) string { return unless(r.has("defaultRootObject"), "it has none") },
		}, {
			ID: "CloudFront.3", Title: "Viewers come by HTTPS only", Severity: Medium, Remedy: "Set viewerProtocolPolicy to redirect-to-https", Types: all,
			check: func(_ *plan, r resource) string {
				for _, each := range behaviours(r) {
					if policy := each.text("viewerProtocolPolicy"); policy != "redirect-to-https" && policy != "https-only" {
						return "policy " + policy
					}
				}
				return ""
			},
		}, {
			ID: "CloudFront.5", Title: "Requests to distributions are on record", Severity: Medium, Remedy: "Set cdn.accessLogs.enabled", Types: all,
			check: func(_ *plan, r resource) string {
				return unless(r.has("loggingConfig.bucket"), "not by version 1 of access logs")
			},
		}, {
			ID: "CloudFront.6", Title: "A firewall is in front of distributions", Severity: Medium, Remedy: "Set cdn.waf.enabled", Types: all,
			check: func(_ *plan, r resource) string { return unless(r.has("webAclId"), "there is none") },
		}, {
			ID: "CloudFront.7", Title: "Distributions have a certificate of their own", Severity: Medium, Remedy: "Set domain.name", Types: all,
			check: func(p *plan, r resource) string { return unless(ownCertificate(p, r), "it has CloudFront's") },
		}, {
			ID: "CloudFront.8", Title: "Distributions have no address of their own", Severity: Low, Remedy: "Set sslSupportMethod to sni-only", Types: all,
			where: ownCertificate,
			check: func(_ *plan, r resource) string {
				return unless(r.text("viewerCertificate.sslSupportMethod") == "sni-only", "it pays for some")
			},
		}, {
			ID: "CloudFront.15", Title: "TLS of viewers is of a recommended policy", Severity: Medium,
			Remedy: "Set domain.name, and minimumProtocolVersion to TLSv1.2_2021 or later", Types: all,
			check: func(_ *plan, r resource) string {
				version := r.text("viewerCertificate.minimumProtocolVersion")
				return unless(slices.Contains([]string{"TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"}, version), "policy %q", version)
			},
		}, {
			ID: "CloudFront.17", Title: "Viewers have to have signed addresses", Severity: Medium, Remedy: "Name trusted key groups", Types: all,
			check: func(_ *plan, r resource) string {
				for _, each := range behaviours(r) {
					if !each.has("trustedKeyGroups") {
						return "everyone may ask"
					}
				}
				return ""
			},
		},
	}
}

// towardsOrigins are about how distributions reach what is behind them.
func towardsOrigins() []Control {
	all := []string{awstype.CloudFrontDistribution}
	return []Control{
		{
			ID: "CloudFront.4", Title: "Distributions have a second origin to fail over to", Severity: Low, Remedy: "Set cdn.replicaRegion", Types: all,
			check: func(_ *plan, r resource) string { return unless(len(r.objects("originGroups")) > 0, "it has none") },
		}, {
			ID: "CloudFront.9", Title: "Distributions reach their origins by TLS", Severity: Medium, Remedy: "Set domain.name", Types: all,
			check: func(_ *plan, r resource) string {
				for _, each := range r.objects("origins") {
					if each.has("customOriginConfig") && each.text("customOriginConfig.originProtocolPolicy") != "https-only" {
						return each.text("originId") + " in the clear"
					}
				}
				return ""
			},
		}, {
			ID: "CloudFront.10", Title: "Distributions use no old TLS to their origins", Severity: Medium, Remedy: "Set originSslProtocols to TLSv1.2", Types: all,
			check: func(_ *plan, r resource) string {
				for _, each := range r.objects("origins") {
					if protocols := each.texts("customOriginConfig.originSslProtocols"); each.has("customOriginConfig") && !slices.Equal(protocols, []string{"TLSv1.2"}) {
						return each.text("originId") + " by " + strings.Join(protocols, ", ")
					}
				}
				return ""
			},
		}, {
			ID: "CloudFront.12", Title: "The buckets behind distributions are there", Severity: High, Remedy: "Point the origin at a bucket of the stack", Types: all,
			check: func(p *plan, r resource) string {
				for _, each := range bucketOrigins(r) {
					name, _, _ := strings.Cut(each.text("domainName"), ".s3.")
					if _, found := p.find(awstype.S3BucketV2, name); !found {
						return "there is no " + name
					}
				}
				return ""
			},
		}, {
			ID: "CloudFront.13", Title: "Distributions sign what they ask of buckets", Severity: Medium, Remedy: "Name an origin access control", Types: all,
			check: func(_ *plan, r resource) string {
				for _, each := range bucketOrigins(r) {
					if !each.has("originAccessControlId") {
						return each.text("originId") + " is asked without"
					}
				}
				return ""
			},
		},
	}
}

func ownCertificate(_ *plan, distribution resource) bool {
	return distribution.has("viewerCertificate.acmCertificateArn")
}

func behaviours(distribution resource) []object {
	return append(distribution.objects("defaultCacheBehavior"), distribution.objects("orderedCacheBehaviors")...)
}

// bucketOrigins returns the origins of a distribution that are buckets.
func bucketOrigins(distribution resource) []object {
	return slices.DeleteFunc(distribution.objects("origins"), func(origin object) bool { return origin.has("customOriginConfig") })
}

func firewall() []Control {
	acls := []string{awstype.WAFv2WebACL}
	return []Control{
		{
			ID: "WAF.10", Title: "Firewalls have rules", Severity: Medium, Remedy: "Add one", Types: acls,
			check: func(_ *plan, r resource) string { return unless(len(r.objects("rules")) > 0, "it has none") },
		}, {
			ID: "WAF.11", Title: "What firewalls block is on record", Severity: Low, Remedy: "Add its logging", Types: acls,
			check: func(p *plan, r resource) string {
				return unless(p.linked(awstype.WAFv2WebACLLoggingConfiguration, "resourceArn", r), "it is not")
			},
		}, {
			ID: "WAF.12", Title: "Firewalls count what each rule does", Severity: Medium, Remedy: "Set cloudwatchMetricsEnabled of each", Types: acls,
			check: func(_ *plan, r resource) string {
				for _, each := range append(r.objects("rules"), r.object) {
					if !each.on("visibilityConfig.cloudwatchMetricsEnabled") {
						return each.text("name") + " is not counted"
					}
				}
				return ""
			},
		},
	}
}
