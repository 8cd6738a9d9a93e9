package tests

import (
	"encoding/base64"

	"ha-web/internal/awstype"
)

// broken are changes of the full plan, each by the control that finds it.
var broken = map[string]func(*draft){
	"ACM.1":         func(d *draft) { d.set(awstype.ACMCertificate, "ha-web-alb", "validationMethod", "EMAIL") },
	"ACM.2":         func(d *draft) { d.set(awstype.ACMCertificate, "ha-web-cdn", "keyAlgorithm", "RSA_1024") },
	"AutoScaling.1": func(d *draft) { d.set(awstype.AutoScalingGroup, "ha-web-app", "healthCheckType", "EC2") },
	"AutoScaling.2": func(d *draft) {
		d.set(awstype.AutoScalingGroup, "ha-web-app", "vpcZoneIdentifiers", []any{"ha-web-private-a_id"})
	},
	"AutoScaling.4": func(d *draft) {
		d.set(awstype.EC2LaunchTemplate, "ha-web-app", "metadataOptions.httpPutResponseHopLimit", 2.0)
	},
	"AutoScaling.6": func(d *draft) {
		d.set(awstype.AutoScalingGroup, "ha-web-app", "mixedInstancesPolicy.launchTemplate.overrides", []any{map[string]any{"instanceType": "m7g.large"}})
	},
	"AutoScaling.9": func(d *draft) {
		d.set(awstype.AutoScalingGroup, "ha-web-app", "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification", nil)
	},

	"CloudFront.3": func(d *draft) {
		d.set(awstype.CloudFrontDistribution, "ha-web-cdn", "orderedCacheBehaviors.viewerProtocolPolicy", "allow-all")
	},
	"CloudFront.4": func(d *draft) { d.set(awstype.CloudFrontDistribution, "ha-web-cdn", "originGroups", nil) },
	"CloudFront.5": func(d *draft) { d.drop(awstype.CloudWatchLogDelivery, "ha-web-cdn") },
	"CloudFront.6": func(d *draft) { d.set(awstype.CloudFrontDistribution, "ha-web-cdn", "webAclId", nil) },
	"CloudFront.7": func(d *draft) {
		d.set(awstype.CloudFrontDistribution, "ha-web-cdn", "viewerCertificate.acmCertificateArn", nil)
	},
	"CloudFront.8": func(d *draft) {
		d.set(awstype.CloudFrontDistribution, "ha-web-cdn", "viewerCertificate.sslSupportMethod", "vip")
	},
	"CloudFront.9": func(d *draft) {
		d.set(awstype.CloudFrontDistribution, "ha-web-cdn", "origins.customOriginConfig.originProtocolPolicy", "http-only")
	},
	"CloudFront.10": func(d *draft) {
		d.set(awstype.CloudFrontDistribution, "ha-web-cdn", "origins.customOriginConfig.originSslProtocols", []any{"TLSv1.2", "SSLv3"})
	},
	"CloudFront.12": func(d *draft) { d.drop(awstype.S3BucketV2, "ha-web-static-replica") },
	"CloudFront.13": func(d *draft) {
		for _, origin := range d.find(awstype.CloudFrontDistribution, "ha-web-cdn").Inputs["origins"].([]any) {
			delete(origin.(map[string]any), "originAccessControlId")
		}
	},
	"CloudFront.15": func(d *draft) {
		d.set(awstype.CloudFrontDistribution, "ha-web-cdn", "viewerCertificate.minimumProtocolVersion", "TLSv1.2_2019")
	},

	"CloudWatch.15": func(d *draft) { d.set(awstype.CloudWatchMetricAlarm, "ha-web-alarm-latency", "alarmActions", []any{}) },
	"CloudWatch.16": func(d *draft) { d.set(awstype.CloudWatchLogGroup, "ha-web-app", "retentionInDays", 180.0) },
	"CloudWatch.17": func(d *draft) { d.set(awstype.CloudWatchMetricAlarm, "ha-web-alarm-latency", "actionsEnabled", false) },
	"DataFirehose.1": func(d *draft) {
		d.set(awstype.KinesisFirehoseDeliveryStream, "ha-web-datadog", "serverSideEncryption.enabled", false)
	},

	"EC2.2": func(d *draft) {
		d.set(awstype.EC2DefaultSecurityGroup, "ha-web-default", "egress", []any{map[string]any{"protocol": "-1", "cidrBlocks": []any{"0.0.0.0/0"}}})
	},
	"EC2.6":  func(d *draft) { d.set(awstype.EC2FlowLog, "ha-web-flow-logs", "trafficType", "ACCEPT") },
	"EC2.12": func(d *draft) { d.add(awstype.EC2EIP, "ha-web-spare", map[string]any{"domain": "vpc"}) },
	"EC2.15": func(d *draft) { d.set(awstype.EC2Subnet, "ha-web-public-a", "mapPublicIpOnLaunch", true) },
	"EC2.16": func(d *draft) { d.add(awstype.EC2NetworkACL, "ha-web-spare", map[string]any{"vpcId": "ha-web-vpc_id"}) },
	"EC2.17": func(d *draft) {
		interfaces := d.find(awstype.EC2LaunchTemplate, "ha-web-app").Inputs["networkInterfaces"].([]any)
		d.set(awstype.EC2LaunchTemplate, "ha-web-app", "networkInterfaces", append(interfaces, interfaces[0]))
	},
	"EC2.18": func(d *draft) {
		for path, value := range map[string]any{"cidrIpv4": "0.0.0.0/0", "fromPort": 22.0, "toPort": 22.0} {
			d.set(awstype.VPCSecurityGroupIngressRule, "ha-web-endpoints-from-private-a", path, value)
		}
	},
	"EC2.21": func(d *draft) { d.set(awstype.EC2NetworkACLRule, "ha-web-public-in-http", "fromPort", 22.0) },
	"EC2.22": func(d *draft) {
		d.add(awstype.EC2SecurityGroup, "ha-web-spare", map[string]any{"vpcId": "ha-web-vpc_id"})
	},
	"EC2.24": func(d *draft) { d.set(awstype.EC2LaunchTemplate, "ha-web-app", "instanceType", "m1.small") },
	"EC2.25": func(d *draft) {
		d.set(awstype.EC2LaunchTemplate, "ha-web-app", "networkInterfaces.associatePublicIpAddress", "true")
	},
	"EC2.57": func(d *draft) { // and no NAT gateway, which would be another way
		d.drop(awstype.EC2VPCEndpoint, "ha-web-endpoint-ssm")
		withEndpoint("ecr.api")(d)
		withEndpoint("ecr.dkr")(d)
		d.set(awstype.EC2Subnet, "ha-web-public-a", "vpcId", "other")
		d.set(awstype.EC2Subnet, "ha-web-public-b", "vpcId", "other")
	},
	"EC2.170": func(d *draft) {
		d.set(awstype.EC2LaunchTemplate, "ha-web-app", "metadataOptions.httpTokens", "optional")
	},
	"EC2.181": func(d *draft) {
		d.set(awstype.EC2LaunchTemplate, "ha-web-app", "blockDeviceMappings.ebs.encrypted", "false")
	},

	"ECR.1": func(d *draft) {
		d.set(awstype.AWSXECRRepository, "ha-web-images", "imageScanningConfiguration.scanOnPush", false)
	},
	"ECR.2": func(d *draft) { d.set(awstype.AWSXECRRepository, "ha-web-images", "imageTagMutability", "MUTABLE") },
	"ECR.3": func(d *draft) { d.set(awstype.AWSXECRRepository, "ha-web-images", "lifecyclePolicy", nil) },
	"ECR.5": func(d *draft) {
		d.set(awstype.AWSXECRRepository, "ha-web-images", "encryptionConfigurations.kmsKey", nil)
	},

	"ELB.1": func(d *draft) {
		d.set(awstype.LBListener, "ha-web-listener-http", "defaultActions.redirect.protocol", "HTTP")
	},
	"ELB.4":  func(d *draft) { d.set(awstype.LBLoadBalancer, "ha-web-alb", "dropInvalidHeaderFields", false) },
	"ELB.5":  func(d *draft) { d.set(awstype.LBLoadBalancer, "ha-web-alb", "accessLogs.enabled", false) },
	"ELB.6":  func(d *draft) { d.set(awstype.LBLoadBalancer, "ha-web-alb", "enableDeletionProtection", false) },
	"ELB.12": func(d *draft) { d.set(awstype.LBLoadBalancer, "ha-web-alb", "desyncMitigationMode", "monitor") },
	"ELB.13": func(d *draft) { d.set(awstype.LBLoadBalancer, "ha-web-alb", "subnets", []any{"ha-web-public-a_id"}) },
	"ELB.17": func(d *draft) {
		d.set(awstype.LBListener, "ha-web-listener-https", "sslPolicy", "ELBSecurityPolicy-2016-08")
	},
	"ELB.18": func(d *draft) { d.set(awstype.LBListener, "ha-web-listener-https", "protocol", "TCP") },

	"IAM.1": func(d *draft) {
		d.allow(awstype.IAMRolePolicy, "ha-web-app", "policy", map[string]any{"Action": "*", "Resource": "*"})
	},
	"IAM.21": func(d *draft) {
		d.add(awstype.IAMPolicy, "ha-web-spare", map[string]any{"policy": `{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}`})
	},
	"KMS.1": func(d *draft) {
		d.add(awstype.IAMPolicy, "ha-web-spare", map[string]any{"policy": `{"Statement": {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": ["arn:aws:kms:us-east-1:123456789012:key/*"]}}`})
	},
	"KMS.2": func(d *draft) {
		d.allow(awstype.IAMRolePolicy, "ha-web-proxy", "policy", map[string]any{"Action": []any{"kms:Decrypt"}, "Resource": []any{"*"}})
	},
	"KMS.3": func(d *draft) { d.set(awstype.KMSKey, "ha-web-key", "deletionWindowInDays", 6.0) },
	"KMS.4": func(d *draft) { d.set(awstype.KMSKey, "ha-web-key", "enableKeyRotation", false) },
	"KMS.5": func(d *draft) { d.allow(awstype.KMSKey, "ha-web-replica", "policy", everyone("kms:Decrypt")) },

	"RDS.2": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "publiclyAccessible", true) },
	"RDS.3": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "storageEncrypted", false) },
	"RDS.5": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "multiAz", false) },
	"RDS.6": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "monitoringInterval", 0.0) },
	"RDS.8": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "deletionProtection", false) },
	"RDS.9": func(d *draft) {
		d.set(awstype.RDSInstance, "ha-web-db", "enabledCloudwatchLogsExports", []any{"postgresql"})
	},
	"RDS.10": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "iamDatabaseAuthenticationEnabled", false) },
	"RDS.11": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "backupRetentionPeriod", 6.0) },
	"RDS.13": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "autoMinorVersionUpgrade", false) },
	"RDS.17": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "copyTagsToSnapshot", false) },
	"RDS.18": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "dbSubnetGroupName", nil) },
	"RDS.20": func(d *draft) {
		d.set(awstype.RDSEventSubscription, "ha-web-db-events", "eventCategories", []any{"maintenance", "failure"})
	},
	"RDS.21": func(d *draft) { d.drop(awstype.RDSEventSubscription, "ha-web-parameter-events") },
	"RDS.22": func(d *draft) { d.drop(awstype.RDSEventSubscription, "ha-web-security-group-events") },
	"RDS.25": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "username", "postgres") },
	"RDS.38": func(d *draft) { d.set(awstype.RDSParameterGroup, "ha-web-db", "parameters.value", "0") },
	"RDS.43": func(d *draft) { d.set(awstype.RDSProxy, "ha-web-proxy", "requireTls", false) },
	"RDS.46": func(d *draft) {
		d.add(awstype.EC2Route, "ha-web-data-internet", map[string]any{
			"destinationCidrBlock": "0.0.0.0/0", "gatewayId": "ha-web-internet_id", "routeTableId": "ha-web-data-b_id",
		})
	},

	"S3.5": func(d *draft) { d.drop(awstype.S3BucketPolicy, "ha-web-datadog") },
	"S3.6": func(d *draft) {
		d.allow(awstype.S3BucketPolicy, "ha-web-static", "policy", map[string]any{
			"Action": []any{"s3:PutBucketPolicy"}, "Resource": []any{"*"}, "Principal": map[string]any{"AWS": "arn:aws:iam::111122223333:root"},
		})
	},
	"S3.8": func(d *draft) {
		d.set(awstype.S3BucketPublicAccessBlock, "ha-web-static", "restrictPublicBuckets", false)
	},
	"S3.10": func(d *draft) { d.drop(awstype.S3BucketLifecycleConfigurationV2, "ha-web-datadog") },
	"S3.12": func(d *draft) {
		d.set(awstype.S3BucketOwnershipControls, "ha-web-static", "rule.objectOwnership", "ObjectWriter")
	},
	"S3.14": func(d *draft) {
		d.set(awstype.S3BucketVersioningV2, "ha-web-alb-logs", "versioningConfiguration.status", "Suspended")
	},

	"SecretsManager.1": func(d *draft) { d.drop(awstype.SecretsManagerSecretRotation, "ha-web-db") },
	"SecretsManager.4": func(d *draft) {
		d.set(awstype.SecretsManagerSecretRotation, "ha-web-db", "rotationRules.scheduleExpression", "cron(0 3 1 */4 ? *)")
	},
	"SNS.1": func(d *draft) { d.set(awstype.SNSTopic, "ha-web-notices", "kmsMasterKeyId", nil) },
	"SNS.4": func(d *draft) { d.allow(awstype.SNSTopicPolicy, "ha-web-alarms", "policy", everyone("sns:Publish")) },
	"SQS.1": func(d *draft) { d.set(awstype.SQSQueue, "ha-web-incidents-undelivered", "sqsManagedSseEnabled", false) },
	"SQS.3": func(d *draft) {
		d.allow(awstype.SQSQueuePolicy, "ha-web-incidents-undelivered", "policy", everyone("sqs:SendMessage"))
	},
	"SSM.1": func(d *draft) { d.drop(awstype.IAMRolePolicyAttachment, "ha-web-app-ssm") },
	"SSM.4": func(d *draft) {
		d.set(awstype.SSMDocument, "ha-web-playbook-moodle", "permissions", map[string]any{"type": "Share", "accountIds": "All"})
	},
	"WAF.10": func(d *draft) { d.set(awstype.WAFv2WebACL, "ha-web-waf", "rules", []any{}) },
	"WAF.11": func(d *draft) { d.drop(awstype.WAFv2WebACLLoggingConfiguration, "ha-web-waf") },
	"WAF.12": func(d *draft) {
		d.set(awstype.WAFv2WebACL, "ha-web-waf", "rules.visibilityConfig.cloudwatchMetricsEnabled", false)
	},

	"HA.1": func(d *draft) { d.set(awstype.RDSSubnetGroup, "ha-web-db", "subnetIds", []any{"ha-web-data-a_id"}) },
	"HA.2": func(d *draft) { d.set(awstype.RDSProxy, "ha-web-proxy", "vpcSubnetIds", []any{"ha-web-private-b_id"}) },
	"HA.3": func(d *draft) {
		d.set(awstype.EC2VPCEndpoint, "ha-web-endpoint-logs", "subnetIds", []any{"ha-web-private-a_id"})
	},
	"HA.4": func(d *draft) {
		d.set(awstype.EC2Route, "ha-web-private-internet-b", "natGatewayId", "ha-web-nat-a_id")
	},
	"HA.5": func(d *draft) {
		d.set(awstype.AutoScalingGroup, "ha-web-app", "vpcZoneIdentifiers", []any{"ha-web-public-a_id", "ha-web-public-b_id"})
		d.drop(awstype.EC2NetworkACLRule, "ha-web-public-in-answers")
	},
	"HA.6": func(d *draft) {
		d.set(awstype.AutoScalingSchedule, "ha-web-schedule-exams-winter-2027-end", "minSize", 1.0)
	},
	"HA.7": func(d *draft) {
		d.drop(awstype.AutoScalingPolicy, "ha-web-scaling-cpu")
		d.drop(awstype.AutoScalingPolicy, "ha-web-scaling-requests")
	},
	"HA.8": func(d *draft) {
		d.set(awstype.AutoScalingSchedule, "ha-web-schedule-exams-winter-2027", "maxSize", 11.0)
	},
	"HA.9": func(d *draft) {
		d.set(awstype.AutoScalingGroup, "ha-web-app", "instanceRefresh.preferences.minHealthyPercentage", 50.0)
	},
	"HA.10": func(d *draft) {
		d.set(awstype.AutoScalingGroup, "ha-web-app", "instanceRefresh.preferences.autoRollback", true)
	},
	"HA.11": func(d *draft) {
		d.set(awstype.AutoScalingGroup, "ha-web-app", "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version", "$Latest")
	},
	"HA.12": func(d *draft) { d.set(awstype.AutoScalingGroup, "ha-web-app", "healthCheckGracePeriod", 269.0) },
	"HA.13": func(d *draft) { d.set(awstype.LBTargetGroup, "ha-web-app", "healthCheck.path", "/health/database") },
	"HA.14": func(d *draft) {
		d.set(awstype.AutoScalingGroup, "ha-web-app", "mixedInstancesPolicy.instancesDistribution.onDemandBaseCapacity", 1.0)
	},
	"HA.15": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "skipFinalSnapshot", true) },
	"HA.16": func(d *draft) { d.set(awstype.SecretsManagerSecret, "ha-web-secret-smtp", "recoveryWindowInDays", 0.0) },
	"HA.17": func(d *draft) { d.find(awstype.S3BucketV2, "ha-web-static").Protect = false },
	"HA.18": func(d *draft) {
		d.set(awstype.CloudWatchMetricAlarm, "ha-web-alarm-no-healthy-hosts", "treatMissingData", "missing")
	},
	"HA.19": func(d *draft) {
		d.drop(awstype.SNSTopicSubscription, "ha-web-alarms")
		d.drop(awstype.CloudWatchEventRule, "ha-web-incident")
	},
	"HA.20": func(d *draft) { d.set(awstype.CloudWatchMetricAlarm, "ha-web-alarm-latency", "treatMissingData", nil) },
	"HA.21": func(d *draft) {
		d.set(awstype.VPCSecurityGroupIngressRule, "ha-web-alb-cloudfront-from-cloudfront", "prefixListId", nil)
		d.set(awstype.VPCSecurityGroupIngressRule, "ha-web-alb-cloudfront-from-cloudfront", "cidrIpv4", "0.0.0.0/0")
	},
	"HA.22": func(d *draft) {
		d.set(awstype.VPCSecurityGroupIngressRule, "ha-web-db-from-proxy", "referencedSecurityGroupId", nil)
		d.set(awstype.VPCSecurityGroupIngressRule, "ha-web-db-from-proxy", "cidrIpv4", "10.0.0.0/16")
	},
	"HA.23": func(d *draft) {
		d.add(awstype.VPCSecurityGroupEgressRule, "ha-web-db-to-internet", map[string]any{"securityGroupId": "ha-web-db_id", "cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"})
	},
	"HA.24": func(d *draft) {
		d.set(awstype.EC2SecurityGroup, "ha-web-app", "ingress", []any{map[string]any{"fromPort": 22.0, "toPort": 22.0, "protocol": "tcp", "cidrBlocks": []any{"0.0.0.0/0"}}})
	},
	"HA.25": func(d *draft) { d.drop(awstype.S3BucketServerSideEncryptionConfigurationV2, "ha-web-datadog") },
	"HA.26": func(d *draft) {
		d.set(awstype.EC2LaunchTemplate, "ha-web-app", "userData", base64.StdEncoding.EncodeToString([]byte("#!/bin/bash\nexport DB_PASSWORD='hunter2hunter2'\n")))
	},
	"HA.27": func(d *draft) {
		d.set(awstype.CloudFrontDistribution, "ha-web-cdn", "origins.customHeaders.value", "hunter2")
	},
	"HA.28": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "manageMasterUserPassword", false) },
	"HA.29": func(d *draft) {
		d.set(awstype.IAMRole, "ha-web-deploy", "assumeRolePolicy", `{"Statement": [{"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {
			"token.actions.githubusercontent.com:sub": "repo:example/*"}}, "Effect": "Allow"}]}`)
	},
	"HA.30": func(d *draft) { d.set(awstype.IAMRole, "ha-web-app", "permissionsBoundary", nil) },
	"HA.31": func(d *draft) { d.find(awstype.SSMParameter, "ha-web-outputs").Protect = false },
}

// mended are changes of the full plan that turn a control that has an exception everywhere into one that passes.
var mended = map[string]func(*draft){
	"CloudFront.1": func(d *draft) { d.set(awstype.CloudFrontDistribution, "ha-web-cdn", "defaultRootObject", "index.html") },
	"CloudFront.17": func(d *draft) {
		front := d.find(awstype.CloudFrontDistribution, "ha-web-cdn").Inputs
		for _, behaviour := range append(front["orderedCacheBehaviors"].([]any), front["defaultCacheBehavior"]) {
			behaviour.(map[string]any)["trustedKeyGroups"] = []any{"viewers"}
		}
	},
	"EC2.10": withEndpoint("ec2"), "EC2.55": withEndpoint("ecr.api"), "EC2.56": withEndpoint("ecr.dkr"),
	"EC2.58": withEndpoint("ssm-contacts"), "EC2.60": withEndpoint("ssm-incidents"),
	"EC2.28": func(d *draft) { d.add(awstype.BackupSelection, "ha-web", map[string]any{}) },
	"ELB.16": func(d *draft) {
		d.add(awstype.WAFv2WebACLAssociation, "ha-web-alb", map[string]any{"resourceArn": "arn:aws:lb:us-east-1:123456789012:ha-web-alb"})
	},
	"ELB.21": func(d *draft) { d.set(awstype.LBTargetGroup, "ha-web-app", "healthCheck.protocol", "HTTPS") },
	"ELB.22": func(d *draft) { d.set(awstype.LBTargetGroup, "ha-web-app", "protocol", "HTTPS") },
	"RDS.23": func(d *draft) { d.set(awstype.RDSInstance, "ha-web-db", "port", 15432.0) },
	"RDS.26": func(d *draft) { d.add(awstype.BackupSelection, "ha-web", map[string]any{}) },
	"S3.7":   forEachBucket(awstype.S3BucketReplicationConfig),
	"S3.9":   forEachBucket(awstype.S3BucketLoggingV2),
	"S3.11":  forEachBucket(awstype.S3BucketNotification),
	"S3.15":  forEachBucket(awstype.S3BucketObjectLockConfigurationV2),
	"S3.17": func(d *draft) {
		for _, each := range d.recording.Resources {
			if each.Type == awstype.S3BucketServerSideEncryptionConfigurationV2 {
				d.set(awstype.S3BucketServerSideEncryptionConfigurationV2, each.Name, "rules.applyServerSideEncryptionByDefault.sseAlgorithm", "aws:kms")
			}
		}
	},
}

func withEndpoint(service string) func(*draft) {
	return func(d *draft) {
		d.add(awstype.EC2VPCEndpoint, "ha-web-endpoint-"+service, map[string]any{
			"vpcId": "ha-web-vpc_id", "serviceName": "com.amazonaws.us-east-1." + service, "vpcEndpointType": "Interface",
			"subnetIds": []any{"ha-web-private-a_id", "ha-web-private-b_id"},
		})
	}
}

func forEachBucket(kind string) func(*draft) {
	return func(d *draft) {
		for _, each := range d.recording.Resources {
			if each.Type == awstype.S3BucketV2 {
				d.add(kind, each.Name+"-more", map[string]any{"bucket": each.Name + "_id"})
			}
		}
	}
}
