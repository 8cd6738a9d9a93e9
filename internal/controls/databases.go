package controls

import (
	"slices"
	"strconv"
	"strings"

	"ha-web/internal/awstype"
)

func databases() []Control {
	return slices.Concat(closedDatabases(), keptDatabases(), databaseEvents())
}

// closedDatabases are about who gets into databases, and what is seen on the way.
func closedDatabases() []Control {
	instances := []string{awstype.RDSInstance}
	return []Control{
		{
			ID: "RDS.2", Title: "Databases have no public address", Severity: Critical, Remedy: "Set publiclyAccessible to false", Types: instances,
			check: func(_ *plan, r resource) string {
				return unless(r.text("publiclyAccessible") == "false", "it may get one")
			},
		}, {
			ID: "RDS.3", Also: []string{"RDS.4"}, Title: "Databases, and with them their snapshots, are encrypted", Severity: Medium,
			Remedy: "Set storageEncrypted, and a key", Types: instances,
			check: func(_ *plan, r resource) string { return unless(r.on("storageEncrypted"), "it is not") },
		}, {
			ID: "RDS.10", Title: "Databases take IAM for passwords", Severity: Medium, Remedy: "Set iamDatabaseAuthenticationEnabled", Types: instances,
			check: func(_ *plan, r resource) string {
				return unless(r.on("iamDatabaseAuthenticationEnabled"), "it does not")
			},
		}, {
			ID: "RDS.18", Title: "Databases are in a VPC", Severity: High, Remedy: "Name a subnet group", Types: instances,
			check: func(_ *plan, r resource) string { return unless(r.has("dbSubnetGroupName"), "it has no subnet group") },
		}, {
			ID: "RDS.23", Title: "Databases listen on another port than the engine's", Severity: Low, Remedy: "Set port", Types: instances,
			check: func(_ *plan, r resource) string { return unless(r.has("port"), "it listens on the engine's") },
		}, {
			ID: "RDS.25", Title: "The master user has another name than the engine's", Severity: Medium, Remedy: "Name database.username", Types: instances,
			check: func(_ *plan, r resource) string {
				usual := []string{"", "admin", "administrator", "postgres", "root"}
				return unless(r.has("snapshotIdentifier") || r.has("restoreToPointInTime") || !slices.Contains(usual, r.text("username")), "it is %q", r.text("username"))
			},
		}, {
			ID: "RDS.38", Also: []string{"RDS.39", "RDS.44"}, Title: "Databases take connections by TLS only", Severity: Medium,
			Remedy: "Leave rds.force_ssl, or require_secure_transport, at 1", Types: instances,
			check: func(p *plan, r resource) string { return unless(forcesTLS(p, r), "it takes others") },
		}, {
			ID: "RDS.43", Title: "Proxies take connections by TLS only", Severity: Medium, Remedy: "Set requireTls", Types: []string{awstype.RDSProxy},
			check: func(_ *plan, r resource) string { return unless(r.on("requireTls"), "it takes others") },
		}, {
			ID: "RDS.46", Title: "Databases are in subnets without a way out of the VPC", Severity: High,
			Remedy: "Take the route out", Types: instances,
			check: func(p *plan, r resource) string {
				group, _ := p.find(awstype.RDSSubnetGroup, r.text("dbSubnetGroupName"))
				for _, each := range group.texts("subnetIds") {
					if _, found := p.route(each); found {
						return "there is one from " + strings.TrimSuffix(each, "_id")
					}
				}
				return ""
			},
		},
	}
}

// keptDatabases are about what becomes of databases and their data.
func keptDatabases() []Control {
	instances := []string{awstype.RDSInstance}
	return []Control{
		{
			ID: "RDS.5", Title: "Databases have a standby in a second zone", Severity: Medium, Remedy: "Set database.multiAz", Types: instances,
			check: func(_ *plan, r resource) string { return unless(r.on("multiAz"), "it is in one zone") },
		}, {
			ID: "RDS.6", Title: "Operating systems of databases are measured", Severity: Low, Remedy: "Set database.monitoringSeconds", Types: instances,
			check: func(_ *plan, r resource) string { return unless(r.number("monitoringInterval") > 0, "they are not") },
		}, {
			ID: "RDS.8", Title: "Databases are protected from deletion", Severity: Low, Remedy: "Set database.deletionProtection", Types: instances,
			check: func(_ *plan, r resource) string { return unless(r.on("deletionProtection"), "one call deletes it") },
		}, {
			ID: "RDS.9", Also: []string{"RDS.36", "RDS.42"}, Title: "Databases publish all their logs", Severity: Medium, Remedy: "Add it to enabledCloudwatchLogsExports", Types: instances,
			check: func(_ *plan, r resource) string { return exports(r, allLogs[r.text("engine")]...) },
		}, {
			ID: "RDS.11", Title: "Databases are backed up for a week or more", Severity: Medium, Remedy: "Raise database.backupDays", Types: instances,
			check: func(_ *plan, r resource) string {
				return unless(r.number("backupRetentionPeriod") >= 7, "for %v days", r.number("backupRetentionPeriod"))
			},
		}, {
			ID: "RDS.13", Title: "Minor versions come by themselves", Severity: High, Remedy: "Set autoMinorVersionUpgrade", Types: instances,
			check: func(_ *plan, r resource) string { return unless(r.on("autoMinorVersionUpgrade"), "they do not") },
		}, {
			ID: "RDS.17", Title: "Snapshots have the tags of their database", Severity: Low, Remedy: "Set copyTagsToSnapshot", Types: instances,
			check: func(_ *plan, r resource) string { return unless(r.on("copyTagsToSnapshot"), "they have none") },
		}, {
			ID: "RDS.26", Title: "Databases are in a backup plan", Severity: Medium, Remedy: "Add a plan of AWS Backup", Types: instances,
			check: func(p *plan, _ resource) string {
				return unless(len(p.of(awstype.BackupSelection)) > 0, "there is no plan")
			},
		},
	}
}

// databaseEvents returns a control for each kind of event that someone has to hear of. Sources without ids are all of them.
func databaseEvents() []Control {
	var controls []Control
	for _, each := range []struct {
		id, what, source string
		categories       []string
	}{
		{"RDS.20", "databases", "db-instance", []string{"maintenance", "configuration change", "failure"}},
		{"RDS.21", "parameter groups", "db-parameter-group", []string{"configuration change"}},
		{"RDS.22", "security groups of databases", "db-security-group", []string{"configuration change", "failure"}},
	} {
		controls = append(controls, Control{
			ID: each.id, Title: "Events of " + each.what + " are told", Severity: Low,
			Remedy: "Subscribe to " + strings.Join(each.categories, ", ") + " of " + each.source, Types: []string{awstype.RDSInstance},
			check: func(p *plan, _ resource) string {
				return unless(slices.ContainsFunc(p.of(awstype.RDSEventSubscription), func(s resource) bool {
					return s.text("sourceType") == each.source && contains(s.texts("eventCategories"), each.categories...)
				}), "nobody hears of them")
			},
		})
	}
	return controls
}

// allLogs are the logs of engines that RDS.9 wants.
var allLogs = map[string][]string{
	"postgres": {"postgresql", "upgrade"},
	"mysql":    {"audit", "error", "general", "slowquery"},
	"mariadb":  {"audit", "error", "general", "slowquery"},
}

// exports returns which logs a database does not publish.
func exports(database resource, wanted ...string) string {
	published := database.texts("enabledCloudwatchLogsExports")
	missing := slices.DeleteFunc(slices.Clone(wanted), func(each string) bool { return slices.Contains(published, each) })
	return unless(len(missing) == 0, "not %s", strings.Join(missing, ", "))
}

// forcesTLS reports whether the parameters of a database, or the defaults of its engine, turn connections without TLS away.
// PostgreSQL does by itself from version 15 on (Amazon RDS user guide, "Requiring an SSL connection to a PostgreSQL DB
// instance").
func forcesTLS(p *plan, database resource) bool {
	group, _ := p.find(awstype.RDSParameterGroup, database.text("parameterGroupName"))
	value := ""
	for _, each := range group.objects("parameters") {
		if name := each.text("name"); name == "rds.force_ssl" || name == "require_secure_transport" {
			value = strings.ToLower(each.text("value"))
		}
	}
	if value == "" {
		major, _, _ := strings.Cut(database.text("engineVersion"), ".")
		version, err := strconv.Atoi(major)
		return database.text("engine") == "postgres" && err == nil && version >= 15
	}
	return value == "1" || value == "on"
}
