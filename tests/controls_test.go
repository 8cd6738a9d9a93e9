package tests

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"ha-web/internal/controls"
	"ha-web/internal/offline"
	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Controls are proven by what they find: each has a change of a recorded plan that it finds, and no other control does.

// fullStack is a production stack with everything there is to turn on.
var fullStack = []string{"-file", "tests/testdata/Pulumi.full.yaml"}

// fullPlan is its plan, made once.
var fullPlan struct {
	sync.Once
	json string
}

// edited returns the full plan after a change.
func edited(t *testing.T, change func(*draft)) *offline.Recording {
	t.Helper()
	fullPlan.Do(func() {
		fullPlan.json, _, _ = run(t, project, append([]string{"plan", "-format", "json"}, fullStack...)...)
	})
	draft := &draft{t: t}
	require.NoError(t, json.Unmarshal([]byte(fullPlan.json), &draft.recording))
	change(draft)
	return draft.recording
}

// asItIs changes nothing.
func asItIs(*draft) {}

// draft is a recording to change.
type draft struct {
	t         *testing.T
	recording *offline.Recording
	leaveOut  bool // properties, in place of giving them another value
}

func (d *draft) find(kind, name string) *offline.Resource {
	d.t.Helper()
	for i := range d.recording.Resources {
		if each := &d.recording.Resources[i]; each.Type == kind && each.Name == name {
			return each
		}
	}
	require.Failf(d.t, "not in the plan", "%s::%s", kind, name)
	return nil
}

// set gives a property of a resource, by its path, another value; nil takes it out. What is in a list is the first item.
func (d *draft) set(kind, name, path string, value any) {
	d.t.Helper()
	inputs := d.find(kind, name).Inputs
	steps := strings.Split(path, ".")
	for _, step := range steps[:len(steps)-1] {
		inner := inputs[step]
		if list, isList := inner.([]any); isList {
			require.NotEmpty(d.t, list, path)
			inner = list[0]
		}
		fields, isMap := inner.(map[string]any)
		require.True(d.t, isMap, "%s of %s: no %s", path, name, step)
		inputs = fields
	}
	last := steps[len(steps)-1]
	if d.leaveOut {
		delete(inputs, last)
		return
	}
	if value == nil {
		require.Contains(d.t, inputs, last, path)
		delete(inputs, last)
		return
	}
	require.NotEqual(d.t, value, inputs[last], path)
	inputs[last] = value
}

// drop takes resources out: those of a type whose name begins so.
func (d *draft) drop(kind, prefix string) {
	d.t.Helper()
	before := len(d.recording.Resources)
	d.recording.Resources = slices.DeleteFunc(d.recording.Resources, func(r offline.Resource) bool {
		return r.Type == kind && strings.HasPrefix(r.Name, prefix)
	})
	require.Less(d.t, len(d.recording.Resources), before, "%s::%s is not in the plan", kind, prefix)
}

func (d *draft) add(kind, name string, inputs map[string]any) {
	d.recording.Resources = append(d.recording.Resources, offline.Resource{Type: kind, Name: name, Custom: true, Inputs: inputs})
}

// allow adds a statement to a policy.
func (d *draft) allow(kind, name, property string, statement map[string]any) {
	d.t.Helper()
	inputs := d.find(kind, name).Inputs
	var policy map[string]any
	require.NoError(d.t, json.Unmarshal([]byte(inputs[property].(string)), &policy))
	statement["Effect"] = "Allow"
	policy["Statement"] = append(policy["Statement"].([]any), statement)
	inputs[property] = policyOf(d.t, policy)
}

func policyOf(t *testing.T, policy any) string {
	t.Helper()
	text, err := json.Marshal(policy)
	require.NoError(t, err)
	return string(text)
}

// everyone is a statement that lets everyone in.
func everyone(action string) map[string]any {
	return map[string]any{"Sid": "Everyone", "Action": []any{action}, "Resource": []any{"*"}, "Principal": map[string]any{"AWS": "*"}}
}

const (
	backupSelection = "aws:backup/selection:Selection"
	objectLock      = "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2"
	bucketLogging   = "aws:s3/bucketLoggingV2:BucketLoggingV2"
	bucketNotice    = "aws:s3/bucketNotification:BucketNotification"
	aclOfBalancer   = "aws:wafv2/webAclAssociation:WebAclAssociation"
)

// broken are changes of the full plan, each by the control that finds it.
var broken = map[string]func(*draft){
	"ACM.1":         func(d *draft) { d.set(certificate, "ha-web-alb", "validationMethod", "EMAIL") },
	"ACM.2":         func(d *draft) { d.set(certificate, "ha-web-cdn", "keyAlgorithm", "RSA_1024") },
	"AutoScaling.1": func(d *draft) { d.set(autoScalingGroup, "ha-web-app", "healthCheckType", "EC2") },
	"AutoScaling.2": func(d *draft) {
		d.set(autoScalingGroup, "ha-web-app", "vpcZoneIdentifiers", []any{"ha-web-private-a_id"})
	},
	"AutoScaling.4": func(d *draft) { d.set(launchTemplate, "ha-web-app", "metadataOptions.httpPutResponseHopLimit", 2.0) },
	"AutoScaling.6": func(d *draft) {
		d.set(autoScalingGroup, "ha-web-app", "mixedInstancesPolicy.launchTemplate.overrides", []any{map[string]any{"instanceType": "m7g.large"}})
	},
	"AutoScaling.9": func(d *draft) {
		d.set(autoScalingGroup, "ha-web-app", "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification", nil)
	},

	"CloudFront.3": func(d *draft) {
		d.set(distribution, "ha-web-cdn", "orderedCacheBehaviors.viewerProtocolPolicy", "allow-all")
	},
	"CloudFront.4": func(d *draft) { d.set(distribution, "ha-web-cdn", "originGroups", nil) },
	"CloudFront.5": func(d *draft) { d.drop(logDelivery, "ha-web-cdn") },
	"CloudFront.6": func(d *draft) { d.set(distribution, "ha-web-cdn", "webAclId", nil) },
	"CloudFront.7": func(d *draft) { d.set(distribution, "ha-web-cdn", "viewerCertificate.acmCertificateArn", nil) },
	"CloudFront.8": func(d *draft) { d.set(distribution, "ha-web-cdn", "viewerCertificate.sslSupportMethod", "vip") },
	"CloudFront.9": func(d *draft) {
		d.set(distribution, "ha-web-cdn", "origins.customOriginConfig.originProtocolPolicy", "http-only")
	},
	"CloudFront.10": func(d *draft) {
		d.set(distribution, "ha-web-cdn", "origins.customOriginConfig.originSslProtocols", []any{"TLSv1.2", "SSLv3"})
	},
	"CloudFront.12": func(d *draft) { d.drop(bucket, "ha-web-static-replica") },
	"CloudFront.13": func(d *draft) {
		for _, origin := range d.find(distribution, "ha-web-cdn").Inputs["origins"].([]any) {
			delete(origin.(map[string]any), "originAccessControlId")
		}
	},
	"CloudFront.15": func(d *draft) {
		d.set(distribution, "ha-web-cdn", "viewerCertificate.minimumProtocolVersion", "TLSv1.2_2019")
	},

	"CloudWatch.15":  func(d *draft) { d.set(metricAlarm, "ha-web-alarm-latency", "alarmActions", []any{}) },
	"CloudWatch.16":  func(d *draft) { d.set(logGroup, "ha-web-app", "retentionInDays", 180.0) },
	"CloudWatch.17":  func(d *draft) { d.set(metricAlarm, "ha-web-alarm-latency", "actionsEnabled", false) },
	"DataFirehose.1": func(d *draft) { d.set(firehose, "ha-web-datadog", "serverSideEncryption.enabled", false) },

	"EC2.2": func(d *draft) {
		d.set(defaultGroup, "ha-web-default", "egress", []any{map[string]any{"protocol": "-1", "cidrBlocks": []any{"0.0.0.0/0"}}})
	},
	"EC2.6":  func(d *draft) { d.set(flowLog, "ha-web-flow-logs", "trafficType", "ACCEPT") },
	"EC2.12": func(d *draft) { d.add(eip, "ha-web-spare", map[string]any{"domain": "vpc"}) },
	"EC2.15": func(d *draft) { d.set(subnet, "ha-web-public-a", "mapPublicIpOnLaunch", true) },
	"EC2.16": func(d *draft) { d.add(acl, "ha-web-spare", map[string]any{"vpcId": "ha-web-vpc_id"}) },
	"EC2.17": func(d *draft) {
		interfaces := d.find(launchTemplate, "ha-web-app").Inputs["networkInterfaces"].([]any)
		d.set(launchTemplate, "ha-web-app", "networkInterfaces", append(interfaces, interfaces[0]))
	},
	"EC2.18": func(d *draft) {
		for path, value := range map[string]any{"cidrIpv4": "0.0.0.0/0", "fromPort": 22.0, "toPort": 22.0} {
			d.set(ingressRule, "ha-web-endpoints-from-private-a", path, value)
		}
	},
	"EC2.21": func(d *draft) { d.set(aclRule, "ha-web-public-in-http", "fromPort", 22.0) },
	"EC2.22": func(d *draft) { d.add(securityGroup, "ha-web-spare", map[string]any{"vpcId": "ha-web-vpc_id"}) },
	"EC2.24": func(d *draft) { d.set(launchTemplate, "ha-web-app", "instanceType", "m1.small") },
	"EC2.25": func(d *draft) {
		d.set(launchTemplate, "ha-web-app", "networkInterfaces.associatePublicIpAddress", "true")
	},
	"EC2.57": func(d *draft) { // and no NAT gateway, which would be another way
		d.drop(endpoint, "ha-web-endpoint-ssm")
		withEndpoint("ecr.api")(d)
		withEndpoint("ecr.dkr")(d)
		d.set(subnet, "ha-web-public-a", "vpcId", "other")
		d.set(subnet, "ha-web-public-b", "vpcId", "other")
	},
	"EC2.170": func(d *draft) { d.set(launchTemplate, "ha-web-app", "metadataOptions.httpTokens", "optional") },
	"EC2.181": func(d *draft) { d.set(launchTemplate, "ha-web-app", "blockDeviceMappings.ebs.encrypted", "false") },

	"ECR.1": func(d *draft) {
		d.set(imageRepository, "ha-web-images", "imageScanningConfiguration.scanOnPush", false)
	},
	"ECR.2": func(d *draft) { d.set(imageRepository, "ha-web-images", "imageTagMutability", "MUTABLE") },
	"ECR.3": func(d *draft) { d.set(imageRepository, "ha-web-images", "lifecyclePolicy", nil) },
	"ECR.5": func(d *draft) { d.set(imageRepository, "ha-web-images", "encryptionConfigurations.kmsKey", nil) },

	"ELB.1":  func(d *draft) { d.set(listener, "ha-web-listener-http", "defaultActions.redirect.protocol", "HTTP") },
	"ELB.4":  func(d *draft) { d.set(loadBalancer, "ha-web-alb", "dropInvalidHeaderFields", false) },
	"ELB.5":  func(d *draft) { d.set(loadBalancer, "ha-web-alb", "accessLogs.enabled", false) },
	"ELB.6":  func(d *draft) { d.set(loadBalancer, "ha-web-alb", "enableDeletionProtection", false) },
	"ELB.12": func(d *draft) { d.set(loadBalancer, "ha-web-alb", "desyncMitigationMode", "monitor") },
	"ELB.13": func(d *draft) { d.set(loadBalancer, "ha-web-alb", "subnets", []any{"ha-web-public-a_id"}) },
	"ELB.17": func(d *draft) { d.set(listener, "ha-web-listener-https", "sslPolicy", "ELBSecurityPolicy-2016-08") },
	"ELB.18": func(d *draft) { d.set(listener, "ha-web-listener-https", "protocol", "TCP") },

	"IAM.1": func(d *draft) {
		d.allow(rolePolicy, "ha-web-app", "policy", map[string]any{"Action": "*", "Resource": "*"})
	},
	"IAM.21": func(d *draft) {
		d.add(managedPolicy, "ha-web-spare", map[string]any{"policy": `{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}`})
	},
	"KMS.1": func(d *draft) {
		d.add(managedPolicy, "ha-web-spare", map[string]any{"policy": `{"Statement": {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": ["arn:aws:kms:us-east-1:123456789012:key/*"]}}`})
	},
	"KMS.2": func(d *draft) {
		d.allow(rolePolicy, "ha-web-proxy", "policy", map[string]any{"Action": []any{"kms:Decrypt"}, "Resource": []any{"*"}})
	},
	"KMS.3": func(d *draft) { d.set(kmsKey, "ha-web-key", "deletionWindowInDays", 6.0) },
	"KMS.4": func(d *draft) { d.set(kmsKey, "ha-web-key", "enableKeyRotation", false) },
	"KMS.5": func(d *draft) { d.allow(kmsKey, "ha-web-replica", "policy", everyone("kms:Decrypt")) },

	"RDS.2":  func(d *draft) { d.set(dbInstance, "ha-web-db", "publiclyAccessible", true) },
	"RDS.3":  func(d *draft) { d.set(dbInstance, "ha-web-db", "storageEncrypted", false) },
	"RDS.5":  func(d *draft) { d.set(dbInstance, "ha-web-db", "multiAz", false) },
	"RDS.6":  func(d *draft) { d.set(dbInstance, "ha-web-db", "monitoringInterval", 0.0) },
	"RDS.8":  func(d *draft) { d.set(dbInstance, "ha-web-db", "deletionProtection", false) },
	"RDS.9":  func(d *draft) { d.set(dbInstance, "ha-web-db", "enabledCloudwatchLogsExports", []any{"postgresql"}) },
	"RDS.10": func(d *draft) { d.set(dbInstance, "ha-web-db", "iamDatabaseAuthenticationEnabled", false) },
	"RDS.11": func(d *draft) { d.set(dbInstance, "ha-web-db", "backupRetentionPeriod", 6.0) },
	"RDS.13": func(d *draft) { d.set(dbInstance, "ha-web-db", "autoMinorVersionUpgrade", false) },
	"RDS.17": func(d *draft) { d.set(dbInstance, "ha-web-db", "copyTagsToSnapshot", false) },
	"RDS.18": func(d *draft) { d.set(dbInstance, "ha-web-db", "dbSubnetGroupName", nil) },
	"RDS.20": func(d *draft) {
		d.set(eventSubscription, "ha-web-db-events", "eventCategories", []any{"maintenance", "failure"})
	},
	"RDS.21": func(d *draft) { d.drop(eventSubscription, "ha-web-parameter-events") },
	"RDS.22": func(d *draft) { d.drop(eventSubscription, "ha-web-security-group-events") },
	"RDS.25": func(d *draft) { d.set(dbInstance, "ha-web-db", "username", "postgres") },
	"RDS.38": func(d *draft) { d.set(parameterGroup, "ha-web-db", "parameters.value", "0") },
	"RDS.43": func(d *draft) { d.set(proxy, "ha-web-proxy", "requireTls", false) },
	"RDS.46": func(d *draft) {
		d.add(route, "ha-web-data-internet", map[string]any{
			"destinationCidrBlock": "0.0.0.0/0", "gatewayId": "ha-web-internet_id", "routeTableId": "ha-web-data-b_id",
		})
	},

	"S3.5": func(d *draft) { d.drop(bucketPolicy, "ha-web-datadog") },
	"S3.6": func(d *draft) {
		d.allow(bucketPolicy, "ha-web-static", "policy", map[string]any{
			"Action": []any{"s3:PutBucketPolicy"}, "Resource": []any{"*"}, "Principal": map[string]any{"AWS": "arn:aws:iam::111122223333:root"},
		})
	},
	"S3.8":  func(d *draft) { d.set(accessBlock, "ha-web-static", "restrictPublicBuckets", false) },
	"S3.10": func(d *draft) { d.drop(bucketLifecycle, "ha-web-datadog") },
	"S3.12": func(d *draft) { d.set(bucketOwnership, "ha-web-static", "rule.objectOwnership", "ObjectWriter") },
	"S3.14": func(d *draft) {
		d.set(bucketVersioning, "ha-web-alb-logs", "versioningConfiguration.status", "Suspended")
	},

	"SecretsManager.1": func(d *draft) { d.drop(secretRotation, "ha-web-db") },
	"SecretsManager.4": func(d *draft) { d.set(secretRotation, "ha-web-db", "rotationRules.automaticallyAfterDays", 91.0) },
	"SNS.1":            func(d *draft) { d.set(topic, "ha-web-notices", "kmsMasterKeyId", nil) },
	"SNS.4":            func(d *draft) { d.allow(topicPolicy, "ha-web-alarms", "policy", everyone("sns:Publish")) },
	"SQS.1":            func(d *draft) { d.set(queue, "ha-web-incidents-undelivered", "sqsManagedSseEnabled", false) },
	"SQS.3": func(d *draft) {
		d.allow(queuePolicy, "ha-web-incidents-undelivered", "policy", everyone("sqs:SendMessage"))
	},
	"SSM.1": func(d *draft) { d.drop(rolePolicyAttached, "ha-web-app-ssm") },
	"SSM.4": func(d *draft) {
		d.set(documentOfSSM, "ha-web-playbook-moodle", "permissions", map[string]any{"type": "Share", "accountIds": "All"})
	},
	"WAF.10": func(d *draft) { d.set(webACL, "ha-web-waf", "rules", []any{}) },
	"WAF.11": func(d *draft) { d.drop(webACLLogging, "ha-web-waf") },
	"WAF.12": func(d *draft) { d.set(webACL, "ha-web-waf", "rules.visibilityConfig.cloudwatchMetricsEnabled", false) },

	"HA.1": func(d *draft) { d.set(subnetGroup, "ha-web-db", "subnetIds", []any{"ha-web-data-a_id"}) },
	"HA.2": func(d *draft) { d.set(proxy, "ha-web-proxy", "vpcSubnetIds", []any{"ha-web-private-b_id"}) },
	"HA.3": func(d *draft) { d.set(endpoint, "ha-web-endpoint-logs", "subnetIds", []any{"ha-web-private-a_id"}) },
	"HA.4": func(d *draft) { d.set(route, "ha-web-private-internet-b", "natGatewayId", "ha-web-nat-a_id") },
	"HA.5": func(d *draft) {
		d.set(autoScalingGroup, "ha-web-app", "vpcZoneIdentifiers", []any{"ha-web-public-a_id", "ha-web-public-b_id"})
		d.drop(aclRule, "ha-web-public-in-answers")
	},
	"HA.6": func(d *draft) { d.set(scheduledAction, "ha-web-schedule-exams-winter-2027-end", "minSize", 1.0) },
	"HA.7": func(d *draft) {
		d.drop(scalingPolicy, "ha-web-scaling-cpu")
		d.drop(scalingPolicy, "ha-web-scaling-requests")
	},
	"HA.8": func(d *draft) { d.set(scheduledAction, "ha-web-schedule-exams-winter-2027", "maxSize", 11.0) },
	"HA.9": func(d *draft) {
		d.set(autoScalingGroup, "ha-web-app", "instanceRefresh.preferences.minHealthyPercentage", 50.0)
	},
	"HA.10": func(d *draft) {
		d.set(autoScalingGroup, "ha-web-app", "instanceRefresh.preferences.autoRollback", false)
	},
	"HA.11": func(d *draft) {
		d.set(autoScalingGroup, "ha-web-app", "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version", "$Latest")
	},
	"HA.12": func(d *draft) { d.set(autoScalingGroup, "ha-web-app", "healthCheckGracePeriod", 269.0) },
	"HA.13": func(d *draft) { d.set(targetGroup, "ha-web-app", "healthCheck.path", "/health/database") },
	"HA.14": func(d *draft) {
		d.set(autoScalingGroup, "ha-web-app", "mixedInstancesPolicy.instancesDistribution.onDemandBaseCapacity", 1.0)
	},
	"HA.15": func(d *draft) { d.set(dbInstance, "ha-web-db", "skipFinalSnapshot", true) },
	"HA.16": func(d *draft) { d.set(secret, "ha-web-secret-smtp", "recoveryWindowInDays", 0.0) },
	"HA.17": func(d *draft) { d.find(bucket, "ha-web-static").Protect = false },
	"HA.18": func(d *draft) { d.set(metricAlarm, "ha-web-alarm-healthy-hosts", "treatMissingData", "missing") },
	"HA.19": func(d *draft) { d.drop(subscription, "ha-web-alarms"); d.drop(eventRule, "ha-web-incident") },
	"HA.20": func(d *draft) { d.set(metricAlarm, "ha-web-alarm-latency", "treatMissingData", nil) },
	"HA.21": func(d *draft) {
		d.set(ingressRule, "ha-web-alb-cloudfront-from-cloudfront", "prefixListId", nil)
		d.set(ingressRule, "ha-web-alb-cloudfront-from-cloudfront", "cidrIpv4", "0.0.0.0/0")
	},
	"HA.22": func(d *draft) {
		d.set(ingressRule, "ha-web-db-from-proxy", "referencedSecurityGroupId", nil)
		d.set(ingressRule, "ha-web-db-from-proxy", "cidrIpv4", "10.0.0.0/16")
	},
	"HA.23": func(d *draft) {
		d.add(egressRule, "ha-web-db-to-internet", map[string]any{"securityGroupId": "ha-web-db_id", "cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"})
	},
	"HA.24": func(d *draft) {
		d.set(securityGroup, "ha-web-app", "ingress", []any{map[string]any{"fromPort": 22.0, "toPort": 22.0, "protocol": "tcp", "cidrBlocks": []any{"0.0.0.0/0"}}})
	},
	"HA.25": func(d *draft) { d.drop(bucketEncryption, "ha-web-datadog") },
	"HA.26": func(d *draft) {
		d.set(launchTemplate, "ha-web-app", "userData", base64.StdEncoding.EncodeToString([]byte("#!/bin/bash\nexport DB_PASSWORD='hunter2hunter2'\n")))
	},
	"HA.27": func(d *draft) { d.set(distribution, "ha-web-cdn", "origins.customHeaders.value", "hunter2") },
	"HA.28": func(d *draft) { d.set(dbInstance, "ha-web-db", "manageMasterUserPassword", false) },
	"HA.29": func(d *draft) {
		d.set(role, "ha-web-deploy", "assumeRolePolicy", `{"Statement": [{"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {
			"token.actions.githubusercontent.com:sub": "repo:example/*"}}, "Effect": "Allow"}]}`)
	},
	"HA.30": func(d *draft) { d.set(role, "ha-web-app", "permissionsBoundary", nil) },
}

// mended are changes of the full plan that turn a control that has an exception everywhere into one that passes.
var mended = map[string]func(*draft){
	"CloudFront.1": func(d *draft) { d.set(distribution, "ha-web-cdn", "defaultRootObject", "index.html") },
	"CloudFront.17": func(d *draft) {
		front := d.find(distribution, "ha-web-cdn").Inputs
		for _, behaviour := range append(front["orderedCacheBehaviors"].([]any), front["defaultCacheBehavior"]) {
			behaviour.(map[string]any)["trustedKeyGroups"] = []any{"viewers"}
		}
	},
	"EC2.10": withEndpoint("ec2"), "EC2.55": withEndpoint("ecr.api"), "EC2.56": withEndpoint("ecr.dkr"),
	"EC2.58": withEndpoint("ssm-contacts"), "EC2.60": withEndpoint("ssm-incidents"),
	"EC2.28": func(d *draft) { d.add(backupSelection, "ha-web", map[string]any{}) },
	"ELB.16": func(d *draft) {
		d.add(aclOfBalancer, "ha-web-alb", map[string]any{"resourceArn": "arn:aws:lb:us-east-1:123456789012:ha-web-alb"})
	},
	"ELB.21": func(d *draft) { d.set(targetGroup, "ha-web-app", "healthCheck.protocol", "HTTPS") },
	"ELB.22": func(d *draft) { d.set(targetGroup, "ha-web-app", "protocol", "HTTPS") },
	"RDS.23": func(d *draft) { d.set(dbInstance, "ha-web-db", "port", 15432.0) },
	"RDS.26": func(d *draft) { d.add(backupSelection, "ha-web", map[string]any{}) },
	"S3.7":   forEachBucket(bucketReplication),
	"S3.9":   forEachBucket(bucketLogging),
	"S3.11":  forEachBucket(bucketNotice),
	"S3.15":  forEachBucket(objectLock),
	"S3.17": func(d *draft) {
		for _, each := range d.recording.Resources {
			if each.Type == bucketEncryption {
				d.set(bucketEncryption, each.Name, "rules.applyServerSideEncryptionByDefault.sseAlgorithm", "aws:kms")
			}
		}
	},
}

func withEndpoint(service string) func(*draft) {
	return func(d *draft) {
		d.add(endpoint, "ha-web-endpoint-"+service, map[string]any{
			"vpcId": "ha-web-vpc_id", "serviceName": "com.amazonaws.us-east-1." + service, "vpcEndpointType": "Interface",
			"subnetIds": []any{"ha-web-private-a_id", "ha-web-private-b_id"},
		})
	}
}

func forEachBucket(kind string) func(*draft) {
	return func(d *draft) {
		for _, each := range d.recording.Resources {
			if each.Type == bucket {
				d.add(kind, each.Name+"-more", map[string]any{"bucket": each.Name + "_id"})
			}
		}
	}
}

// statuses returns what became of the controls of a recording.
func statuses(recording *offline.Recording) map[string]controls.Status {
	found := map[string]controls.Status{}
	for _, result := range controls.Run(recording, nil) {
		found[result.ID] = result.Status
	}
	return found
}

// withStatus returns the ids of the controls with a status, sorted.
func withStatus(found map[string]controls.Status, status controls.Status) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if found[id] == status {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestFullStackFailsNoControl(t *testing.T) {
	t.Parallel()
	found := statuses(edited(t, asItIs))
	assert.Empty(t, withStatus(found, controls.Fail))
	assert.Equal(t, []string{"IAM.21", "KMS.1"}, withStatus(found, controls.NotApplicable), "roles have policies of their own")
}

func TestEachControlFindsWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, control := range controls.All() {
		t.Run(control.ID, func(t *testing.T) {
			t.Parallel()
			if change, never := mended[control.ID]; never {
				assert.Equal(t, controls.Pass, statuses(edited(t, change))[control.ID])
				assert.Equal(t, controls.Excepted, statuses(edited(t, asItIs))[control.ID])
				return
			}
			change, found := broken[control.ID]
			require.True(t, found, "no change of a plan that it finds")
			assert.Equal(t, []string{control.ID}, withStatus(statuses(edited(t, change)), controls.Fail))
		})
	}
	assert.Len(t, controls.All(), len(broken)+len(mended))
}

// safeLeftOut are the controls whose property AWS, or the provider, gives a safe value where it is left out, or that then have
// nothing to look at.
var safeLeftOut = map[string]string{
	"ACM.2":         "2,048 bits",
	"CloudWatch.16": "kept for ever",
	"CloudWatch.17": "on",
	"EC2.2":         "no rules",
	"EC2.15":        "no addresses",
	"EC2.17":        "no interface, which EC2.25 finds",
	"EC2.18":        "a rule that admits nobody",
	"EC2.24":        "the types of the group",
	"EC2.57":        "an endpoint that is there",
	"HA.4":          "no way out",
	"HA.5":          "no subnets, which AutoScaling.2 finds",
	"HA.8":          "0, which HA.6 finds",
	"HA.13":         "the path /",
	"HA.15":         "a final snapshot",
	"HA.24":         "no rules",
	"HA.26":         "no user data",
	"HA.27":         "no secret",
	"HA.29":         "no trust",
	"RDS.38":        "TLS, from PostgreSQL 15 on",
	"SSM.4":         "private",
}

// What instances run is in documents of SSM, which everyone may read who may look at the account.
func TestSecretsInCommandsAndVariablesAreFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ setting, want string }{
		"command":  {"access.agents=[{name: datadog, commands: [export DD_API_KEY=0123456789abcdef]}]", "content.mainSteps.inputs.runCommand"},
		"argument": {"access.agents=[{name: datadog, package: x, arguments: {SSM_API_TOKEN: 0123456789abcdef}}]", "content.mainSteps.inputs.additionalArguments.SSM_API_TOKEN"},
		"variable": {"access.playbooks=[{name: site, folder: internal/settings/testdata/playbooks, variables: {db_password: hunter2}}]", "content.mainSteps.inputs.documentParameters.ExtraVariables"},
	} {
		recording := planOf(t, append(slices.Clone(fullStack), "-c", test.setting)...)
		assert.Equal(t, []string{"HA.27"}, withStatus(statuses(recording.Recording), controls.Fail), name)
		for _, result := range controls.Run(recording.Recording, nil) {
			if result.ID == "HA.27" {
				require.Len(t, result.Findings, 1, name)
				assert.Equal(t, test.want, result.Findings[0].Fault, name)
			}
		}
	}
}

func TestControlsMissWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	for id, change := range broken {
		found := statuses(edited(t, func(d *draft) {
			d.leaveOut = true
			change(d)
		}))[id]
		if why, safe := safeLeftOut[id]; safe {
			assert.NotEqual(t, controls.Fail, found, "%s: not %s", id, why)
		} else {
			assert.Equal(t, controls.Fail, found, id)
		}
	}
}

// checked runs plan -controls and returns its results by id.
func checked(t *testing.T, args ...string) map[string]controls.Result {
	t.Helper()
	stdout, stderr, status := run(t, project, append([]string{"plan", "-controls", "-format", "json"}, args...)...)
	require.Zero(t, status, "%s\n%s", stdout, stderr)
	var report struct {
		Project, Stack string
		Counts         map[controls.Status]int
		Controls       []controls.Result
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	results := map[string]controls.Result{}
	for _, each := range report.Controls {
		results[each.ID] = each
	}
	assert.Len(t, results, len(controls.All()))
	assert.Equal(t, controls.Counts(report.Controls), report.Counts)
	return results
}

// A change of what a stack passes, or is excused from, is part of the review.
func TestControlsOfStacksAreAsCommitted(t *testing.T) {
	t.Parallel()
	for _, stack := range stacks {
		stdout, stderr, status := run(t, project, "plan", "-stack", stack, "-controls")
		require.Zero(t, status, "%s\n%s", stdout, stderr)
		golden(t, stack+".controls.txt", stdout)
	}
}

func TestProductionHasNoConcessions(t *testing.T) {
	t.Parallel()
	written := map[string]bool{}
	for _, exception := range controls.Exceptions() {
		written[exception.Reason] = true
	}
	for id, result := range checked(t, "-stack", "prod") {
		for _, finding := range result.Findings {
			assert.True(t, written[finding.Exception], "%s: %s", id, finding.Exception)
		}
	}
}

// without are settings of the full stack that lack what a guard rail is for.
var without = map[string][][]string{
	"nat-gateway-per-zone": {{"network.natGateways=single"}, {"network.natGateways=none", "network.interfaceEndpoints=[]"}},
	"flow-logs":            {{"network.flowLogs.enabled=false"}},
	"instance-per-zone": {
		{"web.exams={}", "web.schedules=[{name: night, recurrence: 0 20 * * *, min: 1}, {name: day, recurrence: 0 7 * * *, min: 2}]"},
		{"web.exams={}", "web.schedules=[{name: night, recurrence: 0 20 * * *, min: 0}, {name: day, recurrence: 0 7 * * *, min: 2}]"},
	},
	"instance-types":                 {{"web.instanceTypes=[m7g.large]"}},
	"scaling":                        {{"web.scaling={cpuPercent: 0}"}},
	"shallow-health-check":           {{"web.healthCheck.path=/health/db"}},
	"rollout-capacity":               {{"web.rollout.minHealthyPercent=50"}},
	"load-balancer-logs":             {{"web.accessLogs.enabled=false"}},
	"database-standby":               {{"database.multiAz=false"}},
	"final-snapshot":                 {{"database.finalSnapshot=false"}},
	"backups":                        {{"database.backupDays=3"}},
	"password-rotation":              {{"database.rotateAfterDays=120"}},
	"database-metrics":               {{"database.monitoringSeconds=0"}},
	"secret-recovery":                {{"secrets.recoveryDays=0"}},
	"tls":                            {{"domain={}", "access.oidc={}"}, {"domain={}", "access.oidc={}", "cdn.enabled=false"}},
	"firewall":                       {{"cdn.waf.enabled=false"}, {"cdn.enabled=false"}},
	"front-door":                     {{"web.ingress=internet"}},
	"cdn-logs":                       {{"cdn.accessLogs.enabled=false"}},
	"log-retention":                  {{"network.flowLogs.retentionDays=30"}},
	"on-call":                        {{"monitoring={}"}},
	"web-deletion-protection":        {{"web.deletionProtection=false"}},
	"database-deletion-protection":   {{"database.deletionProtection=false"}},
	"secrets-deletion-protection":    {{"secrets.deletionProtection=false"}},
	"cdn-deletion-protection":        {{"cdn.deletionProtection=false"}},
	"monitoring-deletion-protection": {{"monitoring.deletionProtection=false"}},
	"delivery-deletion-protection":   {{"delivery.deletionProtection=false"}},
	"access-deletion-protection":     {{"access.deletionProtection=false"}},
}

// Each control that a guard rail names fails without it, and a waiver is why it may. No other control fails, so nothing
// that production may be waived of escapes the guard rails.
func TestWaiversAreWhyControlsMayFail(t *testing.T) {
	t.Parallel()
	for _, rail := range settings.GuardRails() {
		t.Run(rail.ID, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, without[rail.ID])
			excused := map[string]bool{}
			for _, assignments := range without[rail.ID] {
				args := slices.Concat(fullStack, []string{"-c", "waivers." + rail.ID + "=a test"})
				for _, each := range assignments {
					args = append(args, "-c", each)
				}
				if rail.ID == "tls" && len(assignments) > 2 {
					args = append(args, "-c", "waivers.firewall=a test")
				}
				for id, result := range checked(t, args...) {
					for _, finding := range result.Findings {
						if strings.HasPrefix(finding.Exception, "waivers."+rail.ID+": a test") {
							excused[id] = true
						}
					}
				}
			}
			assert.Equal(t, slices.Sorted(slices.Values(rail.Controls)), slices.Sorted(maps.Keys(excused)))
		})
	}
	assert.Len(t, without, len(settings.GuardRails()))
}

// Each written exception is of use to some stack.
func TestExceptionsAreNeeded(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, args := range [][]string{
		{"-stack", "prod"}, {"-stack", "dev"}, {"-stack", "local"}, {"-stack", "dev", "-c", "database.engine=mariadb"},
		{"-stack", "prod", "-c", "aws:region=eu-west-1", "-c", "network.availabilityZones=[eu-west-1a, eu-west-1b, eu-west-1c]"},
	} {
		for id, result := range checked(t, args...) {
			for _, finding := range result.Findings {
				used[id+" "+finding.Exception] = true
			}
		}
	}
	for _, exception := range controls.Exceptions() {
		assert.True(t, used[exception.Control+" "+exception.Reason], "%s: %s", exception.Control, exception.Reason)
	}
}

func TestControlsGoWithoutDiffAndPreview(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{
		"-preview":       "-controls: does not go with -preview, which leaves open what refers to what\n\nusage: ",
		"-diff=old.json": "-controls: does not go with -diff\n\nusage: ",
	} {
		stdout, stderr, status := run(t, project, "plan", "-controls", flag)
		assert.Equal(t, 1, status)
		assert.Empty(t, stdout)
		assert.True(t, strings.HasPrefix(stderr, want), stderr)
	}
}
