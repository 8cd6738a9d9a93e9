package tests

import (
	"strings"
	"testing"

	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
)

func TestSettingsReachTheComponents(t *testing.T) {
	t.Parallel()
	got := planOf(t, "-stack", "dev", "-c", "network.natGateways=none",
		"-c", "network.interfaceEndpoints=[ssm, ssmmessages, ec2messages, secretsmanager, ec2, logs, monitoring]",
		"-c", "network.availabilityZones=[us-east-1a, us-east-1b, us-east-1c]",
		"-c", "network.cidr=10.9.0.0/16", "-c", "network.flowLogs.enabled=false", "-c", "web.port=9000",
		"-c", "database.engine=mariadb", "-c", "cdn.enabled=false",
		"-c", "domain.certificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0a-1b")
	assert.Empty(t, got.of(awstype.EC2NatGateway))
	assert.Empty(t, got.of(awstype.EC2FlowLog))
	assert.Len(t, got.of(awstype.EC2VPCEndpoint), 8)
	assert.Equal(t, "10.9.23.0/24", got.one(t, awstype.EC2Subnet, "ha-web-data-c")["cidrBlock"])
	assert.Equal(t, 9000.0, got.one(t, awstype.VPCSecurityGroupIngressRule, "ha-web-app-from-alb")["fromPort"])
	assert.Equal(t, 3306.0, got.one(t, awstype.VPCSecurityGroupIngressRule, "ha-web-db-from-app")["fromPort"])
	assert.Equal(t, 443.0, got.one(t, awstype.VPCSecurityGroupIngressRule, "ha-web-alb-from-internet")["fromPort"])
	assert.Equal(t, map[string]any{
		"Name": "ha-web-vpc", "Project": "ha-web", "Stack": "dev", "Environment": "development",
	}, got.one(t, awstype.EC2VPC, "ha-web-vpc")["tags"])
	assert.Equal(t, []any{"us-east-1a", "us-east-1b", "us-east-1c"}, got.Outputs["availabilityZones"])

	assert.Equal(t, "com.amazonaws.global.cloudfront.origin-facing_id",
		planOf(t, "-stack", "prod").one(t, awstype.VPCSecurityGroupIngressRule, "ha-web-alb-cloudfront-from-cloudfront")["prefixListId"])
}

func TestSettingsReachTheDatabase(t *testing.T) {
	t.Parallel()
	args := []string{"-stack", "prod", "-c", "environment=development"}
	for _, assignment := range []string{
		"engine=mysql", "version=\"8.0\"", "extendedSupport=true", "allowMajorUpgrade=true", "instanceClass=db.r7g.large", "multiAz=false",
		"storageGiB=400", "maxStorageGiB=800", "iops=20000", "throughputMiBps=900", "name=moodle", "username=moodler",
		"backupDays=14", "backupWindow=01:00-02:00", "maintenanceWindow=sat:03:00-sat:04:00", "deletionProtection=false",
		"finalSnapshot=false", `rotation={schedule: "cron(0 4 ? * SUN#2 *)", hours: 2}`, "monitoringSeconds=15", "logRetentionDays=30", "maxConnections=700",
		"parameters={tmp_table_size: 67108864}", "replicaRegion=eu-west-1",
		"proxy={maxConnectionsPercent: 80, borrowSeconds: 20}",
	} {
		args = append(args, "-c", "database."+assignment)
	}
	got := planOf(t, args...)
	instance := got.one(t, awstype.RDSInstance, "ha-web-db")
	for property, want := range map[string]any{
		"engine": "mysql", "engineVersion": "8.0", "engineLifecycleSupport": "open-source-rds-extended-support", "allowMajorVersionUpgrade": true, "instanceClass": "db.r7g.large",
		"multiAz": false, "allocatedStorage": 400.0, "maxAllocatedStorage": 800.0, "iops": 20000.0, "storageThroughput": 900.0,
		"dbName": "moodle", "username": "moodler", "backupRetentionPeriod": 14.0, "backupWindow": "01:00-02:00",
		"maintenanceWindow": "sat:03:00-sat:04:00", "deletionProtection": false, "skipFinalSnapshot": true,
		"monitoringInterval": 15.0, "applyImmediately": true, "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:ha-web-key",
		"vpcSecurityGroupIds": []any{"ha-web-db_id"},
	} {
		assert.Equal(t, want, instance[property], property)
	}
	assert.Equal(t, []any{"ha-web-data-a_id", "ha-web-data-b_id"}, got.one(t, awstype.RDSSubnetGroup, "ha-web-db")["subnetIds"])
	assert.Equal(t, map[string]any{"scheduleExpression": "cron(0 4 ? * SUN#2 *)", "duration": "2h"},
		got.one(t, awstype.SecretsManagerSecretRotation, "ha-web-db")["rotationRules"])
	assert.Equal(t, 30.0, got.one(t, awstype.CloudWatchLogGroup, "ha-web-db-slowquery")["retentionInDays"])
	assert.Subset(t, got.one(t, awstype.RDSParameterGroup, "ha-web-db")["parameters"], []any{
		map[string]any{"name": "max_connections", "value": "700", "applyMethod": "immediate"},
		map[string]any{"name": "tmp_table_size", "value": "67108864", "applyMethod": "immediate"},
	})
	assert.Equal(t, []any{"ha-web-private-a_id", "ha-web-private-b_id"}, got.one(t, awstype.RDSProxy, "ha-web-proxy")["vpcSubnetIds"])
	assert.Equal(t, []any{"ha-web-proxy_id"}, got.one(t, awstype.RDSProxy, "ha-web-proxy")["vpcSecurityGroupIds"])
	pool := got.one(t, awstype.RDSProxyDefaultTargetGroup, "ha-web-proxy")["connectionPoolConfig"].(map[string]any)
	assert.Equal(t, 80.0, pool["maxConnectionsPercent"])
	assert.Equal(t, 20.0, pool["connectionBorrowTimeout"])
	assert.Equal(t, "eu-west-1", got.one(t, awstype.Provider, "ha-web-replica")["region"])
	assert.Equal(t, awstype.Provider+"::ha-web-replica", got.of(awstype.RDSInstanceAutomatedBackupsReplication)["ha-web-replica"].Provider)

	restored := planOf(t, "-stack", "prod", "-c", "database.snapshotIdentifier=before-the-exam")
	assert.Equal(t, "before-the-exam", restored.one(t, awstype.RDSInstance, "ha-web-db")["snapshotIdentifier"])
}

func TestSettingsReachTheWebTier(t *testing.T) {
	t.Parallel()
	args := []string{"-stack", "prod", "-c", "environment=development"}
	for _, assignment := range []string{
		"instanceTypes=[c7g.large, c6g.large]", "image=ami-0123456789abcdef0", "rootVolumeGiB=50", "port=9000", "ingress=cloudfront",
		"container=123456789012.dkr.ecr.us-east-1.amazonaws.com/moodle@sha256:" + strings.Repeat("0a", 32),
		"originHeader={name: X-From-CDN, version: 3}", "size={min: 4, max: 20}", "bootSeconds=120",
		"healthCheck={path: /ready, intervalSeconds: 10, graceSeconds: 240}",
		"targetGroup={deregistrationSeconds: 45, stickinessSeconds: 900, slowStartSeconds: 60}",
		"scaling={cpuPercent: 40, requestsPerTarget: 500, forecast: true}",
		"schedules=[{name: launch, start: 2027-09-01T08:00, min: 8}]",
		"exams={timeZone: Europe/Paris, rushAt: \"08:00\", leadHours: 1, endsAt: \"18:00\", min: 10, periods: [{name: june, from: 2027-06-01, to: 2027-06-12}]}",
		"spot={percent: 30, onDemandBase: 6}",
		"rollout={minHealthyPercent: 90, maxHealthyPercent: 120, checkpointPercents: [20, 100], checkpointSeconds: 60}",
		"accessLogs={retentionDays: 90}", "logRetentionDays=90", "deletionProtection=false",
	} {
		args = append(args, "-c", "web."+assignment)
	}
	got := planOf(t, append(args, "-c", "database.rotation.schedule=cron(0 8 20 * ? *)")...) // not in these exams
	template := got.one(t, awstype.EC2LaunchTemplate, "ha-web-app")
	assert.Equal(t, "c7g.large", template["instanceType"])
	assert.Equal(t, "ami-0123456789abcdef0", template["imageId"])
	assert.Contains(t, inputsOf(t, got.of(awstype.EC2LaunchTemplate)["ha-web-app"]), `"volumeSize":50`)
	script := userDataOf(t, template)
	for _, line := range []string{
		"PORT='9000'", "HEALTH_PATH='/ready'", "BOOT_SECONDS='120'", "LOG_GROUP='/ha-web/prod/app'", "PARAMETER_PREFIX=/ha-web/prod",
		"REGISTRY='123456789012.dkr.ecr.us-east-1.amazonaws.com'",
		"SMTP_SECRET_ARN=arn:aws:secretsmanager:us-east-1:123456789012:ha-web-secret-smtp",
	} {
		assert.Contains(t, script, "\n"+line+"\n")
	}
	group := got.one(t, awstype.AutoScalingGroup, "ha-web-app")
	for property, want := range map[string]any{
		"minSize": 4.0, "maxSize": 20.0, "defaultInstanceWarmup": 120.0, "healthCheckGracePeriod": 240.0, "capacityRebalance": true,
		"instanceMaintenancePolicy": map[string]any{"minHealthyPercentage": 90.0, "maxHealthyPercentage": 120.0},
	} {
		assert.Equal(t, want, group[property], property)
	}
	preferences := group["instanceRefresh"].(map[string]any)["preferences"].(map[string]any)
	assert.Equal(t, []any{20.0, 100.0}, preferences["checkpointPercentages"])
	assert.Equal(t, "60", preferences["checkpointDelay"])
	mixed := group["mixedInstancesPolicy"].(map[string]any)["instancesDistribution"].(map[string]any)
	assert.Equal(t, 6.0, mixed["onDemandBaseCapacity"])
	assert.Equal(t, 70.0, mixed["onDemandPercentageAboveBaseCapacity"])
	targets := got.one(t, awstype.LBTargetGroup, "ha-web-app")
	for property, want := range map[string]any{"port": 9000.0, "deregistrationDelay": 45.0, "slowStart": 60.0} {
		assert.Equal(t, want, targets[property], property)
	}
	assert.Equal(t, 900.0, targets["stickiness"].(map[string]any)["cookieDuration"])
	assert.Equal(t, 40.0, got.one(t, awstype.AutoScalingPolicy, "ha-web-scaling-cpu")["targetTrackingConfiguration"].(map[string]any)["targetValue"])
	assert.Equal(t, []string{"ha-web-scaling-cpu", "ha-web-scaling-forecast", "ha-web-scaling-requests"}, got.names(awstype.AutoScalingPolicy))
	assert.Equal(t, "2027-09-01T08:00:00Z", got.one(t, awstype.AutoScalingSchedule, "ha-web-schedule-launch")["startTime"])
	assert.Equal(t, "2027-06-01T05:00:00Z", got.one(t, awstype.AutoScalingSchedule, "ha-web-schedule-exams-june")["startTime"])
	assert.Equal(t, "2027-06-12T16:00:00Z", got.one(t, awstype.AutoScalingSchedule, "ha-web-schedule-exams-june-end")["startTime"])
	assert.Contains(t, inputsOf(t, got.of(awstype.LBListenerRule)["ha-web-listener-origin"]), `"httpHeaderName":"X-From-CDN"`)
	assert.Equal(t, []string{"ha-web-origin-v2", "ha-web-origin-v3", "ha-web-secret-smtp"}, got.names(awstype.SecretsManagerSecret))
	assert.Contains(t, inputsOf(t, got.of(awstype.S3BucketLifecycleConfigurationV2)["ha-web-alb-logs"]), `"days":90`)
	assert.Equal(t, 90.0, got.one(t, awstype.CloudWatchLogGroup, "ha-web-app")["retentionInDays"])
	assert.Equal(t, false, got.one(t, awstype.LBLoadBalancer, "ha-web-alb")["enableDeletionProtection"])
	assert.Equal(t, "arn:aws:kms:us-east-1:123456789012:ha-web-key", got.one(t, awstype.CloudWatchLogGroup, "ha-web-app")["kmsKeyId"])

	fixed := planOf(t, "-stack", "dev", "-c", "web.scaling.cpuPercent=0", "-c", "web.accessLogs.enabled=false")
	assert.Empty(t, fixed.of(awstype.AutoScalingPolicy), "0 is not left out")
	assert.NotContains(t, fixed.of(awstype.S3BucketV2), "ha-web-alb-logs")
}
