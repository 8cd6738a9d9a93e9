package parts

import (
	"fmt"
	"ha-web/internal/component"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Bucket describes a private bucket.
type Bucket struct {
	// ExpireDays is how long objects are kept. 0: for ever.
	ExpireDays int
	// Unprotected lets Pulumi delete the bucket with all that is in it.
	Unprotected bool
}

// PrivateBucket is a bucket that is closed to all but the account's own roles. [Children.Admit] lets others in.
type PrivateBucket struct {
	*s3.BucketV2
	// Versioning is what replication waits for.
	Versioning *s3.BucketVersioningV2

	name   string
	closed pulumi.Resource
	files  []pulumi.Resource
	opts   []pulumi.ResourceOption
}

// File is a text that Pulumi puts into a bucket, and looks after.
type File struct {
	Key, Content, ContentType string
	// CacheControl is how long others may keep it. Default: it does not say.
	CacheControl string
}

// Versions and what is left of uploads that broke off are kept for so many days (Security Hub S3.10).
const (
	oldVersionDays   = 30
	brokenUploadDays = 7
)

// PrivateBucket creates a bucket that nobody can open to the public, versioned, and encrypted by keys of S3 (SSE-S3). The
// options, such as another provider, go to all that it consists of. It is not whole without a call of Admit.
func (c Children) PrivateBucket(
	ctx *pulumi.Context, name string, args Bucket, opts ...pulumi.ResourceOption,
) (*PrivateBucket, error) {
	created, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{
		ForceDestroy: pulumi.Bool(args.Unprotected),
		Tags:         c.Tags(name),
	}, append(c.Options(opts...), component.Guard(!args.Unprotected))...)
	if err != nil {
		return nil, fmt.Errorf("creating bucket %s: %w", name, err)
	}
	bucket := &PrivateBucket{BucketV2: created, name: name, opts: opts}
	bucket.closed, err = s3.NewBucketPublicAccessBlock(ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, c.Options(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("closing bucket %s: %w", name, err)
	}
	return bucket, c.applyLifecycle(ctx, bucket, args)
}

// Upload puts a file into a bucket, after whatever has to be there first. Versioning has to: a file from before it has no
// version, by which the provider could delete it for good.
func (c Children) Upload(
	ctx *pulumi.Context, bucket *PrivateBucket, name string, file File, after ...pulumi.Resource,
) (*s3.BucketObjectv2, error) {
	args := &s3.BucketObjectv2Args{
		Bucket:      bucket.ID(),
		Key:         pulumi.String(file.Key),
		Content:     pulumi.String(file.Content),
		ContentType: pulumi.String(file.ContentType),
		Tags:        objectTags(c.Tags(name)),
	}
	if file.CacheControl != "" {
		args.CacheControl = pulumi.String(file.CacheControl)
	}
	after = append(slices.Clone(after), bucket.Versioning)
	object, err := s3.NewBucketObjectv2(ctx, name, args, append(c.Options(bucket.opts...), pulumi.DependsOn(after))...)
	if err != nil {
		return nil, fmt.Errorf("creating file %s: %w", name, err)
	}
	bucket.files = append(bucket.files, object)
	return object, nil
}

// maxObjectTags is the most tags of an object (Amazon S3 user guide, "Categorizing your objects using tags").
const maxObjectTags = 10

// objectTags returns the tags of an object: its name alone where it cannot have all. Its bucket has them.
func objectTags(tags pulumi.StringMap) pulumi.StringMap {
	if len(tags) > maxObjectTags {
		return pulumi.StringMap{"Name": tags["Name"]}
	}
	return tags
}

// AttachBucketPolicy creates the policy of a bucket: what the statements allow, and nothing without TLS. What uses the bucket on the
// strength of a statement depends on the policy. It comes after the files so far: emulators of AWS speak no TLS.
func (c Children) AttachBucketPolicy(ctx *pulumi.Context, bucket *PrivateBucket, statements ...Statement) (*s3.BucketPolicy, error) {
	// S3 takes one change of access at a time.
	after := pulumi.DependsOn(append(slices.Clone(bucket.files), bucket.closed))
	policy, err := s3.NewBucketPolicy(ctx, bucket.name, &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: Policy(append(statements, withoutTLS(bucket))...),
	}, append(c.Options(bucket.opts...), after)...)
	if err != nil {
		return nil, fmt.Errorf("creating policy of bucket %s: %w", bucket.name, err)
	}
	return policy, nil
}

// withoutTLS refuses all that comes in the clear (Security Hub S3.5).
func withoutTLS(bucket *PrivateBucket) Statement {
	return Statement{
		Sid: "RefuseWithoutTLS", Deny: true, AWS: pulumi.String("*"), Actions: []string{"s3:*"},
		Resources:  []pulumi.StringInput{bucket.Arn, pulumi.Sprintf("%s/*", bucket.Arn)},
		Conditions: map[string]pulumi.Map{"Bool": {"aws:SecureTransport": pulumi.String("false")}},
	}
}

// applyLifecycle sets how the bucket keeps its objects.
func (c Children) applyLifecycle(ctx *pulumi.Context, bucket *PrivateBucket, args Bucket) error {
	name := bucket.name
	_, err := s3.NewBucketOwnershipControls(ctx, name, &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, c.Options(bucket.opts...)...)
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
	}, c.Options(bucket.opts...)...)
	if err != nil {
		return fmt.Errorf("encrypting bucket %s: %w", name, err)
	}
	bucket.Versioning, err = s3.NewBucketVersioningV2(ctx, name, &s3.BucketVersioningV2Args{
		Bucket: bucket.ID(),
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{
			Status: pulumi.String("Enabled"),
		},
	}, c.Options(bucket.opts...)...)
	if err != nil {
		return fmt.Errorf("versioning bucket %s: %w", name, err)
	}
	after := pulumi.DependsOn([]pulumi.Resource{bucket.Versioning}) // S3 takes rules for versions where there are any
	_, err = s3.NewBucketLifecycleConfigurationV2(ctx, name, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  s3.BucketLifecycleConfigurationV2RuleArray{lifecycle(args)},
	}, append(c.Options(bucket.opts...), after)...)
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
