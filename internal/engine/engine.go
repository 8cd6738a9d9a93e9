// Package engine knows the database engines of Amazon RDS: what each of them wants, and what RDS accepts for it.
package engine

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// Engine is a database engine of RDS. The zero value is none.
type Engine struct {
	Name string // as RDS calls it
	Port int    // of databases, and of their proxies, which listen on no other
	// DefaultVersion is the major version where none is asked for.
	DefaultVersion string
	// ProxyFamily is what RDS Proxy calls the engine.
	ProxyFamily string
	// ClientAuth is how clients prove their password to a proxy (field note DB-7). It never crosses the network as it is,
	// and a proxy takes no connection without TLS anyway.
	ClientAuth string
	// PinningFilters are statements that do not tie a client to one connection of the proxy, which could then not be
	// shared (field note DB-9).
	PinningFilters []string
	// Logs are the logs that go to CloudWatch. The general and audit logs, of every statement, stay off.
	Logs []string

	version             *regexp.Regexp // what a major version looks like
	parameters          []Parameter
	static              []string // parameters that take effect at a reboot only
	reserved            []string // names that RDS or the engine keeps for itself
	bytesPerConnection  float64
	mostConnections     int
	insightsOnSmallOnes bool
}

// Parameter is one parameter of an engine.
type Parameter struct {
	Name, Value string
	// Pending says that the value waits for a reboot: AWS lets a static parameter take effect in no other way. A new
	// database has it from the start.
	Pending bool
}

// Lookup returns the engine with this name.
func Lookup(name string) (Engine, bool) {
	engine, known := engines[name]
	return engine, known
}

// Names returns the names of all engines, sorted.
func Names() []string { return slices.Sorted(maps.Keys(engines)) }

// Family returns the family of parameter groups for a major version, such as postgres16.
func (e Engine) Family(version string) string { return e.Name + version }

// maxConnections is the parameter for the most connections, by one name in all engines.
const maxConnections = "max_connections"

// Parameters returns the parameters of a database: those of the program, then the most connections unless 0, then others
// by name.
func (e Engine) Parameters(most int, others map[string]string) []Parameter {
	list := slices.Clone(e.parameters)
	if most > 0 {
		list = append(list, e.parameter(maxConnections, strconv.Itoa(most)))
	}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		list = append(list, e.parameter(name, others[name]))
	}
	return list
}

func (e Engine) parameter(name, value string) Parameter {
	return Parameter{Name: name, Value: value, Pending: slices.Contains(e.static, name)}
}

// Connections returns how many connections a database of the class takes unless max_connections says otherwise, or 0
// where the class is unknown. RDS derives it from the memory that the system leaves to the engine, about nine tenths
// (field note DB-11: some 400 for PostgreSQL and 300 for MySQL on a db.t4g.medium).
func (e Engine) Connections(class string) int { return e.connections(class, 0.9) }

// ConnectionLimit returns how many connections fit the memory of the class at all, or 0 where the class is unknown. A
// database that is set to more may not start: its status is then incompatible-parameters.
func (e Engine) ConnectionLimit(class string) int { return e.connections(class, 1) }

func (e Engine) connections(class string, share float64) int {
	memory, _ := MemoryGiB(class)
	return min(int(math.Floor(share*memory*(1<<30)/e.bytesPerConnection)), e.mostConnections)
}

// Insights reports whether a class has Performance Insights: of MySQL and MariaDB, the smallest classes have not (field
// note DB-18).
func (e Engine) Insights(class string) bool {
	return e.insightsOnSmallOnes || !small.MatchString(class)
}

var small = regexp.MustCompile(`^db\.t\w+\.(micro|small)$`)

// engines are the engines that the program offers, by name.
var engines = map[string]Engine{
	"postgres": {
		Name: "postgres", Port: 5432, DefaultVersion: "16",
		ProxyFamily: "POSTGRESQL", ClientAuth: "POSTGRES_SCRAM_SHA_256",
		Logs:    []string{"postgresql", "upgrade"},
		version: regexp.MustCompile(`^[1-9][0-9]$`),
		parameters: []Parameter{
			// On by default from version 15 on. AWS shows a parameter at its default as pending, so anything else would
			// be a difference in every preview (hashicorp/terraform-provider-aws#39252).
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
		reserved: []string{
			"admin", "postgres", "rdsadmin", "rds_superuser", "rdsrepladmin", "rds_iam", "rds_password",
			"rds_replication", "template0", "template1", "user",
		},
		bytesPerConnection: 9531392, mostConnections: 5000, insightsOnSmallOnes: true,
	},
	"mysql":   mysql("mysql", "8.4", "MYSQL_CACHING_SHA2_PASSWORD"),
	"mariadb": mysql("mariadb", "10.11", "MYSQL_NATIVE_PASSWORD"), // it has no caching_sha2_password
}

// mysql returns MySQL or its like.
func mysql(name, version, clientAuth string) Engine {
	return Engine{
		Name: name, Port: 3306, DefaultVersion: version,
		ProxyFamily: "MYSQL", ClientAuth: clientAuth, PinningFilters: []string{"EXCLUDE_VARIABLE_SETS"},
		Logs:    []string{"error", "slowquery"},
		version: regexp.MustCompile(`^[1-9][0-9]?\.[0-9]{1,2}$`),
		parameters: []Parameter{
			{Name: "require_secure_transport", Value: "1"},
			{Name: "slow_query_log", Value: "1"},
			{Name: "long_query_time", Value: "1"}, // seconds
			{Name: "log_output", Value: "FILE"},   // from tables nothing goes to CloudWatch
		},
		static: []string{
			"back_log", "ft_max_word_len", "ft_min_word_len", "innodb_autoinc_lock_mode", "innodb_buffer_pool_instances",
			"innodb_ft_max_token_size", "innodb_ft_min_token_size", "innodb_log_file_size", "innodb_open_files",
			"innodb_page_cleaners", "innodb_purge_threads", "innodb_read_io_threads", "innodb_sort_buffer_size",
			"innodb_write_io_threads", "lower_case_table_names", "max_digest_length", "performance_schema",
			"performance_schema_digests_size", "skip_name_resolve", "table_open_cache_instances", "thread_stack",
			"tls_version",
		},
		reserved: []string{
			"admin", "information_schema", "innodb", "mysql", "performance_schema", "rdsadmin", "rdsrepladmin", "root", "sys",
		},
		bytesPerConnection: 12582880, mostConnections: 100000,
	}
}
