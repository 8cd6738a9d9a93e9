package settings

import (
	"fmt"

	"ha-web/internal/settings/network"
	"ha-web/internal/settings/web"
)

// Numbers of days of AWS Security Hub: RDS.11, SecretsManager.4, CloudWatch.16.
const (
	leastBackupDays  = 7
	mostPasswordDays = 90
	leastLogDays     = 365
)

// networkGuards keep the ways out of the VPC, and the record of who used them.
func networkGuards() []GuardRail {
	return []GuardRail{
		{
			ID: "nat-gateway-per-zone", Has: "a NAT gateway in each zone", Remedy: "set it to perAz",
			Without:  "33 USD a month for each gateway less; with its zone all instances lose the internet",
			Controls: []string{"EC2.55", "EC2.56", "EC2.57", "HA.4"},
			lacks:    []lack{{"network.natGateways", func(s *Settings) bool { return s.Network.NATGateways != network.NATPerAZ }}},
		}, {
			ID: "flow-logs", Has: "a record of its traffic", Remedy: "set it to true",
			Without:  "0.50 USD a GB less; nobody can tell later who talked to whom",
			Controls: []string{"EC2.6"},
			lacks:    []lack{{"network.flowLogs.enabled", func(s *Settings) bool { return !s.Network.FlowLogs.Enabled }}},
		},
	}
}

// fleetGuards keep enough instances alive.
func fleetGuards() []GuardRail {
	return []GuardRail{
		{
			ID: "instance-per-zone", Has: "an instance in each zone at any time", Remedy: "raise min of the schedules that say less",
			Without:  "nothing runs while nobody looks; the loss of a zone may take all that does",
			Controls: []string{"HA.6"},
			lacks: []lack{{"web.schedules", func(s *Settings) bool {
				return s.Web.Floor() < len(s.Network.AvailabilityZones) && len(s.Web.Schedules) > 0
			}}},
		}, {
			ID: "instance-types", Has: "a second type of machine, for when AWS has run out of the first", Remedy: "list two or more",
			Without:  "nothing saved; where AWS has run out of the type the fleet does not grow",
			Controls: []string{"AutoScaling.6"},
			lacks:    []lack{{"web.instanceTypes", func(s *Settings) bool { return len(s.Web.InstanceTypes) < 2 }}},
		}, {
			ID: "pinned-image", Has: "an AMI that no update moves for another reason", Remedy: "add a version to the parameter, or name the AMI",
			Without: "no pull request for each AMI; an update in a rush may replace every instance",
			lacks:   []lack{{"web.image", func(s *Settings) bool { return s.Web.FloatingImage() != "" }}},
		}, {
			ID: "scaling", Has: "a fleet that follows its load", Remedy: "set it, or web.scaling.requestsPerTarget, to more than 0",
			Without:  "a fleet of one size, and one price; a rush finds no room",
			Controls: []string{"HA.7"},
			lacks:    []lack{{"web.scaling.cpuPercent", func(s *Settings) bool { return !s.Web.Scaling.Dynamic() }}},
		}, {
			ID: "shallow-health-check", Has: "a health check that asks the server, and nothing behind it",
			Remedy:   "name a path that does not need the database",
			Without:  "an unhealthy database takes all servers with it",
			Controls: []string{"HA.13"},
			lacks:    []lack{{"web.healthCheck.path", func(s *Settings) bool { return web.Deep(s.Web.HealthCheck.Path) }}},
		}, {
			ID: "rollout-capacity", Has: "its whole fleet in service while a release rolls out", Remedy: "set it to 100",
			Without:  "no instances beside the old ones; a release takes away room, or a zone",
			Controls: []string{"HA.9"},
			lacks: []lack{{"web.rollout.minHealthyPercent", func(s *Settings) bool {
				return s.Web.Rollout.MinHealthyPercent < 100
			}}},
		},
	}
}

// databaseGuards keep data, and what opens it.
func databaseGuards() []GuardRail {
	return []GuardRail{
		{
			ID: "database-standby", Has: "a standby of the database in a second zone", Remedy: "set it to true",
			Without:  "half the price of the database; with its zone the data is gone until someone restores it",
			Controls: []string{"RDS.5"},
			lacks:    []lack{{"database.multiAz", func(s *Settings) bool { return !s.Database.MultiAZ }}},
		}, {
			ID: "final-snapshot", Has: "a last snapshot where the database is deleted", Remedy: "set it to true",
			Without:  "nothing to pay for afterwards; what is deleted is gone",
			Controls: []string{"HA.15"},
			lacks:    []lack{{"database.finalSnapshot", func(s *Settings) bool { return !s.Database.FinalSnapshot }}},
		}, {
			ID: "backups", Has: fmt.Sprintf("backups of %d days or more", leastBackupDays), Remedy: "raise it",
			Without:  "less to pay for backups; what broke a week ago cannot be undone",
			Controls: []string{"RDS.11"},
			lacks:    []lack{{"database.backupDays", func(s *Settings) bool { return s.Database.BackupDays < leastBackupDays }}},
		}, {
			ID: "backup-region", Has: "its backups in a second region",
			Remedy:  "set it to a region that RDS copies backups of this one to, such as us-west-2",
			Without: "0.12 USD for each GiB of backups less; with the region the data is gone until AWS brings the region back",
			lacks:   []lack{{"database.replicaRegion", func(s *Settings) bool { return s.Database.ReplicaRegion == "" }}},
		}, {
			ID: "password-rotation", Has: fmt.Sprintf("a new password of the database every %d days or sooner", mostPasswordDays),
			Remedy:   "rotate it more often, such as cron(0 3 1 * ? *)",
			Without:  "a leaked password works for longer",
			Controls: []string{"SecretsManager.4"},
			lacks:    []lack{{"database.rotation.schedule", func(s *Settings) bool { return s.Database.Rotation.Days() > mostPasswordDays }}},
		}, {
			ID: "database-metrics", Has: "metrics of the database's operating system", Remedy: "set it to 60, or less",
			Without:  "a log less to pay for; memory and disk are guesses while the database is slow",
			Controls: []string{"RDS.6"},
			lacks:    []lack{{"database.monitoringSeconds", func(s *Settings) bool { return s.Database.MonitoringSeconds == 0 }}},
		}, {
			ID: "secret-recovery", Has: "secrets that can be brought back", Remedy: "set it to 7, or more",
			Without:  "the name of a deleted secret is free at once; its value is gone at once",
			Controls: []string{"HA.16"},
			lacks: []lack{{"secrets.recoveryDays", func(s *Settings) bool {
				return s.Secrets.RecoveryDays == 0 && len(s.Secrets.Names) > 0
			}}},
		},
	}
}

// frontGuards keep the way from viewers to servers closed to others.
func frontGuards() []GuardRail {
	return []GuardRail{
		{
			ID: "tls", Has: "a name, and with it TLS 1.2 or later from viewers to servers", Remedy: "name the site",
			Without:  "no domain and no certificate; CloudFront reaches the load balancer in the clear",
			Controls: []string{"CloudFront.7", "CloudFront.9", "CloudFront.15", "ELB.1", "ELB.18"},
			lacks:    []lack{{"domain.name", func(s *Settings) bool { return !s.Domain.TLS() }}},
		}, {
			ID: "firewall", Has: "a firewall before it", Remedy: "turn it on",
			Without:  "11 USD a month less; servers see all that the internet sends",
			Controls: []string{"CloudFront.6", "ELB.16"},
			lacks: []lack{
				{"cdn.enabled", func(s *Settings) bool { return !s.CDN.Enabled }},
				{"cdn.waf.enabled", func(s *Settings) bool { return s.CDN.Enabled && !s.CDN.WAF.Enabled }},
			},
		}, {
			ID: "exam-hall", Has: "its exam halls exempt from the rate limit, as a hall shares one address",
			Remedy:  "list the campus: a first sign-in takes about 60 requests, so the default limit of 10000 in 5 minutes blocks a hall after 166 students",
			Without: "one rate limit for all; a hall that signs in at once gets 429",
			lacks: []lack{{"cdn.waf.rateLimitExempt", func(s *Settings) bool {
				waf := &s.CDN.WAF
				return s.Web.Exams.On() && s.CDN.Enabled && waf.Enabled && waf.RateLimit > 0 && len(waf.RateLimitExempt) == 0
			}}},
		}, {
			ID: "front-door", Has: "no way past CloudFront and its firewall", Remedy: "set it to cloudfront, or leave it out",
			Without:  "anyone who knows the load balancer's name gets past both",
			Controls: []string{"HA.21"},
			lacks:    []lack{{"web.ingress", func(s *Settings) bool { return s.CDN.Enabled && s.Web.Ingress == web.Internet }}},
		},
	}
}

// recordGuards keep the record, and someone to hear of it.
func recordGuards() []GuardRail {
	return []GuardRail{
		{
			ID: "load-balancer-logs", Has: "a record of requests to the load balancer", Remedy: "set it to true",
			Without:  "a bucket less to pay for; nobody can tell later who asked for what",
			Controls: []string{"ELB.5"},
			lacks:    []lack{{"web.accessLogs.enabled", func(s *Settings) bool { return !s.Web.AccessLogs.Enabled }}},
		}, {
			ID: "cdn-logs", Has: "a record of requests to CloudFront", Remedy: "set it to true",
			Without:  "a bucket less to pay for; nobody can tell later who asked for what",
			Controls: []string{"CloudFront.5"},
			lacks:    []lack{{"cdn.accessLogs.enabled", func(s *Settings) bool { return s.CDN.Enabled && !s.CDN.AccessLogs.Enabled }}},
		}, {
			ID: "log-retention", Has: fmt.Sprintf("logs that are kept for %d days or more", leastLogDays), Remedy: "raise it",
			Without:  "less to pay for logs; what happened a year ago cannot be told",
			Controls: []string{"CloudWatch.16"},
			lacks: []lack{
				{"network.flowLogs.retentionDays", func(s *Settings) bool {
					return s.Network.FlowLogs.Enabled && s.Network.FlowLogs.RetentionDays < leastLogDays
				}},
				{"web.logRetentionDays", func(s *Settings) bool { return s.Web.LogRetentionDays < leastLogDays }},
				{"database.logRetentionDays", func(s *Settings) bool { return s.Database.LogRetentionDays < leastLogDays }},
				{"cdn.waf.logRetentionDays", func(s *Settings) bool {
					return s.CDN.Enabled && s.CDN.WAF.Enabled && s.CDN.WAF.LogRetentionDays < leastLogDays
				}},
				{"monitoring.logRetentionDays", func(s *Settings) bool {
					return s.Monitoring.Datadog.Enabled() && s.Monitoring.LogRetentionDays < leastLogDays
				}},
			},
		}, {
			ID: "on-call", Has: "someone who is notified of its alarms",
			Remedy:   "add an address, or set monitoring.https, functions, slack or serviceNow",
			Without:  "alarms notify no one",
			Controls: []string{"HA.19"},
			lacks:    []lack{{"monitoring.email", func(s *Settings) bool { return !s.Monitoring.NotifiesOnCall() }}},
		},
	}
}

// deletionGuards returns a guard rail for each section whose data, or whose site, would be gone with it.
func deletionGuards() []GuardRail {
	var rails []GuardRail
	for _, each := range []struct {
		section, what string
		controls      []string
		off           func(*Settings) bool
	}{
		{"web", "load balancer and the record of its requests", []string{"ELB.6", "HA.17"}, func(s *Settings) bool { return !s.Web.DeletionProtection }},
		{"database", "database", []string{"RDS.8", "HA.17"}, func(s *Settings) bool { return !s.Database.DeletionProtection }},
		{"secrets", "secrets and the key of all data", []string{"HA.17"}, func(s *Settings) bool { return !s.Secrets.DeletionProtection }},
		{"cdn", "static files and the record of requests", []string{"HA.17"}, func(s *Settings) bool { return s.CDN.Enabled && !s.CDN.DeletionProtection }},
		{"monitoring", "metrics that Datadog did not take", []string{"HA.17"}, func(s *Settings) bool {
			return s.Monitoring.Datadog.Enabled() && !s.Monitoring.DeletionProtection
		}},
		{"delivery", "outputs, which stop `pulumi destroy` before it deletes anything, and its image repository",
			[]string{"HA.17", "HA.31"}, func(s *Settings) bool { return !s.Delivery.DeletionProtection }},
		{"access", "bucket of playbooks", []string{"HA.17"}, func(s *Settings) bool {
			return len(s.Access.Playbooks) > 0 && !s.Access.DeletionProtection
		}},
	} {
		rails = append(rails, GuardRail{
			ID: each.section + "-deletion-protection", Has: "protection from deletion for its " + each.what, Remedy: "set it to true",
			Without: "one command takes it away, wanted or not", Controls: each.controls,
			lacks: []lack{{each.section + ".deletionProtection", each.off}},
		})
	}
	return rails
}
