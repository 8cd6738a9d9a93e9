package cdn

import (
	"fmt"

	"ha-web/internal/distribution"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// buckets creates the bucket of the static files, its copy in another region where one is asked for, and what signs
// CloudFront's requests to them.
func (b *builder) buckets() error {
	var err error
	settings := parts.Bucket{Unprotected: b.args.Unprotected}
	if b.static, err = b.PrivateBucket(b.ctx, b.Name("static"), settings); err != nil {
		return err
	}
	name := b.Name("static")
	b.access, err = cloudfront.NewOriginAccessControl(b.ctx, name, &cloudfront.OriginAccessControlArgs{
		OriginAccessControlOriginType: pulumi.String("s3"),
		SigningBehavior:               pulumi.String("always"),
		SigningProtocol:               pulumi.String("sigv4"),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating access control %s: %w", name, err)
	}
	if b.args.Replica == nil {
		return nil
	}
	b.replica, err = b.PrivateBucket(b.ctx, b.Name("static", "replica"), settings, pulumi.Provider(b.args.Replica))
	if err != nil {
		return err
	}
	return b.replicate()
}

// replicate copies what comes into the bucket to its replica.
func (b *builder) replicate() error {
	name := b.Name("static", "replica")
	role, err := b.ServiceRole(b.ctx, name, "s3.amazonaws.com", map[string]pulumi.Map{
		"StringEquals": {"aws:SourceAccount": b.place.Account},
	})
	if err != nil {
		return err
	}
	policy, err := b.RolePolicy(b.ctx, name, role.Name,
		parts.Statement{
			Sid:       "ReadBucket",
			Actions:   []string{"s3:GetReplicationConfiguration", "s3:ListBucket"},
			Resources: []pulumi.StringInput{b.static.Arn},
		},
		parts.Statement{
			Sid:       "ReadFiles",
			Actions:   []string{"s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", b.static.Arn)},
		},
		parts.Statement{
			Sid:       "WriteReplica",
			Actions:   []string{"s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", b.replica.Arn)},
		})
	if err != nil {
		return err
	}
	replication, err := s3.NewBucketReplicationConfig(b.ctx, name, &s3.BucketReplicationConfigArgs{
		Bucket: b.static.ID(),
		Role:   role.Arn,
		Rules: s3.BucketReplicationConfigRuleArray{s3.BucketReplicationConfigRuleArgs{
			Id:                      pulumi.String("everything"),
			Priority:                pulumi.Int(1),
			Status:                  pulumi.String("Enabled"),
			Filter:                  s3.BucketReplicationConfigRuleFilterArgs{Prefix: pulumi.String("")},
			DeleteMarkerReplication: s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs{Status: pulumi.String("Enabled")},
			Destination:             s3.BucketReplicationConfigRuleDestinationArgs{Bucket: b.replica.Arn},
		}},
	}, b.Options(pulumi.DependsOn([]pulumi.Resource{policy, b.static.Versioning, b.replica.Versioning}))...)
	if err != nil {
		return fmt.Errorf("replicating bucket %s: %w", name, err)
	}
	b.replication = []pulumi.Resource{replication}
	return nil
}

// admitDistribution lets the distribution, and no other, read the buckets. A file that is not there is 403, and not 404:
// CloudFront may not look what is there.
func (b *builder) admitDistribution() error {
	for _, bucket := range []*parts.PrivateBucket{b.static, b.replica} {
		if bucket == nil {
			continue
		}
		_, err := b.AttachBucketPolicy(b.ctx, bucket, parts.Statement{
			Sid:        "ReadThroughCloudFront",
			Service:    pulumi.String("cloudfront.amazonaws.com"),
			Actions:    []string{"s3:GetObject"},
			Resources:  []pulumi.StringInput{pulumi.Sprintf("%s/*", bucket.Arn)},
			Conditions: map[string]pulumi.Map{"StringEquals": {"AWS:SourceArn": b.arn}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// errorPagePath is the page that CloudFront shows while the origin is down.
const errorPagePath = distribution.ErrorPath + "unavailable.html"

// errorPage puts the page into the bucket. Replication has to be there first: it copies nothing from before its time.
func (b *builder) errorPage() error {
	_, err := b.Upload(b.ctx, b.static, b.Name("static", "unavailable"), parts.File{
		Key: errorPagePath[1:], Content: b.args.ErrorPage, ContentType: "text/html; charset=utf-8",
		CacheControl: "max-age=60", // of CloudFront; viewers get it as an error, which they do not keep
	}, b.replication...)
	return err
}
