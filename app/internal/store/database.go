// Package store keeps courses and enrolments in PostgreSQL, over failovers and rotations of the password.
package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"ha-web/app/internal/config"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/sethvargo/go-retry"
)

const (
	// Patience is how long a request waits for the database, all attempts together.
	Patience = 5 * time.Second

	connectTimeout = 2 * time.Second
	passwordAge    = time.Minute
	// Without a connection for this long, the database may have moved: to a proxy, or to a copy that was restored.
	moveAfter = 15 * time.Second
)

// Database is the application's access to its database. It is of use once Start has returned.
type Database struct {
	cfg      config.Config
	log      *slog.Logger
	target   *cached[target]
	password *cached[password]

	pool    atomic.Pointer[pgxpool.Pool]
	ready   chan struct{} // closed when the schema is there
	reached atomic.Int64  // when a session was last opened or used, in Unix nanoseconds
	since   atomic.Int64  // when the session that was used last was opened; 0: there was none
}

// New returns a database that is not connected yet. It needs neither AWS nor the database.
func New(ctx context.Context, cfg config.Config, log *slog.Logger) (*Database, error) {
	clients, err := newAWSClients(ctx)
	if err != nil {
		return nil, err
	}
	d := &Database{cfg: cfg, log: log, ready: make(chan struct{})}
	d.reached.Store(time.Now().UnixNano())
	d.target = &cached[target]{what: "where the database is", log: log, fetch: func(ctx context.Context) (target, error) {
		return clients.target(ctx, cfg.ParameterPrefix)
	}}
	d.password = &cached[password]{what: "the password of the database", log: log, fetch: func(ctx context.Context) (password, error) {
		target, err := d.target.get(ctx, forever)
		if err != nil {
			return password{}, err
		}
		return clients.password(ctx, target.secretARN)
	}}
	return d, nil
}

const forever = time.Duration(1<<63 - 1)

// Start connects and brings the schema up to date, and tries until that is done: neither AWS nor the database need be there yet. It
// returns an error if the context ends, or if the database refuses a migration: then this release cannot serve.
func (d *Database) Start(ctx context.Context) error {
	wait := retry.WithJitterPercent(30, retry.WithCappedDuration(2*time.Second, retry.NewExponential(250*time.Millisecond)))
	return retry.Do(ctx, wait, func(ctx context.Context) error {
		err := d.start(ctx)
		if refused(err) {
			return err
		}
		if err != nil {
			d.log.Warn("the database is not ready", "error", err)
		}
		return retry.RetryableError(err)
	})
}

func (d *Database) start(ctx context.Context) error {
	if d.pool.Load() == nil {
		pool, err := d.open(ctx)
		if err != nil {
			return err
		}
		d.pool.Store(pool)
	}
	if err := d.migrate(ctx); err != nil {
		return fmt.Errorf("migrating the schema: %w", err)
	}
	close(d.ready)
	d.log.Info("the database is ready")
	return nil
}

func (d *Database) open(ctx context.Context) (*pgxpool.Pool, error) {
	target, err := d.target.get(ctx, 0)
	if err != nil {
		return nil, err
	}
	size := target.poolSize
	if d.cfg.PoolSize > size {
		d.log.Warn("DATABASE_POOL_SIZE is more than database.poolSize allows", "given", d.cfg.PoolSize, "used", size)
	} else if d.cfg.PoolSize > 0 {
		size = d.cfg.PoolSize
	}
	cfg, err := pgxpool.ParseConfig("host=unknown user=unknown sslmode=verify-full") // connect says the rest
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = int32(size)
	cfg.MaxConnLifetime, cfg.MaxConnLifetimeJitter = 30*time.Minute, 5*time.Minute // spreads over proxies that were added
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.PingTimeout = time.Second // of a session that was idle: the server may be gone without a word
	cfg.BeforeConnect = d.connect
	cfg.AfterConnect = d.connected
	session := cfg.ConnConfig
	session.ConnectTimeout = connectTimeout
	// For a few seconds after a failover, the host name may still lead to the server that is now the standby.
	session.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	// Named prepared statements pin a session of RDS Proxy to a connection:
	// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html
	session.DefaultQueryExecMode = pgx.QueryExecModeExec
	session.RuntimeParams["application_name"] = "courses"
	session.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 5 * time.Second, Interval: time.Second, Count: 3,
	}}).DialContext
	return pgxpool.NewWithConfig(ctx, cfg)
}

// connect tells a new session where to connect and how to sign in, as of now.
func (d *Database) connect(ctx context.Context, session *pgx.ConnConfig) error {
	age := forever
	if time.Since(time.Unix(0, d.reached.Load())) > moveAfter {
		age = moveAfter
	}
	before, _ := d.target.get(ctx, forever)
	target, err := d.target.get(ctx, age)
	if err != nil {
		return err
	}
	if target != before {
		d.log.Info("the database has moved", "host", target.host)
		d.password.expire()
	}
	password, err := d.password.get(ctx, passwordAge)
	if err != nil {
		return err
	}
	session.Host, session.Port, session.Database = target.host, target.port, target.name
	session.User, session.Password = password.Username, password.Password
	session.TLSConfig = &tls.Config{ServerName: target.host, RootCAs: d.roots(target.host), MinVersion: tls.VersionTLS12}
	return nil
}

func (d *Database) roots(host string) *x509.CertPool {
	if d.cfg.Roots != nil {
		return d.cfg.Roots
	}
	return rootsFor(host)
}

const openedAt = "opened at" // key of pgx's CustomData

func (d *Database) connected(_ context.Context, session *pgx.Conn) error {
	now := time.Now().UnixNano()
	session.PgConn().CustomData()[openedAt] = now
	d.reached.Store(now)
	d.log.Info("connected to the database", "host", session.Config().Host)
	return nil
}

// Age returns how long ago the session that was used last was opened, and false before there is one.
func (d *Database) Age() (time.Duration, bool) {
	since := d.since.Load()
	return time.Since(time.Unix(0, since)), since != 0
}

// Ping asks the database for a sign of life. Its error is an *Unavailable.
func (d *Database) Ping(ctx context.Context) error {
	return d.do(ctx, func(ctx context.Context, session *pgx.Conn) error { return session.Ping(ctx) })
}

// Unavailable says that the database could not do its work in time. Nothing is known about what a write has done.
type Unavailable struct{ Err error }

func (e *Unavailable) Error() string { return "the database is unavailable: " + e.Err.Error() }
func (e *Unavailable) Unwrap() error { return e.Err }

// do runs an operation in a session, and again in another one after errors that pass, for up to Patience. So an operation must be
// safe to repeat, even if it was carried out and only its answer was lost.
func (d *Database) do(ctx context.Context, operation func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	select {
	case <-d.ready:
	case <-ctx.Done():
		return &Unavailable{errors.New("it has not been reached since the start")}
	}
	var last error
	wait := retry.WithJitterPercent(50, retry.WithCappedDuration(time.Second, retry.NewExponential(50*time.Millisecond)))
	err := retry.Do(ctx, wait, func(ctx context.Context) error {
		err := d.attempt(ctx, operation)
		if err == nil || ctx.Err() == nil || last == nil {
			last = err
		}
		if passes(err) {
			return retry.RetryableError(err)
		}
		return err
	})
	if err == nil {
		return nil
	}
	if ctx.Err() != nil || unavailable(last) {
		return &Unavailable{last}
	}
	return err
}

func (d *Database) attempt(ctx context.Context, operation func(context.Context, *pgx.Conn) error) error {
	session, err := d.pool.Load().Acquire(ctx)
	if err != nil {
		if signInRefused(err) {
			d.password.expire()
		}
		return err
	}
	defer session.Release()
	err = operation(ctx, session.Conn())
	if broken(err) {
		_ = session.Conn().Close(ctx) // so that the pool does not keep it
	}
	if err == nil {
		d.reached.Store(time.Now().UnixNano())
		d.since.Store(session.Conn().PgConn().CustomData()[openedAt].(int64))
	}
	return err
}
