package access

import (
	"maps"
	"path"
	"slices"

	"ha-web/internal/parts"
	"ha-web/internal/upkeep"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// playbooks puts each playbook into a bucket, and has State Manager play it on every instance (document 002, "Ansible handles
// the inside-the-instance configuration").
func (b *builder) playbooks() error {
	if err := b.playbookBucket(); err != nil {
		return err
	}
	for _, playbook := range b.args.Playbooks {
		if err := b.upload(playbook); err != nil {
			return err
		}
	}
	policy, err := b.AttachBucketPolicy(b.ctx, b.bucket)
	if err != nil {
		return err
	}
	b.rights = append(b.rights, policy)
	for _, playbook := range b.args.Playbooks {
		if err := b.apply("playbook", playbook.Name, playbook.Schedule, installAnsible, b.play(playbook)); err != nil {
			return err
		}
	}
	return nil
}

// installAnsible is for the document below, which knows how to install it on Amazon Linux 2 and others, and of 2023 AWS does
// not say. There it is a package like others.
var installAnsible = step("aws:runShellScript", "ansible", pulumi.Map{
	"timeoutSeconds": pulumi.String("600"),
	"runCommand": pulumi.ToStringArray([]string{
		"command -v ansible-playbook >/dev/null || dnf install -y -q ansible-core unzip",
	}),
})

// play has AWS's own document take a playbook from the bucket, and play it.
func (b *builder) play(playbook upkeep.Playbook) pulumi.Map {
	parameters := pulumi.Map{
		"SourceType": pulumi.String("S3"),
		"SourceInfo": pulumi.JSONMarshal(pulumi.Map{"path": pulumi.Sprintf("https://s3.%s.amazonaws.com/%s/%s/",
			b.place.Region, b.bucket.Bucket, prefix(playbook))}),
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

// playbookBucket creates the bucket, which the instances read.
func (b *builder) playbookBucket() error {
	var err error
	name := b.Name("playbooks")
	if b.bucket, err = b.PrivateBucket(b.ctx, name, parts.Bucket{Unprotected: b.args.Unprotected}); err != nil {
		return err
	}
	policy, err := b.RolePolicy(b.ctx, name, b.args.Web.RoleName,
		parts.Statement{Sid: "ListPlaybooks", Actions: []string{"s3:ListBucket"}, Resources: []pulumi.StringInput{b.bucket.Arn}},
		parts.Statement{
			Sid: "ReadPlaybooks", Actions: []string{"s3:GetObject"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", b.bucket.Arn)},
		})
	b.rights = append(b.rights, policy)
	b.access.HeldBucketARNs = append(b.access.HeldBucketARNs, b.bucket.Arn)
	return err
}

// prefix is where a playbook lies in the bucket. Other content lies elsewhere: instances never get half of it.
func prefix(playbook upkeep.Playbook) string { return path.Join(playbook.Name, playbook.Digest()) }

// upload puts the files of a playbook into the bucket.
func (b *builder) upload(playbook upkeep.Playbook) error {
	for _, file := range slices.Sorted(maps.Keys(playbook.Files)) {
		_, err := b.Upload(b.ctx, b.bucket, b.Name("playbook", playbook.Name, file), parts.File{
			Key: path.Join(prefix(playbook), file), Content: playbook.Files[file], ContentType: "text/plain; charset=utf-8",
		})
		if err != nil {
			return err
		}
	}
	return nil
}
