package controls_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ha-web/internal/awstype"
	"ha-web/internal/controls"
	"ha-web/internal/offline"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What whole plans do not show: the edges of controls, on a few resources. That each finds what it is for, and no other
// does, is proven on the plan of a production stack with everything in it (tests/controls_test.go).

type inputs = map[string]any

func resource(kind string, fields inputs) offline.Resource {
	return offline.Resource{Type: kind, Name: "x", Custom: true, Inputs: fields}
}

// statusOf returns what becomes of a control with these resources.
func statusOf(t *testing.T, id string, resources ...offline.Resource) controls.Result {
	t.Helper()
	for _, result := range controls.Run(&offline.Recording{Resources: resources}, nil) {
		if result.ID == id {
			return result
		}
	}
	require.Failf(t, "no such control", id)
	return controls.Result{}
}

func script(text string) inputs {
	return inputs{"userData": base64.StdEncoding.EncodeToString([]byte(text))}
}

func zipped(t *testing.T, text string) inputs {
	t.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err := writer.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return script(packed.String())
}

func policy(statement string) inputs {
	return inputs{"policy": `{"Version": "2012-10-17", "Statement": ` + statement + `}`}
}

// watched returns a fleet of two or more, an alarm for no healthy host, one for hosts that the group is short of, and a page with a rule.
func watched(silence, rule string) []offline.Resource {
	query := func(metric string) map[string]any {
		return map[string]any{"metric": map[string]any{"metricName": metric}}
	}
	return []offline.Resource{
		resource(awstype.LBTargetGroup, inputs{}), resource(awstype.AutoScalingGroup, inputs{"minSize": 2.0}),
		resource(awstype.CloudWatchMetricAlarm, inputs{
			"name": "none", "metricName": "HealthyHostCount", "treatMissingData": silence, "comparisonOperator": "LessThanThreshold",
			"threshold": 1.0,
		}),
		resource(awstype.CloudWatchMetricAlarm, inputs{
			"name": "short", "metricQueries": []any{query("HealthyHostCount"), query("GroupDesiredCapacity")},
		}),
		resource(awstype.CloudWatchCompositeAlarm, inputs{"alarmRule": rule}),
	}
}

// guarded returns a rule that lets in answers to subnets of which one has nothing in it but these.
func guarded(more ...offline.Resource) []offline.Resource {
	return append(more,
		resource(awstype.EC2NetworkACLRule, inputs{
			"networkAclId": "x_id", "cidrBlock": "0.0.0.0/0", "ruleAction": "allow", "egress": false, "protocol": "tcp", "fromPort": 1024.0, "toPort": 65535.0,
		}),
		resource(awstype.EC2NetworkACL, inputs{}), resource(awstype.EC2Subnet, inputs{}),
		resource(awstype.EC2NetworkACLAssociation, inputs{"networkAclId": "x_id", "subnetId": "x_id"}))
}

// ssmDocument is a document with these inputs of its one step, as JSON.
func ssmDocument(stepInputs string) offline.Resource {
	return resource(awstype.SSMDocument, inputs{"content": `{"mainSteps": [{"inputs": {` + stepInputs + `}}]}`})
}

func TestEdges(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:us-east-1:123456789012:key/0a1b"
	tests := map[string]struct {
		control   string
		want      controls.Status
		resources []offline.Resource
	}{
		"all ports":            {"EC2.18", controls.Fail, []offline.Resource{resource(awstype.VPCSecurityGroupIngressRule, inputs{"cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"})}},
		"IPv6":                 {"EC2.18", controls.Fail, []offline.Resource{resource(awstype.VPCSecurityGroupIngressRule, inputs{"cidrIpv6": "::/0", "ipProtocol": "tcp", "fromPort": 22.0, "toPort": 22.0})}},
		"more than HTTPS":      {"EC2.18", controls.Fail, []offline.Resource{resource(awstype.VPCSecurityGroupIngressRule, inputs{"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 443.0, "toPort": 445.0})}},
		"UDP":                  {"EC2.18", controls.Fail, []offline.Resource{resource(awstype.VPCSecurityGroupIngressRule, inputs{"cidrIpv4": "0.0.0.0/0", "ipProtocol": "udp", "fromPort": 443.0, "toPort": 443.0})}},
		"HTTPS":                {"EC2.18", controls.Pass, []offline.Resource{resource(awstype.VPCSecurityGroupIngressRule, inputs{"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 443.0, "toPort": 443.0})}},
		"SSH from one network": {"EC2.18", controls.Pass, []offline.Resource{resource(awstype.VPCSecurityGroupIngressRule, inputs{"cidrIpv4": "10.0.0.0/8", "ipProtocol": "tcp", "fromPort": 22.0, "toPort": 22.0})}},
		"legacy rule":          {"HA.24", controls.Fail, []offline.Resource{resource(awstype.EC2SecurityGroupRule, inputs{"type": "ingress"})}},

		"ACL, all protocols": {"EC2.21", controls.Fail, []offline.Resource{resource(awstype.EC2NetworkACLRule, inputs{"cidrBlock": "0.0.0.0/0", "ruleAction": "allow", "egress": false, "protocol": "-1"})}},
		"ACL, IPv6":          {"EC2.21", controls.Fail, []offline.Resource{resource(awstype.EC2NetworkACLRule, inputs{"ipv6CidrBlock": "::/0", "ruleAction": "allow", "egress": false, "protocol": "tcp", "fromPort": 20.0, "toPort": 22.0})}},
		"ACL, answers where nobody knows what is behind": {"EC2.21", controls.Fail, []offline.Resource{
			resource(awstype.EC2NetworkACLRule, inputs{"cidrBlock": "0.0.0.0/0", "ruleAction": "allow", "egress": false, "protocol": "tcp", "fromPort": 1024.0, "toPort": 65535.0}),
		}},
		"ACL, answers to gateways":  {"EC2.21", controls.Excepted, guarded()},
		"ACL, answers to instances": {"EC2.21", controls.Fail, guarded(resource(awstype.AutoScalingGroup, inputs{"vpcZoneIdentifiers": []any{"x_id"}}))},
		"ACL, answers to databases": {"EC2.21", controls.Fail, guarded(resource(awstype.RDSSubnetGroup, inputs{"subnetIds": []any{"x_id"}}))},
		"ACL, answers to proxies":   {"EC2.21", controls.Fail, guarded(resource(awstype.RDSProxy, inputs{"vpcSubnetIds": []any{"x_id"}}))},
		"no load balancer":          {"AutoScaling.1", controls.NotApplicable, []offline.Resource{resource(awstype.AutoScalingGroup, inputs{"healthCheckType": "EC2"})}},
		"no volume named":           {"EC2.181", controls.Fail, []offline.Resource{resource(awstype.EC2LaunchTemplate, inputs{})}},
		"ACL, refused":              {"EC2.21", controls.NotApplicable, []offline.Resource{resource(awstype.EC2NetworkACLRule, inputs{"cidrBlock": "0.0.0.0/0", "ruleAction": "deny", "egress": false, "protocol": "-1"})}},
		"ACL, outwards":             {"EC2.21", controls.NotApplicable, []offline.Resource{resource(awstype.EC2NetworkACLRule, inputs{"cidrBlock": "0.0.0.0/0", "ruleAction": "allow", "egress": true, "protocol": "-1"})}},

		"key in a script":     {"HA.26", controls.Fail, []offline.Resource{resource(awstype.EC2LaunchTemplate, script("aws configure set aws_access_key_id AKIAIOSFODNN7EXAMPLE\n"))}},
		"private key":         {"HA.26", controls.Fail, []offline.Resource{resource(awstype.EC2LaunchTemplate, script("cat <<E\n-----BEGIN RSA PRIVATE KEY-----\nE\n"))}},
		"path of a parameter": {"HA.26", controls.Pass, []offline.Resource{resource(awstype.EC2LaunchTemplate, script("SMTP_PASSWORD=/campus/smtp\n"))}},
		"password, zipped":    {"HA.26", controls.Fail, []offline.Resource{resource(awstype.EC2LaunchTemplate, zipped(t, "db_password: hunter2hunter2\n"))}},
		"secret of Pulumi":    {"HA.26", controls.Fail, []offline.Resource{resource(awstype.EC2LaunchTemplate, inputs{"userData": "[secret]"})}},
		"token, not encoded":  {"HA.26", controls.Fail, []offline.Resource{resource(awstype.EC2LaunchTemplate, inputs{"userData": "API_TOKEN=0123456789abcdef"})}},
		"looked up at boot":   {"HA.26", controls.Pass, []offline.Resource{resource(awstype.EC2LaunchTemplate, script("password=$(aws secretsmanager get-secret-value --secret-id x)\ntoken=\"${TOKEN}\"\n"))}},
		"name of a secret":    {"HA.26", controls.Pass, []offline.Resource{resource(awstype.EC2LaunchTemplate, script("SECRET_ARN=arn:aws:secretsmanager:us-east-1:123456789012:secret:x\n"))}},
		"plain password":      {"HA.27", controls.Fail, []offline.Resource{resource(awstype.RDSInstance, inputs{"password": "hunter2"})}},
		"deep in a list":      {"HA.27", controls.Fail, []offline.Resource{resource(awstype.SQSQueue, inputs{"a": []any{inputs{"clientSecret": "hunter2"}}})}},
		"key under any name":  {"HA.27", controls.Fail, []offline.Resource{resource(awstype.SSMParameter, inputs{"insecureValue": "ASIAIOSFODNN7EXAMPLE"})}},
		"name of a parameter": {"HA.27", controls.Pass, []offline.Resource{resource(awstype.RDSInstance, inputs{"password": "ssm:/campus/password"})}},
		"masked":              {"HA.27", controls.Pass, []offline.Resource{resource(awstype.RDSInstance, inputs{"password": "[secret]"})}},
		"key in a command":    {"HA.27", controls.Fail, []offline.Resource{ssmDocument(`"runCommand": ["#!/bin/bash", "export DD_API_KEY=0123456789abcdef"]`)}},
		"password option":     {"HA.27", controls.Fail, []offline.Resource{ssmDocument(`"runCommand": ["agent register --password 'hunter2'"]`)}},
		"key in a header":     {"HA.27", controls.Fail, []offline.Resource{ssmDocument(`"runCommand": ["curl -H 'DD-API-KEY: 0123456789abcdef' https://example.edu"]`)}},
		"password variable":   {"HA.27", controls.Fail, []offline.Resource{ssmDocument(`"ExtraVariables": "release=5.0 db_password=hunter2"`)}},
		"token argument":      {"HA.27", controls.Fail, []offline.Resource{ssmDocument(`"additionalArguments": {"SSM_API_TOKEN": "abcdefgh"}`)}},
		"YAML document":       {"HA.27", controls.Fail, []offline.Resource{resource(awstype.SSMDocument, inputs{"content": "mainSteps:\n  - inputs: {runCommand: [PASSWORD=hunter2]}"})}},
		"parameter of run":    {"HA.27", controls.Fail, []offline.Resource{resource(awstype.SSMAssociation, inputs{"parameters": inputs{"commands": "PASSWORD=hunter2"}})}},
		"looked-up keys":      {"HA.27", controls.Pass, []offline.Resource{ssmDocument("\"runCommand\": [\"TOKEN=$(cat /run/token) PASSWORD=`pass` SECRET=\", \"export X\", \"[ $TOKEN = expected ]\", \"curl -H 'Authorization: Api-Token $TOKEN' --token ${TOKEN} --http-tokens required\"]")}},
		"ARN of a secret":     {"HA.27", controls.Pass, []offline.Resource{ssmDocument(`"runCommand": ["KEY_SECRET=arn:aws:secretsmanager:us-east-1:123456789012:secret:datadog-Ab12Cd", "aws secretsmanager get-secret-value --secret-id 'arn:aws:secretsmanager:us-east-1:123456789012:secret:datadog-Ab12Cd'"]`)}},
		"message, or a flag":  {"HA.27", controls.Pass, []offline.Resource{ssmDocument(`"runCommand": ["echo 'invalid token: expired'", "agent --password-file /run/password", "use_token=true"]`)}},
		"endpoint for tokens": {"HA.27", controls.Pass, []offline.Resource{resource(awstype.SQSQueue, inputs{"tokenEndpoint": "https://example.okta.com/token", "httpTokens": "required"})}},
		"master password":     {"HA.28", controls.Fail, []offline.Resource{resource(awstype.RDSInstance, inputs{"manageMasterUserPassword": true, "password": "[secret]"})}},

		"PostgreSQL 15 by default": {"RDS.38", controls.Pass, []offline.Resource{resource(awstype.RDSInstance, inputs{"engine": "postgres", "engineVersion": "15"})}},
		"PostgreSQL 14 by default": {"RDS.38", controls.Fail, []offline.Resource{resource(awstype.RDSInstance, inputs{"engine": "postgres", "engineVersion": "14.9"})}},
		"MySQL by default":         {"RDS.38", controls.Fail, []offline.Resource{resource(awstype.RDSInstance, inputs{"engine": "mysql", "engineVersion": "8.4"})}},
		"MySQL, ON":                {"RDS.38", controls.Pass, []offline.Resource{resource(awstype.RDSInstance, inputs{"engine": "mysql", "parameterGroupName": "x"}), resource(awstype.RDSParameterGroup, inputs{"parameters": []any{inputs{"name": "require_secure_transport", "value": "ON"}}})}},
		"MySQL without audit":      {"RDS.9", controls.Excepted, []offline.Resource{resource(awstype.RDSInstance, inputs{"engine": "mysql", "enabledCloudwatchLogsExports": []any{"error", "slowquery"}})}},
		"MySQL without errors":     {"RDS.9", controls.Fail, []offline.Resource{resource(awstype.RDSInstance, inputs{"engine": "mysql", "enabledCloudwatchLogsExports": []any{"slowquery"}})}},
		"restored, user unknown":   {"RDS.25", controls.Pass, []offline.Resource{resource(awstype.RDSInstance, inputs{"snapshotIdentifier": "before-the-exam"})}},
		"from a backup":            {"RDS.25", controls.Pass, []offline.Resource{resource(awstype.RDSInstance, inputs{"restoreToPointInTime": inputs{"sourceDbiResourceId": "db-A"}})}},
		"no name for the user":     {"RDS.25", controls.Fail, []offline.Resource{resource(awstype.RDSInstance, inputs{})}},
		"logs for ever":            {"CloudWatch.16", controls.Pass, []offline.Resource{resource(awstype.CloudWatchLogGroup, inputs{"name": "x"})}},
		"schedule left as it is":   {"HA.6", controls.Pass, []offline.Resource{resource(awstype.AutoScalingSchedule, inputs{"minSize": -1.0, "maxSize": -1.0, "desiredCapacity": 4.0})}},
		"schedule without max":     {"HA.6", controls.Fail, []offline.Resource{resource(awstype.AutoScalingSchedule, inputs{"minSize": 2.0})}},
		"old type in the group": {"EC2.24", controls.Fail, []offline.Resource{resource(awstype.AutoScalingGroup, inputs{"mixedInstancesPolicy": inputs{"launchTemplate": inputs{
			"overrides": []any{inputs{"instanceType": "m7g.large"}, inputs{"instanceType": "t1.micro"}}}}})}},
		"default version":           {"HA.11", controls.Fail, []offline.Resource{resource(awstype.AutoScalingGroup, inputs{"launchTemplate": inputs{"id": "x", "version": "$Default"}})}},
		"numbered version":          {"HA.11", controls.Pass, []offline.Resource{resource(awstype.AutoScalingGroup, inputs{"launchTemplate": inputs{"id": "x", "version": "12"}})}},
		"boot unknown":              {"HA.12", controls.Fail, []offline.Resource{resource(awstype.AutoScalingGroup, inputs{"healthCheckGracePeriod": 300.0})}},
		"one and a half times":      {"HA.12", controls.Pass, []offline.Resource{resource(awstype.AutoScalingGroup, inputs{"healthCheckGracePeriod": 300.0, "defaultInstanceWarmup": 200.0})}},
		"one second less":           {"HA.12", controls.Fail, []offline.Resource{resource(awstype.AutoScalingGroup, inputs{"healthCheckGracePeriod": 299.0, "defaultInstanceWarmup": 200.0})}},
		"forecast beyond the cap":   {"HA.8", controls.Fail, []offline.Resource{resource(awstype.AutoScalingPolicy, inputs{"predictiveScalingConfiguration": inputs{"maxCapacityBreachBehavior": "IncreaseMaxCapacity"}})}},
		"named secret":              {"SecretsManager.1", controls.Excepted, []offline.Resource{resource(awstype.SecretsManagerSecret, inputs{"name": "smtp"})}},
		"decrypts with one key":     {"KMS.2", controls.Pass, []offline.Resource{resource(awstype.IAMRolePolicy, policy(`[{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "`+key+`"}]`))}},
		"refuses to decrypt":        {"KMS.2", controls.Pass, []offline.Resource{resource(awstype.IAMRolePolicy, policy(`[{"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}]`))}},
		"decrypts under conditions": {"KMS.2", controls.Fail, []offline.Resource{resource(awstype.IAMRolePolicy, policy(`[{"Effect": "Allow", "Action": ["kms:*"], "Resource": "*", "Condition": {"Bool": {"x": "y"}}}]`))}},
		"boundary":                  {"IAM.21", controls.NotApplicable, []offline.Resource{resource(awstype.IAMPolicy, policy(`{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}`)), resource(awstype.IAMRole, inputs{"permissionsBoundary": "arn:aws:iam::123456789012:x"})}},
		"all but IAM":               {"IAM.21", controls.Fail, []offline.Resource{resource(awstype.IAMPolicy, policy(`{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}`))}},
		"verbs of a service":        {"IAM.21", controls.Pass, []offline.Resource{resource(awstype.IAMPolicy, policy(`{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}`))}},
		"everyone, of one account":  {"SNS.4", controls.Pass, []offline.Resource{resource(awstype.SNSTopicPolicy, policy(`{"Effect": "Allow", "Action": "sns:Publish", "Principal": "*", "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}`))}},
		"everyone":                  {"SNS.4", controls.Fail, []offline.Resource{resource(awstype.SNSTopicPolicy, policy(`{"Effect": "Allow", "Action": "sns:Publish", "Principal": "*"}`))}},
		"everyone is refused":       {"SNS.4", controls.Pass, []offline.Resource{resource(awstype.SNSTopicPolicy, policy(`{"Effect": "Deny", "Action": "sns:Publish", "Principal": {"AWS": "*"}}`))}},
		"service writes to bucket":  {"S3.6", controls.Pass, []offline.Resource{resource(awstype.S3BucketPolicy, policy(`{"Effect": "Allow", "Action": "s3:PutObjectAcl", "Principal": {"Service": "delivery.logs.amazonaws.com"}}`))}},
		"subject like":              {"HA.29", controls.Fail, []offline.Resource{resource(awstype.IAMRole, inputs{"assumeRolePolicy": `{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringLike": {"x:sub": "repo:o/r:*"}}}}`})}},
		"no subject":                {"HA.29", controls.Fail, []offline.Resource{resource(awstype.IAMRole, inputs{"assumeRolePolicy": `{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity"}}`})}},
		"without a pipeline":        {"HA.30", controls.NotApplicable, []offline.Resource{resource(awstype.IAMRole, inputs{})}},
		"pages for missing hosts":   {"HA.18", controls.Pass, watched("breaching", `ALARM("none") OR ALARM("short")`)},
		"silent without hosts":      {"HA.18", controls.Fail, watched("missing", `ALARM("none") OR ALARM("short")`)},
		"pages for none only":       {"HA.18", controls.Fail, watched("breaching", `ALARM("none")`)},
		"pages for another":         {"HA.18", controls.Fail, watched("breaching", `ALARM("short")`)},
		"nothing there":             {"RDS.5", controls.NotApplicable, nil},
	}
	for name, test := range tests {
		got := statusOf(t, test.control, test.resources...)
		assert.Equal(t, test.want, got.Status, "%s: %v", name, got.Findings)
	}
}

func TestConcessionsExcuseTheirControl(t *testing.T) {
	t.Parallel()
	recording := &offline.Recording{Resources: []offline.Resource{resource(awstype.RDSInstance, inputs{"multiAz": false})}}
	for _, result := range controls.Run(recording, map[string]string{"RDS.5": "it is a test"}) {
		switch result.ID {
		case "RDS.5":
			assert.Equal(t, controls.Excepted, result.Status)
			assert.Equal(t, []controls.Finding{{Resource: awstype.RDSInstance + "::x", Fault: "it is in one zone", Exception: "it is a test"}}, result.Findings)
		case "RDS.8":
			assert.Equal(t, controls.Fail, result.Status, "no other")
		}
	}
}

var (
	published = regexp.MustCompile(`^[A-Z][A-Za-z0-9]+\.[0-9]+$`)
	benchmark = regexp.MustCompile(`^CIS v[35] 5(\.[0-9])+$`)
)

func TestTable(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	var ids []string
	for _, control := range controls.All() {
		ids = append(ids, control.ID)
		assert.Regexp(t, published, control.ID)
		for _, id := range append([]string{control.ID}, control.Also...) {
			assert.True(t, published.MatchString(id) || benchmark.MatchString(id), id)
			assert.False(t, seen[id], "%s is there twice", id)
			seen[id] = true
		}
		assert.Contains(t, []controls.Severity{controls.Critical, controls.High, controls.Medium, controls.Low}, control.Severity, control.ID)
		assert.NotEmpty(t, control.Types, control.ID)
		for _, text := range []string{control.Title, control.Remedy} {
			assert.NotEmpty(t, text, control.ID)
			assert.False(t, strings.HasSuffix(text, "."), control.ID)
		}
	}
	for _, exception := range controls.Exceptions() {
		assert.Contains(t, ids, exception.Control)
		assert.True(t, strings.HasSuffix(exception.Reason, "."), exception.Reason)
	}
	for _, elsewhere := range controls.NotHere() {
		for _, id := range elsewhere.IDs {
			assert.False(t, seen[id], "%s is both here and not", id)
		}
	}
	for before, after := range map[string]string{"EC2.2": "EC2.10", "WAF.12": "HA.1", "HA.9": "HA.10", "ACM.1": "AutoScaling.1"} {
		assert.Less(t, slices.Index(ids, before), slices.Index(ids, after))
	}
}
