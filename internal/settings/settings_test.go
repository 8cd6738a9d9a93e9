package settings_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"ha-web/internal/settings"
	"ha-web/internal/settings/database"
	"ha-web/internal/settings/network"
	"ha-web/internal/settings/web"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// good is the least a stack file says where no guard rails hold it to more.
const good = `{"aws:region": "us-east-1", "ha-web:environment": "development", "ha-web:network": "{\"availabilityZones\": [\"us-east-1a\", \"us-east-1b\"]}"}`

// config returns the good config with sections replaced.
func config(t testing.TB, sections map[string]string) map[string]string {
	t.Helper()
	var config map[string]string
	require.NoError(t, json.Unmarshal([]byte(good), &config))
	for section, value := range sections {
		if !strings.Contains(section, ":") {
			section = "ha-web:" + section
		}
		config[section] = value
	}
	return config
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := settings.Parse("ha-web", config(t, nil))
	require.NoError(t, err)

	want := settings.Default()
	want.Region = "us-east-1"
	assert.Equal(t, settings.Production, want.Environment)
	want.Environment = settings.Development
	want.Network.AvailabilityZones = []string{"us-east-1a", "us-east-1b"}
	want.Web.Size.Min, want.Web.Spot.OnDemandBase = 2, 2
	want.Web.Ingress = web.CloudFront
	want.Web.Now = planTime(t)
	want.Database = want.Database.Resolved()
	assert.Equal(t, "16", want.Database.Version)
	assert.Equal(t, 500, *want.Database.MaxStorageGiB)
	assert.Equal(t, want, got)
	assert.Equal(t, network.NATPerAZ, got.Network.NATGateways)
}

// planTime is the time for which settings apply where none is given.
func planTime(t *testing.T) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, settings.PlanTime)
	require.NoError(t, err)
	return parsed
}

func TestSettingOneFieldLeavesTheOthers(t *testing.T) {
	t.Parallel()
	got, err := settings.Parse("ha-web", config(t, map[string]string{
		"web":      `{"size": {"max": 40}, "healthCheck": {"path": "/ready"}}`,
		"database": `{"engine": "mysql", "proxy": null}`,
	}))
	require.NoError(t, err)

	want := settings.Default()
	want.Region = "us-east-1"
	want.Environment = settings.Development
	want.Network.AvailabilityZones = []string{"us-east-1a", "us-east-1b"}
	want.Web.Size, want.Web.Spot.OnDemandBase = web.Size{Min: 2, Max: 40}, 2
	want.Web.Ingress = web.CloudFront
	want.Web.HealthCheck.Path = "/ready"
	want.Web.Now = planTime(t)
	want.Database.Engine = database.MySQL
	want.Database = want.Database.Resolved()
	assert.Equal(t, want, got)
	assert.Equal(t, 3306, got.Database.Engine.Port())
}

func TestFleetGrowsWithItsZones(t *testing.T) {
	t.Parallel()
	got, err := settings.Parse("ha-web", config(t, map[string]string{
		"network": `{"availabilityZones": ["us-east-1a", "us-east-1b", "us-east-1c"]}`,
		"web":     `{"size": {"max": 8}}`,
	}))
	require.NoError(t, err)
	assert.Equal(t, web.Size{Min: 3, Max: 8}, got.Web.Size)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	zones := `"availabilityZones": ["us-east-1a", "us-east-1b"]`
	tests := map[string]struct {
		sections map[string]string
		want     string
	}{
		// What is not in the schema.
		"section": {map[string]string{"netwrok": "{}"}, "netwrok: unknown, did you mean network?"},
		"field":   {map[string]string{"network": `{` + zones + `, "natGatways": "single"}`}, "network.natGatways: unknown, did you mean network.natGateways?"},
		"deep":    {map[string]string{"web": `{"size": {"maximum": 3}}`}, "web.size.maximum: unknown"},
		"case":    {map[string]string{"web": `{"Size": {}}`}, "web.Size: unknown, did you mean web.size?"},
		"far":     {map[string]string{"databases": `{}`, "kubernetes": `{}`}, "databases: unknown, did you mean database?\nkubernetes: unknown"},

		// Types.
		"map":     {map[string]string{"web": "8080"}, `web: must be a map of settings, got "8080"`},
		"list":    {map[string]string{"web": "[]"}, `web: must be a map of settings, got []`},
		"number":  {map[string]string{"web": `{"port": "x"}`}, `web.port: must be an integer, got "x"`},
		"quoted":  {map[string]string{"web": `{"port": "8080"}`}, `web.port: must be an integer, got "8080"`},
		"decimal": {map[string]string{"web": `{"size": {"max": 2.5}}`}, `web.size.max: must be an integer, got 2.5`},
		"flag":    {map[string]string{"database": `{"proxy": {"enabled": "yes"}}`}, `database.proxy.enabled: must be true or false, got "yes"`},
		"scalar":  {map[string]string{"network": `{"availabilityZones": "us-east-1a"}`}, `network.availabilityZones: must be a list, got "us-east-1a"`},
		"text":    {map[string]string{"domain": `{"name": true}`}, `domain.name: must be a string, in quotes, got true`},
		"lossy":   {map[string]string{"database": `{"engine": "mysql", "version": 8.4}`}, `database.version: must be a string, in quotes, got 8.4`},
		"texts":   {map[string]string{"database": `{"parameters": ["work_mem"]}`}, `database.parameters: must be a map of strings, got ["work_mem"]`},

		// Rules.
		"environment":   {map[string]string{"environment": "staging"}, `environment: must be production or development, got "staging"`},
		"region":        {map[string]string{"aws:region": ""}, "aws:region: is required, such as us-east-1"},
		"other region":  {map[string]string{"aws:region": "us-west-2"}, "network.availabilityZones: must be in aws:region (us-west-2), got us-east-1a"},
		"cidr":          {map[string]string{"network": `{` + zones + `, "cidr": "10.0.0.0/23"}`}, "network.cidr: must be at least a /22, so that each subnet is at least the /27 that a load balancer needs, got 10.0.0.0/23"},
		"no zones":      {map[string]string{"network": `{}`}, "network.availabilityZones: must list 2 to 6 Availability Zones, such as [us-east-1a, us-east-1b], got 0"},
		"nat":           {map[string]string{"network": `{` + zones + `, "natGateways": "two"}`}, `network.natGateways: must be perAz, single or none, got "two"`},
		"endpoints":     {map[string]string{"network": `{` + zones + `, "interfaceEndpoints": ["s3"]}`}, "network.interfaceEndpoints[0]: s3 has a gateway endpoint, which is free: leave it out"},
		"retention":     {map[string]string{"network": `{` + zones + `, "flowLogs": {"retentionDays": 8}}`}, "network.flowLogs.retentionDays: CloudWatch Logs cannot keep events for 8 days, the next period it offers is 14"},
		"low port":      {map[string]string{"web": `{"port": 80}`}, "web.port: must be between 1024 and 65535, got 80"},
		"ingress":       {map[string]string{"web": `{"ingress": "vpn"}`}, `web.ingress: must be internet or cloudfront, got "vpn"`},
		"max below min": {map[string]string{"web": `{"size": {"max": 1}}`}, "web.size.max: must be at least web.size.min (2), got 1"},
		"no room":       {map[string]string{"web": `{"size": {"max": 2}}`}, "web.size.max: must be greater than web.size.min (2) to scale by load, got 2: raise it, or set web.scaling.cpuPercent and web.scaling.requestsPerTarget to 0"},
		"no addresses":  {map[string]string{"network": `{` + zones + `, "cidr": "10.0.0.0/20", "interfaceEndpoints": ["ssm", "kms"]}`, "web": `{"size": {"min": 48, "max": 49}}`}, "web.size.max: must be at most 48, the free addresses in the private subnets of network.cidr (10.0.0.0/20), got 49"},
		"few addresses": {map[string]string{"web": `{"size": {"min": 501, "max": 100000}}`}, "web.size.min: must be at most 500, the free addresses in the private subnets of network.cidr (10.0.0.0/16), got 501\nweb.size.max: must be at most 500, the free addresses in the private subnets of network.cidr (10.0.0.0/16), got 100000"},
		"an empty zone": {map[string]string{"web": `{"size": {"min": 1}}`}, "web.size.min: must be at least the number of Availability Zones (2), so that each has an instance, got 1"},
		"cpu":           {map[string]string{"web": `{"scaling": {"cpuPercent": 101}}`}, "web.scaling.cpuPercent: must be between 0 and 100, got 101"},
		"path":          {map[string]string{"web": `{"healthCheck": {"path": "health"}}`}, `web.healthCheck.path: must begin with / and have neither spaces nor quotes, got "health"`},
		"interval":      {map[string]string{"web": `{"healthCheck": {"intervalSeconds": 301}}`}, "web.healthCheck.intervalSeconds: must be between 5 and 300, got 301"},
		"timeout":       {map[string]string{"web": `{"healthCheck": {"timeoutSeconds": 20}}`}, "web.healthCheck.timeoutSeconds: must be less than web.healthCheck.intervalSeconds (20), got 20"},
		"no timeout":    {map[string]string{"web": `{"healthCheck": {"timeoutSeconds": 1}}`}, "web.healthCheck.timeoutSeconds: must be between 2 and 120, got 1"},
		"thresholds":    {map[string]string{"web": `{"healthCheck": {"healthyThreshold": 1, "unhealthyThreshold": 11}}`}, "web.healthCheck.healthyThreshold: must be between 2 and 10, got 1\nweb.healthCheck.unhealthyThreshold: must be between 2 and 10, got 11"},
		"no boot":       {map[string]string{"web": `{"bootSeconds": 0}`}, "web.bootSeconds: must be between 1 and 7200, got 0"},
		"short grace":   {map[string]string{"web": `{"bootSeconds": 201}`}, "web.healthCheck.graceSeconds: must be at least 1.5 times web.bootSeconds (201), which is 302, got 300"},
		// Of the web tier, those that settings add and the keys of the others, which package web tests.
		"requests":      {map[string]string{"web": `{"scaling": {"requestsPerTarget": -1}}`}, "web.scaling.requestsPerTarget: must be between 0 and 1000000, got -1"},
		"disk":          {map[string]string{"web": `{"rootVolumeGiB": 1}`}, "web.rootVolumeGiB: must be between 8 and 16384, got 1"},
		"access logs":   {map[string]string{"web": `{"accessLogs": {"retentionDays": 0}}`}, "web.accessLogs.retentionDays: must be between 1 and 3653, got 0"},
		"header":        {map[string]string{"web": `{"originHeader": {"name": "a b", "version": 0}}`}, "web.originHeader.name: must be 1 to 40 letters, digits and hyphens, got \"a b\"\nweb.originHeader.version: must be between 1 and 1000000, got 0"},
		"in a list":     {map[string]string{"web": `{"schedules": [{"nmae": "x"}]}`}, "web.schedules[0].nmae: unknown, did you mean web.schedules[0].name?\nweb.schedules[0].name: must be lowercase letters, digits and single hyphens, got \"\""},
		"type in list":  {map[string]string{"web": `{"schedules": [{"name": "day", "recurrence": "0 7 * * *", "min": "2"}]}`}, `web.schedules[0].min: must be an integer, got "2"`},
		"deep in list":  {map[string]string{"web": `{"exams": {"min": 4, "periods": [{"name": "w", "from": "2027-01-11", "to": "2027-01-12", "untill": "x"}]}}`}, "web.exams.periods[0].untill: unknown"},
		"schedule":      {map[string]string{"web": `{"schedules": [{"name": "day", "recurrence": "7 o'clock", "min": 2}]}`}, `web.schedules[0].recurrence: must be five cron fields such as 0 7 * * 1-5, got "7 o'clock"`},
		"exams":         {map[string]string{"web": `{"exams": {"leadHours": 25, "periods": [{"name": "w", "from": "2027-01-11", "to": "2027-01-12"}]}}`}, "web.exams.leadHours: must be between 1 and 24, got 25\nweb.exams.min: must be at least web.size.min (2), got 0"},
		"exams overlap": {map[string]string{"web": `{"exams": {"min": 4, "periods": [{"name": "w", "from": "2027-01-11", "to": "2027-01-12"}, {"name": "x", "from": "2027-01-12", "to": "2027-01-11"}, {"name": "y", "from": "2027-01-12", "to": "2027-01-13"}]}}`}, "web.exams.periods[1].to: must not be before web.exams.periods[1].from (2027-01-12), got 2027-01-11\nweb.exams.periods[2]: must not overlap web.exams.periods[0] (w), got both at 2027-01-12T07:00:00Z"},
		"many exams":    {map[string]string{"web": `{"size": {"max": 8}, "exams": {"min": 50, "periods": [{"name": "w", "from": "2027-01-11", "to": "2027-01-12"}]}, "schedules": [{"name": "a", "recurrence": "0 0 * * *", "min": 40}]}`}, "web.exams.min: must be at most web.size.max (8), got 50: raise web.size.max\nweb.schedules[0].min: must be at most web.size.max (8), got 40: raise web.size.max\nweb.exams.periods[0]: must not overlap web.schedules[0] (a), got both at 2027-01-12T00:00:00Z"},
		"date":          {map[string]string{"web": `{"schedules": [{"name": "a", "start": "2027-01-01 00:00:00 +0000 UTC", "min": 4}, {"name": "b", "start": "2027-02-01 07:00:00 +0000 UTC", "min": 4}]}`}, `web.schedules[0].start: must be a time such as 2027-01-11T07:00, got "2027-01-01"` + "\n" + `web.schedules[1].start: must be a time such as 2027-01-11T07:00, got "2027-02-01T07:00:00Z"`},
		"date as port":  {map[string]string{"web": `{"port": "2027-01-01 00:00:00 +0000 UTC"}`}, `web.port: must be an integer, got "2027-01-01"`},
		"engine":        {map[string]string{"database": `{"engine": "oracle"}`}, `database.engine: must be postgres, mysql or mariadb, got "oracle"`},
		// Of the database, those that settings add; package database tests the others.
		"version":                 {map[string]string{"database": `{"version": "16.6"}`}, `database.version: must be the major version 16, because AWS applies minor versions by itself, got "16.6"`},
		"iops":                    {map[string]string{"database": `{"iops": 3000}`}, "database.iops: must be left out below 400 GiB of database.storageGiB, where gp3 has 3000 IOPS and 125 MiB/s and accepts no other value, got 3000"},
		"proxy":                   {map[string]string{"database": `{"proxy": {"borrowSeconds": 301, "maxConnectionsPercent": 101}}`}, "database.proxy.maxConnectionsPercent: must be between 1 and 100, got 101\ndatabase.proxy.borrowSeconds: must be between 1 and 300, got 301"},
		"parameter":               {map[string]string{"database": `{"parameters": {"rds.force_ssl": "0"}}`}, "database.parameters.rds.force_ssl: cannot be changed: TLS is required, and slow queries are logged"},
		"pool":                    {map[string]string{"database": `{"poolSize": 0}`}, "database.poolSize: must be between 1 and 10000, got 0"},
		"connections":             {map[string]string{"database": `{"poolSize": 41, "proxy": {"enabled": false}}`}, "database.poolSize: 41 connections from each of web.size.max (10) instances are 410, and postgres on db.t4g.medium accepts about 405: turn on database.proxy.enabled, choose a larger database.instanceClass, or lower one of them"},
		"few":                     {map[string]string{"database": `{"poolSize": 20, "maxConnections": 199, "proxy": {"enabled": false}}`}, "database.poolSize: 20 connections from each of web.size.max (10) instances are 200, and postgres on db.t4g.medium accepts about 199: turn on database.proxy.enabled, choose a larger database.instanceClass, or lower one of them"},
		"pool of an instance":     {map[string]string{"web": `{"environment": {"DATABASE_POOL_SIZE": "9"}}`, "database": `{"poolSize": 8}`}, `web.environment.DATABASE_POOL_SIZE: must be an integer between 1 and database.poolSize (8), got "9"`},
		"backup elsewhere":        {map[string]string{"database": `{"restore": {"backupArn": "arn:aws:rds:eu-west-1:123456789012:auto-backup:ab-0a"}}`}, "database.restore.backupArn: must be a backup in aws:region (us-east-1), got one in eu-west-1"},
		"snapshot elsewhere":      {map[string]string{"database": `{"snapshotIdentifier": "arn:aws:rds:eu-west-1:123456789012:snapshot:before-the-exam"}`}, "database.snapshotIdentifier: must be a snapshot in aws:region (us-east-1): copy it there first, got one in eu-west-1"},
		"replica":                 {map[string]string{"database": `{"replicaRegion": "oregon"}`}, `database.replicaRegion: must be an AWS Region such as us-west-2, got "oregon"`},
		"replica here":            {map[string]string{"database": `{"replicaRegion": "us-east-1"}`}, "database.replicaRegion: must be another region than aws:region (us-east-1)"},
		"secret names":            {map[string]string{"secrets": `{"names": ["SMTP"]}`}, `secrets.names[0]: must be lowercase letters, digits and single hyphens, got "SMTP"`},
		"recovery":                {map[string]string{"secrets": `{"recoveryDays": 31}`}, "secrets.recoveryDays: must be between 7 and 30, or 0 to delete secrets at once, got 31"},
		"in the open":             {map[string]string{"secrets": `{"names": ["smtp"], "values": {"smtp": "hunter2"}}`}, "secrets.values.smtp: must be encrypted: pulumi config set --secret --path 'secrets.values.smtp'"},
		"long name":               {map[string]string{"domain": `{"name": "` + strings.Repeat("a.", 122) + `edu"}`}, "domain.name: must be at most 246 characters, got 247"},
		"long label":              {map[string]string{"domain": `{"name": "` + strings.Repeat("a", 64) + `.edu"}`}, `domain.name: must be a host name of lowercase letters, digits and hyphens, at most 63 between dots, such as learn.example.edu, got "` + strings.Repeat("a", 64) + `.edu"`},
		"name":                    {map[string]string{"domain": `{"name": "https://x.example"}`}, `domain.name: must be a host name of lowercase letters, digits and hyphens, at most 63 between dots, such as learn.example.edu, got "https://x.example"`},
		"zone":                    {map[string]string{"domain": `{"name": "learn.example.com", "hostedZone": "example.edu"}`}, `domain.name: must be in domain.hostedZone (example.edu), got "learn.example.com"`},
		"alike zone":              {map[string]string{"domain": `{"name": "learnexample.edu", "hostedZone": "example.edu"}`}, `domain.name: must be in domain.hostedZone (example.edu), got "learnexample.edu"`},
		"certificate":             {map[string]string{"domain": `{"certificateArn": "example"}`, "cdn": `{"enabled": false}`}, `domain.certificateArn: must be the ARN of an ACM certificate, got "example"`},
		"away":                    {map[string]string{"domain": `{"certificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/0a-1b"}`, "cdn": `{"enabled": false}`}, "domain.certificateArn: must be in us-east-1, the region of the load balancer, got eu-west-1"},
		"no name":                 {map[string]string{"domain": `{"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a-1b"}`}, "domain.name: is required with domain.certificateArn: CloudFront reaches the load balancer as origin.<name>, which its certificate must cover"},
		"certificate of cdn away": {map[string]string{"domain": `{"name": "learn.example.edu", "cdnCertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/0a-1b"}`}, "domain.cdnCertificateArn: must be in us-east-1, where CloudFront looks for it, got eu-west-1"},
		// Of the CDN, those that settings add and the keys of the others, which package cdn tests.
		"static paths":   {map[string]string{"cdn": `{"staticPaths": []}`}, "cdn.staticPaths: must list at least one path pattern, such as /static/*"},
		"cdn numbers":    {map[string]string{"cdn": `{"originReadSeconds": 0, "accessLogs": {"retentionDays": 0}, "waf": {"rateLimit": 1, "logRetentionDays": 2}}`}, "cdn.originReadSeconds: must be between 1 and 120, got 0\ncdn.accessLogs.retentionDays: must be between 1 and 3653, got 0\ncdn.waf.rateLimit: must be between 10 and 2000000000, got 1\ncdn.waf.logRetentionDays: CloudWatch Logs cannot keep events for 2 days, the next period it offers is 3"},
		"price class":    {map[string]string{"cdn": `{"priceClass": "100"}`}, `cdn.priceClass: must be PriceClass_100, PriceClass_200 or PriceClass_All, got "100"`},
		"waf lists":      {map[string]string{"cdn": `{"waf": {"countOnly": ["x"], "rateLimitExempt": ["10.0.0.1"]}}`}, "cdn.waf.rateLimitExempt[0]: must be an address range such as 192.0.2.0/24 or 2001:db8::/32, got \"10.0.0.1\"\ncdn.waf.countOnly[0]: x is not a rule of the managed rule groups in use: the metrics and the log of AWS WAF name the rules"},
		"edge":           {map[string]string{"cdn": `{"waf": {"enabled": false}, "edge": {"addresses": ["::/0"], "header": {"name": "a b", "version": 0}, "clientAddressHeader": ""}}`}, "cdn.edge.addresses[0]: ::/0 is every address\ncdn.edge.header.name: must be 1 to 40 letters, digits and hyphens, got \"a b\"\ncdn.edge.header.version: must be between 1 and 1000000, got 0\ncdn.edge.clientAddressHeader: must be 1 to 40 letters, digits and hyphens, got \"\"\ncdn.edge: requires cdn.waf.enabled: true, because AWS WAF identifies the edge"},
		"static replica": {map[string]string{"cdn": `{"replicaRegion": "us-east-1"}`}, "cdn.replicaRegion: must be another region than aws:region (us-east-1)"},
		"no region":      {map[string]string{"cdn": `{"replicaRegion": "us-moon-1"}`}, `cdn.replicaRegion: must be an AWS Region such as us-west-2, got "us-moon-1"`},
		"disabled cdn":   {map[string]string{"cdn": `{"enabled": false, "priceClass": "100"}`}, `cdn.priceClass: must be PriceClass_100, PriceClass_200 or PriceClass_All, got "100"`},
		"page elsewhere": {map[string]string{"cdn": `{"errorPage": "../page.html"}`}, `cdn.errorPage: must be an .html file below the folder of the project, got "../page.html"`},
		"page of what":   {map[string]string{"cdn": `{"errorPage": "cdn.go"}`}, `cdn.errorPage: must be an .html file below the folder of the project, got "cdn.go"`},
		"no page":        {map[string]string{"cdn": `{"errorPage": "none.html"}`}, "cdn.errorPage: there is no file none.html"},
		"empty page":     {map[string]string{"cdn": `{"errorPage": "testdata/empty.html"}`}, "cdn.errorPage: testdata/empty.html is empty"},
		// Of monitoring, those that settings add and the keys of the others, which package monitoring tests.
		"addresses":     {map[string]string{"monitoring": `{"email": ["nobody"], "notices": {"functions": ["x"]}}`}, "monitoring.email[0]: must be an email address such as oncall@example.edu, got \"nobody\"\nmonitoring.notices.functions[0]: must be the ARN of a Lambda function, without a version or alias, got \"x\""},
		"a function":    {map[string]string{"monitoring": `{"functions": ["arn:aws:lambda:eu-west-1:123456789012:function:chat"]}`}, "monitoring.functions[0]: must be a Lambda function in us-east-1, the region of the stack, got one in eu-west-1"},
		"open endpoint": {map[string]string{"monitoring": `{"https": {"pagerduty": "https://hunter2"}}`}, "monitoring.https.pagerduty: must be encrypted: pulumi config set --secret --path 'monitoring.https.pagerduty'"},
		"runbook":       {map[string]string{"monitoring": `{"runbookUrl": "wiki"}`}, `monitoring.runbookUrl: must begin with https://, got "wiki"`},
		"slack":         {map[string]string{"monitoring": `{"slack": {"workspaceId": "T1"}}`}, `monitoring.slack.channelId: must be the ID of a Slack channel, such as C0123ABCD, got ""`},
		"a threshold":   {map[string]string{"monitoring": `{"thresholds": {"cpuCredits": 0, "cdnErrorPercent": 101}}`}, "monitoring.thresholds.cpuCredits: must be between 1 and 1000000000, got 0\nmonitoring.thresholds.cdnErrorPercent: must be between 1 and 100, got 101"},
		"budget":        {map[string]string{"monitoring": `{"budget": {"monthlyUsd": -5}}`}, "monitoring.budget.monthlyUsd: must be between 0 and 1000000000, got -5"},
		"servicenow":    {map[string]string{"monitoring": `{"serviceNow": {"instance": "example", "clientId": "x"}}`}, "monitoring.serviceNow.username: set either monitoring.serviceNow.username and monitoring.serviceNow.password, or monitoring.serviceNow.clientId and monitoring.serviceNow.clientSecret"},
		"datadog":       {map[string]string{"monitoring": `{"datadog": {"site": "x", "namespaces": []}}`}, "monitoring.datadog.site: must be a Datadog site, such as datadoghq.com or us5.datadoghq.com, got \"x\"\nmonitoring.datadog.namespaces: must list at least one namespace: without any, every metric of the account would be streamed and billed"},
		"delivery logs": {map[string]string{"monitoring": `{"logRetentionDays": 2}`}, "monitoring.logRetentionDays: CloudWatch Logs cannot keep events for 2 days, the next period it offers is 3"},
		// Of delivery and access, those that settings add and the keys of the others, which packages delivery and access test.
		"repository":    {map[string]string{"delivery": `{"repository": {"keepImages": 1, "untaggedDays": 0}, "state": {"bucket": "s3://x", "keyArn": "x"}, "services": ["iam"]}`}, "delivery.repository.keepImages: must be between 2 and 10000, got 1\ndelivery.repository.untaggedDays: must be between 1 and 365, got 0\ndelivery.state.bucket: must be the name of a bucket, without s3://, got \"s3://x\"\ndelivery.state.keyArn: must be the ARN of a KMS key, not of an alias, got \"x\"\ndelivery.services[0]: iam would let the pipeline give itself any permission: leave it out"},
		"github":        {map[string]string{"delivery": `{"github": {"owner": "example", "repo": "*", "environment": "a b", "ownerId": 7}}`}, "delivery.github.repo: must be the name of a repository, without its owner, got \"*\"\ndelivery.github.environment: must be the name of a GitHub environment, got \"a b\"\ndelivery.github.ownerId: must be a number, and so must delivery.github.repoId, got \"7\" and \"\""},
		"another CI":    {map[string]string{"delivery": `{"oidc": {"issuer": "http://x", "previewSubjects": ["*"]}}`}, "delivery.oidc.issuer: must begin with https:// and not end with a slash, got \"http://x\"\ndelivery.oidc.previewSubjects[0]: must be exact, without wildcards, got \"*\""},
		"sign-in":       {map[string]string{"access": `{"oidc": {"paths": ["/admin/*"], "issuer": "https://example.okta.com", "scope": "email", "sessionHours": 0}}`}, "access.oidc.clientId: is required: the identity provider shows it\naccess.oidc.clientSecret: set either this or access.oidc.clientSecretArn\naccess.oidc.scope: must contain openid, got \"email\"\naccess.oidc.sessionHours: must be between 1 and 168, got 0\naccess.oidc.paths: requires domain.name: load balancers authenticate people over HTTPS only"},
		"client secret": {map[string]string{"access": `{"oidc": {"clientSecret": "hunter2"}}`}, "access.oidc.clientSecret: must be encrypted: pulumi config set --secret --path 'access.oidc.clientSecret'"},
		"saml":          {map[string]string{"access": `{"saml": {"metadataFile": "settings.go", "sessionHours": 13}}`}, "access.saml.metadataFile: must be an .xml file below the folder of the project, got \"settings.go\"\naccess.saml.sessionHours: must be between 1 and 12, got 13"},
		"scanner":       {map[string]string{"access": `{"scanner": {"principal": "*"}}`}, "access.scanner.principal: must be the ARN of a role or an account, such as arn:aws:iam::123456789012:role/scanner, got \"*\"\naccess.scanner.externalId: must be the external ID that the scanner states, 2 to 1224 letters, digits and +=,.@:/_-, got \"\""},
		"agents":        {map[string]string{"access": `{"agents": [{"name": "a", "schedule": "daily"}, {"nmae": "b", "package": "B"}]}`}, "access.agents[1].nmae: unknown, did you mean access.agents[1].name?\naccess.agents[0].schedule: must be such as rate(1 day) or cron(0 3 * * ? *), in UTC, got \"daily\"\naccess.agents[0].package: is required without access.agents[0].commands\naccess.agents[1].name: must be at most 32 lowercase letters, digits and single hyphens, got \"\""},
		"playbooks":     {map[string]string{"access": `{"playbooks": [{"name": "a", "folder": "../x"}, {"name": "b", "folder": "testdata", "playbook": "none.yml", "variables": {"a": "b c"}}, {"name": "c", "folder": "none"}, {"name": "d", "folder": "."}, {"name": "e", "folder": "settings.go"}]}`}, "access.playbooks[0].folder: must be a folder below the folder of the project, got \"../x\"\naccess.playbooks[2].folder: there is no folder none\naccess.playbooks[3].folder: must be a folder below the folder of the project, got \".\"\naccess.playbooks[4].folder: there is no folder settings.go\naccess.playbooks[1].variables.a: must have a name of letters, digits and _, and a value without spaces and |:();&, which SSM refuses, got \"b c\"\naccess.playbooks[1].playbook: there is no none.yml in the folder"},
		"all at once":   {map[string]string{"environment": "staging", "web": `{"port": "x", "size": {"max": 1}}`, "netwrok": "{}"}, "netwrok: unknown, did you mean network?\nweb.port: must be an integer, got \"x\"\nenvironment: must be production or development, got \"staging\"\nweb.size.max: must be at least web.size.min (2), got 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := settings.Parse("ha-web", config(t, test.sections))
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, test.want)
			assert.Nil(t, got)
		})
	}
}

func TestLimitsAreAccepted(t *testing.T) {
	t.Parallel()
	for name, sections := range map[string]map[string]string{
		"grace of exactly 1.5 times the boot":   {"web": `{"bootSeconds": 200}`},
		"a fixed fleet without target tracking": {"web": `{"size": {"min": 3, "max": 3}, "scaling": {"cpuPercent": 0}}`},
		"dates without quotes":                  {"web": `{"exams": {"min": 4, "periods": [{"name": "w", "from": "2027-01-11 00:00:00 +0000 UTC", "to": "2027-01-22 00:00:00 +0000 UTC"}]}}`},
		"as many instances as addresses":        {"web": `{"size": {"max": 500}}`},
		"the zone's own name":                   {"domain": `{"name": "example.edu", "hostedZone": "example.edu"}`},
		"all connections of a small database":   {"database": `{"poolSize": 40, "proxy": {"enabled": false}}`, "web": `{"size": {"max": 10}}`},
		"as small a pool as there is":           {"web": `{"environment": {"DATABASE_POOL_SIZE": "1"}}`},
		"as large a pool as the database's":     {"web": `{"environment": {"DATABASE_POOL_SIZE": "20"}}`},
		"more connections with a proxy":         {"database": `{"poolSize": 1000}`},
		"as many as were asked for":             {"database": `{"poolSize": 20, "maxConnections": 200, "proxy": {"enabled": false}}`},
		"a whole number for a text":             {"database": `{"version": 17, "parameters": {"work_mem": 65536}}`},
		"large storage":                         {"database": `{"storageGiB": 400, "iops": 16000, "throughputMiBps": 4000}`},
		"storage that grows with its size":      {"database": `{"storageGiB": 600}`},
		"a backup in the region":                {"database": `{"restore": {"backupArn": "arn:aws:rds:us-east-1:123456789012:auto-backup:ab-0a"}}`},
		"a snapshot in the region":              {"database": `{"snapshotIdentifier": "arn:aws:rds:us-east-1:123456789012:snapshot:before-the-exam"}`},
		"another region":                        {"database": `{"replicaRegion": "eu-west-1"}`},
		"a certificate and a zone":              {"domain": `{"name": "example.edu", "hostedZone": "example.edu", "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a-1b"}`},
	} {
		_, err := settings.Parse("ha-web", config(t, sections))
		assert.NoError(t, err, name)
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	const pinned, heard = `{"image": "ami-0123456789abcdef0"}`, `{"email": ["oncall@example.edu"]}`
	const (
		tls      = `{"name": "a.example.edu", "hostedZone": "example.edu"}`
		services = `"ssm", "ssmmessages", "ec2messages", "secretsmanager", "logs", "monitoring", "ec2"`
	)
	tests := map[string]struct {
		network, domain string
		want            []string
	}{
		"nothing to say": {`"natGateways": "perAz"`, tls, nil},
		"no TLS": {`"natGateways": "perAz"`, "{}", []string{
			"no TLS behind CloudFront: without domain.name, CloudFront reaches the load balancer over plain HTTP",
			"no domain name: without domain.name, viewers use the host name of CloudFront, whose certificate allows TLS 1.0",
		}},
		"mail of servers": {`"egressPorts": [25, 587]`, tls, []string{
			"network.egressPorts has 25, which AWS blocks for instances until you request its removal: mail servers accept mail of applications on port 587",
		}},
		"one gateway": {`"natGateways": "single"`, tls, []string{
			"one NAT gateway: instances in every zone lose the internet with zone us-east-1b",
		}},
		"no gateway": {`"natGateways": "none", "interfaceEndpoints": ["ssm", "logs", "ecr.api"]`, tls, []string{
			"no NAT gateway: instances reach neither the internet nor, without an endpoint in network.interfaceEndpoints, " +
				"ssmmessages, ec2messages, secretsmanager, monitoring, ec2",
		}},
		"no gateway, all endpoints": {`"natGateways": "none", "interfaceEndpoints": [` + services + `]`, tls, nil},
	}
	for name, test := range tests {
		parsed, err := settings.Parse("ha-web", config(t, map[string]string{
			"network":    `{"availabilityZones": ["us-east-1b", "us-east-1a"], ` + test.network + `}`,
			"domain":     test.domain,
			"web":        pinned,
			"monitoring": heard,
		}))
		require.NoError(t, err, name)
		assert.Equal(t, test.want, parsed.Notes(), name)
	}
	for name, test := range map[string]struct {
		sections map[string]string
		want     []string
	}{
		"a repository of which age": {map[string]string{"web": pinned, "delivery": `{"github": {"owner": "example", "repo": "ha-web"}}`}, []string{
			"delivery.github has no ownerId and repoId: if the repository was created, renamed or transferred since July 15, 2026, its workflows cannot assume the roles: set both",
		}},
		"a repository with numbers": {map[string]string{
			"web": pinned, "delivery": `{"github": {"owner": "example", "repo": "ha-web", "ownerId": "1", "repoId": "2"}}`,
		}, nil},
		"sign-in": {map[string]string{
			"web": pinned, "cdn": `{"staticPaths": ["/static/*", "/admin/files/*", "/*.css"]}`,
			"access": `{"oidc": {"paths": ["/admin/*"], "issuer": "https://example.okta.com", "clientId": "x", "clientSecretArn": "arn"}}`,
		}, []string{
			"sign-in: add https://a.example.edu/oauth2/idpresponse to the redirect URIs of the application at the identity provider",
			"sign-in: CloudFront serves cdn.staticPaths /admin/files/* from the bucket, without the sign-in of access.oidc.paths /admin/*",
			"sign-in: CloudFront serves cdn.staticPaths /*.css from the bucket, without the sign-in of access.oidc.paths /admin/*",
		}},
		"nobody on call": {map[string]string{"web": pinned, "monitoring": "{}"}, []string{
			"no one is notified of alarms: set monitoring.email, https, functions, slack or serviceNow",
		}},
		"one database": {map[string]string{"web": pinned, "database": `{"multiAz": false}`}, []string{
			"database in one zone: the site is down with it while its machine is replaced, and with the zone until someone restores it",
		}},
		"registry": {map[string]string{
			"network": `{"availabilityZones": ["us-east-1a", "us-east-1b"], "natGateways": "none", "interfaceEndpoints": [` + services + `]}`,
			"web": `{"image": "ami-0123456789abcdef0", "container": "123456789012.dkr.ecr.us-east-1.amazonaws.com/app@sha256:` +
				strings.Repeat("0a", 32) + `"}`,
		}, []string{"no NAT gateway: instances reach neither the internet nor, without an endpoint in network.interfaceEndpoints, ecr.api, ecr.dkr"}},
		"floating image": {map[string]string{"web": `{"image": "ssm:/golden/moodle"}`}, []string{
			"floating image: each update rolls out the newest version of /golden/moodle; a version in web.image pins one",
		}},
		"full fleet": {map[string]string{"web": `{"image": "ami-0123456789abcdef0", "size": {"max": 10}, "exams": {"min": 9, "periods": [
			{"name": "winter", "from": "2028-01-10", "to": "2028-01-14"}]}, "schedules": [{"name": "day", "start": "2027-09-01T08:00", "min": 8}]}`,
			"database": `{"instanceClass": "db.m7g.large"}`}, []string{
			"schedule exams-winter: with min 9 of 10 the alarm fleet-full pages as soon as the instances are busy: raise web.size.max",
		}},
		"schedule that nothing lowers": {map[string]string{"web": `{"image": "ami-0123456789abcdef0", "schedules": [{"name": "day", "recurrence": "0 7 * * *", "min": 4}]}`, "database": `{"instanceClass": "db.m7g.large"}`}, []string{
			"schedule day: raises the minimum to 4, and no other schedule lowers it: add one that does",
			"schedule day is in force: the group has 4 to 10 instances",
		}},
		"empty zone": {map[string]string{"web": `{"image": "ami-0123456789abcdef0", "schedules": [
			{"name": "night", "recurrence": "0 20 * * *", "min": 1}, {"name": "day", "recurrence": "0 7 * * *", "min": 2}]}`}, []string{
			"schedule night: with min 1 a zone may have no instance",
			"schedule night is in force: the group has 1 to 10 instances",
		}},
	} {
		test.sections["domain"] = tls
		if test.sections["monitoring"] == "" {
			test.sections["monitoring"] = heard
		}
		parsed, err := settings.Parse("ha-web", config(t, test.sections))
		require.NoError(t, err, name)
		assert.Equal(t, test.want, parsed.Notes(), name)
	}
}

func TestNamespacesThatNobodyReadsAreNoted(t *testing.T) {
	t.Parallel()
	parsed, err := settings.Parse("ha-web", config(t, map[string]string{"gcp:project": "moodle", "pulumi:tags": "{}"}))
	require.NoError(t, err)
	assert.Equal(t, `gcp:project: nothing in this program reads the namespace "gcp"`, parsed.Notes()[0])
}

func TestPlaceholdersOfProductionAreNotedFirst(t *testing.T) {
	t.Parallel()
	parsed, err := settings.Parse("ha-web", config(t, map[string]string{
		"environment": "production", "domain": `{"name": "learn.example.edu", "hostedZone": "example.edu"}`, "web": `{
			"instanceTypes": ["m7g.large", "m6g.large"], "container": "ghcr.io/acme/app@sha256:` + strings.Repeat("0", 64) + `"}`,
		"monitoring": `{"email": ["me@acme.org", "you@example.com"]}`,
		"access":     `{"oidc": {"paths": ["/admin/*"], "issuer": "https://login.microsoftonline.com/<tenant>/v2.0", "clientId": "x", "clientSecretArn": "arn"}}`,
		"delivery":   `{"github": {"owner": "your-organization", "repo": "ha-web", "ownerId": "1", "repoId": "2"}}`,
		"database":   `{"replicaRegion": "us-west-2"}`,
		"waivers":    `{}`,
	}))
	require.NoError(t, err)
	var keys []string
	for _, note := range parsed.Notes() {
		if key, is := strings.CutPrefix(note, "placeholder: "); is {
			keys = append(keys, strings.Fields(key)[0])
		}
	}
	want := []string{"web.container", "domain.name", "domain.hostedZone", "monitoring.email[1]", "delivery.github.owner", "access.oidc.issuer"}
	assert.Equal(t, want, keys)
	for i := range want {
		assert.Contains(t, parsed.Notes()[i], "placeholder: ", "first of all")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	sealed := config(t, map[string]string{"secrets": `{"names": ["smtp"], "values": {"smtp": "hunter2"}}`})
	parsed, err := settings.Parse("ha-web", sealed, "ha-web:secrets")
	require.NoError(t, err)
	value := parsed.Secrets.Values["smtp"].ToStringOutput()
	assert.True(t, pulumi.IsSecret(value))
	opened := make(chan string)
	value.ApplyT(func(text string) string { opened <- text; return text })
	assert.Equal(t, "hunter2", <-opened)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		assert.NotContains(t, fmt.Sprintf(format, parsed), "hunter2", format)
		assert.NotContains(t, fmt.Sprintf(format, parsed.Secrets.Values["smtp"]), "hunter2", format)
	}
	text, err := json.Marshal(parsed)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "hunter2")
}

func TestFaultsShowNoSecret(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`{"values": {"smtp": "hunter2"}}`:                      "secrets.values.smtp: must be one of secrets.names",
		`{"names": ["smtp"], "values": {"smtp": ["hunter2"]}}`: "secrets.values.smtp: must be a string, in quotes, got [secret]",
		`{"names": ["smtp"], "values": "hunter2"}`:             "secrets.values: must be a map of strings, got [secret]",
		`hunter2`:                     "secrets: must be a map of settings, got [secret]",
		`{"recoveryDays": "hunter2"}`: "secrets.recoveryDays: must be an integer, got [secret]",
	} {
		_, err := settings.Parse("ha-web", config(t, map[string]string{"secrets": value}), "ha-web:secrets")
		assert.EqualError(t, err, want)
	}
}

func TestNoticesGoToWhoGetsPagesUnlessTheySayOtherwise(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		`{}`:                           nil,
		`{"email": ["a@example.edu"]}`: {"a@example.edu"},
		`{"email": ["a@example.edu"], "notices": {"email": ["b@example.edu"]}}`: {"b@example.edu"},
		`{"email": ["a@example.edu"], "notices": {"email": []}}`:                {},
	} {
		parsed, err := settings.Parse("ha-web", config(t, map[string]string{"monitoring": value}))
		require.NoError(t, err)
		assert.Equal(t, want, parsed.Monitoring.Notices.Email, value)
	}
}

func TestSecretsOfMonitoring(t *testing.T) {
	t.Parallel()
	parsed, err := settings.Parse("ha-web", config(t, map[string]string{"monitoring": `{"https": {"pagerduty": "https://hunter2"},
		"notices": {"https": {"log": "https://hunter3"}}, "datadog": {"apiKey": "hunter4"},
		"serviceNow": {"instance": "example", "clientId": "x", "clientSecret": "hunter5"}}`}), "ha-web:monitoring")
	require.NoError(t, err)
	assert.Nil(t, parsed.Monitoring.ServiceNow.Password)
	for _, each := range []pulumi.StringInput{
		parsed.Monitoring.ServiceNow.ClientSecret, parsed.Monitoring.Datadog.APIKey,
		parsed.Monitoring.HTTPS["pagerduty"], parsed.Monitoring.Notices.HTTPS["log"],
	} {
		require.NotNil(t, each)
		assert.True(t, pulumi.IsSecret(each.ToStringOutput()))
	}
	assert.NotContains(t, fmt.Sprintf("%+v", parsed), "hunter")
	assert.NotContains(t, strings.Join(parsed.Notes(), "\n"), "no one is notified")

	_, err = settings.Parse("ha-web", config(t, map[string]string{
		"monitoring": `{"https": {"pagerduty": "http://hunter2"}, "notices": {"https": {"log": "hunter3"}}}`,
	}), "ha-web:monitoring")
	require.ErrorContains(t, err, "monitoring.https.pagerduty: must begin with https://")
	require.ErrorContains(t, err, "monitoring.notices.https.log: must begin with https://")
	assert.NotContains(t, err.Error(), "hunter")

	_, err = settings.Parse("ha-web", config(t, map[string]string{"monitoring": `{"https": {"pagerduty": "", "chat": null}}`}), "ha-web:monitoring")
	assert.EqualError(t, err, "monitoring.https.chat: must be a URL that begins with https://\nmonitoring.https.pagerduty: must be a URL that begins with https://")
}

func TestFloorIsTheSmallestFleetThereIs(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int{
		`{"size": {"min": 3}}`: 3,
		`{"schedules": [{"name": "day", "recurrence": "0 7 * * *", "min": 4}]}`:                                                       2,
		`{"schedules": [{"name": "night", "recurrence": "0 20 * * *", "min": 1}]}`:                                                    1,
		`{"schedules": [{"name": "off", "recurrence": "0 20 * * *", "min": 0}, {"name": "on", "recurrence": "0 7 * * *", "min": 2}]}`: 0,
	} {
		parsed, err := settings.Parse("ha-web", config(t, map[string]string{"web": value}))
		require.NoError(t, err)
		assert.Equal(t, want, parsed.Web.Floor(), value)
	}
}

// FuzzParse checks that no config makes the decoder panic, and that what passes holds the rules that keep a stack alive.
func FuzzParse(f *testing.F) {
	f.Add("us-east-1", "production", `{"availabilityZones": ["us-east-1a", "us-east-1b"], "natGateways": "single"}`, `{"size": {"min": 2, "max": 9}}`, `{"proxy": {"enabled": false}}`)
	f.Add("us-east-1", "", `{"availabilityZones": ["us-east-1a", null], "flowLogs": {"enabled": 1}}`, `{"size": {"min": 1e999}}`, `{"parameters": {"": 1}, "storageGiB": 9007199254740993}`)
	f.Add("", "development", `[{}]`, `{"healthCheck": {"graceSeconds": 9007199254740993}, "bootSeconds": 4611686018427387904}`, `{"engine": "mariadb", "instanceClass": "db.x2g.99xlarge"}`)
	f.Add("x", "\x00", `{"a.b": {"c": 1}, "": 2}`, `{"size`, `{"maintenanceWindow": "sun:23:50-mon:00:20"}`)
	f.Add("us-east-1", "production", `{"availabilityZones": ["us-east-1a", "us-east-1b"]}`, `{"instanceTypes": ["t3.small", "t3a.small"]}`, `{"backupDays": 8}`)
	f.Fuzz(func(t *testing.T, region, environment, network, web, database string) {
		parsed, err := settings.Parse("ha-web", map[string]string{
			"aws:region": region, "ha-web:environment": environment, "ha-web:network": network, "ha-web:web": web,
			"ha-web:database": database, "ha-web:domain": production["domain"], "ha-web:monitoring": production["monitoring"],
		})
		if err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				assert.NotEmpty(t, line)
			}
			return
		}
		assert.GreaterOrEqual(t, parsed.Web.Size.Min, len(parsed.Network.AvailabilityZones))
		assert.GreaterOrEqual(t, parsed.Web.Size.Max, parsed.Web.Size.Min)
		assert.Contains(t, parsed.Database.Engine.Choices(), string(parsed.Database.Engine))
		if !parsed.Database.Proxy.Enabled {
			assert.LessOrEqual(t, float64(parsed.Web.Size.Max)*float64(parsed.Database.PoolSize), float64(parsed.Database.Engine.ConnectionLimit(parsed.Database.InstanceClass)))
		}
		assert.GreaterOrEqual(t, 2*parsed.Web.HealthCheck.GraceSeconds, 3*parsed.Web.BootSeconds)
		if parsed.Production() {
			assert.Empty(t, parsed.Concessions(), "there are no waivers")
		}
	})
}
