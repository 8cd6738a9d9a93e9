package database

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// Engine is a database engine of Amazon RDS.
type Engine string

// The engines.
const (
	Postgres Engine = "postgres"
	MySQL    Engine = "mysql"
	MariaDB  Engine = "mariadb"
)

// Choices returns the engines.
func (Engine) Choices() []string { return []string{string(Postgres), string(MySQL), string(MariaDB)} }

// Port returns the port of databases of the engine, and of their proxies.
func (e Engine) Port() int { return e.facts().port }

// DefaultVersion returns the major version of a stack file that sets none.
func (e Engine) DefaultVersion() string { return e.facts().defaultVersion }

// Family returns the family of DB parameter groups for a major version, such as postgres16.
func (e Engine) Family(version string) string { return string(e) + version }

// ProxyFamily returns the engine family of RDS Proxy.
func (e Engine) ProxyFamily() string { return e.facts().proxyFamily }

// ClientAuth returns how clients prove their password to a proxy. It never crosses the network in the clear, and the proxy accepts
// no connection without TLS anyway.
func (e Engine) ClientAuth() string { return e.facts().clientAuth }

// PinningFilters returns the statements that do not pin a client to one connection of the proxy. A pinned connection cannot be
// shared (Amazon RDS user guide, "Avoiding pinning an RDS Proxy").
func (e Engine) PinningFilters() []string { return e.facts().pinningFilters }

// Logs returns the logs that go to CloudWatch Logs. The general and audit logs, of every statement, stay off.
func (e Engine) Logs() []string { return e.facts().logs }

// facts are what RDS and the program have settled about an engine.
type facts struct {
	port                     int
	defaultVersion           string
	versions                 []string // major versions
	proxyFamily, clientAuth  string
	pinningFilters           []string
	logs                     []string
	parameters               []Parameter // set by the program
	static                   []string    // parameters that take effect when the database restarts
	names                    string      // of parameters, one a line
	example                  string      // a parameter
	reserved                 []string    // names that RDS or the engine reserves, or that attackers try first
	bytesPerConnection       float64
	mostConnections          int
	insightsOnSmallInstances bool
	// secureFrom is the first version that requires TLS by default. RDS reports a parameter at its default as pending-reboot, so
	// anything else would be a difference in every preview (terraform-provider-aws#39252).
	secureFrom string
	// standardFrom is the first version in standard support, "" for an engine without Extended Support.
	standardFrom string
}

// facts returns the facts about the engine, none of an unknown one.
func (e Engine) facts() facts { return engines[e] }

// known reports whether there is such an engine.
func (e Engine) known() bool { return slices.Contains(e.Choices(), string(e)) }

// Parameter is a parameter of a DB parameter group.
type Parameter struct {
	Name, Value string
	// Pending says that the value takes effect at a restart: RDS refuses to apply a static parameter in any other way. A new
	// database has it from the start.
	Pending bool
}

// secureTransport is the parameter of MySQL and MariaDB that requires TLS.
const secureTransport = "require_secure_transport"

// maxConnections is the parameter for the most connections, under one name in all engines.
const maxConnections = "max_connections"

// sets reports whether the program sets a parameter.
func (e Engine) sets(name string) bool {
	return slices.ContainsFunc(e.facts().parameters, func(each Parameter) bool { return each.Name == name })
}

// Parameters returns the parameters of a database of a version: those of the program, then the most connections unless 0, then others
// by name.
func (e Engine) Parameters(version string, most int, others map[string]string) []Parameter {
	list := slices.Clone(e.facts().parameters)
	for i, each := range list {
		if each.Name == secureTransport && e.from(version, e.facts().secureFrom) {
			list[i].Pending = true
		}
	}
	if most > 0 {
		list = append(list, e.parameter(maxConnections, strconv.Itoa(most)))
	}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		list = append(list, e.parameter(name, others[name]))
	}
	return list
}

// from reports whether a version is this one or a later one.
func (e Engine) from(version, first string) bool {
	versions := e.facts().versions
	return first != "" && slices.Index(versions, version) >= slices.Index(versions, first)
}

func (e Engine) parameter(name, value string) Parameter {
	return Parameter{Name: name, Value: value, Pending: slices.Contains(e.facts().static, name)}
}

// Connections returns how many connections a database of the class accepts unless max_connections says otherwise, or 0 where the
// class or the engine is unknown. RDS derives it from the memory that the system leaves to the engine, about nine tenths (Amazon
// RDS user guide, "Maximum number of database connections").
func (e Engine) Connections(class string) int { return e.connections(class, 0.9) }

// ConnectionLimit returns how many connections fit the memory of the class at all, or 0 where the class or the engine is unknown. A
// database that is set to more may not start: its status is then incompatible-parameters.
func (e Engine) ConnectionLimit(class string) int { return e.connections(class, 1) }

func (e Engine) connections(class string, share float64) int {
	if !e.known() {
		return 0
	}
	memory, _ := MemoryGiB(class)
	return min(int(math.Floor(share*memory*(1<<30)/e.facts().bytesPerConnection)), e.facts().mostConnections)
}

// Insights reports whether a class has Performance Insights. With MySQL and MariaDB, the smallest classes do not (Amazon RDS user
// guide, "Amazon RDS DB engine, Region, and instance class support for Performance Insights").
func (e Engine) Insights(class string) bool {
	return e.facts().insightsOnSmallInstances || !small.MatchString(class)
}

var small = regexp.MustCompile(`^db\.t\w+\.(micro|small)$`)

// Major versions that RDS offers, at the end of 2026: Amazon RDS release notes for PostgreSQL, "Release calendars" (11 to 13 are in
// Extended Support, 19 is announced); Amazon RDS user guide, "MySQL on Amazon RDS versions" (5.7 and 8.0 are
// in Extended Support) and "MariaDB on Amazon RDS versions".
var engines = map[Engine]facts{
	Postgres: {
		port: 5432, defaultVersion: "16", versions: []string{"11", "12", "13", "14", "15", "16", "17", "18", "19"},
		proxyFamily: "POSTGRESQL", clientAuth: "POSTGRES_SCRAM_SHA_256",
		logs: []string{"postgresql", "upgrade"},
		parameters: []Parameter{
			// On by default from version 15 on: pending, as secureFrom says.
			{Name: "rds.force_ssl", Value: "1", Pending: true},
			{Name: "log_min_duration_statement", Value: "1000"}, // milliseconds
		},
		static: []string{
			"autovacuum_freeze_max_age", "autovacuum_max_workers", "autovacuum_multixact_freeze_max_age", "huge_pages",
			maxConnections, "max_files_per_process", "max_locks_per_transaction", "max_logical_replication_workers",
			"max_pred_locks_per_transaction", "max_prepared_transactions", "max_replication_slots", "max_wal_senders",
			"max_worker_processes", "pg_stat_statements.max", "rds.enable_plan_management", "rds.logical_replication",
			"shared_buffers", "shared_preload_libraries", "superuser_reserved_connections",
			"track_activity_query_size", "track_commit_timestamp", "wal_buffers",
		},
		names: postgresParameters, example: "work_mem",
		reserved: []string{
			"admin", "postgres", "rdsadmin", "rds_superuser", "rdsrepladmin", "rds_iam", "rds_password",
			"rds_replication", "template0", "template1", "user",
		},
		bytesPerConnection: 9531392, mostConnections: 5000, insightsOnSmallInstances: true, standardFrom: "14",
	},
	// Amazon RDS user guide, "Requiring SSL/TLS for all connections to a MySQL DB instance", and the same of MariaDB, for secureFrom.
	MySQL: likeMySQL(facts{
		defaultVersion: "8.4", versions: []string{"5.7", "8.0", "8.4", "9.7"}, clientAuth: "MYSQL_CACHING_SHA2_PASSWORD",
		names: mysqlParameters, secureFrom: "9.7", standardFrom: "8.4",
	}),
	MariaDB: likeMySQL(facts{ // which has no caching_sha2_password
		defaultVersion: "10.11", versions: []string{"10.6", "10.11", "11.4", "11.8", "12.3"}, clientAuth: "MYSQL_NATIVE_PASSWORD",
		names: mariadbParameters, secureFrom: "11.8",
	}),
}

// likeMySQL adds to the facts about MySQL or MariaDB those that both share.
func likeMySQL(own facts) facts {
	own.port, own.proxyFamily, own.pinningFilters = 3306, "MYSQL", []string{"EXCLUDE_VARIABLE_SETS"}
	own.logs, own.example = []string{"error", "slowquery"}, "sort_buffer_size"
	own.parameters = []Parameter{
		{Name: secureTransport, Value: "1"},
		{Name: "slow_query_log", Value: "1"},
		{Name: "long_query_time", Value: "1"}, // seconds
		{Name: "log_output", Value: "FILE"},   // logs in tables do not go to CloudWatch Logs
	}
	own.static = []string{
		"back_log", "ft_max_word_len", "ft_min_word_len", "innodb_autoinc_lock_mode", "innodb_buffer_pool_instances",
		"innodb_ft_max_token_size", "innodb_ft_min_token_size", "innodb_log_file_size", "innodb_open_files",
		"innodb_page_cleaners", "innodb_purge_threads", "innodb_read_io_threads", "innodb_sort_buffer_size",
		"innodb_write_io_threads", "lower_case_table_names", "max_digest_length", "performance_schema",
		"performance_schema_digests_size", "skip_name_resolve", "table_open_cache_instances", "thread_stack",
		"tls_version",
	}
	own.reserved = []string{
		"admin", "information_schema", "innodb", "mysql", "performance_schema", "rdsadmin", "rdsrepladmin", "root", "sys",
	}
	own.bytesPerConnection, own.mostConnections = 12582880, 100000
	return own
}

// LifecycleSupport returns what becomes of a database at the end of standard support of its version, as RDS names it, or "" for an
// engine without Extended Support.
func (e Engine) LifecycleSupport(extended bool) string {
	switch {
	case e.facts().standardFrom == "":
		return ""
	case extended:
		return "open-source-rds-extended-support"
	}
	return "open-source-rds-extended-support-disabled"
}
