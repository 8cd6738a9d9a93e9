package tests

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ha-web/components/webtier"
	"ha-web/internal/awstype"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// --- role ----------------------------------------------------------------------

func TestInstancesMayReadWhatIsTheirs(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(fullWebTier()))
	assert.Equal(t, map[string]map[string]any{"sts:AssumeRole": {
		"Effect": "Allow", "Principal": map[string]any{"Service": "ec2.amazonaws.com"}, "Action": []any{"sts:AssumeRole"},
	}}, document(t, got.one(t, awstype.IAMRole, "web-app")["assumeRolePolicy"]))
	assert.Equal(t, "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore", got.one(t, awstype.IAMRolePolicyAttachment, "web-app-ssm")["policyArn"])
	assert.Equal(t, "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy", got.one(t, awstype.IAMRolePolicyAttachment, "web-app-cloudwatch")["policyArn"])
	assert.Len(t, got.of(awstype.IAMRolePolicyAttachment), 2)

	own := []any{
		"arn:aws:ssm:us-east-1:123456789012:parameter/web/test", "arn:aws:ssm:us-east-1:123456789012:parameter/web/test/*",
	}
	read := []any{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"}
	decrypt := func(arns ...any) map[string]any {
		return map[string]any{
			"Effect": "Allow", "Action": []any{"kms:Decrypt"}, "Resource": []any{"key-arn"},
			"Condition": map[string]any{"StringEquals": map[string]any{
				"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com", "kms:EncryptionContext:SecretARN": arns,
			}},
		}
	}
	readSecrets := func(arns ...any) map[string]any {
		return map[string]any{
			"Effect": "Allow", "Action": []any{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, "Resource": arns,
		}
	}
	assert.Equal(t, map[string]map[string]any{
		"ReadParameters":        {"Effect": "Allow", "Action": read, "Resource": own},
		"RefuseOtherParameters": {"Effect": "Deny", "Action": read, "NotResource": append([]any{"arn:aws:ssm:*::parameter/aws/*"}, own...)},
		"ReadSecrets":           readSecrets("oidc-arn", "smtp-arn"),
		"DecryptThem":           decrypt("oidc-arn", "smtp-arn"),
		"LogInToRegistry":       {"Effect": "Allow", "Action": []any{"ecr:GetAuthorizationToken"}, "Resource": []any{"*"}},
		"PullImage": {
			"Effect":   "Allow",
			"Action":   []any{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
			"Resource": []any{"arn:aws:ecr:eu-west-1:123456789012:repository/team/moodle"},
		},
	}, document(t, got.one(t, awstype.IAMRolePolicy, "web-app")["policy"]))
	assert.Equal(t, map[string]map[string]any{
		"ReadSecrets": readSecrets("database-secret-arn"), "DecryptThem": decrypt("database-secret-arn"),
	}, document(t, got.one(t, awstype.IAMRolePolicy, "web-app-database")["policy"]))
	assert.Equal(t, map[string]any{
		"path": "/web/test/", "role": "web-app", "tags": map[string]any{"Name": "web-app"},
	}, got.one(t, awstype.IAMInstanceProfile, "web-app"))
}

func TestInstancesMayReadTheParametersOfTheirEnvironment(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs(func(s *webtier.Settings) {
		s.Environment = map[string]string{"FLAGS": "ssm:/campus/flags", "MORE": "ssm:/a", "AGAIN": "ssm:/a", "MAIL_FROM": "moodle@example.edu"}
	})))
	named := []any{"arn:aws:ssm:us-east-1:123456789012:parameter/a", "arn:aws:ssm:us-east-1:123456789012:parameter/campus/flags"}
	assert.Equal(t, map[string]map[string]any{
		"ReadNamedParameters": {"Effect": "Allow", "Action": []any{"ssm:GetParameter", "ssm:GetParameters"}, "Resource": named},
		"RefuseOtherParameters": {
			"Effect": "Deny", "Action": []any{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"},
			"NotResource": append([]any{"arn:aws:ssm:*::parameter/aws/*"}, named...),
		},
	}, document(t, got.one(t, awstype.IAMRolePolicy, "web-app")["policy"]))
}

func TestInstancesMayDoWhatSettingsAllow(t *testing.T) {
	t.Parallel()
	policies := []webtier.Policy{
		{Actions: []string{"s3:GetObject", "s3:PutObject"}, Resources: []string{"arn:aws:s3:::campus-files/*"}},
		{ARN: "arn:aws:iam::123456789012:policy/team/moodle"},
		{ARN: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
		{Actions: []string{"ses:SendEmail"}, Resources: []string{"*"}},
	}
	got := record(t, newWebTier(webTierArgs(func(s *webtier.Settings) { s.Policies = policies })))
	assert.Equal(t, map[string]any{"role": "web-app", "policyArn": policies[1].ARN}, got.one(t, awstype.IAMRolePolicyAttachment, "web-app-policy-123456789012-moodle"))
	assert.Equal(t, map[string]any{"role": "web-app", "policyArn": policies[2].ARN}, got.one(t, awstype.IAMRolePolicyAttachment, "web-app-policy-aws-AmazonS3ReadOnlyAccess"))
	assert.Equal(t, map[string]any{
		"role": "web-app",
		"policy": `{"Statement":[{"Action":["s3:GetObject","s3:PutObject"],"Effect":"Allow","Resource":["arn:aws:s3:::campus-files/*"]},` +
			`{"Action":["ses:SendEmail"],"Effect":"Allow","Resource":["*"]}],"Version":"2012-10-17"}`,
	}, got.one(t, awstype.IAMRolePolicy, "web-app-further"))
	group := got.of(awstype.AutoScalingGroup)["web-app"]
	for _, each := range []string{
		awstype.IAMRolePolicyAttachment + "::web-app-policy-123456789012-moodle", awstype.IAMRolePolicyAttachment + "::web-app-policy-aws-AmazonS3ReadOnlyAccess",
		awstype.IAMRolePolicy + "::web-app-further",
	} {
		assert.Contains(t, group.DependsOn, each, "instances have their permissions before they boot")
	}
	slices.Reverse(policies)
	reversed := record(t, newWebTier(webTierArgs(func(s *webtier.Settings) { s.Policies = policies })))
	assert.Equal(t, got.names(awstype.IAMRolePolicyAttachment), reversed.names(awstype.IAMRolePolicyAttachment))
	assert.Equal(t, got.names(awstype.IAMRolePolicy), reversed.names(awstype.IAMRolePolicy))
}

func TestInstancesWithNothingToReadMayReadNothing(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	statements := document(t, got.one(t, awstype.IAMRolePolicy, "web-app")["policy"])
	assert.Equal(t, []any{"arn:aws:ssm:*::parameter/aws/*"}, statements["RefuseOtherParameters"]["NotResource"])
	assert.Len(t, statements, 1)
	assert.Len(t, got.of(awstype.IAMRolePolicy), 1)
}

func TestSecretsUnderAKeyOfAWSNeedNoRightToIt(t *testing.T) {
	t.Parallel()
	args := fullWebTier()
	args.KeyARN = nil
	got := record(t, newWebTier(args))
	assert.NotContains(t, document(t, got.one(t, awstype.IAMRolePolicy, "web-app")["policy"]), "DecryptThem")
	assert.NotContains(t, got.one(t, awstype.CloudWatchLogGroup, "web-app"), "kmsKeyId")
	assert.NotContains(t, got.one(t, awstype.SecretsManagerSecret, "web-origin-v1"), "kmsKeyId")
}

// --- launch template -----------------------------------------------------------

func TestLaunchTemplateByDefault(t *testing.T) {
	t.Parallel()
	template := record(t, newWebTier(webTierArgs())).one(t, awstype.EC2LaunchTemplate, "web-app")
	delete(template, "userData") // TestBoot…
	name := map[string]any{"Name": "web-app"}
	assert.Equal(t, map[string]any{
		"description":          "Application server",
		"imageId":              "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64_value",
		"instanceType":         "t3.small",
		"updateDefaultVersion": true,
		"iamInstanceProfile":   map[string]any{"arn": "arn:aws:iam:us-east-1:123456789012:web-app"},
		"metadataOptions": map[string]any{
			"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1.0, "instanceMetadataTags": "enabled",
		},
		"monitoring": map[string]any{"enabled": true},
		"networkInterfaces": []any{map[string]any{
			"deviceIndex": 0.0, "associatePublicIpAddress": "false", "deleteOnTermination": "true", "securityGroups": []any{"app-group_id"},
		}},
		"blockDeviceMappings": []any{map[string]any{"deviceName": "/dev/xvda", "ebs": map[string]any{
			"volumeType": "gp3", "volumeSize": 30.0, "encrypted": "true", "deleteOnTermination": "true",
		}}},
		"tagSpecifications": []any{
			map[string]any{"resourceType": "instance", "tags": name},
			map[string]any{"resourceType": "network-interface", "tags": name},
			map[string]any{"resourceType": "volume", "tags": name},
		},
		"tags": name,
	}, template)
}

func TestImageFollowsTheProcessorUnlessItIsPinned(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"":                      "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64_value",
		"ssm:/golden/moodle":    "/golden/moodle_value",
		"ssm:/golden/moodle:3":  "/golden/moodle:3_value",
		"ami-0123456789abcdef0": "ami-0123456789abcdef0",
	} {
		args := webTierArgs(func(s *webtier.Settings) { s.InstanceTypes, s.Image = []string{"m7g.large"}, image })
		assert.Equal(t, want, record(t, newWebTier(args)).one(t, awstype.EC2LaunchTemplate, "web-app")["imageId"])
	}
}

// An update for another reason must not replace the instances, because AWS has published an AMI since.
func TestStackKeepsItsImage(t *testing.T) {
	t.Parallel()
	kept := func(instanceType, image string) recording {
		return record(t, newWebTier(webTierArgs(func(s *webtier.Settings) { s.InstanceTypes, s.Image = []string{instanceType}, image })))
	}
	got := kept("m7g.large", "")
	assert.Equal(t, map[string]any{
		"name": "/web/test/image-arm64", "type": "String", "description": "AMI that instances keep until web.image sets another",
		"insecureValue": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64_value", "tags": map[string]any{"Name": "web-image-arm64"},
	}, got.one(t, awstype.SSMParameter, "web-image-arm64"))
	assert.Equal(t, []string{"insecureValue"}, got.of(awstype.SSMParameter)["web-image-arm64"].IgnoreChanges)
	assert.Contains(t, got.of(awstype.EC2LaunchTemplate)["web-app"].DependsOn, awstype.SSMParameter+"::web-image-arm64")
	assert.Equal(t, []string{"web-image-x86-64"}, kept("t3.small", "").names(awstype.SSMParameter), "the other architecture needs another")
	for _, image := range []string{"ami-0123456789abcdef0", "ssm:/golden/moodle", "ssm:/golden/moodle:3"} {
		assert.Empty(t, kept("m7g.large", image).of(awstype.SSMParameter), image)
	}
}

func TestInstancesAndVolumesAreTagged(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.Shared.Tags = pulumi.StringMap{"Stack": pulumi.String("test")}
	got := record(t, newWebTier(args))
	tags := map[string]any{"Name": "web-app", "Stack": "test"}
	for _, each := range got.one(t, awstype.EC2LaunchTemplate, "web-app")["tagSpecifications"].([]any) {
		assert.Equal(t, tags, each.(map[string]any)["tags"])
	}
	assert.Equal(t, []any{
		map[string]any{"key": "Name", "value": "web-app", "propagateAtLaunch": true},
		map[string]any{"key": "Stack", "value": "test", "propagateAtLaunch": true},
	}, got.one(t, awstype.AutoScalingGroup, "web-app")["tags"])
}

func TestLogGroupOfTheInstances(t *testing.T) {
	t.Parallel()
	args := fullWebTier(func(s *webtier.Settings) { s.LogRetentionDays = 30 })
	assert.Equal(t, map[string]any{
		"name": "/web/test/app", "retentionInDays": 30.0, "kmsKeyId": "key-arn", "tags": map[string]any{"Name": "web-app"},
	}, record(t, newWebTier(args)).one(t, awstype.CloudWatchLogGroup, "web-app"))
}

// userData returns the script that a launch template boots instances with.
func userData(t *testing.T, got recording) string {
	t.Helper()
	return userDataOf(t, got.one(t, awstype.EC2LaunchTemplate, "web-app"))
}

// userDataOf returns the script in the inputs of a launch template.
func userDataOf(t *testing.T, template map[string]any) string {
	t.Helper()
	script, err := base64.StdEncoding.DecodeString(template["userData"].(string))
	require.NoError(t, err)
	return string(script)
}

func TestUserDataFitsAndHasNoSecret(t *testing.T) {
	t.Parallel()
	withoutContainer := fullWebTier(func(s *webtier.Settings) { s.Container = "" })
	for _, each := range []*webtier.Args{withoutContainer, fullWebTier(), webTierArgs()} {
		script := userData(t, record(t, newWebTier(each)))
		assert.True(t, strings.HasPrefix(script, "#!/bin/bash\n"), "base64 once, and cloud-init knows it for a script")
		assert.Equal(t, 1, strings.Count(script, "#!/bin/bash"))
		assert.Less(t, len(script), 16*1024)
		assert.NotContains(t, script, "random", "the value of the origin header")
	}
}

func TestUserDataThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	args := fullWebTier()
	for i := range 100 {
		args.Secrets[fmt.Sprintf("secret-number-%d", i)] = pulumi.String(strings.Repeat("arn", 40))
	}
	_, err := offline.Record(newWebTier(args), offline.Stack{Project: "test", Name: "test"})
	assert.ErrorContains(t, err, "user data of web-app must be at most 16384 bytes, got ")
	assert.ErrorContains(t, err, ": use fewer secrets, or less of web.environment")
}
