package cdn

import (
	"cmp"
	"fmt"

	"ha-web/internal/parts"
	"ha-web/internal/settings/cdn"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// staticFiles is the bucket of the static files.
type staticFiles struct {
	bucket  *parts.PrivateBucket
	replica *parts.PrivateBucket            // in another region, nil: none
	access  *cloudfront.OriginAccessControl // signs the requests of CloudFront to both
}

// staticFiles creates the bucket with the error page in it, and its replica.
func (b *builder) staticFiles() (*staticFiles, error) {
	args := parts.Bucket{Unprotected: !b.settings.DeletionProtection}
	name := b.Name("static")
	bucket, err := b.PrivateBucket(b.ctx, name, args)
	if err != nil {
		return nil, err
	}
	access, err := cloudfront.NewOriginAccessControl(b.ctx, name, &cloudfront.OriginAccessControlArgs{
		OriginAccessControlOriginType: pulumi.String("s3"),
		SigningBehavior:               pulumi.String("always"),
		SigningProtocol:               pulumi.String("sigv4"),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating origin access control %s: %w", name, err)
	}
	static := &staticFiles{bucket: bucket, access: access}
	if b.settings.ReplicaRegion == "" {
		return static, b.errorPage(bucket)
	}
	static.replica, err = b.PrivateBucket(b.ctx, b.Name("static", "replica"), args, pulumi.Provider(b.args.Replica))
	if err != nil {
		return nil, err
	}
	replication, err := b.replicate(bucket, static.replica)
	if err != nil {
		return nil, err
	}
	return static, b.errorPage(bucket, replication)
}

// errorPagePath is the page that CloudFront serves while the origin is down.
const errorPagePath = cdn.ErrorPath + "unavailable.html"

// errorPage uploads the page, after replication is in place: that copies no files from before (Amazon S3 user guide, "What
// does Amazon S3 replicate?").
func (b *builder) errorPage(bucket *parts.PrivateBucket, after ...pulumi.Resource) error {
	_, err := b.Upload(b.ctx, bucket, b.Name("static", "unavailable"), parts.File{
		Key:         errorPagePath[1:],
		Content:     cmp.Or(b.settings.ErrorHTML, plainErrorPage),
		ContentType: "text/html; charset=utf-8",
		// For CloudFront. Browsers do not cache it: they get it with the status of an error.
		CacheControl: "max-age=60",
	}, after...)
	return err
}

// replicate copies what is uploaded to a bucket to its replica.
func (b *builder) replicate(bucket, replica *parts.PrivateBucket) (*s3.BucketReplicationConfig, error) {
	name := b.Name("static", "replica")
	role, policy, err := b.replicationRole(name, bucket, replica)
	if err != nil {
		return nil, err
	}
	replication, err := s3.NewBucketReplicationConfig(b.ctx, name, &s3.BucketReplicationConfigArgs{
		Bucket: bucket.ID(),
		Role:   role.Arn,
		Rules: s3.BucketReplicationConfigRuleArray{s3.BucketReplicationConfigRuleArgs{
			Id:                      pulumi.String("everything"),
			Priority:                pulumi.Int(1),
			Status:                  pulumi.String("Enabled"),
			Filter:                  s3.BucketReplicationConfigRuleFilterArgs{Prefix: pulumi.String("")},
			DeleteMarkerReplication: s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs{Status: pulumi.String("Enabled")},
			Destination:             s3.BucketReplicationConfigRuleDestinationArgs{Bucket: replica.Arn},
		}},
	}, b.Options(pulumi.DependsOn([]pulumi.Resource{policy, bucket.Versioning, replica.Versioning}))...)
	if err != nil {
		return nil, fmt.Errorf("replicating bucket %s: %w", name, err)
	}
	return replication, nil
}

// replicationRole creates the role by which S3 replicates a bucket (Amazon S3 user guide, "Setting up permissions for live
// replication").
func (b *builder) replicationRole(name string, bucket, replica *parts.PrivateBucket) (*iam.Role, *iam.RolePolicy, error) {
	role, err := b.ServiceRole(b.ctx, name, "s3.amazonaws.com", map[string]pulumi.Map{
		"StringEquals": {"aws:SourceAccount": b.place.Account},
	})
	if err != nil {
		return nil, nil, err
	}
	policy, err := b.RolePolicy(b.ctx, name, role.Name,
		parts.Statement{
			Sid:       "ReadBucket",
			Actions:   []string{"s3:GetReplicationConfiguration", "s3:ListBucket"},
			Resources: []pulumi.StringInput{bucket.Arn},
		},
		parts.Statement{
			Sid:       "ReadFiles",
			Actions:   []string{"s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", bucket.Arn)},
		},
		parts.Statement{
			Sid:       "WriteReplica",
			Actions:   []string{"s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", replica.Arn)},
		})
	return role, policy, err
}

// grantRead lets the distribution, and no other, read the buckets. Without the permission to list them, a missing file is 403
// and not 404.
func (b *builder) grantRead(static *staticFiles, distribution pulumi.StringInput) error {
	for _, bucket := range []*parts.PrivateBucket{static.bucket, static.replica} {
		if bucket == nil {
			continue
		}
		_, err := b.AttachBucketPolicy(b.ctx, bucket, parts.Statement{
			Sid:        "ReadThroughCloudFront",
			Service:    pulumi.String("cloudfront.amazonaws.com"),
			Actions:    []string{"s3:GetObject"},
			Resources:  []pulumi.StringInput{pulumi.Sprintf("%s/*", bucket.Arn)},
			Conditions: map[string]pulumi.Map{"StringEquals": {"AWS:SourceArn": distribution}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
