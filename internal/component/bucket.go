package component

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Bucket describes a private bucket.
type Bucket struct {
	// Writers returns the statements that let services in. By itself nobody gets in but the account's own roles.
	Writers func(bucket *s3.BucketV2) []Statement
	// ExpireDays is how long objects are kept. 0: for ever.
	ExpireDays int
	// Unprotected lets Pulumi delete the bucket with all that is in it.
	Unprotected bool
}

// Versions and what is left of uploads that broke off are kept for so many days (Security Hub S3.10).
const (
	oldVersionDays   = 30
	brokenUploadDays = 7
)

// PrivateBucket creates a bucket that nobody can open to the public, versioned, encrypted by keys of S3 (SSE-S3), and
// reached over TLS alone. It returns its policy too: what writes to the bucket depends on that.
func (c Children) PrivateBucket(ctx *pulumi.Context, name string, args Bucket) (*s3.BucketV2, *s3.BucketPolicy, error) {
	bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{
		ForceDestroy: pulumi.Bool(args.Unprotected),
		Tags:         c.Tags(name),
	}, c.Options(Guard(!args.Unprotected))...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating bucket %s: %w", name, err)
	}
	closed, err := s3.NewBucketPublicAccessBlock(ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, c.Options()...)
	if err != nil {
		return nil, nil, fmt.Errorf("closing bucket %s: %w", name, err)
	}
	policy, err := s3.NewBucketPolicy(ctx, name, &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: Policy(append(args.Writers(bucket), withoutTLS(bucket))...),
	}, c.Options(pulumi.DependsOn([]pulumi.Resource{closed}))...) // S3 takes one change of access at a time
	if err != nil {
		return nil, nil, fmt.Errorf("creating policy of bucket %s: %w", name, err)
	}
	return bucket, policy, c.keepBucket(ctx, name, bucket, args)
}

// withoutTLS refuses all that comes in the clear (Security Hub S3.5).
func withoutTLS(bucket *s3.BucketV2) Statement {
	return Statement{
		Sid: "RefuseWithoutTLS", Deny: true, AWS: pulumi.String("*"), Actions: []string{"s3:*"},
		Resources:  []pulumi.StringInput{bucket.Arn, pulumi.Sprintf("%s/*", bucket.Arn)},
		Conditions: map[string]pulumi.Map{"Bool": {"aws:SecureTransport": pulumi.String("false")}},
	}
}

// keepBucket sets how the bucket keeps its objects.
func (c Children) keepBucket(ctx *pulumi.Context, name string, bucket *s3.BucketV2, args Bucket) error {
	_, err := s3.NewBucketOwnershipControls(ctx, name, &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, c.Options()...)
	if err != nil {
		return fmt.Errorf("owning objects of bucket %s: %w", name, err)
	}
	_, err = s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name, &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("AES256"),
			},
		}},
	}, c.Options()...)
	if err != nil {
		return fmt.Errorf("encrypting bucket %s: %w", name, err)
	}
	versioning, err := s3.NewBucketVersioningV2(ctx, name, &s3.BucketVersioningV2Args{
		Bucket: bucket.ID(),
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{
			Status: pulumi.String("Enabled"),
		},
	}, c.Options()...)
	if err != nil {
		return fmt.Errorf("versioning bucket %s: %w", name, err)
	}
	_, err = s3.NewBucketLifecycleConfigurationV2(ctx, name, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  s3.BucketLifecycleConfigurationV2RuleArray{lifecycle(args)},
	}, c.Options(pulumi.DependsOn([]pulumi.Resource{versioning}))...) // S3 takes rules for versions where there are any
	if err != nil {
		return fmt.Errorf("setting lifecycle of bucket %s: %w", name, err)
	}
	return nil
}

func lifecycle(args Bucket) s3.BucketLifecycleConfigurationV2RuleArgs {
	rule := s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:     pulumi.String("expire"),
		Status: pulumi.String("Enabled"),
		Filter: s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")}, // everything
		AbortIncompleteMultipartUpload: s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
			DaysAfterInitiation: pulumi.Int(brokenUploadDays),
		},
		NoncurrentVersionExpiration: s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
			NoncurrentDays: pulumi.Int(oldVersionDays),
		},
	}
	if args.ExpireDays > 0 {
		rule.Expiration = s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(args.ExpireDays)}
	}
	return rule
}
