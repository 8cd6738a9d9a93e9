package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ha-web/components/access"
	"ha-web/components/cdn"
	"ha-web/components/database"
	"ha-web/components/delivery"
	"ha-web/components/monitoring"
	"ha-web/components/secrets"
	"ha-web/components/securitygroups"
	"ha-web/components/vpc"
	"ha-web/components/webtier"
	"ha-web/internal/component"
	"ha-web/internal/offline"
	"ha-web/internal/parts"
	"ha-web/internal/settings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// vpcArgs are the Args of a Vpc in two zones, with these changes of its settings.
func vpcArgs(changes ...func(*vpc.Settings)) *vpc.Args {
	settings := vpc.Default()
	settings.AvailabilityZones = zones(2)
	for _, change := range changes {
		change(&settings)
	}
	return &vpc.Args{Settings: &settings}
}

// newVpc returns a program of one Vpc named net, with these changes of its settings.
func newVpc(changes ...func(*vpc.Settings)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := vpc.New(ctx, "net", vpcArgs(changes...))
		return err
	}
}

// chainArgs are the Args of a Chain without a proxy, with these changes.
func chainArgs(changes ...func(*securitygroups.Args)) *securitygroups.Args {
	web, data, access := webtier.Default(), database.Default(), access.Default()
	data.Proxy.Enabled = false
	args := &securitygroups.Args{Web: &web, Database: &data, Access: &access, VpcID: pulumi.String("vpc_id")}
	for _, change := range changes {
		change(args)
	}
	return args
}

// newChain returns a program of one Chain named sg, without a proxy, with these changes.
func newChain(changes ...func(*securitygroups.Args)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := securitygroups.New(ctx, "sg", chainArgs(changes...))
		return err
	}
}

// secretsArgs are the Args of Secrets, with these changes of the default settings.
func secretsArgs(changes ...func(*secrets.Settings)) *secrets.Args {
	settings := secrets.Default()
	for _, change := range changes {
		change(&settings)
	}
	return &secrets.Args{Settings: &settings}
}

// newSecrets returns a program of Secrets named vault, with these changes of the default settings.
func newSecrets(changes ...func(*secrets.Settings)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := secrets.New(ctx, "vault", secretsArgs(changes...))
		return err
	}
}

// databaseArgs are the Args of a Database, with these changes of the default settings.
func databaseArgs(changes ...func(*database.Settings)) *database.Args {
	settings := database.Default()
	for _, change := range changes {
		change(&settings)
	}
	return &database.Args{
		Settings:             &settings,
		SubnetIDs:            pulumi.ToStringArray([]string{"data-a_id", "data-b_id"}),
		SecurityGroupID:      pulumi.String("db-group_id"),
		ProxySubnetIDs:       pulumi.ToStringArray([]string{"private-a_id", "private-b_id"}),
		ProxySecurityGroupID: pulumi.String("proxy-group_id"),
		KeyARN:               pulumi.String("key-arn"),
	}
}

// newDatabase returns a program of one Database named web, with these changes of the default settings.
func newDatabase(changes ...func(*database.Settings)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := database.New(ctx, "web", databaseArgs(changes...))
		return err
	}
}

// withoutProxy turns the proxy off.
func withoutProxy(s *database.Settings) { s.Proxy.Enabled = false }

// webTierArgs are the Args of a WebTier with a certificate in two zones, with these changes of its settings.
func webTierArgs(changes ...func(*webtier.Settings)) *webtier.Args {
	settings := webtier.Default()
	settings.Now = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC) // before all schedules
	for _, change := range changes {
		change(&settings)
	}
	return &webtier.Args{
		Settings:            &settings,
		VpcID:               pulumi.String("vpc_id"),
		PublicSubnetIDs:     pulumi.ToStringArray([]string{"public-a_id", "public-b_id"}),
		PrivateSubnetIDs:    pulumi.ToStringArray([]string{"private-a_id", "private-b_id"}),
		ALBSecurityGroupIDs: pulumi.ToStringArray([]string{"alb-group_id"}),
		AppSecurityGroupID:  pulumi.String("app-group_id"),
		Certificate:         webtier.Certificate{ARN: pulumi.String("certificate-arn")},
	}
}

// fullWebTier returns the Args of a WebTier with all that is optional, with these changes of its settings.
func fullWebTier(changes ...func(*webtier.Settings)) *webtier.Args {
	args := webTierArgs(append([]func(*webtier.Settings){func(s *webtier.Settings) {
		s.InstanceTypes = []string{"m7g.large", "m6g.large"}
		s.Container = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/moodle@sha256:" + strings.Repeat("0a", 32)
		s.Scaling = webtier.Scaling{CPUPercent: 50, RequestsPerTarget: 1000, Forecast: true}
		s.Schedules = []webtier.Schedule{{Name: "morning", TimeZone: "Europe/London", Recurrence: "0 7 * * 1-5", Min: 4, Desired: 5, End: "2027-01-01T00:00"}}
		s.Exams.Min, s.Exams.Periods = 6, []webtier.Period{{Name: "winter", From: "2027-01-11", To: "2027-01-22"}}
		s.Spot.Percent = 60
		s.Ingress = webtier.CloudFront
		s.OriginHeader.Version = 2
	}}, changes...)...)
	args.RolloutAlarms = []string{"errors"}
	args.Certificate = webtier.Certificate{HostNames: []string{"example.edu", "*.example.edu", "a.example.edu"}, HostedZone: "example.edu"}
	args.KeyARN = pulumi.String("key-arn")
	args.Secrets = pulumi.StringMap{"smtp": pulumi.String("smtp-arn"), "oidc": pulumi.String("oidc-arn")}
	args.DatabaseSecretARN = pulumi.String("database-secret-arn")
	args.ParameterPrefix = pulumi.String("/web/test")
	return args
}

// newWebTier returns a program of one WebTier named web.
func newWebTier(args *webtier.Args) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := webtier.New(ctx, "web", args)
		return err
	}
}

// cdnArgs are the required Args of a Cdn, but for its providers, with these changes of its settings.
func cdnArgs(changes ...func(*cdn.Settings)) *cdn.Args {
	settings := cdn.Default()
	for _, change := range changes {
		change(&settings)
	}
	return &cdn.Args{Settings: &settings, Origin: cdn.Origin{Host: pulumi.String("origin.example.edu")}}
}

// replicated gives a Cdn a second bucket.
func replicated(s *cdn.Settings) { s.ReplicaRegion = "us-west-2" }

// fullCdn are the Args of a Cdn with everything optional but a second bucket, without its providers.
func fullCdn(changes ...func(*cdn.Settings)) *cdn.Args {
	args := cdnArgs(append([]func(*cdn.Settings){func(s *cdn.Settings) {
		s.WAF.PHP, s.WAF.RateLimitExempt, s.WAF.CountOnly = true, []string{"198.51.100.0/24"}, []string{"SQLi_BODY"}
		s.Edge.Addresses = []string{"192.0.2.0/24", "2001:db8::/32"}
		s.Edge.Header = cdn.Header{Name: "X-From-Edge", Version: 2}
	}}, changes...)...)
	args.Origin.HeaderName = "X-Origin-Verify"
	args.Origin.HeaderValues = pulumi.StringArray{pulumi.ToSecret(pulumi.String("hunter2")).(pulumi.StringOutput)}
	args.Certificate = cdn.Certificate{HostNames: []string{"learn.example.edu", "www.example.edu"}, HostedZone: "example.edu"}
	return args
}

// createCdn creates a Cdn with the providers that its settings require.
func createCdn(ctx *pulumi.Context, name string, given *cdn.Args) (*cdn.Cdn, error) {
	args := *given
	var err error
	if args.USEast1, err = settings.Provider(ctx, name+"-us-east-1", "us-east-1"); err != nil {
		return nil, err
	}
	if args.Replica, err = settings.Provider(ctx, name+"-there", args.Settings.ReplicaRegion); err != nil {
		return nil, err
	}
	return cdn.New(ctx, name, &args)
}

// newCdn returns a program of one Cdn named web.
func newCdn(args *cdn.Args) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := createCdn(ctx, "web", args)
		return err
	}
}

// monitoringArgs are the Args of Monitoring with what is required, after changes.
func monitoringArgs(changes ...func(*monitoring.Args)) *monitoring.Args {
	settings, network := monitoring.Default(), vpc.Default()
	web, rds, distribution := webtier.Default(), database.Default(), cdn.Default()
	network.AvailabilityZones = zones(2)
	web.InstanceTypes = []string{"m7g.large"}
	rds.InstanceClass, rds.Proxy.Enabled = "db.m7g.large", false
	distribution.Enabled = false
	args := &monitoring.Args{
		Settings: &settings,
		Region:   "us-east-1",
		KeyARN:   pulumi.String("key-arn"),
		Web: monitoring.Web{
			LoadBalancerSuffix: pulumi.String("app/web/1"), TargetGroupSuffix: pulumi.String("targetgroup/web/2"),
			AutoScalingGroupName: pulumi.String("web-app"), Settings: &web,
		},
		Database: monitoring.Database{
			Settings:   &rds,
			Identifier: pulumi.String("web-test-db"), ParameterGroupName: pulumi.String("web-db"), AllocatedGiB: pulumi.Int(100),
			SecretARN:     pulumi.String("arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-0a1b-Ab12Cd"),
			SecretReaders: pulumi.ToStringArray([]string{"web-proxy", "web-app"}),
		},
		Network: monitoring.Network{Settings: &network},
		CDN:     monitoring.CDN{Settings: &distribution},
	}
	for _, change := range changes {
		change(args)
	}
	return args
}

// fullMonitoring are the Args of Monitoring with everything that is optional, in another region than CloudFront's metrics, after
// changes. They lack the provider of that region.
func fullMonitoring(changes ...func(*monitoring.Args)) *monitoring.Args {
	args := monitoringArgs()
	args.Region = "eu-west-1"
	args.Network.Settings.AvailabilityZones = []string{"eu-west-1a", "eu-west-1b"}
	args.Network.NATGatewayIDs = pulumi.StringMap{"a": pulumi.String("nat-1"), "b": pulumi.String("nat-2")}
	args.Web.Settings.InstanceTypes = []string{"t4g.small"}
	args.Database.Settings.InstanceClass, args.Database.Settings.Proxy.Enabled = "db.t4g.medium", true
	args.Database.ProxyName = pulumi.String("web-test")
	args.CDN.Settings.Enabled = true
	args.CDN.DistributionID, args.CDN.FirewallName = pulumi.String("E1"), pulumi.String("web-test-waf")
	s := args.Settings
	s.Email = []string{"oncall@example.edu"}
	s.HTTPS = map[string]pulumi.StringInput{"pagerduty": sealed("https://hunter2")}
	s.Functions = []string{"arn:aws:lambda:eu-west-1:123456789012:function:chat"}
	s.Notices.Email = []string{"platform@example.edu"}
	s.Slack = monitoring.Slack{WorkspaceID: "T0123ABCD", ChannelID: "C0123ABCD"}
	s.ServiceNow.Instance, s.ServiceNow.AssignmentGroup = "example", "Platform"
	s.ServiceNow.Username, s.ServiceNow.Password = "ha-web", sealed("hunter3")
	s.Datadog.APIKey = sealed("hunter4")
	s.Budget.MonthlyUSD, s.Budget.Tag = 700, "Project$ha-web"
	for _, change := range changes {
		change(args)
	}
	return args
}

// createMonitoring creates Monitoring with its provider.
func createMonitoring(ctx *pulumi.Context, name string, args *monitoring.Args) (*monitoring.Monitoring, error) {
	usEast1, err := settings.Provider(ctx, name+"-us-east-1", "us-east-1")
	if err != nil {
		return nil, err
	}
	with := *args
	with.CDN.USEast1 = usEast1
	return monitoring.New(ctx, name, &with)
}

// newMonitoring returns a program of one Monitoring named web.
func newMonitoring(args *monitoring.Args) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := createMonitoring(ctx, "web", args)
		return err
	}
}

// deliverySettings are those of a Delivery for workflows on GitHub, with these changes.
func deliverySettings(changes ...func(*delivery.Settings)) *delivery.Settings {
	settings := delivery.Default()
	settings.GitHub.Owner, settings.GitHub.Repo = "example", "ha-web"
	for _, change := range changes {
		change(&settings)
	}
	return &settings
}

// deliveryArgs are the Args of a Delivery for workflows on GitHub, with these changes of its settings.
func deliveryArgs(changes ...func(*delivery.Settings)) *delivery.Args {
	return &delivery.Args{
		Settings: deliverySettings(changes...),
		Shared:   component.Shared{PermissionsBoundary: pulumi.String("boundary-arn")},
	}
}

// newDelivery returns a program of one Delivery named web.
func newDelivery(args *delivery.Args) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := delivery.New(ctx, "web", args)
		return err
	}
}

// newBoundary returns a program of one Boundary named web, of a Delivery with these changes of its settings.
func newBoundary(changes ...func(*delivery.Settings)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := delivery.NewBoundary(ctx, "web", &delivery.BoundaryArgs{Settings: deliverySettings(changes...)})
		return err
	}
}

// accessSettings are settings of an Access with all that is optional, with these changes.
func accessSettings(changes ...func(*access.Settings)) *access.Settings {
	const secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:%s-Ab12Cd"
	settings := access.Default()
	settings.OIDC.Paths, settings.OIDC.Issuer = []string{"/admin/*", "/report"}, "https://example.okta.com"
	settings.OIDC.ClientID, settings.OIDC.ClientSecret = "ha-web", pulumi.ToSecret(pulumi.String("hunter2")).(pulumi.StringOutput)
	settings.SAML.Metadata = samlMetadata
	settings.Scanner = access.Scanner{Principal: "arn:aws:iam::111122223333:role/scanner", ExternalID: "0a1b"}
	settings.Agents = []access.Agent{
		{Name: "falcon", Package: "FalconSensor-Linux", Version: "7.1", Arguments: map[string]string{"SSM_CS_CCID": "0A-1B"}},
		{
			Name: "datadog", Commands: []string{"install"}, Schedule: "rate(12 hours)",
			Secrets: map[string]string{"DD_API_KEY": fmt.Sprintf(secret, "datadog"), "APP_KEY": fmt.Sprintf(secret, "app")},
		},
	}
	settings.Playbooks = []access.Playbook{{
		Name: "moodle", Variables: map[string]string{"release": "5.0"},
		Files: map[string]string{"site.yml": "- hosts: all", "tasks/main.yml": "[]"},
	}}
	for _, change := range changes {
		change(&settings)
	}
	return &settings
}

// fullAccess are the Args of an Access with all that is optional, with these changes of its settings.
func fullAccess(changes ...func(*access.Settings)) *access.Args {
	return &access.Args{
		Settings: accessSettings(changes...),
		Web: access.Web{
			ListenerARN: pulumi.String("listener-arn"), TargetGroupARN: pulumi.String("target-group-arn"),
			Origin: parts.Origin{
				HeaderName:   "X-Origin-Verify",
				HeaderValues: pulumi.StringArray{pulumi.ToSecret(pulumi.String("new")).(pulumi.StringOutput), pulumi.String("old")},
			},
			AutoScalingGroupName: pulumi.String("web-app"), RoleName: pulumi.String("web-app-role"),
		},
		KeyARN:         pulumi.String("key-arn"),
		NoticeTopicARN: pulumi.String("topic-arn"),
	}
}

// samlMetadata is the least that IAM takes of an identity provider.
var samlMetadata = `<EntityDescriptor entityID="https://idp.example.edu"><IDPSSODescriptor><KeyDescriptor/></IDPSSODescriptor>` +
	"<!-- " + strings.Repeat("x", 1000) + " --></EntityDescriptor>"

// newAccess returns a program of one Access named web.
func newAccess(args *access.Args) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := access.New(ctx, "web", args)
		return err
	}
}

// recordMonitoring is record of one Monitoring named web, in its region.
func recordMonitoring(t *testing.T, args *monitoring.Args) recording {
	t.Helper()
	return recordStack(t, newMonitoring(args), offline.Stack{
		Project: "test", Name: "test", Config: map[string]string{"aws:region": args.Region},
	})
}

// zones returns that many zones of a region, from a on.
func zones(count int) []string {
	var zones []string
	for _, letter := range strings.Split("abcdef"[:count], "") {
		zones = append(zones, "us-east-1"+letter)
	}
	return zones
}

// strategies are all ways to the internet.
var strategies = []vpc.NATStrategy{vpc.NATPerAZ, vpc.NATSingle, vpc.NATNone}
