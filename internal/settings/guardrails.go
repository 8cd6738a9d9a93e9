package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ha-web/internal/fleet"
	"ha-web/internal/validate"
)

// GuardRail is something that a production stack has to have, unless [Settings.Waivers] names it and says why not. A
// development stack may do without: then it is a deliberate saving.
type GuardRail struct {
	// ID is its name under waivers.
	ID string
	// Has is what production has to have, as "a production stack needs ..." goes on.
	Has string
	// Remedy is what to do where it is missing, as an order.
	Remedy string
	// Without is what a stack without it gives up, or saves.
	Without string
	// Controls are those of package controls that find it missing.
	Controls []string

	missing func(*Settings) []string // the keys that are to blame
}

// GuardRails are the guard rails of production: what keeps a stack up, closed and recoverable, and that a setting can take
// away (document 000, "Production Failure Modes to Know"; document 002, "Security"; AWS Security Hub for numbers of days). What no setting can
// take away, such as encryption and IMDSv2, needs none.
func GuardRails() []GuardRail {
	return slices.Concat([]GuardRail{
		{
			ID: "nat-gateway-per-zone", Has: "a NAT gateway in each zone", Remedy: "set it to perAz",
			Without:  "33 USD a month for each gateway less; with its zone all instances lose the internet",
			Controls: []string{"EC2.57", "HA.4"},
			missing:  where("network.natGateways", func(s *Settings) bool { return s.Network.NATGateways != "perAz" }),
		}, {
			ID: "flow-logs", Has: "a record of its traffic", Remedy: "set it to true",
			Without:  "0.50 USD a GB less; nobody can tell later who talked to whom",
			Controls: []string{"EC2.6"},
			missing:  where("network.flowLogs.enabled", func(s *Settings) bool { return !s.Network.FlowLogs.Enabled }),
		}, {
			ID: "instance-per-zone", Has: "an instance in each zone at any time", Remedy: "raise min of the schedules that say less",
			Without:  "nothing runs while nobody looks; the loss of a zone may take all that does",
			Controls: []string{"HA.6"},
			missing: where("web.schedules", func(s *Settings) bool {
				return s.Web.Floor() < len(s.Network.AvailabilityZones) && len(s.Web.Schedules) > 0
			}),
		}, {
			ID: "instance-types", Has: "a second type of machine, for when AWS has run out of the first", Remedy: "list two or more",
			Without:  "one type is easier to reason about; where AWS has run out of it the fleet does not grow",
			Controls: []string{"AutoScaling.6"},
			missing:  where("web.instanceTypes", func(s *Settings) bool { return len(s.Web.InstanceTypes) < 2 }),
		}, {
			ID: "scaling", Has: "a fleet that follows its load", Remedy: "set it, or web.scaling.requestsPerTarget, to more than 0",
			Without:  "a fleet of one size, and one price; a rush finds no room",
			Controls: []string{"HA.7"},
			missing:  where("web.scaling.cpuPercent", func(s *Settings) bool { return !s.Web.Scaling.Dynamic() }),
		}, {
			ID: "shallow-health-check", Has: "a health check that asks the server, and nothing behind it",
			Remedy:   "name a path that does not need the database",
			Without:  "an unhealthy database takes all servers with it",
			Controls: []string{"HA.13"},
			missing:  where("web.healthCheck.path", func(s *Settings) bool { return fleet.Deep(s.Web.HealthCheck.Path) }),
		}, {
			ID: "rollout-capacity", Has: "its whole fleet in service while a release rolls out", Remedy: "set it to 100",
			Without:  "no instances beside the old ones; a release takes away room, or a zone",
			Controls: []string{"HA.9"},
			missing: where("web.rollout.minHealthyPercent", func(s *Settings) bool {
				return s.Web.Rollout.MinHealthyPercent < 100
			}),
		}, {
			ID: "load-balancer-logs", Has: "a record of requests to the load balancer", Remedy: "set it to true",
			Without:  "a bucket less",
			Controls: []string{"ELB.5"},
			missing:  where("web.accessLogs.enabled", func(s *Settings) bool { return !s.Web.AccessLogs.Enabled }),
		}, {
			ID: "database-standby", Has: "a standby of the database in a second zone", Remedy: "set it to true",
			Without:  "half the price of the database; with its zone the data is gone until someone restores it",
			Controls: []string{"RDS.5"},
			missing:  where("database.multiAz", func(s *Settings) bool { return !s.Database.MultiAZ }),
		}, {
			ID: "final-snapshot", Has: "a last snapshot where the database is deleted", Remedy: "set it to true",
			Without:  "nothing to pay for afterwards; what is deleted is gone",
			Controls: []string{"HA.15"},
			missing:  where("database.finalSnapshot", func(s *Settings) bool { return !s.Database.FinalSnapshot }),
		}, {
			ID: "backups", Has: fmt.Sprintf("backups of %d days or more", leastBackupDays), Remedy: "raise it",
			Without:  "less to pay for backups; what broke a week ago cannot be undone",
			Controls: []string{"RDS.11"},
			missing:  where("database.backupDays", func(s *Settings) bool { return s.Database.BackupDays < leastBackupDays }),
		}, {
			ID: "password-rotation", Has: fmt.Sprintf("a new password of the database every %d days or sooner", mostPasswordDays), Remedy: "lower it",
			Without:  "one password for longer; so has whoever got hold of it",
			Controls: []string{"SecretsManager.4"},
			missing:  where("database.rotateAfterDays", func(s *Settings) bool { return s.Database.RotateAfterDays > mostPasswordDays }),
		}, {
			ID: "database-metrics", Has: "metrics of the database's operating system", Remedy: "set it to 60, or less",
			Without:  "a log less to pay for; memory and disk are guesses while the database is slow",
			Controls: []string{"RDS.6"},
			missing:  where("database.monitoringSeconds", func(s *Settings) bool { return s.Database.MonitoringSeconds == 0 }),
		}, {
			ID: "secret-recovery", Has: "secrets that can be brought back", Remedy: "set it to 7, or more",
			Without:  "the name of a deleted secret is free at once; its value is gone at once",
			Controls: []string{"HA.16"},
			missing: where("secrets.recoveryDays", func(s *Settings) bool {
				return s.Secrets.RecoveryDays == 0 && len(s.Secrets.Names) > 0
			}),
		}, {
			ID: "tls", Has: "a name, and with it TLS 1.2 or later from viewers to servers", Remedy: "name the site",
			Without:  "no domain and no certificate; CloudFront reaches the load balancer in the clear",
			Controls: []string{"CloudFront.7", "CloudFront.9", "CloudFront.15", "ELB.1", "ELB.18"},
			missing:  where("domain.name", func(s *Settings) bool { return !s.Domain.TLS() }),
		}, {
			ID: "firewall", Has: "a firewall before it", Remedy: "turn it on",
			Without:  "11 USD a month less; servers see all that the internet sends",
			Controls: []string{"CloudFront.6", "ELB.16"},
			missing:  missingFirewall,
		}, {
			ID: "front-door", Has: "no way past CloudFront and its firewall", Remedy: "set it to cloudfront, or leave it out",
			Without:  "whoever knows the load balancer's name gets past both",
			Controls: []string{"HA.21"},
			missing:  where("web.ingress", func(s *Settings) bool { return s.CDN.Enabled && s.Web.Ingress == "internet" }),
		}, {
			ID: "cdn-logs", Has: "a record of requests to CloudFront", Remedy: "set it to true",
			Without:  "a bucket less",
			Controls: []string{"CloudFront.5"},
			missing:  where("cdn.accessLogs.enabled", func(s *Settings) bool { return s.CDN.Enabled && !s.CDN.AccessLogs.Enabled }),
		}, {
			ID: "log-retention", Has: fmt.Sprintf("logs that are kept for %d days or more", leastLogDays), Remedy: "raise it",
			Without:  "less to pay for logs; what happened a year ago cannot be told",
			Controls: []string{"CloudWatch.16"},
			missing:  shortLogs,
		}, {
			ID: "on-call", Has: "someone who hears of its alarms",
			Remedy:   "add an address, or set https, functions, slack or serviceNow beside it",
			Without:  "nobody is woken",
			Controls: []string{"HA.19"},
			missing:  where("monitoring.email", func(s *Settings) bool { return !s.Monitoring.heard() }),
		},
	}, deletionProtections())
}

// Numbers of days of AWS Security Hub: RDS.11, SecretsManager.4, CloudWatch.16.
const (
	leastBackupDays  = 7
	mostPasswordDays = 90
	leastLogDays     = 365
)

// deletionProtections returns a guard rail for each section whose data, or whose site, would be gone with it.
func deletionProtections() []GuardRail {
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
			return s.Monitoring.Datadog.APIKey != "" && !s.Monitoring.DeletionProtection
		}},
		{"delivery", "repository of images", []string{"HA.17"}, func(s *Settings) bool {
			return s.Delivery.Repository.Enabled && !s.Delivery.DeletionProtection
		}},
		{"access", "bucket of playbooks", []string{"HA.17"}, func(s *Settings) bool {
			return len(s.Access.Playbooks) > 0 && !s.Access.DeletionProtection
		}},
	} {
		rails = append(rails, GuardRail{
			ID: each.section + "-deletion-protection", Has: "protection from deletion for its " + each.what, Remedy: "set it to true",
			Without: "one command takes it away, wanted or not", Controls: each.controls,
			missing: where(each.section+".deletionProtection", each.off),
		})
	}
	return rails
}

// where returns a function that blames one key where a condition holds.
func where(key string, holds func(*Settings) bool) func(*Settings) []string {
	return func(s *Settings) []string {
		if holds(s) {
			return []string{key}
		}
		return nil
	}
}

func missingFirewall(s *Settings) []string {
	switch {
	case !s.CDN.Enabled:
		return []string{"cdn.enabled"}
	case !s.CDN.WAF.Enabled:
		return []string{"cdn.waf.enabled"}
	}
	return nil
}

// shortLogs returns the keys of the logs that are kept for less than [leastLogDays].
func shortLogs(s *Settings) []string {
	var keys []string
	for _, each := range []struct {
		key  string
		days int
		kept bool
	}{
		{"network.flowLogs.retentionDays", s.Network.FlowLogs.RetentionDays, s.Network.FlowLogs.Enabled},
		{"web.logRetentionDays", s.Web.LogRetentionDays, true},
		{"database.logRetentionDays", s.Database.LogRetentionDays, true},
		{"cdn.waf.logRetentionDays", s.CDN.WAF.LogRetentionDays, s.CDN.Enabled && s.CDN.WAF.Enabled},
		{"monitoring.logRetentionDays", s.Monitoring.LogRetentionDays, s.Monitoring.Datadog.APIKey != ""},
	} {
		if each.kept && each.days < leastLogDays {
			keys = append(keys, each.key)
		}
	}
	return keys
}

// guard records a fault for each guard rail that a production stack lacks without a waiver, and for each waiver that names
// none, gives no reason, or is not needed.
func (s *Settings) guard(faults *validate.Faults) {
	needed := map[string]bool{}
	for _, rail := range GuardRails() {
		keys := rail.missing(s)
		needed[rail.ID] = len(keys) > 0
		if _, waived := s.Waivers[rail.ID]; waived || !s.Production() {
			continue
		}
		for _, key := range keys {
			faults.Add(key, "a production stack needs %s: %s, or say under waivers.%s why this one does not", rail.Has, rail.Remedy, rail.ID)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Waivers)) {
		lacks, known := needed[name]
		switch key := "waivers." + name; {
		case !known:
			faults.Add(key, "no guard rail has this name%s", nearest(name, guardRailNames(), ""))
		case !s.Production():
			faults.Add(key, "is not needed, only production stacks have guard rails: take it out")
		case !lacks:
			faults.Add(key, "is not needed, the stack has what it waives: take it out")
		case strings.TrimSpace(s.Waivers[name]) == "":
			faults.Add(key, "must say why")
		}
	}
}

func guardRailNames() []string {
	var names []string
	for _, rail := range GuardRails() {
		names = append(names, rail.ID)
	}
	return names
}

// Concessions returns why controls may fail, by their ids: for what the stack does without on purpose, in production what
// its waivers name, in development what it saves.
func (s *Settings) Concessions() map[string]string {
	keys, reasons := map[string][]string{}, map[string][]string{}
	for _, rail := range GuardRails() {
		missing := rail.missing(s)
		if len(missing) == 0 {
			continue
		}
		reason := rail.Without
		if s.Production() {
			missing, reason = []string{"waivers." + rail.ID}, s.Waivers[rail.ID]
		}
		for _, control := range rail.Controls {
			keys[control] = append(keys[control], missing...)
			if !slices.Contains(reasons[control], reason) {
				reasons[control] = append(reasons[control], reason)
			}
		}
	}
	concessions := map[string]string{}
	for control := range keys {
		concessions[control] = fmt.Sprintf("%s: %s.", strings.Join(keys[control], ", "), strings.Join(reasons[control], "; "))
	}
	return concessions
}

// waiverNotes returns a note for each waiver, so that nobody forgets it.
func (s *Settings) waiverNotes() []string {
	var notes []string
	for _, name := range slices.Sorted(maps.Keys(s.Waivers)) {
		notes = append(notes, fmt.Sprintf("waived: %s: %s", name, s.Waivers[name]))
	}
	return notes
}
