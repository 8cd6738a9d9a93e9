package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/offline"
	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everything are the assignments that turn on what tests/testdata/Pulumi.full.yaml leaves off. A development stack may change what
// guard rails hold a production stack to.
var everything = []string{
	"environment=development",
	"web.schedules=[{name: launch, start: 2027-06-01T08:00, end: 2027-06-02T08:00, min: 3, max: 9, desired: 4, timeZone: Europe/London}]",
	"web.image=ssm:/golden/image:3", "web.spot={percent: 20, onDemandBase: 3}",
	"database={replicaRegion: us-west-2, storageGiB: 400, maxStorageGiB: 500, iops: 13000, throughputMiBps: 600}",
	"secrets.values={smtp: {secure: AAABAOm}}",
	"cdn.edge={addresses: [192.0.2.0/24], header: {name: X-From-Edge}}",
	"access.agents[0].version=1.0.0", "web.policies=[{arn: arn:aws:iam::123456789012:policy/a}]",
}

// changes are assignments that change a setting, where the next integer, the opposite boolean, or the same string with a letter
// more is not a value that it takes.
var changes = map[string][]string{
	"environment": {"environment=production"}, "tags": {"tags={CostCenter: 42}"}, "waivers": {"waivers={}"},

	"network.cidr": {"network.cidr=10.1.0.0/16"}, "network.availabilityZones": {"network.availabilityZones[2]=us-east-1c"},
	"network.natGateways": {"network.natGateways=single"}, "network.egressPorts": {"network.egressPorts=[587]"}, "network.interfaceEndpoints": {"network.interfaceEndpoints=[ssm]"},
	"network.flowLogs.retentionDays": {"network.flowLogs.retentionDays=30"},

	"web.instanceTypes": {"web.instanceTypes=[m7g.xlarge, m6g.xlarge]"}, "web.image": {"web.image=ami-0123456789abcdef0"},
	"web.container": {"web.container=ghcr.io/acme/app@sha256:" + strings.Repeat("0a", 32)}, "web.ingress": {"web.ingress=internet"},
	"web.environment": {"web.environment={MAIL_FROM: moodle@example.edu}"},
	"web.policies":    {"web.policies=[]"}, "web.policies[].arn": {"web.policies[0].arn=arn:aws:iam::123456789012:policy/b"},
	"web.policies[].actions":         {"web.policies[0]={actions: [s3:GetObject], resources: ['*']}"},
	"web.policies[].resources":       {"web.policies[0]={actions: [s3:GetObject], resources: ['arn:aws:s3:::a/*']}"},
	"web.healthCheck.timeoutSeconds": {"web.healthCheck.timeoutSeconds=6"},
	"web.schedules":                  {"web.schedules=[]"}, "web.schedules[].timeZone": {"web.schedules[0].timeZone=Europe/Paris"},
	"web.schedules[].recurrence": {"web.schedules[0]={name: launch, recurrence: 0 7 1 6 *, min: 3}"}, "web.schedules[].start": {"web.schedules[0].start=2027-05-31T08:00"},
	"web.schedules[].end": {"web.schedules[0].end=2027-06-03T08:00"}, "web.schedules[].max": {"web.schedules[0].max=8"},
	"web.exams.timeZone": {"web.exams.timeZone=Europe/Paris"}, "web.exams.databaseClass": {"web.exams.databaseClass=db.r7g.large"}, "web.exams.rushAt": {`web.exams.rushAt="08:00"`}, "web.exams.endsAt": {`web.exams.endsAt="21:00"`},
	"web.exams.periods": {"web.exams.periods=[]"}, "web.exams.periods[].from": {`web.exams.periods[0].from="2027-01-12"`},
	"web.exams.periods[].to":           {`web.exams.periods[0].to="2027-01-23"`},
	"web.targetGroup.slowStartSeconds": {"web.targetGroup.slowStartSeconds=60"}, "web.rollout.checkpointPercents": {"web.rollout.checkpointPercents=[25, 100]"},
	"web.rollout.minHealthyPercent": {"web.rollout.minHealthyPercent=90"}, "web.logRetentionDays": {"web.logRetentionDays=30"},

	"database.engine": {"database.engine=mysql"}, "database.version": {"database.version=17"}, "database.instanceClass": {"database.instanceClass=db.m7g.large"},
	"database.storageGiB": {"database.storageGiB=410"}, "database.backupWindow": {"database.backupWindow=03:00-03:30"},
	"database.maintenanceWindow": {"database.maintenanceWindow=mon:04:00-mon:05:00"}, "database.rotation.schedule": {"database.rotation.schedule=cron(0 3 2 * ? *)"}, "database.monitoringSeconds": {"database.monitoringSeconds=30"},
	"database.logRetentionDays": {"database.logRetentionDays=30"}, "database.parameters": {`database.parameters={work_mem: "65536"}`},
	"database.replicaRegion":      {"database.replicaRegion=eu-west-1"},
	"database.snapshotIdentifier": {"database.snapshotIdentifier=before"},
	"database.restore.backupArn":  {"database.restore.backupArn=arn:aws:rds:us-east-1:123456789012:auto-backup:ab-0a"},
	"database.restore.resourceId": {"database.restore.resourceId=db-A"}, "database.restore.time": {"database.restore={resourceId: db-A, time: '2026-11-20T09:30:00Z'}"},

	"secrets.replicaRegion": {"secrets.replicaRegion=us-west-2"},
	"secrets.names":         {"secrets.names=[smtp, oidc]"}, "secrets.values": {"secrets.values={}"}, "secrets.recoveryDays": {"secrets.recoveryDays=7"},

	"domain.name": {"domain.name=moodle.example.edu"}, "domain.hostedZone": {"domain.hostedZone=learn.example.edu"},
	"domain.originName":        {"domain.originName=origin-dr.learn.example.edu"},
	"domain.overwriteRecords":  {"domain.overwriteRecords=true", "cdn.edge={}"}, // with an edge the records are its own
	"domain.standby":           {"domain.standby=true", "domain.originName=origin-dr.learn.example.edu"},
	"domain.aliases":           {"domain.aliases=[www.example.edu]"},
	"domain.certificateArn":    {"domain.certificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0a"},
	"domain.cdnCertificateArn": {"domain.cdnCertificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0b"},

	"cdn.staticPaths": {"cdn.staticPaths=[/theme/*]"}, "cdn.priceClass": {"cdn.priceClass=PriceClass_All"},
	"cdn.errorPage": {"cdn.errorPage=tests/testdata/unavailable.html"}, "cdn.replicaRegion": {"cdn.replicaRegion="},
	"cdn.waf.enabled": {"cdn.waf.enabled=false", "cdn.edge={}"}, "cdn.waf.rateLimitExempt": {"cdn.waf.rateLimitExempt=[198.51.100.0/24]"},
	"cdn.waf.countOnly": {"cdn.waf.countOnly=[SQLi_BODY]"}, "cdn.waf.logRetentionDays": {"cdn.waf.logRetentionDays=30"},
	"cdn.edge.addresses": {"cdn.edge.addresses=[192.0.2.0/25]"},

	"monitoring.email": {"monitoring.email=[me@acme.org]"}, "monitoring.https": {"monitoring.https={}"},
	"monitoring.functions":     {"monitoring.functions=[arn:aws:lambda:us-east-1:123456789012:function:page]"},
	"monitoring.notices.email": {"monitoring.notices.email=[you@acme.org]"}, "monitoring.notices.https": {"monitoring.notices.https={dynatrace: https://acme.org}"},
	"monitoring.notices.functions": {"monitoring.notices.functions=[arn:aws:lambda:us-east-1:123456789012:function:notice]"},
	"monitoring.slack.workspaceId": {"monitoring.slack={workspaceId: T0123ABCD, channelId: C0123ABCD}"},
	"monitoring.slack.channelId":   {"monitoring.slack={workspaceId: T0123ABCE, channelId: C0123ABCD}"},
	"monitoring.runbookUrl":        {"monitoring.runbookUrl=https://acme.org/runbook"}, "monitoring.secretReaders": {"monitoring.secretReaders=[migrate]"},
	"monitoring.serviceNow.username":     {"monitoring.serviceNow={instance: example, username: me, password: hunter2}"},
	"monitoring.serviceNow.password":     {"monitoring.serviceNow={instance: example, username: you, password: hunter2}"},
	"monitoring.serviceNow.clientSecret": {"monitoring.serviceNow={instance: example, username: us, password: hunter2}"},
	"monitoring.datadog.apiKey":          {"monitoring.datadog={}"}, "monitoring.datadog.site": {"monitoring.datadog.site=datadoghq.eu"},
	"monitoring.datadog.namespaces": {"monitoring.datadog.namespaces=[AWS/RDS]"}, "monitoring.budget.tag": {"monitoring.budget.tag=Project$ha-web"},
	"monitoring.logRetentionDays": {"monitoring.logRetentionDays=30"},

	"delivery.repository.replicaRegion": {"delivery.repository.replicaRegion=us-west-2"},
	"delivery.github.ownerId":           {"delivery.github.ownerId=3"}, "delivery.github.repoId": {"delivery.github.repoId=3"},
	"delivery.oidc.issuer":          {"delivery.oidc={issuer: https://jenkins.acme.org/oidc, deploySubjects: [deploy]}", "delivery.github={}"},
	"delivery.oidc.previewSubjects": {"delivery.oidc.previewSubjects=[preview]"}, "delivery.oidc.deploySubjects": {"delivery.oidc.deploySubjects=[deploy]"},
	"delivery.state.keyArn": {"delivery.state.keyArn=arn:aws:kms:us-east-1:123456789012:key/0a"}, "delivery.services": {"delivery.services=[ses]"},

	"access.oidc.paths": {"access.oidc.paths=[/staff/*]"}, "access.oidc.issuer": {"access.oidc.issuer=https://acme.okta.com"},
	"access.oidc.authorizationEndpoint": {"access.oidc.authorizationEndpoint=https://acme.okta.com/a"},
	"access.oidc.tokenEndpoint":         {"access.oidc.tokenEndpoint=https://acme.okta.com/t"},
	"access.oidc.userInfoEndpoint":      {"access.oidc.userInfoEndpoint=https://acme.okta.com/u"},
	"access.oidc.clientSecret":          {"access.oidc.clientSecret=", "access.oidc.clientSecretArn=arn:aws:secretsmanager:us-east-1:123456789012:secret:a-Ab12Cd"},
	"access.oidc.clientSecretArn":       {"access.oidc.clientSecret=", "access.oidc.clientSecretArn=arn:aws:secretsmanager:us-east-1:123456789012:secret:b-Ab12Cd"},
	"access.saml.metadataFile":          {"access.saml.metadataFile="},
	"access.scanner.principal":          {"access.scanner.principal=arn:aws:iam::444455556666:role/scanner"},
	"access.agents":                     {"access.agents=[]"}, "access.agents[].arguments": {"access.agents[0].arguments={SSM_X: y}"},
	"access.agents[].commands": {"access.agents[0].commands=[uptime]"}, "access.agents[].schedule": {"access.agents[0].schedule=rate(2 days)"},
	"access.agents[].secrets": {"access.agents[0].secrets={KEY: arn:aws:secretsmanager:us-east-1:123456789012:secret:a-Ab12Cd}", "access.agents[0].commands=[uptime]"},
	"access.playbooks":        {"access.playbooks=[]"}, "access.playbooks[].folder": {"access.playbooks[0].folder=internal/settings/testdata/playbooks", "access.playbooks[0].playbook=site.yml"},
	"access.playbooks[].playbook": {"access.playbooks[0].playbook=vars/main.yml"}, "access.playbooks[].variables": {`access.playbooks[0].variables.php_version="8.4"`},
	"access.playbooks[].schedule": {"access.playbooks[0].schedule=rate(2 days)"},
}

// unplanned are the settings that change no resource, and why.
var unplanned = map[string]string{
	"waivers": "they only say why a guard rail of production does not hold",

	"web.capacity.requestsPerVcpu": "it is for the arithmetic of the plan",
	"web.exams.databaseClass":      "an update of database.instanceClass before the exams does",
}

// Every setting of a stack file changes some resource, or an output: none is read and then forgotten on its way.
func TestEverySettingReachesThePlan(t *testing.T) {
	t.Parallel()
	before := planned(t)
	known := map[string]bool{}
	fields.Walk(reflect.TypeFor[settings.Settings](), func(key string, field fields.Field) {
		known[key] = true
		if field.Type.Kind() == reflect.Struct {
			return // its fields are settings
		}
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			assignments, listed := changes[key]
			if !listed {
				assignments = []string{change(before.settings, key, field)}
			}
			after := planned(t, assignments...)
			if reason, none := unplanned[key]; none {
				assert.Equal(t, before.resources, after.resources, "it does change something: %s", reason)
			} else {
				assert.NotEqual(t, before.resources, after.resources, "%v changes nothing", assignments)
			}
		})
	})
	for key := range maps.Keys(changes) {
		assert.True(t, known[key], "there is no setting %s", key)
	}
	for key := range maps.Keys(unplanned) {
		assert.True(t, known[key], "there is no setting %s", key)
	}
}

// outcome is what the settings of a stack register, but for what components record of their settings.
type outcome struct {
	settings  *settings.Settings
	resources string
}

// planned plans the stack with everything turned on, after these assignments.
func planned(t *testing.T, assignments ...string) outcome {
	t.Helper()
	file, err := settings.ReadStackFile("ha-web", "tests/testdata/Pulumi.full.yaml")
	require.NoError(t, err)
	for _, assignment := range slices.Concat(everything, assignments) {
		require.NoError(t, file.Set(assignment))
	}
	config, secret, err := file.Config()
	require.NoError(t, err)
	parsed, err := settings.Parse("ha-web", config, secret...)
	require.NoError(t, err, "%v", assignments)
	recorded, err := offline.Record(program, offline.Stack{Project: "ha-web", Name: "full", Config: config, SecretKeys: secret})
	require.NoError(t, err)
	recorded.Resources = slices.DeleteFunc(recorded.Resources, func(resource offline.Resource) bool {
		return strings.HasPrefix(resource.Type, "ha-web:index:")
	})
	text, err := json.Marshal(recorded)
	require.NoError(t, err)
	return outcome{parsed, string(text)}
}

// change returns an assignment of another value than a setting has.
func change(s *settings.Settings, key string, field fields.Field) string {
	value := reflect.ValueOf(s).Elem()
	for _, step := range strings.Split(key, ".") {
		name, inList := strings.CutSuffix(step, "[]")
		for _, each := range fields.Of(value.Type()) {
			if each.Key == name {
				value = value.FieldByIndex(each.Index)
			}
		}
		if inList {
			value = value.Index(0)
		}
		for value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
	}
	path := strings.ReplaceAll(key, "[]", "[0]")
	switch value.Kind() {
	case reflect.Bool:
		return fmt.Sprintf("%s=%v", path, !value.Bool())
	case reflect.Int:
		return fmt.Sprintf("%s=%d", path, value.Int()+1)
	case reflect.String:
		return path + "=" + value.String() + "x"
	}
	return path + "=another way"
}
