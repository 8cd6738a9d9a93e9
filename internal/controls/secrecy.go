package controls

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/awstype"
	"ha-web/internal/credentials"
	"ha-web/internal/offline"
)

// secrecy are the rules of the design that keep secrets secret, and tiers apart.
func secrecy() []Control {
	return slices.Concat(tiers(), plainSecrets(), pipeline())
}

// tiers keep each tier to the one in front of it.
func tiers() []Control {
	return []Control{
		{
			ID: "HA.21", Title: "Nobody gets past CloudFront", Severity: High, Remedy: "Leave web.ingress to cloudfront", Types: []string{awstype.LBLoadBalancer},
			where: behindCloudFront,
			check: wayPast,
		}, {
			ID: "HA.22", Title: "Tiers admit the tier in front of them, by its group", Severity: High, Remedy: "Name the group in front", Types: []string{awstype.VPCSecurityGroupIngressRule},
			where: func(p *plan, r resource) bool {
				group, _ := p.find(awstype.EC2SecurityGroup, r.text("securityGroupId"))
				return group.Name != "" && inGroup(p, group, awstype.RDSInstance, awstype.EC2LaunchTemplate, awstype.RDSProxy)
			},
			check: func(_ *plan, r resource) string {
				return unless(r.has("referencedSecurityGroupId"), "it names addresses")
			},
		}, {
			ID: "HA.23", Title: "Databases send nothing by themselves", Severity: Medium, Remedy: "Take the rule out", Types: []string{awstype.RDSInstance},
			check: func(p *plan, r resource) string {
				for _, each := range r.texts("vpcSecurityGroupIds") {
					group, _ := p.find(awstype.EC2SecurityGroup, each)
					if rules := p.attached(awstype.VPCSecurityGroupEgressRule, "securityGroupId", group); len(rules) > 0 {
						return rules[0].Name + " lets it"
					}
				}
				return ""
			},
		}, {
			// Inline rules escape the controls that look at rules, and fight with rule resources (terraform-provider-aws, aws_security_group).
			ID: "HA.24", Title: "Rules of groups and network ACLs are resources of their own", Severity: Medium, Remedy: "Make a resource of each",
			Types: []string{awstype.EC2SecurityGroup, awstype.EC2NetworkACL, awstype.EC2SecurityGroupRule},
			check: func(_ *plan, r resource) string {
				ours := r.Type == awstype.EC2SecurityGroup || r.Type == awstype.EC2NetworkACL
				return unless(ours && len(r.objects("ingress"))+len(r.objects("egress")) == 0, "they are not")
			},
		},
	}
}

// wayPast returns how the internet reaches a load balancer without CloudFront.
func wayPast(p *plan, balancer resource) string {
	for _, rule := range p.of(awstype.VPCSecurityGroupIngressRule) {
		admits := slices.ContainsFunc(balancer.texts("securityGroups"), func(group string) bool {
			found, _ := p.find(awstype.EC2SecurityGroup, group)
			return found.is(rule.text("securityGroupId"))
		})
		if admits && !rule.has("prefixListId") {
			return rule.Name + " admits others"
		}
	}
	for _, each := range p.attached(awstype.LBListener, "loadBalancerArn", balancer) {
		for _, action := range each.objects("defaultActions") {
			if kind := action.text("type"); kind != "fixed-response" && kind != "redirect" {
				return each.Name + " serves anyone who asks"
			}
		}
	}
	return ""
}

// What credentials look like, whatever they are called.
var (
	// assigned is a value after a word for a secret; what a shell looks up, a placeholder, or the path of a parameter is none.
	assigned = regexp.MustCompile(`(?i)(password|passwd|secret|token|api_?key)["']?\s*[=:]\s*["']?[^\s"'$({<\[/][^\s"'$({<\[]{5,}`)
	// secretive are the paths of properties that hold secrets. Headers by which the load balancer knows CloudFront are some.
	secretive = regexp.MustCompile(`(?i)(^|\.)((master|admin)?(password|passwd)|secret(String|Binary|Key)|clientSecret|apiKey|accessKey|privateKey|` +
		`authToken|customHeaders\.value|httpHeader\.values)$`)
)

// plainSecrets keep secrets out of what people read: launch templates, plans and state: no password is in any file.
func plainSecrets() []Control {
	return []Control{
		{
			ID: "HA.26", Title: "No secret is in user data", Severity: Critical, Remedy: "Let instances ask Secrets Manager at boot", Types: []string{awstype.EC2LaunchTemplate},
			check: func(_ *plan, r resource) string {
				script := userData(r.text("userData"))
				sealed := strings.Contains(script, offline.Secret)
				return unless(!sealed && !credentials.IsKey(script) && !assigned.MatchString(script), "there is one")
			},
		}, {
			ID: "HA.27", Title: "No secret is in plain inputs", Severity: Critical, Types: []string{everything},
			Remedy: "Make it a secret of Pulumi, or let instances read it from Secrets Manager",
			check: func(_ *plan, r resource) string {
				path := cmp.Or(plainSecret(r), commandSecret(r))
				return unless(path == "", "%s", path)
			},
		}, {
			ID: "HA.28", Title: "AWS keeps the password of databases", Severity: Critical, Remedy: "Set manageMasterUserPassword", Types: []string{awstype.RDSInstance},
			check: func(_ *plan, r resource) string {
				return unless(r.on("manageMasterUserPassword") && !r.has("password"), "it does not")
			},
		},
	}
}

// userData returns what user data says.
func userData(encoded string) string {
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return encoded
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(decoded))
	if err != nil {
		return string(decoded)
	}
	script, err := io.ReadAll(unzipped)
	if err != nil {
		return string(decoded)
	}
	return string(script)
}

// plainSecret returns the path of the first property of a resource that is a secret in plain text, or "".
func plainSecret(r resource) string {
	return findText("", map[string]any(r.object), func(path, text string) bool {
		shows := text != "" && text != offline.Secret && !strings.HasPrefix(text, "ssm:/") // which names a parameter
		return credentials.IsKey(text) || secretive.MatchString(path) && shows
	})
}

// findText returns the path of the first text below a value for which a condition holds, or "".
func findText(path string, value any, holds func(path, text string) bool) string {
	switch value := value.(type) {
	case string:
		if holds(path, value) {
			return path
		}
	case []any:
		for _, each := range value {
			if found := findText(path, each, holds); found != "" {
				return found
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if found := findText(strings.TrimPrefix(path+"."+name, "."), value[name], holds); found != "" {
				return found
			}
		}
	}
	return ""
}

// pipeline keeps jobs to what is theirs.
func pipeline() []Control {
	return []Control{
		{
			// GitHub Docs, "Configuring OpenID Connect in Amazon Web Services": a wildcard lets other repositories assume the role.
			ID: "HA.29", Title: "Roles of jobs trust exact subjects", Severity: Critical, Remedy: "Name the repository, and the environment or branch", Types: []string{awstype.IAMRole},
			where: func(_ *plan, r resource) bool {
				return strings.Contains(r.text("assumeRolePolicy"), "AssumeRoleWithWebIdentity")
			},
			check: func(_ *plan, r resource) string {
				for _, each := range r.statements("assumeRolePolicy") {
					if !exactSubject(each) {
						return "it trusts others"
					}
				}
				return ""
			},
		}, {
			// IAM user guide, "Delegate permission management with permissions boundaries".
			ID: "HA.30", Title: "With a pipeline no role may do more than its boundary", Severity: High, Remedy: "Set permissionsBoundary", Types: []string{awstype.IAMRole},
			where: func(p *plan, each resource) bool {
				pipeline := slices.ContainsFunc(p.of(awstype.IAMRole), func(r resource) bool { return r.has("permissionsBoundary") })
				return pipeline && !strings.HasPrefix(each.text("path"), "/administered/") // which jobs cannot touch (docs/adr/0009)
			},
			check: func(_ *plan, r resource) string { return unless(r.has("permissionsBoundary"), "it has none") },
		},
	}
}

// exactSubject reports whether a statement that lends a role to jobs names whose, to the letter.
func exactSubject(s statement) bool {
	equal, _ := s.at("Condition.StringEquals").(map[string]any)
	for name, value := range equal {
		if strings.HasSuffix(name, ":sub") {
			return len(texts(value)) > 0 && !strings.ContainsAny(strings.Join(texts(value), ""), "*?")
		}
	}
	return false
}
