package webtier

import (
	"fmt"
	"slices"

	"ha-web/internal/parts"
	"ha-web/internal/settings/web"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// logGroup creates the log group of the instances, with a name that people find.
func (b *builder) logGroup() (*cloudwatch.LogGroup, error) {
	path := "/" + b.Component() + "/" + b.ctx.Stack() + "/app"
	return b.LogGroup(b.ctx, b.Name("app"), path, b.settings.LogRetentionDays, b.args.KeyARN)
}

// managedPolicies are AWS managed policies of the role: for sessions, commands and patches without SSH, and for logs.
var managedPolicies = []struct{ role, policy string }{
	{"ssm", "AmazonSSMManagedInstanceCore"},
	{"cloudwatch", "CloudWatchAgentServerPolicy"},
}

// instanceRole creates the role of the instances, and returns the policies that an instance needs when it boots.
func (b *builder) instanceRole() (*iam.Role, []pulumi.Resource, error) {
	name := b.Name("app")
	role, err := b.ServiceRole(b.ctx, name, "ec2.amazonaws.com", nil)
	if err != nil {
		return nil, nil, err
	}
	var rights []pulumi.Resource
	for _, each := range managedPolicies {
		attached, err := b.AttachPolicy(b.ctx, b.Name("app", each.role), role.Name, b.place.ManagedPolicy(each.policy))
		if err != nil {
			return nil, nil, err
		}
		rights = append(rights, attached)
	}
	policy, err := b.RolePolicy(b.ctx, name, role.Name, b.statements()...)
	if err != nil {
		return nil, nil, err
	}
	further, err := b.furtherPolicies(role)
	if err != nil {
		return nil, nil, err
	}
	return role, slices.Concat(rights, []pulumi.Resource{policy}, further), b.databaseSecret(role)
}

// furtherPolicies give the role what the settings allow. The names of the resources do not depend on the order of the settings.
func (b *builder) furtherPolicies(role *iam.Role) ([]pulumi.Resource, error) {
	var created []pulumi.Resource
	var statements []parts.Statement
	for _, each := range b.settings.Policies {
		if each.ARN == "" {
			var resources []pulumi.StringInput
			for _, resource := range each.Resources {
				resources = append(resources, pulumi.String(resource))
			}
			statements = append(statements, parts.Statement{Actions: each.Actions, Resources: resources})
			continue
		}
		account, policy := each.PolicyName()
		attached, err := b.AttachPolicy(b.ctx, b.Name("app", "policy", account, policy), role.Name, pulumi.String(each.ARN))
		if err != nil {
			return nil, err
		}
		created = append(created, attached)
	}
	if len(statements) == 0 {
		return created, nil
	}
	policy, err := b.RolePolicy(b.ctx, b.Name("app", "further"), role.Name, statements...)
	if err != nil {
		return nil, err
	}
	return append(created, policy), nil
}

// instanceProfile creates the instance profile of the role, with the role's path: delivery roles may create profiles there only.
func (b *builder) instanceProfile(role *iam.Role) (*iam.InstanceProfile, error) {
	name := b.Name("app")
	profile, err := iam.NewInstanceProfile(b.ctx, name, &iam.InstanceProfileArgs{
		Path: pulumi.String(parts.RolePath(b.Component(), b.ctx.Stack())),
		Role: role.Name,
		Tags: b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating instance profile %s: %w", name, err)
	}
	return profile, nil
}

// databaseSecret lets instances read the secret of the database. Instances do not wait for this policy: the secret exists a quarter
// of an hour after the role does.
func (b *builder) databaseSecret(role *iam.Role) error {
	if b.args.DatabaseSecretARN == nil {
		return nil
	}
	_, err := b.RolePolicy(b.ctx, b.Name("app", "database"), role.Name,
		parts.ReadSecrets(b.place, b.args.KeyARN, b.args.DatabaseSecretARN)...)
	return err
}

// statements are what the role may do beyond the managed policies, and what it may not do in spite of them.
func (b *builder) statements() []parts.Statement {
	statements := b.parameters()
	if arns := b.secretARNs(); len(arns) > 0 {
		statements = append(statements, parts.ReadSecrets(b.place, b.args.KeyARN, arns...)...)
	}
	return append(statements, b.pulls()...)
}

// readParameter are the actions that read a parameter by its name.
var readParameter = []string{"ssm:GetParameter", "ssm:GetParameters"}

// namedParameters returns the ARNs of the parameters that environment variables name.
func (b *builder) namedParameters() []pulumi.StringInput {
	var arns []pulumi.StringInput
	for _, path := range b.settings.Parameters() {
		arns = append(arns, pulumi.Sprintf("arn:%s:ssm:%s:%s:parameter%s", b.place.Partition, b.place.Region, b.place.Account, path))
	}
	return arns
}

// parameters let the role read the parameters of its stack and those that environment variables name, and deny it all others of the
// account, which AmazonSSMManagedInstanceCore allows. Those under the AWS managed key aws/ssm need no permission to decrypt (AWS
// Systems Manager user guide, "AWS KMS encryption for Parameter Store SecureString parameters").
func (b *builder) parameters() []parts.Statement {
	public := pulumi.Sprintf("arn:%s:ssm:*::parameter/aws/*", b.place.Partition) // which AWS publishes for everyone
	own := []pulumi.StringInput{public}
	var statements []parts.Statement
	if b.args.ParameterPrefix != nil {
		path := pulumi.Sprintf("arn:%s:ssm:%s:%s:parameter%s",
			b.place.Partition, b.place.Region, b.place.Account, b.args.ParameterPrefix)
		mine := []pulumi.StringInput{path, pulumi.Sprintf("%s/*", path)}
		statements = append(statements, parts.Statement{Sid: "ReadParameters", Actions: web.ParameterReaders, Resources: mine})
		own = append(own, mine...)
	}
	if named := b.namedParameters(); len(named) > 0 {
		statements = append(statements, parts.Statement{Sid: "ReadNamedParameters", Actions: readParameter, Resources: named})
		own = append(own, named...)
	}
	return append(statements, parts.Statement{
		Sid: "RefuseOtherParameters", Deny: true, Actions: web.ParameterReaders, Except: own,
	})
}

// pulls let the role pull its container image from a private repository of Amazon ECR.
func (b *builder) pulls() []parts.Statement {
	repository, private := b.settings.Repository()
	if !private {
		return nil
	}
	return []parts.Statement{
		{
			Sid:       "LogInToRegistry",
			Actions:   []string{"ecr:GetAuthorizationToken"},
			Resources: []pulumi.StringInput{pulumi.String("*")}, // the action supports no other
		},
		{
			Sid:     "PullImage",
			Actions: []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("arn:%s:ecr:%s:%s:repository/%s",
				b.place.Partition, repository.Region, repository.Account, repository.Name)},
		},
	}
}
