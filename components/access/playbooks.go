package access

import (
	"maps"
	"path"
	"slices"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// playbooks uploads each playbook to a bucket, and has State Manager run it on every instance, which needs these permissions and
// those to read the bucket. It returns the ARN of the bucket and the associations.
func (b *builder) playbooks(permissions []pulumi.Resource) (pulumi.StringInput, pulumi.StringArray, error) {
	bucket, readable, err := b.playbookBucket()
	if err != nil {
		return nil, nil, err
	}
	for _, playbook := range b.settings.Playbooks {
		if err := b.upload(bucket, playbook); err != nil {
			return nil, nil, err
		}
	}
	policy, err := b.AttachBucketPolicy(b.ctx, bucket)
	if err != nil {
		return nil, nil, err
	}
	permissions = slices.Concat(permissions, []pulumi.Resource{readable, policy})
	var associations pulumi.StringArray
	for _, playbook := range b.settings.Playbooks {
		association, err := b.associate("playbook", playbook.Name, playbook.Schedule, permissions, installAnsible, b.run(bucket, playbook))
		if err != nil {
			return nil, nil, err
		}
		associations = append(associations, association)
	}
	return bucket.Arn, associations, nil
}

// installAnsible installs what the document AWS-ApplyAnsiblePlaybooks needs. That can install Ansible on Amazon Linux 2 and others,
// and AWS does not document Amazon Linux 2023, where Ansible is a package of the distribution.
var installAnsible = step("aws:runShellScript", "ansible", pulumi.Map{
	"timeoutSeconds": pulumi.String("600"),
	"runCommand": pulumi.ToStringArray([]string{
		"command -v ansible-playbook >/dev/null || dnf install -y -q ansible-core unzip",
	}),
})

// run is the step that downloads a playbook from the bucket and runs it, by a document of AWS.
func (b *builder) run(bucket *parts.PrivateBucket, playbook Playbook) pulumi.Map {
	parameters := pulumi.Map{
		"SourceType": pulumi.String("S3"),
		"SourceInfo": pulumi.JSONMarshal(pulumi.Map{"path": pulumi.Sprintf("https://s3.%s.amazonaws.com/%s/%s/",
			b.place.Region, bucket.Bucket, prefix(playbook))}),
		"InstallDependencies": pulumi.String("False"),
		"PlaybookFile":        pulumi.String(playbook.Playbook),
		"Check":               pulumi.String("False"),
		"Verbose":             pulumi.String("-v"),
	}
	if extra := playbook.ExtraVariables(); extra != "" {
		parameters["ExtraVariables"] = pulumi.String(extra)
	}
	return step("aws:runDocument", "play", pulumi.Map{
		"documentType": pulumi.String("SSMDocument"), "documentPath": pulumi.String("AWS-ApplyAnsiblePlaybooks"),
		"documentParameters": parameters,
	})
}

// playbookBucket creates the bucket. It returns the permission of instances to read it too.
func (b *builder) playbookBucket() (*parts.PrivateBucket, pulumi.Resource, error) {
	name := b.Name("playbooks")
	bucket, err := b.PrivateBucket(b.ctx, name, parts.Bucket{Unprotected: !b.settings.DeletionProtection})
	if err != nil {
		return nil, nil, err
	}
	policy, err := b.RolePolicy(b.ctx, name, b.args.Web.RoleName,
		parts.Statement{Sid: "ListPlaybooks", Actions: []string{"s3:ListBucket"}, Resources: []pulumi.StringInput{bucket.Arn}},
		parts.Statement{
			Sid: "ReadPlaybooks", Actions: []string{"s3:GetObject"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", bucket.Arn)},
		})
	return bucket, policy, err
}

// prefix is the path of a playbook in the bucket. It changes with the files, so that no instance downloads a mix of old and new
// ones.
func prefix(playbook Playbook) string { return path.Join(playbook.Name, playbook.Digest()) }

// upload uploads the files of a playbook to the bucket.
func (b *builder) upload(bucket *parts.PrivateBucket, playbook Playbook) error {
	for _, file := range slices.Sorted(maps.Keys(playbook.Files)) {
		_, err := b.Upload(b.ctx, bucket, b.Name("playbook", playbook.Name, file), parts.File{
			Key: path.Join(prefix(playbook), file), Content: playbook.Files[file], ContentType: "text/plain; charset=utf-8",
		})
		if err != nil {
			return err
		}
	}
	return nil
}
