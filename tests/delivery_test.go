package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"ha-web/components/delivery"
	"ha-web/components/webtier"
	"ha-web/internal/awstype"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImagesAreKeptForReleasesAndNeverChange(t *testing.T) {
	t.Parallel()
	args := deliveryArgs(func(s *delivery.Settings) { s.Repository.KeepImages = 30 })
	args.KeyARN = pulumi.String("key-arn")
	got := record(t, newDelivery(args))
	repository := got.of(awstype.AWSXECRRepository)["web-images"]
	assert.True(t, repository.Protect)
	assert.Equal(t, map[string]any{
		"name":                       "web-test",
		"forceDelete":                false,
		"imageTagMutability":         "IMMUTABLE",
		"imageScanningConfiguration": map[string]any{"scanOnPush": true},
		"encryptionConfigurations":   []any{map[string]any{"encryptionType": "KMS", "kmsKey": "key-arn"}},
		"lifecyclePolicy": map[string]any{"rules": []any{
			map[string]any{"description": "Images that no tag points to", "tagStatus": "untagged", "maximumAgeLimit": 7.0},
			map[string]any{"description": "All but the last releases", "tagStatus": "any", "maximumNumberOfImages": 30.0},
		}},
		"tags": map[string]any{"Name": "web-images"},
	}, repository.Inputs)

	unprotected := record(t, newDelivery(deliveryArgs(func(s *delivery.Settings) { s.DeletionProtection = false }))).of(awstype.AWSXECRRepository)["web-images"]
	assert.False(t, unprotected.Protect)
	assert.Equal(t, true, unprotected.Inputs["forceDelete"])

	without := record(t, func(ctx *pulumi.Context) error {
		made, err := delivery.New(ctx, "web", deliveryArgs(func(s *delivery.Settings) { s.Repository.Enabled = false }))
		ctx.Export("url", made.ImageRepositoryURL)
		return err
	})
	assert.Empty(t, without.of(awstype.AWSXECRRepository))
	assert.Equal(t, "", without.Outputs["url"])
}

// claims are what a CI system says of a job.
type claims struct{ issuer, audience, subject string }

func github(subject string) claims {
	return claims{"token.actions.githubusercontent.com", "sts.amazonaws.com", subject}
}

// admits reports whether a role's trust policy lets a job in, as AWS evaluates it.
func admits(t *testing.T, role map[string]any, job claims) bool {
	t.Helper()
	for _, statement := range document(t, role["assumeRolePolicy"]) {
		require.Equal(t, "Allow", statement["Effect"])
		require.Equal(t, []any{"sts:AssumeRoleWithWebIdentity"}, statement["Action"])
		conditions := statement["Condition"].(map[string]any)
		require.Equal(t, []string{"StringEquals"}, slices.Collect(maps.Keys(conditions)), "letter for letter")
		matches := true
		for key, wanted := range conditions["StringEquals"].(map[string]any) {
			value := map[string]string{job.issuer + ":aud": job.audience, job.issuer + ":sub": job.subject}[key]
			list, many := wanted.([]any)
			if !many {
				list = []any{wanted}
			}
			matches = matches && slices.Contains(list, any(value))
		}
		if matches {
			return true
		}
	}
	return false
}

func TestOnlyTheJobsOfTheRepositoryTakeOnTheRoles(t *testing.T) {
	t.Parallel()
	got := record(t, newDelivery(deliveryArgs()))
	provider := got.one(t, awstype.IAMOpenIDConnectProvider, "web-pipeline")
	assert.Equal(t, "https://token.actions.githubusercontent.com", provider["url"])
	assert.Equal(t, []any{"sts.amazonaws.com"}, provider["clientIdLists"])

	preview, deploy := got.one(t, awstype.IAMRole, "web-preview"), got.one(t, awstype.IAMRole, "web-deploy")
	for _, each := range []map[string]any{preview, deploy} {
		statement := document(t, each["assumeRolePolicy"])["sts:AssumeRoleWithWebIdentity"]
		assert.Equal(t, map[string]any{"Federated": "arn:aws:iam:us-east-1:123456789012:web-pipeline"}, statement["Principal"])
	}
	for name, test := range map[string]struct {
		job             claims
		preview, deploy bool
	}{
		"a pull request":                {github("repo:example/ha-web:pull_request"), true, false},
		"the branch":                    {github("repo:example/ha-web:ref:refs/heads/main"), true, false},
		"the environment":               {github("repo:example/ha-web:environment:test"), false, true},
		"another branch":                {github("repo:example/ha-web:ref:refs/heads/evil"), false, false},
		"another environment":           {github("repo:example/ha-web:environment:prod"), false, false},
		"an environment that begins so": {github("repo:example/ha-web:environment:test2"), false, false},
		"a fork":                        {github("repo:mallory/ha-web:pull_request"), false, false},
		"a fork's main":                 {github("repo:mallory/ha-web:ref:refs/heads/main"), false, false},
		"a fork's environment":          {github("repo:mallory/ha-web:environment:test"), false, false},
		"another repository":            {github("repo:example/ha-web-2:pull_request"), false, false},
		"an owner that ends so":         {github("repo:not-example/ha-web:environment:test"), false, false},
		"other letters":                 {github("repo:Example/ha-web:environment:test"), false, false},
		"another audience":              {claims{"token.actions.githubusercontent.com", "https://github.com/example", "repo:example/ha-web:environment:test"}, false, false},
		"another issuer":                {claims{"evil.example", "sts.amazonaws.com", "repo:example/ha-web:environment:test"}, false, false},
	} {
		assert.Equal(t, test.preview, admits(t, preview, test.job), "preview: %s", name)
		assert.Equal(t, test.deploy, admits(t, deploy, test.job), "deploy: %s", name)
	}
}

func TestAnotherCISystemTakesGitHubsPlace(t *testing.T) {
	t.Parallel()
	args := deliveryArgs(func(s *delivery.Settings) {
		s.GitHub, s.ExistingProvider = delivery.GitHub{}, true
		s.OIDC = delivery.OIDC{
			Issuer: "https://jenkins.example.edu/oidc", Audience: "aws", DeploySubjects: []string{"https://jenkins.example.edu/job/deploy/"},
		}
	})
	got := record(t, newDelivery(args))
	assert.Empty(t, got.of(awstype.IAMOpenIDConnectProvider), "there is one")
	assert.Equal(t, []string{"web-deploy"}, got.names(awstype.IAMRole), "no job previews")
	deploy := got.one(t, awstype.IAMRole, "web-deploy")
	statement := document(t, deploy["assumeRolePolicy"])["sts:AssumeRoleWithWebIdentity"]
	assert.Equal(t, map[string]any{"Federated": "arn:aws:iam:us-east-1:123456789012:oidc-provider/jenkins.example.edu/oidc"}, statement["Principal"])
	assert.True(t, admits(t, deploy, claims{"jenkins.example.edu/oidc", "aws", "https://jenkins.example.edu/job/deploy/"}))
	assert.False(t, admits(t, deploy, github("https://jenkins.example.edu/job/deploy/")))

	args.Settings.OIDC.DeploySubjects = nil
	assert.Empty(t, record(t, newDelivery(args)).of(awstype.IAMRole))
}

func TestDeployRoleMayDoWhatItsBoundaryAllows(t *testing.T) {
	t.Parallel()
	got := record(t, newDelivery(deliveryArgs()))
	deploy := got.one(t, awstype.IAMRole, "web-deploy")
	assert.Equal(t, "boundary-arn", deploy["permissionsBoundary"])
	assert.Equal(t, 7200.0, deploy["maxSessionDuration"], "an update takes longer than an hour")
	assert.Equal(t, "web-test-deploy", deploy["name"])
	assert.Equal(t, "/administered/web/test/", deploy["path"], "which the role itself may not change")
	attached := got.one(t, awstype.IAMRolePolicyAttachment, "web-deploy")
	assert.Equal(t, "boundary-arn", attached["policyArn"])
	for _, each := range got.of(awstype.IAMRolePolicy) {
		assert.NotEqual(t, "web-test-deploy", each.Inputs["role"], "and nothing else")
	}
}

func TestPreviewRoleChangesNothingAndReadsNoSecretsOfOthers(t *testing.T) {
	t.Parallel()
	args := deliveryArgs(func(s *delivery.Settings) {
		s.State = delivery.State{Bucket: "example-state", KeyARN: "arn:aws:kms:us-east-1:123456789012:key/0a-1b"}
	})
	args.KeyARN, args.ParameterPrefix = pulumi.String("key-arn"), pulumi.String("/web/test")
	args.HeldSecretARNs = []pulumi.StringInput{pulumi.String("header-arn")}
	args.HeldBucketARNs = []pulumi.StringInput{pulumi.String("arn:aws:s3:::static")}
	got := record(t, newDelivery(args))
	preview := got.one(t, awstype.IAMRole, "web-preview")
	assert.NotContains(t, preview, "maxSessionDuration", "an hour will do")
	assert.Equal(t, "/administered/web/test/", preview["path"])
	assert.Equal(t, "arn:aws:iam::aws:policy/ReadOnlyAccess", got.one(t, awstype.IAMRolePolicyAttachment, "web-preview-reads")["policyArn"])

	statements := document(t, got.one(t, awstype.IAMRolePolicy, "web-preview")["policy"])
	for name, want := range map[string]map[string]any{
		"RefuseOtherFiles": {
			"Effect": "Deny", "Action": []any{"s3:GetObject*"}, "NotResource": []any{"arn:aws:s3:::static/*", "arn:aws:s3:::example-state/*"},
		},
		"RefuseOtherParameters": {
			"Effect": "Deny", "Action": []any{"ssm:GetParameter*"},
			"NotResource": []any{"arn:aws:ssm:*::parameter/aws/*", "arn:aws:ssm:us-east-1:123456789012:parameter/web/test", "arn:aws:ssm:us-east-1:123456789012:parameter/web/test/*"},
		},
		"MakeUpPasswords": {"Effect": "Allow", "Action": []any{"secretsmanager:GetRandomPassword"}, "Resource": []any{"*"}},
		"ReadSecrets": {
			"Effect": "Allow", "Action": []any{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, "Resource": []any{"header-arn"},
		},
		"DecryptThem": {
			"Effect": "Allow", "Action": []any{"kms:Decrypt"}, "Resource": []any{"key-arn"},
			"Condition": map[string]any{"StringEquals": map[string]any{
				"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com", "kms:EncryptionContext:SecretARN": []any{"header-arn"},
			}},
		},
		"DecryptState": {"Effect": "Allow", "Action": []any{"kms:Decrypt"}, "Resource": []any{"arn:aws:kms:us-east-1:123456789012:key/0a-1b"}},
	} {
		assert.Equal(t, want, statements[name], name)
	}
	refused := statements["RefuseContent"]
	assert.Equal(t, "Deny", refused["Effect"])
	for _, action := range []string{"logs:GetLogEvents", "dynamodb:Scan", "sqs:ReceiveMessage"} {
		assert.Contains(t, refused["Action"], action)
	}
	assert.Len(t, statements, 7)
	for name, statement := range statements {
		for _, action := range statement["Action"].([]any) {
			if statement["Effect"] == "Allow" {
				assert.Regexp(t, `:(Get|Describe|Decrypt)`, action, name)
			}
		}
	}

	least := document(t, record(t, newDelivery(deliveryArgs())).one(t, awstype.IAMRolePolicy, "web-preview")["policy"])
	assert.Equal(t, []any{"*"}, least["RefuseOtherFiles"]["Resource"], "no files at all")
	assert.NotContains(t, least, "ReadSecrets")
	assert.Len(t, least, 4)
}

func TestBoundaryLetsNobodyOut(t *testing.T) {
	t.Parallel()
	got := record(t, newBoundary(func(s *delivery.Settings) { s.Services = []string{"ses"} }))
	policy := got.one(t, awstype.IAMPolicy, "web-boundary")
	assert.Equal(t, "web-test-boundary", policy["name"])
	assert.Equal(t, "/administered/web/test/", policy["path"])
	text := policy["policy"].(string)
	assert.LessOrEqual(t, len(text), 6144, "what IAM takes")
	statements := document(t, text)
	own := []any{"arn:aws:iam::123456789012:role/web/test/*"}
	assert.Equal(t, map[string]any{
		"Effect": "Allow",
		"Action": []any{
			"iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
		},
		"Resource": own,
		"Condition": map[string]any{"StringEquals": map[string]any{
			"iam:PermissionsBoundary": "arn:aws:iam::123456789012:policy/administered/web/test/web-test-boundary",
		}},
	}, statements["ChangeRolesWithinBoundary"])
	assert.Equal(t, own, statements["HandRolesToServices"]["Resource"])
	assert.Equal(t, append(slices.Clone(own), "arn:aws:iam::123456789012:instance-profile/web/test/*"), statements["KeepRoles"]["Resource"])
	assert.Equal(t, []any{"arn:aws:iam::123456789012:role/aws-service-role/*"}, statements["LetServicesMakeTheirRoles"]["Resource"])
	assert.Contains(t, statements["UseServices"]["Action"], "ses:*")
	// Nothing of IAM but what is above, and nothing that leads to another account or role.
	for name, statement := range statements {
		for _, action := range statement["Action"].([]any) {
			for _, out := range []string{"*", "iam:*", "organizations:", "account:", "sts:", "sso:", "cloudformation:"} {
				assert.False(t, strings.HasPrefix(action.(string), out), "%s allows %s", name, action)
			}
			for _, never := range []string{
				"iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicy", "iam:CreateUser",
				"iam:CreateAccessKey", "iam:UpdateOpenIDConnectProviderThumbprint", "iam:UpdateSAMLProvider", "lambda:UpdateFunctionCode",
			} {
				assert.NotEqual(t, never, action, name)
			}
		}
	}
	assert.Equal(t, []any{"iam:Get*", "iam:List*"}, statements["LookAtRoles"]["Action"])
	assert.Len(t, statements, 6)

}

func TestBoundaryExistsWhereJobsAssumeRolesOrWhereItIsUsedAlone(t *testing.T) {
	t.Parallel()
	none := delivery.Default()
	for name, test := range map[string]struct {
		args *delivery.BoundaryArgs
		want bool
	}{
		"roles":       {&delivery.BoundaryArgs{Settings: deliverySettings()}, true},
		"no roles":    {&delivery.BoundaryArgs{Settings: &none}, false},
		"no settings": {&delivery.BoundaryArgs{}, true},
		"no args":     {nil, true},
	} {
		got := record(t, func(ctx *pulumi.Context) error {
			made, err := delivery.NewBoundary(ctx, "web", test.args)
			assert.Equal(t, test.want, made.ARN != nil, name)
			return err
		})
		if test.want {
			assert.NotContains(t, document(t, got.one(t, awstype.IAMPolicy, "web-boundary")["policy"])["UseServices"]["Action"], "ses:*", name)
		} else {
			assert.Empty(t, got.of(awstype.IAMPolicy), name)
		}
	}
}

// everything is a plan with all that a stack can have.
func everything(t *testing.T) recording {
	t.Helper()
	return planOf(t, "-stack", "local", "-c", "delivery.repository={}", "-c", "domain={name: learn.example.edu, hostedZone: example.edu}",
		"-c", "access.oidc={paths: [/admin/*], issuer: 'https://example.okta.com', clientId: ha-web, clientSecretArn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:oidc-Ab12Cd'}",
		"-c", "access.saml={metadataFile: examples/saml/metadata.xml}", "-c", "cdn.replicaRegion=us-west-2", "-c", "monitoring.slack={workspaceId: T0123ABCD, channelId: C0123ABCD}",
		"-c", "monitoring.functions=['arn:aws:lambda:us-east-1:123456789012:function:chat']")
}

// administered are the roles that no pipeline may change.
var administered = []string{"ha-web-deploy", "ha-web-operator", "ha-web-preview", "ha-web-read-only", "ha-web-scanner"}

func TestEveryRoleOfAStackWithAPipelineHasTheBoundary(t *testing.T) {
	t.Parallel()
	got := everything(t)
	const boundary = "arn:aws:iam:us-east-1:123456789012:ha-web-boundary"
	for name, each := range got.of(awstype.IAMRole) {
		path := "/ha-web/local/"
		if slices.Contains(administered, name) {
			path = "/administered/ha-web/local/"
		}
		assert.Equal(t, path, each.Inputs["path"], name)
		if path == "/ha-web/local/" || name == "ha-web-deploy" {
			assert.Equal(t, boundary, each.Inputs["permissionsBoundary"], name)
		}
	}
	assert.Subset(t, got.names(awstype.IAMRole), administered)
	assert.Equal(t, "/ha-web/local/", got.one(t, awstype.IAMInstanceProfile, "ha-web-app")["path"])
	for _, stack := range []string{"dev", "prod"} {
		for name, each := range planOf(t, "-stack", stack).of(awstype.IAMRole) {
			assert.NotContains(t, each.Inputs, "permissionsBoundary", name)
		}
	}
}

// prefixes are what IAM calls services whose resources have another module in Pulumi's types.
var prefixes = map[string]string{"lb": "elasticloadbalancing", "vpc": "ec2", "kinesis": "firehose"}

func TestBoundaryKnowsEveryServiceOfAStack(t *testing.T) {
	t.Parallel()
	got := everything(t)
	statements := document(t, got.one(t, awstype.IAMPolicy, "ha-web-boundary")["policy"])
	allowed := map[string]bool{"iam": true} // bounded by the other statements
	for _, action := range statements["UseServices"]["Action"].([]any) {
		service, _, _ := strings.Cut(action.(string), ":")
		allowed[service] = true
	}
	for _, each := range got.Resources {
		if !each.Custom || !strings.HasPrefix(each.Type, "aws:") {
			continue
		}
		module, _, _ := strings.Cut(strings.TrimPrefix(each.Type, "aws:"), "/")
		service := module
		if prefix, renamed := prefixes[module]; renamed {
			service = prefix
		}
		switch {
		case strings.HasPrefix(each.Type, "aws:cloudwatch/event"):
			service = "events"
		case strings.HasPrefix(each.Type, "aws:cloudwatch/log"):
			service = "logs"
		}
		assert.True(t, allowed[service], each.Type)
	}
	handed := statements["HandRolesToServices"]["Condition"].(map[string]any)["StringEquals"].(map[string]any)["iam:PassedToService"]
	var trusted []any
	for _, each := range got.of(awstype.IAMRole) {
		for _, statement := range document(t, each.Inputs["assumeRolePolicy"]) {
			if service, is := statement["Principal"].(map[string]any)["Service"]; is {
				trusted = append(trusted, service)
			}
		}
	}
	assert.Subset(t, handed, trusted, "roles that a pipeline may not hand to their service")
	// Those of Datadog's metric stream are not in this plan: its key has to be encrypted.
	assert.Subset(t, append(trusted, "firehose.amazonaws.com", "streams.metrics.cloudwatch.amazonaws.com", "events.amazonaws.com"), handed, "services that no role is for")
}

func TestDeliveryRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		program pulumi.RunFunc
		want    string
	}{
		"all at once": {
			newDelivery(&delivery.Args{Settings: deliverySettings(func(s *delivery.Settings) {
				s.GitHub.Owner, s.Repository.KeepImages = "*", 1
			})}),
			"delivery web: Settings.GitHub.Owner: must be a GitHub organization or user, got \"*\"\n" +
				"Settings.Repository.KeepImages: must be between 2 and 10000, got 1\n" +
				"Shared.PermissionsBoundary: is required for the role that deploys: pass the ARN of a Boundary",
		},
		"no defaults": {
			newDelivery(&delivery.Args{Settings: &delivery.Settings{}}),
			"delivery web: Settings: must begin as Default(), which sets what is left out",
		},
		"a way out": {
			newBoundary(func(s *delivery.Settings) { s.Services = []string{"iam"} }),
			"boundary web: Settings.Services[0]: iam would let the pipeline give itself any permission: leave it out",
		},
		"a name": {func(ctx *pulumi.Context) error {
			_, err := delivery.NewBoundary(ctx, "0", nil)
			return err
		}, `boundary 0: name: must begin with a letter, and so must "0-test-boundary", what it would be called in AWS`},
	} {
		assert.Equal(t, test.want, fault(t, test.program), name)
	}
}

func TestSettingsReachDelivery(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod", "-c", "environment=development",
		"-c", "delivery.github={owner: example, repo: site, environment: live, branch: trunk}", "-c", "delivery.existingProvider=true",
		"-c", "delivery.repository={keepImages: 7, untaggedDays: 3}", "-c", "delivery.state={bucket: example-state}",
		"-c", "delivery.services=[ses]", "-c", "delivery.deletionProtection=false", "-c", "web.originHeader.version=2")
	text, err := json.Marshal(got.one(t, awstype.AWSXECRRepository, "ha-web-images"))
	require.NoError(t, err)
	for _, part := range []string{`"maximumNumberOfImages":7`, `"maximumAgeLimit":3`, `"forceDelete":true`, `"name":"ha-web-prod"`, `"kmsKey":"arn:aws:kms:us-east-1:123456789012:ha-web-key"`} {
		assert.Contains(t, string(text), part)
	}
	assert.Equal(t, "pulumi:providers:aws::ha-web-registry", registryProvider(got), "and not an older one of awsx")
	assert.True(t, admits(t, got.one(t, awstype.IAMRole, "ha-web-deploy"), github("repo:example/site:environment:live")))
	assert.True(t, admits(t, got.one(t, awstype.IAMRole, "ha-web-preview"), github("repo:example/site:ref:refs/heads/trunk")))
	preview := document(t, got.one(t, awstype.IAMRolePolicy, "ha-web-preview")["policy"])
	assert.Equal(t, []any{
		"arn:aws:secretsmanager:us-east-1:123456789012:ha-web-origin-v2", "arn:aws:secretsmanager:us-east-1:123456789012:ha-web-origin-v1",
	}, preview["ReadSecrets"]["Resource"], "what Pulumi's state has anyway")
	assert.Equal(t, []any{"arn:aws:s3:us-east-1:123456789012:ha-web-static/*", "arn:aws:s3:::example-state/*"}, preview["RefuseOtherFiles"]["NotResource"])
	assert.Contains(t, fmt.Sprint(preview["RefuseOtherParameters"]["NotResource"]), "parameter/ha-web/prod/*")
	assert.Contains(t, document(t, got.one(t, awstype.IAMPolicy, "ha-web-boundary")["policy"])["UseServices"]["Action"], "ses:*")
	assert.Equal(t, "123456789012.dkr.ecr.us-east-1.amazonaws.com/ha-web-prod", got.Outputs["imageRepositoryUrl"])

	without := planOf(t, "-stack", "dev", "-c", "delivery.repository.enabled=false")
	assert.Empty(t, without.of(awstype.AWSXECRRepository))
	assert.NotContains(t, without.names(awstype.Provider), "ha-web-registry")
	for _, output := range []string{"imageRepositoryUrl", "deployRoleArn", "previewRoleArn"} {
		assert.Equal(t, "", without.Outputs[output])
	}
}

// registryProvider returns the provider of the image repository's children.
func registryProvider(got recording) string {
	return got.of(awstype.AWSXECRRepository)["ha-web-images"].Provider
}

// A preview looks up the image of the instances, wherever its parameter is.
func TestPreviewRoleReadsTheImageParameter(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"ssm:/golden/moodle":      "arn:aws:ssm:us-east-1:123456789012:parameter/golden/moodle",
		"ssm:/golden/moodle:3":    "arn:aws:ssm:us-east-1:123456789012:parameter/golden/moodle",
		"ssm:golden":              "arn:aws:ssm:us-east-1:123456789012:parameter/golden",
		"ssm:/aws/service/al2023": "",
		"":                        "",
		"ami-0123456789abcdef0":   "",
	} {
		args := deliveryArgs()
		tier := webtier.Default()
		tier.Image, args.Web = image, &tier
		statements := document(t, record(t, newDelivery(args)).one(t, awstype.IAMRolePolicy, "web-preview")["policy"])
		others := []any{"arn:aws:ssm:*::parameter/aws/*"}
		if want != "" {
			others = append(others, want)
		}
		assert.Equal(t, others, statements["RefuseOtherParameters"]["NotResource"], image)
	}
}
