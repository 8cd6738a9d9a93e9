package webtier

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// logGroup creates the log group of the instances. It has a name that people find.
func (b *builder) logGroup() (err error) {
	path := "/" + b.name + "/" + b.ctx.Stack() + "/app"
	b.logs, err = b.LogGroup(b.ctx, b.Name("app"), path, b.args.LogRetentionDays, b.args.KeyARN)
	return err
}

// managedPolicies are AWS's own policies on the role: for sessions, commands and patches without SSH, and for logs.
var managedPolicies = []struct{ role, policy string }{
	{"ssm", "AmazonSSMManagedInstanceCore"},
	{"cloudwatch", "CloudWatchAgentServerPolicy"},
}

// instanceRole creates the role of the instances, with what they may do from their start.
func (b *builder) instanceRole() error {
	name := b.Name("app")
	var err error
	if b.role, err = b.ServiceRole(b.ctx, name, "ec2.amazonaws.com", nil); err != nil {
		return err
	}
	for _, each := range managedPolicies {
		attached, err := b.AttachPolicy(b.ctx, b.Name("app", each.role), b.role.Name, b.place.ManagedPolicy(each.policy))
		if err != nil {
			return err
		}
		b.rights = append(b.rights, attached)
	}
	policy, err := b.RolePolicy(b.ctx, name, b.role.Name, b.statements()...)
	if err != nil {
		return err
	}
	b.rights = append(b.rights, policy)
	b.profile, err = iam.NewInstanceProfile(b.ctx, name, &iam.InstanceProfileArgs{
		Path: pulumi.String(parts.RolePath(b.name, b.ctx.Stack())), // like its role: by that a pipeline may make it
		Role: b.role.Name,
		Tags: b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating instance profile %s: %w", name, err)
	}
	return b.databaseSecret()
}

// databaseSecret lets instances read the secret of the database. It is no right that an instance boots with: the secret
// exists a quarter of an hour after the role does, and the fleet does not wait for the database.
func (b *builder) databaseSecret() error {
	if b.args.DatabaseSecretARN == nil {
		return nil
	}
	_, err := b.RolePolicy(b.ctx, b.Name("app", "database"), b.role.Name,
		parts.ReadSecrets(b.place, b.args.KeyARN, b.args.DatabaseSecretARN)...)
	return err
}

// statements are what the role may do beyond the managed policies, and what of those it may not.
func (b *builder) statements() []parts.Statement {
	statements := b.parameters()
	if arns := b.secretARNs(); len(arns) > 0 {
		statements = append(statements, parts.ReadSecrets(b.place, b.args.KeyARN, arns...)...)
	}
	return append(statements, b.pulls()...)
}

var readParameters = []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"}

// parameters let the role read the parameters of its stack and refuse all others of the account, which
// AmazonSSMManagedInstanceCore would allow.
func (b *builder) parameters() []parts.Statement {
	public := pulumi.Sprintf("arn:%s:ssm:*::parameter/aws/*", b.place.Partition) // AWS's own, for everyone
	own := []pulumi.StringInput{public}
	var statements []parts.Statement
	if b.args.ParameterPrefix != nil {
		path := pulumi.Sprintf("arn:%s:ssm:%s:%s:parameter%s",
			b.place.Partition, b.place.Region, b.place.Account, b.args.ParameterPrefix)
		mine := []pulumi.StringInput{path, pulumi.Sprintf("%s/*", path)}
		statements = append(statements, parts.Statement{Sid: "ReadParameters", Actions: readParameters, Resources: mine})
		own = append(own, mine...)
	}
	return append(statements, parts.Statement{
		Sid: "RefuseOtherParameters", Deny: true, Actions: readParameters, Except: own,
	})
}

// pulls let the role pull its container image, where that lies in a repository of ECR.
func (b *builder) pulls() []parts.Statement {
	repository, private := b.spec.Repository()
	if !private {
		return nil
	}
	return []parts.Statement{
		{
			Sid:       "LogInToRegistry",
			Actions:   []string{"ecr:GetAuthorizationToken"},
			Resources: []pulumi.StringInput{pulumi.String("*")}, // the action knows no other
		},
		{
			Sid:     "PullImage",
			Actions: []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("arn:%s:ecr:%s:%s:repository/%s",
				b.place.Partition, repository.Region, repository.Account, repository.Name)},
		},
	}
}
