package delivery

import (
	"fmt"
	"strings"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deploySeconds is how long the session of a job that deploys may last. A database with a standby, its proxy, CloudFront and a
// rollout together take longer than the default of an hour, and an update whose credentials expire leaves pending operations
// in the state, to be repaired by hand.
const deploySeconds = 2 * 60 * 60

// identityProvider has IAM accept the tokens of the CI system. It returns the ARN of the provider.
func (b *builder) identityProvider() (pulumi.StringOutput, error) {
	if b.settings.ExistingProvider {
		return iam.LookupOpenIdConnectProviderOutput(b.ctx, iam.LookupOpenIdConnectProviderOutputArgs{
			Url: pulumi.String(b.settings.OIDC.Issuer),
		}, b.Parent()).Arn(), nil
	}
	name := b.Name("pipeline")
	provider, err := iam.NewOpenIdConnectProvider(b.ctx, name, &iam.OpenIdConnectProviderArgs{
		Url:           pulumi.String(b.settings.OIDC.Issuer),
		ClientIdLists: pulumi.StringArray{pulumi.String(b.settings.OIDC.Audience)},
		Tags:          b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("creating identity provider %s: %w", name, err)
	}
	return provider.Arn, nil
}

// role creates a role that jobs assume whose tokens have exactly one of these subjects.
func (b *builder) role(kind string, provider pulumi.StringInput, subjects []string, role parts.Role) (*iam.Role, error) {
	claims := strings.TrimPrefix(b.settings.OIDC.Issuer, "https://")
	role.Physical = b.physical + "-" + kind
	role.Path = parts.AdministeredPath(b.name, b.ctx.Stack())
	role.Trust = []parts.Statement{{
		Federated: provider,
		Actions:   []string{"sts:AssumeRoleWithWebIdentity"},
		Conditions: map[string]pulumi.Map{"StringEquals": {
			claims + ":aud": pulumi.String(b.settings.OIDC.Audience),
			claims + ":sub": pulumi.ToStringArray(subjects),
		}},
	}}
	return b.Role(b.ctx, b.Name(kind), role)
}

// deployRole creates the role that deploys, and returns its ARN. It may do what its boundary allows, and so may the roles that
// it creates.
func (b *builder) deployRole(provider pulumi.StringInput, subjects []string) (pulumi.StringOutput, error) {
	role, err := b.role("deploy", provider, subjects, parts.Role{
		Description:    "Jobs that deploy this stack",
		Boundary:       b.Boundary(),
		SessionSeconds: deploySeconds,
	})
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	_, err = b.AttachPolicy(b.ctx, b.Name("deploy"), role.Name, b.Boundary())
	return role.Arn, err
}

// previewRole creates the role that previews, and returns its ARN. Anyone who may push a branch can write the job that assumes
// it: it changes nothing, and reads no data that Pulumi does not manage.
func (b *builder) previewRole(provider pulumi.StringInput, subjects []string) (pulumi.StringOutput, error) {
	role, err := b.role("preview", provider, subjects, parts.Role{Description: "Jobs that preview this stack"})
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	place := b.Place(b.ctx)
	_, err = b.AttachPolicy(b.ctx, b.Name("preview", "reads"), role.Name, place.ManagedPolicy("ReadOnlyAccess"))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	_, err = b.RolePolicy(b.ctx, b.Name("preview"), role.Name, b.previewStatements(place)...)
	return role.Arn, err
}

// readData are actions of ReadOnlyAccess that read the data in a resource and not its configuration. A preview needs none of
// them.
var readData = []string{
	"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:GetRecords", "dynamodb:Query", "dynamodb:Scan",
	"ecr:GetDownloadUrlForLayer", "kinesis:GetRecords", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetLogRecord",
	"logs:GetQueryResults", "logs:StartLiveTail", "logs:StartQuery", "sqs:ReceiveMessage",
}

var (
	readObjects    = []string{"s3:GetObject*"}
	readParameters = []string{"ssm:GetParameter*"}
)

// previewStatements are what the role that previews may do beyond ReadOnlyAccess, and what of that policy is denied to it.
func (b *builder) previewStatements(place parts.Place) []parts.Statement {
	everything := []pulumi.StringInput{pulumi.String("*")}
	files := parts.Statement{Sid: "RefuseOtherFiles", Deny: true, Actions: readObjects, Except: b.readableFiles(place)}
	if len(files.Except) == 0 {
		files.Resources = everything
	}
	statements := []parts.Statement{
		files,
		{Sid: "RefuseContent", Deny: true, Actions: readData, Resources: everything},
		{Sid: "RefuseOtherParameters", Deny: true, Actions: readParameters, Except: b.readableParameters(place)},
		// The program asks for a random password in each run, and keeps only the first.
		{Sid: "MakeUpPasswords", Actions: []string{"secretsmanager:GetRandomPassword"}, Resources: everything},
	}
	if len(b.args.HeldSecretARNs) > 0 {
		statements = append(statements, parts.ReadSecrets(place, b.args.KeyARN, b.args.HeldSecretARNs...)...)
	}
	if key := b.settings.State.KeyARN; key != "" {
		statements = append(statements, parts.Statement{
			Sid: "DecryptState", Actions: []string{"kms:Decrypt"}, Resources: []pulumi.StringInput{pulumi.String(key)},
		})
	}
	return statements
}

// readableFiles are the objects of S3 that the role that previews may read: the state, and files that Pulumi manages.
func (b *builder) readableFiles(place parts.Place) []pulumi.StringInput {
	var files []pulumi.StringInput
	for _, bucket := range b.args.HeldBucketARNs {
		files = append(files, pulumi.Sprintf("%s/*", bucket))
	}
	if bucket := b.settings.State.Bucket; bucket != "" {
		files = append(files, pulumi.Sprintf("arn:%s:s3:::%s/*", place.Partition, bucket))
	}
	return files
}

// readableParameters are the SSM parameters that the role that previews may read: the public ones of AWS, that of the image, and
// those of the stack.
func (b *builder) readableParameters(place parts.Place) []pulumi.StringInput {
	parameters := []pulumi.StringInput{pulumi.Sprintf("arn:%s:ssm:*::parameter/aws/*", place.Partition)}
	if image, _, _ := strings.Cut(b.args.Web.ImageParameter(), ":"); image != "" && !strings.HasPrefix(image, "/aws/") { // without its version
		parameters = append(parameters, pulumi.Sprintf("arn:%s:ssm:%s:%s:parameter/%s",
			place.Partition, place.Region, place.Account, strings.TrimPrefix(image, "/")))
	}
	if b.args.ParameterPrefix != nil {
		path := pulumi.Sprintf("arn:%s:ssm:%s:%s:parameter%s", place.Partition, place.Region, place.Account, b.args.ParameterPrefix)
		parameters = append(parameters, path, pulumi.Sprintf("%s/*", path)) // the path itself to list them
	}
	return parameters
}
