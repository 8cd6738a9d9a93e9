package delivery

import (
	"fmt"
	"strings"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deploySeconds is how long a job that deploys may take: a database with a standby, its proxy, CloudFront and a rollout
// together take longer than the hour that AWS gives by default, and an update that loses its credentials leaves its state to
// be mended by hand (field note CI-4).
const deploySeconds = 2 * 60 * 60

// roles creates the roles of the jobs.
func (b *builder) roles() error {
	if !b.spec.Roles() {
		return nil
	}
	b.place = b.Place(b.ctx)
	for _, step := range []func() error{b.identityProvider, b.previewRole, b.deployRole} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// identityProvider has AWS believe the tokens of the CI system.
func (b *builder) identityProvider() error {
	if b.args.ExistingProvider {
		b.provider = iam.LookupOpenIdConnectProviderOutput(b.ctx, iam.LookupOpenIdConnectProviderOutputArgs{
			Url: pulumi.String(b.args.OIDC.Issuer),
		}, b.Parent()).Arn()
		return nil
	}
	name := b.Name("pipeline")
	provider, err := iam.NewOpenIdConnectProvider(b.ctx, name, &iam.OpenIdConnectProviderArgs{
		Url:           pulumi.String(b.args.OIDC.Issuer),
		ClientIdLists: pulumi.StringArray{pulumi.String(b.args.OIDC.Audience)},
		Tags:          b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating identity provider %s: %w", name, err)
	}
	b.provider = provider.Arn
	return nil
}

// role creates a role that jobs take on whose tokens have one of these subjects, letter for letter.
func (b *builder) role(kind string, subjects []string, role parts.Role) (*iam.Role, error) {
	claims := strings.TrimPrefix(b.args.OIDC.Issuer, "https://")
	role.Physical = b.prefix + "-" + kind
	role.Path = parts.AdministeredPath(b.name, b.ctx.Stack())
	role.Trust = []parts.Statement{{
		Federated: b.provider,
		Actions:   []string{"sts:AssumeRoleWithWebIdentity"},
		Conditions: map[string]pulumi.Map{"StringEquals": {
			claims + ":aud": pulumi.String(b.args.OIDC.Audience),
			claims + ":sub": pulumi.ToStringArray(subjects),
		}},
	}}
	return b.Role(b.ctx, b.Name(kind), role)
}

// deployRole creates the role that deploys. It may do what its boundary allows, and so may the roles that it makes.
func (b *builder) deployRole() error {
	subjects := b.spec.DeploySubjects()
	if len(subjects) == 0 {
		return nil
	}
	role, err := b.role("deploy", subjects, parts.Role{
		Description:    "Jobs that deploy this stack",
		Boundary:       b.args.BoundaryARN,
		SessionSeconds: deploySeconds,
	})
	if err != nil {
		return err
	}
	if _, err := b.AttachPolicy(b.ctx, b.Name("deploy"), role.Name, b.args.BoundaryARN); err != nil {
		return err
	}
	b.delivery.DeployRoleARN = role.Arn
	return nil
}

// previewRole creates the role that looks. Whoever may push a branch writes the job that takes it on: it changes nothing, and
// reads nothing that is not Pulumi's business.
func (b *builder) previewRole() error {
	subjects := b.spec.PreviewSubjects()
	if len(subjects) == 0 {
		return nil
	}
	role, err := b.role("preview", subjects, parts.Role{Description: "Jobs that preview this stack"})
	if err != nil {
		return err
	}
	_, err = b.AttachPolicy(b.ctx, b.Name("preview", "reads"), role.Name, b.place.ManagedPolicy("ReadOnlyAccess"))
	if err != nil {
		return err
	}
	if _, err := b.RolePolicy(b.ctx, b.Name("preview"), role.Name, b.previewStatements()...); err != nil {
		return err
	}
	b.delivery.PreviewRoleARN = role.Arn
	return nil
}

// content are actions of ReadOnlyAccess that read what is in things, and not what they are: a preview has no use for them.
var content = []string{
	"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:GetRecords", "dynamodb:Query", "dynamodb:Scan",
	"ecr:GetDownloadUrlForLayer", "kinesis:GetRecords", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetLogRecord",
	"logs:GetQueryResults", "logs:StartLiveTail", "logs:StartQuery", "sqs:ReceiveMessage",
}

var (
	readObjects    = []string{"s3:GetObject*"}
	readParameters = []string{"ssm:GetParameter*"}
)

// previewStatements are what the role may do beyond ReadOnlyAccess, and what of that it may not.
func (b *builder) previewStatements() []parts.Statement {
	everything := []pulumi.StringInput{pulumi.String("*")}
	files := parts.Statement{Sid: "RefuseOtherFiles", Deny: true, Actions: readObjects, Except: b.files()}
	if len(files.Except) == 0 {
		files.Resources = everything
	}
	statements := []parts.Statement{
		files,
		{Sid: "RefuseContent", Deny: true, Actions: content, Resources: everything},
		{Sid: "RefuseOtherParameters", Deny: true, Actions: readParameters, Except: b.parameters()},
		// The program asks for one in each run, and throws it away.
		{Sid: "MakeUpPasswords", Actions: []string{"secretsmanager:GetRandomPassword"}, Resources: everything},
	}
	if len(b.args.HeldSecretARNs) > 0 {
		statements = append(statements, parts.ReadSecrets(b.place, b.args.KeyARN, b.args.HeldSecretARNs...)...)
	}
	if key := b.args.State.KeyARN; key != "" {
		statements = append(statements, parts.Statement{
			Sid: "DecryptState", Actions: []string{"kms:Decrypt"}, Resources: []pulumi.StringInput{pulumi.String(key)},
		})
	}
	return statements
}

// files are the objects that the role may read: the state, and what Pulumi has put into buckets.
func (b *builder) files() []pulumi.StringInput {
	var files []pulumi.StringInput
	for _, bucket := range b.args.HeldBucketARNs {
		files = append(files, pulumi.Sprintf("%s/*", bucket))
	}
	if bucket := b.args.State.Bucket; bucket != "" {
		files = append(files, pulumi.Sprintf("arn:%s:s3:::%s/*", b.place.Partition, bucket))
	}
	return files
}

// parameters are the SSM parameters that the role may read: AWS's own, which everyone may, and those of the stack.
func (b *builder) parameters() []pulumi.StringInput {
	parameters := []pulumi.StringInput{pulumi.Sprintf("arn:%s:ssm:*::parameter/aws/*", b.place.Partition)}
	if b.args.ParameterPrefix != nil {
		parameters = append(parameters, pulumi.Sprintf("arn:%s:ssm:%s:%s:parameter%s/*",
			b.place.Partition, b.place.Region, b.place.Account, b.args.ParameterPrefix))
	}
	return parameters
}
