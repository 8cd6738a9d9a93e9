package database

import (
	_ "embed"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Names of parameters, one a line, of every version together: PostgreSQL's `postgres --describe-config`, the system variables of the
// MySQL Reference Manual, MariaDB's `mariadbd --verbose --help`, and those of RDS and of common extensions.
var (
	//go:embed parameters/postgres.txt
	postgresParameters string
	//go:embed parameters/mysql.txt
	mysqlParameters string
	//go:embed parameters/mariadb.txt
	mariadbParameters string
)

// similarParameter returns the parameter of the engine of which a name is a typo, or "". RDS and new versions add parameters at any
// time: an unknown name that is nearly none of these is not taken for a typo.
func (e Engine) similarParameter(name string) string {
	known := strings.Fields(e.facts().names)
	if len(name) < 6 || slices.Contains(known, name) {
		return ""
	}
	return validate.Nearest(name, known, 2)
}
