package controls

import (
	"fmt"
	"slices"
	"strings"

	"ha-web/internal/awstype"
	"ha-web/internal/rotation"
)

func keys() []Control {
	return []Control{
		{
			ID: "KMS.1", Title: "Managed policies let nobody decrypt with every key", Severity: Medium, Remedy: "Name the key", Types: []string{awstype.IAMPolicy},
			where: notBoundary,
			check: func(_ *plan, r resource) string { return decryptsAll(r) },
		}, {
			ID: "KMS.2", Title: "Policies of roles let nobody decrypt with every key", Severity: Medium, Remedy: "Name the key", Types: []string{awstype.IAMRolePolicy},
			check: func(_ *plan, r resource) string { return decryptsAll(r) },
		}, {
			ID: "KMS.3", Title: "Deleted keys can be brought back for a week or more", Severity: Critical, Remedy: "Raise deletionWindowInDays", Types: []string{awstype.KMSKey},
			check: func(_ *plan, r resource) string {
				return unless(r.number("deletionWindowInDays") >= 7, "for %v days", r.number("deletionWindowInDays"))
			},
		}, {
			ID: "KMS.4", Title: "Keys rotate", Severity: Medium, Remedy: "Set enableKeyRotation", Types: []string{awstype.KMSKey},
			check: func(_ *plan, r resource) string { return unless(r.on("enableKeyRotation"), "it does not") },
		}, {
			ID: "KMS.5", Title: "Keys are not public", Severity: Critical, Remedy: "Name principals, or add a condition", Types: []string{awstype.KMSKey},
			check: func(_ *plan, r resource) string { return publicStatement(r) },
		},
	}
}

// decryptsAll returns which statement allows decryption with every key, whatever its conditions.
func decryptsAll(policy resource) string {
	for _, each := range policy.statements("policy") {
		decrypts := slices.ContainsFunc(each.texts("Action"), func(action string) bool {
			return slices.Contains([]string{"kms:*", "kms:Decrypt", "kms:Decrypt*", "kms:ReEncrypt*", "kms:ReEncryptFrom"}, action)
		})
		every := slices.ContainsFunc(each.texts("Resource"), func(resource string) bool {
			return resource == "*" || strings.HasPrefix(resource, "arn:") && strings.Contains(resource, ":kms:") && strings.HasSuffix(resource, ":key/*")
		})
		if each.allows() && decrypts && every {
			return fmt.Sprintf("statement %q does", each.text("Sid"))
		}
	}
	return ""
}

// publicStatement returns which statement of a resource's policy lets everyone in.
func publicStatement(r resource) string {
	for _, each := range r.statements("policy") {
		if each.public() {
			return fmt.Sprintf("statement %q lets everyone in", each.text("Sid"))
		}
	}
	return ""
}

// daysToRotate returns the most days from one rotation to the next, or 0 where nothing says when.
func daysToRotate(r resource) float64 {
	schedule, err := rotation.Parse(r.text("rotationRules.scheduleExpression"))
	if err != nil {
		return r.number("rotationRules.automaticallyAfterDays")
	}
	_, longest := schedule.Gaps()
	return longest.Hours() / 24
}

func secrets() []Control {
	return []Control{
		{
			ID: "SecretsManager.1", Title: "Secrets rotate", Severity: Medium, Remedy: "Add a rotation", Types: []string{awstype.SecretsManagerSecret, awstype.RDSInstance},
			where: func(_ *plan, r resource) bool {
				return r.Type == awstype.SecretsManagerSecret || r.on("manageMasterUserPassword")
			},
			check: func(p *plan, r resource) string {
				return unless(slices.ContainsFunc(p.of(awstype.SecretsManagerSecretRotation), func(rotation resource) bool {
					return r.is(rotation.text("secretId")) || r.Type == awstype.RDSInstance && strings.HasSuffix(rotation.text("secretId"), "rds!"+r.Name)
				}), "it does not")
			},
		}, {
			ID: "SecretsManager.4", Title: "Secrets rotate every 90 days or sooner", Severity: Medium, Remedy: "Rotate more often in database.rotation.schedule",
			Types: []string{awstype.SecretsManagerSecretRotation},
			check: func(_ *plan, r resource) string {
				days := daysToRotate(r)
				return unless(days > 0 && days <= 90, "every %v days", days)
			},
		},
	}
}
