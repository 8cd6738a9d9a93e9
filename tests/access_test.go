package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ha-web/components/access"
	"ha-web/components/securitygroups"
	"ha-web/internal/awstype"
	"ha-web/internal/offline"
	"ha-web/internal/parts"
	accesssettings "ha-web/internal/settings/access"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNothingIsOpenUntilItIsAskedFor(t *testing.T) {
	t.Parallel()
	got := record(t, newAccess(nil))
	assert.Equal(t, []string{"ha-web:index:Access::web"}, got.keys())
	for _, stack := range []string{"dev", "prod"} {
		for _, each := range planOf(t, "-stack", stack).Resources {
			if each.Parent == "ha-web:index:Access::ha-web" {
				assert.Fail(t, each.Key(), stack)
			}
		}
	}
}

func TestPeopleSignInBeforeTheyReachAPath(t *testing.T) {
	t.Parallel()
	args := fullAccess()
	got := record(t, newAccess(args))
	assert.Equal(t, []string{"web-signin-admin", "web-signin-oauth2-idpresponse", "web-signin-report"}, got.names(awstype.LBListenerRule))
	rule := got.one(t, awstype.LBListenerRule, "web-signin-admin")
	assert.Equal(t, "listener-arn", rule["listenerArn"])
	assert.Equal(t, float64(accesssettings.Priority("/admin/*")), rule["priority"])
	assert.Equal(t, []any{
		map[string]any{"pathPattern": map[string]any{"values": []any{"/admin/*"}}},
		map[string]any{"httpHeader": map[string]any{"httpHeaderName": "X-Origin-Verify", "values": []any{offline.Secret, "old"}}},
	}, rule["conditions"], "no way past CloudFront")
	assert.Equal(t, []any{
		map[string]any{"type": "authenticate-oidc", "order": 1.0, "authenticateOidc": map[string]any{
			"issuer": "https://example.okta.com", "authorizationEndpoint": "https://example.okta.com/oauth2/v1/authorize",
			"tokenEndpoint": "https://example.okta.com/oauth2/v1/token", "userInfoEndpoint": "https://example.okta.com/oauth2/v1/userinfo",
			"clientId": "ha-web", "clientSecret": offline.Secret, "scope": "openid email profile", "sessionTimeout": 28800.0,
			"onUnauthenticatedRequest": "authenticate",
		}},
		map[string]any{"type": "forward", "order": 2.0, "targetGroupArn": "target-group-arn"},
	}, rule["actions"], "sign-in first")

	args.Web.Origin = parts.Origin{}
	open := record(t, newAccess(args)).one(t, awstype.LBListenerRule, "web-signin-admin")
	assert.Equal(t, []any{map[string]any{"pathPattern": map[string]any{"values": []any{"/admin/*"}}}}, open["conditions"])

	// The rules of the other paths stay as they are.
	args.Settings.OIDC.Paths = []string{"/report", "/grade/*", "/admin/*"}
	more := record(t, newAccess(args))
	for _, name := range []string{"web-signin-admin", "web-signin-report"} {
		assert.Equal(t, got.one(t, awstype.LBListenerRule, name)["priority"], more.one(t, awstype.LBListenerRule, name)["priority"], name)
	}
}

func TestClientSecretComesFromSecretsManager(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:oidc-Ab12Cd"
	args := fullAccess(func(s *access.Settings) { s.OIDC.ClientSecret, s.OIDC.ClientSecretARN = nil, arn })
	var entry *access.Access
	got := record(t, func(ctx *pulumi.Context) (err error) {
		entry, err = access.New(ctx, "web", args)
		return err
	})
	text := inputsOf(t, got.of(awstype.LBListenerRule)["web-signin-admin"])
	assert.Contains(t, text, `"clientSecret":"[secret]"`)
	assert.NotContains(t, text, "value of")
	assert.Equal(t, []pulumi.StringInput{pulumi.String(arn)}, entry.HeldSecretARNs, "previews look it up")
}

func TestLoadBalancerReachesTheIdentityProviderOnlyWhereItHasTo(t *testing.T) {
	t.Parallel()
	assert.NotContains(t, record(t, newChain()).names(awstype.VPCSecurityGroupEgressRule), "sg-alb-to-internet")
	rule := record(t, newChain(func(a *securitygroups.Args) {
		a.Access.OIDC.Paths = []string{"/admin/*"}
	})).one(t, awstype.VPCSecurityGroupEgressRule, "sg-alb-to-internet")
	for property, want := range map[string]any{
		"securityGroupId": "sg-alb_id", "cidrIpv4": "0.0.0.0/0", "fromPort": 443.0, "toPort": 443.0, "ipProtocol": "tcp",
	} {
		assert.Equal(t, want, rule[property], property)
	}
}

func TestStaffComesToTheConsoleByItsOwnIdentityProvider(t *testing.T) {
	t.Parallel()
	args := fullAccess(func(s *access.Settings) { s.SAML.SessionHours = 4 })
	got := record(t, func(ctx *pulumi.Context) error {
		made, err := access.New(ctx, "web", args)
		if err == nil {
			ctx.Export("roles", made.ConsoleRoles)
		}
		return err
	})
	provider := got.one(t, awstype.IAMSAMLProvider, "web-staff")
	assert.Equal(t, "web-test", provider["name"])
	assert.Equal(t, samlMetadata, provider["samlMetadataDocument"])
	const arn = "arn:aws:iam:us-east-1:123456789012:"
	for _, name := range []string{"web-operator", "web-read-only"} {
		made := got.one(t, awstype.IAMRole, name)
		assert.Equal(t, 14400.0, made["maxSessionDuration"], name)
		assert.Equal(t, "/administered/web/test/", made["path"], name)
		assert.Equal(t, map[string]map[string]any{"sts:AssumeRoleWithSAML": {
			"Effect": "Allow", "Action": []any{"sts:AssumeRoleWithSAML"}, "Principal": map[string]any{"Federated": arn + "web-staff"},
			"Condition": map[string]any{"StringEquals": map[string]any{"SAML:aud": "https://signin.aws.amazon.com/saml"}},
		}}, document(t, made["assumeRolePolicy"]), name)
		assert.Equal(t, "arn:aws:iam::aws:policy/ReadOnlyAccess", got.one(t, awstype.IAMRolePolicyAttachment, name)["policyArn"])
	}
	assert.NotContains(t, got.names(awstype.IAMRolePolicy), "web-read-only", "it looks, and nothing else")
	assert.Equal(t, []any{arn + "web-read-only," + arn + "web-staff", arn + "web-operator," + arn + "web-staff"}, got.Outputs["roles"])
}

// operations returns the statements of the operator's own policy.
func operations(t *testing.T, got recording, name string) map[string]map[string]any {
	t.Helper()
	return document(t, got.one(t, awstype.IAMRolePolicy, name)["policy"])
}

func TestOperatorsWorkOnTheStackAlone(t *testing.T) {
	t.Parallel()
	statements := operations(t, everything(t), "ha-web-operator")
	stack := map[string]any{"StringEquals": map[string]any{
		"aws:ResourceTag/Project": "ha-web", "aws:ResourceTag/Stack": "local", "aws:ResourceTag/Environment": "development",
	}}
	assert.Equal(t, stack, statements["Operate"]["Condition"])
	assert.Equal(t, stack, statements["OpenSessions"]["Condition"])
	assert.Equal(t, []any{"arn:aws:ec2:us-east-1:123456789012:instance/*"}, statements["OpenSessions"]["Resource"])
	assert.Equal(t, []any{"arn:aws:ssm:us-east-1:123456789012:session/${aws:userid}-*"}, statements["EndOwnSessions"]["Resource"])
	assert.Equal(t, []any{"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/ha-web-alb/id"}, statements["ShiftZones"]["Resource"])
	for name, statement := range statements {
		for _, action := range statement["Action"].([]any) {
			for _, never := range []string{"iam:", "*", "ssm:SendCommand", "kms:Put", "s3:"} {
				assert.False(t, strings.HasPrefix(action.(string), never), "%s allows %s", name, action)
			}
		}
	}
	all := operations(t, record(t, newAccess(fullAccess())), "web-operator")
	assert.NotContains(t, all["Operate"], "Condition", "without tags AWS cannot tell")
}

// Commands of the AWS CLI whose action in IAM has another name, and those that ask for none.
var renamed = map[string]string{
	"logs tail": "logs:FilterLogEvents", "s3 ls": "s3:ListBucket", "cloudfront get-distribution": "cloudfront:GetDistribution",
	"elbv2": "elasticloadbalancing", "service-quotas": "servicequotas",
}

// Operators restore, change and rotate databases of the stack. They delete restored copies only, and read the passwords of no others.
func TestOperatorsRecoverDatabases(t *testing.T) {
	t.Parallel()
	const (
		arn     = "arn:aws:rds:us-east-1:123456789012:"
		managed = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-*"
		owner   = "aws:ResourceTag/aws:rds:primaryDBInstanceArn"
	)
	statements := operations(t, everything(t), "ha-web-operator")
	copies := []any{arn + "db:ha-web-local-db*-copy*", arn + "db:ha-web-local-db*-drill-*"}
	groups := []any{arn + "og:*", arn + "pg:*", arn + "subgrp:*"}
	for name, want := range map[string][]any{
		"RestoreCopies":   append([]any{arn + "db:ha-web-local-*", arn + "snapshot:ha-web-local-*", arn + "snapshot:rds:ha-web-local-*"}, groups...),
		"ChangeDatabases": append([]any{arn + "db:ha-web-local-*"}, groups...),
		"TakeSnapshots":   {arn + "db:ha-web-local-*", arn + "snapshot:ha-web-local-*"},
		"DeleteCopies":    copies,
	} {
		assert.Equal(t, want, statements[name]["Resource"], name)
	}
	for name, want := range map[string]any{"ReadPasswordsOfCopies": copies, "RotatePassword": arn + "db:ha-web-local-*"} {
		assert.Equal(t, []any{managed}, statements[name]["Resource"], name)
		assert.Equal(t, map[string]any{"StringLike": map[string]any{owner: want}}, statements[name]["Condition"], name)
	}
	for name, statement := range statements {
		for _, action := range statement["Action"].([]any) {
			switch action {
			case "rds:DeleteDBInstance":
				assert.Equal(t, "DeleteCopies", name)
			case "secretsmanager:GetSecretValue":
				assert.Equal(t, "ReadPasswordsOfCopies", name)
			case "rds:DeleteDBSnapshot", "rds:DeleteDBInstanceAutomatedBackup", "rds:ModifyDBSnapshotAttribute":
				assert.Fail(t, "operators must not take backups away", "%s allows %s", name, action)
			}
		}
	}
}

// allowedOperators returns the actions that operators have besides ReadOnlyAccess, in lowercase.
func allowedOperators(t *testing.T) map[string]bool {
	t.Helper()
	allowed := map[string]bool{}
	for _, statement := range operations(t, record(t, newAccess(fullAccess())), "web-operator") {
		for _, action := range statement["Action"].([]any) {
			allowed[strings.ToLower(action.(string))] = true
		}
	}
	return allowed
}

// forAdministrators are actions that operators do not have, as the pages say: quotas are those of the whole account.
var forAdministrators = []string{"servicequotas:RequestServiceQuotaIncrease"}

// Commands in these pages are for operators. What has to be done after the loss of a region or of a stack, the role that deploys does.
func TestOperatorsMayDoWhatTheRunbookSays(t *testing.T) {
	t.Parallel()
	allowed := allowedOperators(t)
	reads := regexp.MustCompile(`:(Get|List|Describe|Lookup|Filter|Wait)`)
	for page, least := range map[string]int{"docs/runbook.md": 40, "docs/recovery.md": 10} {
		text, err := os.ReadFile(filepath.Join(project, page))
		require.NoError(t, err)
		operated, _, _ := strings.Cut(string(text), "\n## After a lost region\n")
		commands := regexp.MustCompile(`aws ([a-z0-9-]+) ([a-z][a-z0-9-]+)`).FindAllStringSubmatch(operated, -1)
		require.Greater(t, len(commands), least, page)
		for _, command := range commands {
			if command[0] == "aws autoscaling update-auto-scaling-group" {
				assert.Equal(t, "docs/recovery.md", page)
				continue // beside pulumi up, for the role that deploys, as the page says
			}
			action, found := renamed[command[1]+" "+command[2]]
			if !found {
				service := command[1]
				if other, is := renamed[service]; is {
					service = other
				}
				action = service + ":" + actionOf(command[2])
			}
			read := reads.MatchString(action) && action != "secretsmanager:GetSecretValue"
			assert.True(t, read || allowed[strings.ToLower(action)] || slices.Contains(forAdministrators, action),
				"%s: %s, of %s", page, action, command[0])
		}
	}
}

// Operators may do what the drill of a restore asks for.
func TestOperatorsDrillRestores(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(project, "docs/verify.md"))
	require.NoError(t, err)
	_, policy, found := strings.Cut(string(page), `{"Sid": "DrillRestore"`)
	require.True(t, found)
	policy, _, _ = strings.Cut(policy, "]}")
	actions := regexp.MustCompile(`"([a-z]+:[A-Za-z]+)"`).FindAllStringSubmatch(policy, -1)
	require.Greater(t, len(actions), 8)
	for _, action := range actions {
		assert.True(t, allowedOperators(t)[strings.ToLower(action[1])], action[1])
	}
}

// actionOf returns the action of a command of the AWS CLI: StartSession of start-session.
func actionOf(command string) string {
	var action strings.Builder
	for _, word := range strings.Split(command, "-") {
		action.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return action.String()
}

func TestScannerLooksByItsExternalID(t *testing.T) {
	t.Parallel()
	settings := access.Default()
	settings.Scanner = accessSettings().Scanner
	got := record(t, newAccess(&access.Args{Settings: &settings}))
	scanner := got.one(t, awstype.IAMRole, "web-scanner")
	assert.Equal(t, map[string]map[string]any{"sts:AssumeRole": {
		"Effect": "Allow", "Action": []any{"sts:AssumeRole"}, "Principal": map[string]any{"AWS": "arn:aws:iam::111122223333:role/scanner"},
		"Condition": map[string]any{"StringEquals": map[string]any{"sts:ExternalId": "0a1b"}},
	}}, document(t, scanner["assumeRolePolicy"]))
	assert.Equal(t, []string{"web-scanner-audits", "web-scanner-views"}, got.names(awstype.IAMRolePolicyAttachment))
	assert.Equal(t, "arn:aws:iam::aws:policy/SecurityAudit", got.one(t, awstype.IAMRolePolicyAttachment, "web-scanner-audits")["policyArn"])
	assert.Equal(t, "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", got.one(t, awstype.IAMRolePolicyAttachment, "web-scanner-views")["policyArn"])
	assert.Empty(t, got.of(awstype.IAMRolePolicy), "it may nothing else")
}

// command is a document of Systems Manager.
type command struct {
	SchemaVersion string
	MainSteps     []commandStep
}

type commandStep struct {
	Action, Name string
	Inputs       map[string]any
}

func commandOf(t *testing.T, got recording, name string) command {
	t.Helper()
	made := got.one(t, awstype.SSMDocument, name)
	assert.Equal(t, "Command", made["documentType"])
	assert.Equal(t, "JSON", made["documentFormat"])
	var parsed command
	require.NoError(t, json.Unmarshal([]byte(made["content"].(string)), &parsed))
	assert.Equal(t, "2.2", parsed.SchemaVersion)
	return parsed
}

// afterBoot returns the steps of a document that come after the one that waits for the boot script: two installations of packages at a
// time fail.
func afterBoot(t *testing.T, got recording, name string) []commandStep {
	t.Helper()
	steps := commandOf(t, got, name).MainSteps
	require.NotEmpty(t, steps)
	assert.Equal(t, commandStep{Action: "aws:runShellScript", Name: "boot", Inputs: map[string]any{
		"timeoutSeconds": "1800", "runCommand": []any{"cloud-init status --wait || true"},
	}}, steps[0])
	return steps[1:]
}

func TestAgentsAreInstalledOnEveryInstance(t *testing.T) {
	t.Parallel()
	got := record(t, newAccess(fullAccess()))
	falcon := afterBoot(t, got, "web-agent-falcon")
	require.Len(t, falcon, 1)
	assert.Equal(t, "aws:configurePackage", falcon[0].Action)
	assert.Equal(t, map[string]any{
		"action": "Install", "name": "FalconSensor-Linux", "version": "7.1",
		"additionalArguments": map[string]any{"SSM_CS_CCID": "0A-1B"},
	}, falcon[0].Inputs)

	installed := got.one(t, awstype.SSMAssociation, "web-agent-falcon")
	assert.Equal(t, map[string]any{
		"associationName": "web-test-agent-falcon", "name": "web-agent-falcon", "documentVersion": "1",
		"scheduleExpression": "rate(1 day)", "complianceSeverity": "HIGH", "maxConcurrency": "50%", "maxErrors": "0",
		"targets": []any{map[string]any{"key": "tag:aws:autoscaling:groupName", "values": []any{"web-app"}}},
		"tags":    map[string]any{"Name": "web-agent-falcon"},
	}, installed)
	assert.Equal(t, "rate(12 hours)", got.one(t, awstype.SSMAssociation, "web-agent-datadog")["scheduleExpression"])
}

func TestAgentsReadTheirSecretsOnTheInstance(t *testing.T) {
	t.Parallel()
	got := record(t, newAccess(fullAccess()))
	const app, datadog = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-Ab12Cd", "arn:aws:secretsmanager:us-east-1:123456789012:secret:datadog-Ab12Cd"
	steps := afterBoot(t, got, "web-agent-datadog")
	require.Len(t, steps, 1)
	assert.Equal(t, "aws:runShellScript", steps[0].Action)
	read := func(variable, arn string) []any {
		return []any{fmt.Sprintf("%s=$(aws secretsmanager get-secret-value --region us-east-1 --secret-id '%s' --query SecretString --output text)",
			variable, arn), "export " + variable}
	}
	assert.Equal(t, slices.Concat([]any{"#!/bin/bash", "set -euo pipefail"}, read("APP_KEY", app), read("DD_API_KEY", datadog), []any{"install"}),
		steps[0].Inputs["runCommand"])
	policy := got.one(t, awstype.IAMRolePolicy, "web-agents")
	assert.Equal(t, "web-app-role", policy["role"])
	statements := document(t, policy["policy"])
	assert.Equal(t, []any{app, datadog}, statements["ReadSecrets"]["Resource"])
	assert.Equal(t, []any{"key-arn"}, statements["DecryptThem"]["Resource"])
	assert.True(t, got.behind(awstype.SSMAssociation + "::web-agent-datadog")[awstype.IAMRolePolicy+"::web-agents"], "not before it may")
}

func TestPlaybooksComeFromAPrivateBucket(t *testing.T) {
	t.Parallel()
	args := fullAccess()
	got := record(t, newAccess(args))
	digest := args.Settings.Playbooks[0].Digest()
	assert.Equal(t, []string{"web-playbook-moodle-site.yml", "web-playbook-moodle-tasks/main.yml"}, got.names(awstype.S3BucketObjectv2))
	file := got.one(t, awstype.S3BucketObjectv2, "web-playbook-moodle-tasks/main.yml")
	assert.Equal(t, "moodle/"+digest+"/tasks/main.yml", file["key"])
	assert.Equal(t, "[]", file["content"])
	steps := afterBoot(t, got, "web-playbook-moodle")
	require.Len(t, steps, 2)
	assert.Equal(t, "aws:runShellScript", steps[0].Action)
	assert.Contains(t, fmt.Sprint(steps[0].Inputs["runCommand"]), "dnf install -y -q ansible-core")
	assert.Equal(t, "aws:runDocument", steps[1].Action)
	assert.Equal(t, "AWS-ApplyAnsiblePlaybooks", steps[1].Inputs["documentPath"])
	assert.Equal(t, map[string]any{
		"SourceType": "S3", "SourceInfo": `{"path":"https://s3.us-east-1.amazonaws.com/web-playbooks/moodle/` + digest + `/"}`,
		"InstallDependencies": "False", "PlaybookFile": "site.yml", "ExtraVariables": "release=5.0", "Check": "False", "Verbose": "-v",
	}, steps[1].Inputs["documentParameters"])
	assert.Equal(t, "web-playbook-moodle", got.one(t, awstype.SSMAssociation, "web-playbook-moodle")["name"])
	behind := got.behind(awstype.SSMAssociation + "::web-playbook-moodle")
	for _, each := range []string{
		awstype.IAMRolePolicy + "::web-playbooks", awstype.S3BucketObjectv2 + "::web-playbook-moodle-site.yml", awstype.S3BucketObjectv2 + "::web-playbook-moodle-tasks/main.yml",
	} {
		assert.True(t, behind[each], each)
	}
	statements := document(t, got.one(t, awstype.IAMRolePolicy, "web-playbooks")["policy"])
	assert.Equal(t, []any{"arn:aws:s3:us-east-1:123456789012:web-playbooks/*"}, statements["ReadPlaybooks"]["Resource"])
	assert.Equal(t, []any{"s3:GetObject"}, statements["ReadPlaybooks"]["Action"])
	assert.Equal(t, []any{"arn:aws:s3:us-east-1:123456789012:web-playbooks"}, statements["ListPlaybooks"]["Resource"])
	assert.True(t, got.of(awstype.S3BucketV2)["web-playbooks"].Protect)
	assert.Contains(t, got.of(awstype.S3BucketPolicy), "web-playbooks", "nothing without TLS")

	// Another content is another place, and so another document.
	args.Settings.Playbooks[0].Files["tasks/main.yml"] = "[{}]"
	other := commandOf(t, record(t, newAccess(args)), "web-playbook-moodle").MainSteps[1]
	assert.NotEqual(t, steps[1].Inputs, other.Inputs)
}

func TestFailedAgentsAreTold(t *testing.T) {
	t.Parallel()
	args := fullAccess()
	got := record(t, newAccess(args))
	var pattern map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.one(t, awstype.CloudWatchEventRule, "web-upkeep-failed")["eventPattern"].(string)), &pattern))
	assert.Equal(t, map[string]any{
		"source": []any{"aws.ssm"}, "detail-type": []any{"EC2 State Manager Association State Change"},
		"detail": map[string]any{
			"association-id": []any{"web-agent-falcon_id", "web-agent-datadog_id", "web-playbook-moodle_id"}, "status": []any{"Failed"},
		},
	}, pattern)
	assert.Equal(t, "topic-arn", got.one(t, awstype.CloudWatchEventTarget, "web-upkeep-failed")["arn"])
	args.NoticeTopicARN = nil
	assert.Empty(t, record(t, newAccess(args)).of(awstype.CloudWatchEventRule))
}

func TestAccessRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	settings := access.Default()
	settings.OIDC.Paths, settings.OIDC.Issuer = []string{"/admin/*"}, "https://example.okta.com"
	settings.Scanner.Principal = "arn:aws:iam::111122223333:root"
	settings.Agents, settings.Playbooks = []access.Agent{{Name: "x"}}, []access.Playbook{{Name: "x"}}
	assert.Equal(t, strings.Join([]string{
		"access web: Settings.OIDC.ClientID: is required: the identity provider shows it",
		"Settings.OIDC.ClientSecret: set either this or Settings.OIDC.ClientSecretARN",
		`Settings.Scanner.ExternalID: must be the external ID that the scanner states, 2 to 1224 letters, digits and +=,.@:/_-, got ""`,
		"Settings.Agents[0].Package: is required without Settings.Agents[0].Commands",
		"Settings.Playbooks[0].Files: is required",
		"Web.ListenerARN: is required",
		"Web.TargetGroupARN: is required",
		"Web.AutoScalingGroupName: is required",
		"Web.RoleName: is required",
	}, "\n"), fault(t, newAccess(&access.Args{Settings: &settings})))
	assert.Equal(t, "access web: Settings: must begin as Default(), which sets what is left out",
		fault(t, newAccess(&access.Args{Settings: &access.Settings{}})))
}

func TestSettingsReachAccess(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "prod", "-c", "environment=development", "-c", "access.saml={metadataFile: examples/saml/metadata.xml, sessionHours: 2}",
		"-c", "access.oidc={paths: [/admin/*], issuer: 'https://login.microsoftonline.com/0a1b/v2.0', tokenEndpoint: 'https://t.example.edu', "+
			"clientId: x, clientSecretArn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:oidc-Ab12Cd', scope: openid, sessionHours: 1}",
		"-c", "access.agents=[{name: falcon, package: FalconSensor-Linux, schedule: rate(2 days)}]",
		"-c", "access.playbooks=[{name: moodle, folder: examples/moodle, playbook: site.yml, variables: {a: b, moodle_release: '5.3', moodle_sha256: x, moodle_host: y}}]",
		"-c", "access.scanner={principal: 'arn:aws:iam::111122223333:role/scanner', externalId: 0a1b}", "-c", "access.deletionProtection=false",
		"-c", "delivery.github={owner: example, repo: ha-web}")
	rule := inputsOf(t, got.of(awstype.LBListenerRule)["ha-web-signin-admin"])
	for _, part := range []string{
		`"tokenEndpoint":"https://t.example.edu"`, `"userInfoEndpoint":"https://graph.microsoft.com/oidc/userinfo"`, `"scope":"openid"`,
		`"sessionTimeout":3600`, `"clientSecret":"[secret]"`, `"httpHeaderName":"X-Origin-Verify"`, `"listenerArn":"arn:aws:lb:us-east-1:123456789012:ha-web-listener-https"`,
	} {
		assert.Contains(t, rule, part)
	}
	assert.Contains(t, got.names(awstype.VPCSecurityGroupEgressRule), "ha-web-alb-to-internet")
	assert.Equal(t, 7200.0, got.one(t, awstype.IAMRole, "ha-web-operator")["maxSessionDuration"])
	assert.Equal(t, "rate(2 days)", got.one(t, awstype.SSMAssociation, "ha-web-agent-falcon")["scheduleExpression"])
	assert.Contains(t, inputsOf(t, got.of(awstype.SSMDocument)["ha-web-playbook-moodle"]), `\"ExtraVariables\":\"a=b moodle_host=y moodle_release=5.3 moodle_sha256=x\"`)
	assert.Contains(t, got.names(awstype.S3BucketObjectv2), "ha-web-playbook-moodle-site.yml")
	assert.False(t, got.of(awstype.S3BucketV2)["ha-web-playbooks"].Protect)
	assert.Equal(t, "arn:aws:iam:us-east-1:123456789012:ha-web-scanner", got.Outputs["scannerRoleArn"])
	assert.Len(t, got.Outputs["consoleRoles"], 2)
	preview := document(t, got.one(t, awstype.IAMRolePolicy, "ha-web-preview")["policy"])
	assert.Contains(t, preview["ReadSecrets"]["Resource"], "arn:aws:secretsmanager:us-east-1:123456789012:secret:oidc-Ab12Cd")
	assert.Contains(t, preview["RefuseOtherFiles"]["NotResource"], "arn:aws:s3:us-east-1:123456789012:ha-web-playbooks/*")
	assert.Equal(t, got.one(t, awstype.CloudWatchEventTarget, "ha-web-upkeep-failed")["arn"], got.Outputs["noticeTopicArn"])
}
