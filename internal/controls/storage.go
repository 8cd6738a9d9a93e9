package controls

import (
	"slices"

	"ha-web/internal/awstype"
)

func buckets() []Control {
	all := []string{awstype.S3BucketV2}
	return []Control{
		{
			ID: "S3.5", Title: "Buckets take requests by TLS only", Severity: Medium, Remedy: "Refuse all others in the policy of the bucket", Types: all,
			check: func(p *plan, r resource) string {
				return unless(p.has(awstype.S3BucketPolicy, "bucket", r, func(policy resource) bool {
					return slices.ContainsFunc(policy.statements("policy"), func(each statement) bool {
						return each.refusesPlain() && slices.Contains(each.texts("Action"), "s3:*") && len(each.texts("Resource")) == 2
					})
				}), "it takes others")
			},
		}, {
			ID: "S3.6", Title: "Other accounts do not administer buckets", Severity: High, Remedy: "Take the action out", Types: []string{awstype.S3BucketPolicy},
			check: func(_ *plan, r resource) string { return administersBucket(r) },
		}, {
			ID: "S3.7", Title: "Buckets have a copy in another region", Severity: Low, Remedy: "Set cdn.replicaRegion", Types: all,
			check: func(p *plan, r resource) string {
				return unless(p.linked(awstype.S3BucketReplicationConfig, "bucket", r), "it has none")
			},
		}, {
			ID: "S3.8", Also: []string{"S3.2", "S3.3"}, Title: "Buckets are closed to the public", Severity: High,
			Remedy: "Set all four of its public access block", Types: all,
			check: func(p *plan, r resource) string {
				return unless(p.has(awstype.S3BucketPublicAccessBlock, "bucket", r, func(block resource) bool {
					return block.on("blockPublicAcls") && block.on("blockPublicPolicy") && block.on("ignorePublicAcls") && block.on("restrictPublicBuckets")
				}), "it can be opened")
			},
		}, {
			ID: "S3.9", Title: "Requests to buckets are on record", Severity: Medium, Remedy: "Log to another bucket", Types: all,
			check: func(p *plan, r resource) string {
				return unless(p.linked(awstype.S3BucketLoggingV2, "bucket", r), "they are not")
			},
		}, {
			ID: "S3.10", Also: []string{"S3.13", "S3.20"}, Title: "Old versions in buckets go", Severity: Medium, Remedy: "Add a lifecycle", Types: all,
			check: func(p *plan, r resource) string {
				return unless(p.has(awstype.S3BucketLifecycleConfigurationV2, "bucket", r, func(lifecycle resource) bool {
					return slices.ContainsFunc(lifecycle.objects("rules"), func(rule object) bool { return rule.text("status") == "Enabled" })
				}), "they stay for ever")
			},
		}, {
			ID: "S3.11", Title: "Changes in buckets are told", Severity: Medium, Remedy: "Add a notification", Types: all,
			check: func(p *plan, r resource) string {
				return unless(p.linked(awstype.S3BucketNotification, "bucket", r), "nobody hears of them")
			},
		}, {
			ID: "S3.12", Title: "Buckets have no access lists", Severity: Medium, Remedy: "Set objectOwnership to BucketOwnerEnforced", Types: all,
			check: func(p *plan, r resource) string {
				return unless(p.has(awstype.S3BucketOwnershipControls, "bucket", r, func(ownership resource) bool {
					return ownership.text("rule.objectOwnership") == "BucketOwnerEnforced"
				}), "it may have")
			},
		}, {
			ID: "S3.14", Title: "Buckets keep old versions", Severity: Low, Remedy: "Turn on versioning", Types: all,
			check: func(p *plan, r resource) string {
				return unless(p.has(awstype.S3BucketVersioningV2, "bucket", r, func(versioning resource) bool {
					return versioning.text("versioningConfiguration.status") == "Enabled"
				}), "it does not")
			},
		}, {
			ID: "S3.15", Title: "Objects in buckets are locked", Severity: Medium, Remedy: "Turn on Object Lock", Types: all,
			check: func(p *plan, r resource) string {
				return unless(p.linked(awstype.S3BucketObjectLockConfigurationV2, "bucket", r), "they are not")
			},
		}, {
			ID: "S3.17", Title: "Buckets are encrypted with a key of AWS KMS", Severity: Medium, Remedy: "Set sseAlgorithm to aws:kms", Types: all,
			check: func(p *plan, r resource) string {
				return unless(encrypted(p, r, "aws:kms", "aws:kms:dsse"), "with one of S3")
			},
		}, {
			ID: "HA.25", Title: "Buckets say how they are encrypted", Severity: Medium, Remedy: "Add its encryption", Types: all,
			check: func(p *plan, r resource) string {
				return unless(encrypted(p, r, "AES256", "aws:kms", "aws:kms:dsse"), "as S3 likes")
			},
		},
	}
}

func encrypted(p *plan, bucket resource, algorithms ...string) bool {
	return p.has(awstype.S3BucketServerSideEncryptionConfigurationV2, "bucket", bucket, func(encryption resource) bool {
		return slices.ContainsFunc(encryption.objects("rules"), func(rule object) bool {
			return slices.Contains(algorithms, rule.text("applyServerSideEncryptionByDefault.sseAlgorithm"))
		})
	})
}

// administersBucket returns which action of S3.6 the policy of a bucket lets another account take.
func administersBucket(policy resource) string {
	for _, each := range policy.statements("policy") {
		if !each.allows() || len(each.texts("Principal.AWS"))+len(each.texts("Principal")) == 0 {
			continue
		}
		for _, action := range []string{
			"s3:*", "s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketPolicy", "s3:PutEncryptionConfiguration", "s3:PutObjectAcl",
		} {
			if slices.Contains(each.texts("Action"), action) {
				return "another may " + action
			}
		}
	}
	return ""
}
