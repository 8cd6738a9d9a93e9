package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// databaseRoots signs the certificates of Amazon RDS, which no operating system trusts.
//
//go:generate curl -fsS -o roots/rds.pem https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
//go:embed roots/rds.pem
var databaseRoots []byte

// connectWithin bounds one attempt to connect.
const connectWithin = 10 * time.Second

// login is a user of a database, as RDS keeps it in a secret. Printing it prints no password.
type login struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

func (l login) String() string   { return l.Username }
func (l login) GoString() string { return l.Username }

func parseLogin(secret string) (login, error) {
	var found login
	// The error of the decoder may quote the secret.
	if err := json.Unmarshal([]byte(secret), &found); err != nil || found.Username == "" || found.Password == "" {
		return login{}, errors.New("must be a JSON object with username and password")
	}
	return found, nil
}

// reader reads a database. Its errors name no password.
type reader interface {
	Ping(context.Context) error
	// Count counts the rows of a table or, for "", of all.
	Count(ctx context.Context, table string) (counted, error)
	Close() error
}

// errNoTable is a table that is not there, which asking again does not mend.
var errNoTable = errors.New("there is no table")

// counted is what a database has.
type counted struct {
	tables int
	rows   int64
}

// connection is where a database is, and how it is reached.
type connection struct {
	engine, name string
	login        login
	host         string // that its certificate is for
	address      string // that leads to it
}

// connectDatabase prepares connections, and opens none yet. It is a variable for tests, which have no network.
var connectDatabase = func(to connection) (reader, error) {
	connector, err := to.connector()
	if err != nil {
		return nil, err
	}
	opened := sql.OpenDB(connector)
	opened.SetMaxOpenConns(1)
	return &sqlReader{opened, to.engine}, nil
}

// encryption trusts what this machine trusts, and Amazon RDS. Nothing connects without TLS.
func (c connection) encryption() (*tls.Config, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(databaseRoots) {
		return nil, errors.New("roots/rds.pem has no certificate")
	}
	return &tls.Config{RootCAs: roots, ServerName: c.host, MinVersion: tls.VersionTLS12}, nil
}

func (c connection) connector() (driver.Connector, error) {
	encryption, err := c.encryption()
	if err != nil {
		return nil, err
	}
	if c.engine == "postgres" {
		return c.postgres(encryption)
	}
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr, config.DBName = c.login.Username, c.login.Password, "tcp", c.address, c.name
	config.TLS, config.Timeout, config.Logger = encryption, connectWithin, &mysql.NopLogger{}
	return mysql.NewConnector(config)
}

func (c connection) postgres(encryption *tls.Config) (driver.Connector, error) {
	host, text, err := net.SplitHostPort(c.address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, err
	}
	// What is set here counts for more than the environment, in which a password would be that of another database.
	config, err := pgx.ParseConfig("host=" + host + " sslmode=disable")
	if err != nil {
		return nil, err
	}
	config.Host, config.Port, config.Database, config.User, config.Password = host, uint16(port), c.name, c.login.Username, c.login.Password
	config.TLSConfig, config.Fallbacks, config.ConnectTimeout = encryption, nil, connectWithin
	return stdlib.GetConnector(*config), nil
}

// sqlReader reads a database with SQL.
type sqlReader struct {
	*sql.DB
	engine string
}

func (r *sqlReader) Ping(ctx context.Context) error {
	bound, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	return r.DB.PingContext(bound)
}

// listTables is what PostgreSQL, MySQL and MariaDB understand alike. A user sees the tables that the user may read.
const listTables = `select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in
	('pg_catalog', 'information_schema', 'mysql', 'performance_schema', 'sys', 'rdsadmin') order by 1, 2`

func (r *sqlReader) Count(ctx context.Context, table string) (counted, error) {
	names, err := r.tables(ctx)
	if err != nil {
		return counted{}, err
	}
	if table != "" {
		names = slices.DeleteFunc(names, func(each [2]string) bool { return each[1] != table && strings.Join(each[:], ".") != table })
		if len(names) == 0 {
			return counted{}, fmt.Errorf("%w %s that the master user may read", errNoTable, table)
		}
	}
	found := counted{tables: len(names)}
	for _, each := range names {
		var rows int64
		if err := r.QueryRowContext(ctx, "select count(*) from "+r.quote(each[0])+"."+r.quote(each[1])).Scan(&rows); err != nil {
			return counted{}, fmt.Errorf("table %s: %w", strings.Join(each[:], "."), err)
		}
		found.rows += rows
	}
	return found, nil
}

// tables returns the schema and the name of each table.
func (r *sqlReader) tables(ctx context.Context) ([][2]string, error) {
	rows, err := r.QueryContext(ctx, listTables)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names [][2]string
	for rows.Next() {
		var each [2]string
		if err := rows.Scan(&each[0], &each[1]); err != nil {
			return nil, err
		}
		names = append(names, each)
	}
	return names, rows.Err()
}

func (r *sqlReader) quote(name string) string {
	mark := "`"
	if r.engine == "postgres" {
		mark = `"`
	}
	return mark + strings.ReplaceAll(name, mark, mark+mark) + mark
}
