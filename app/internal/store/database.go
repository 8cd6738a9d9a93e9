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
	"sync"
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

	// workTime is what a request keeps of its patience for the work itself. Without it, everyone in a long queue would get a session
	// with no time left, and the session would end with the request, so that the next one has to open another.
	workTime = time.Second

	connectTimeout = 2 * time.Second
	// While sessions cannot be opened, each costs this machine and the server 20 ms of a processor for nothing, and hundreds of
	// requests may wait for one.
	connectInterval = 200 * time.Millisecond
	passwordAge     = time.Minute
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

	turn      sync.Mutex // guards attempted
	attempted time.Time  // when a session was last tried to open
	opened    atomic.Int64
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
	cfg.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // attempt does
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
	session.OnPgError = d.refusedSignIn(session.OnPgError)
	session.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 5 * time.Second, Interval: time.Second, Count: 3,
	}}).DialContext
	return pgxpool.NewWithConfig(ctx, cfg)
}

// connect tells a new session where to connect and how to sign in, as of now.
func (d *Database) connect(ctx context.Context, session *pgx.ConnConfig) error {
	d.waitForTurn(ctx)
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

// waitForTurn spaces out the attempts to open a session, until one succeeds.
func (d *Database) waitForTurn(ctx context.Context) {
	d.turn.Lock()
	defer d.turn.Unlock()
	for ctx.Err() == nil && time.Since(d.attempted) < connectInterval && d.opened.Load() < d.attempted.UnixNano() {
		time.Sleep(5 * time.Millisecond)
	}
	d.attempted = time.Now()
}

// refusedSignIn has the password fetched again when the server refuses it. Whoever waits for the session cannot: after seconds of
// waiting for its turn it may have gone before the server answers.
func (d *Database) refusedSignIn(next pgconn.PgErrorHandler) pgconn.PgErrorHandler {
	return func(session *pgconn.PgConn, err *pgconn.PgError) bool {
		if signInRefused(err) {
			d.password.expire()
		}
		return next(session, err)
	}
}

func (d *Database) roots(host string) *x509.CertPool {
	if d.cfg.Roots != nil {
		return d.cfg.Roots
	}
	return rootsFor(host)
}

// Keys of pgx's CustomData, with Unix nanoseconds.
const (
	openedAt = "opened at"
	usedAt   = "used at"
)

func (d *Database) connected(_ context.Context, session *pgx.Conn) error {
	now := time.Now().UnixNano()
	session.PgConn().CustomData()[openedAt] = now
	session.PgConn().CustomData()[usedAt] = now
	d.opened.Store(now)
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
		if passes(err) && !errors.Is(err, errNoSession) {
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

var errNoSession = errors.New("no session was free in time")

func (d *Database) attempt(ctx context.Context, operation func(context.Context, *pgx.Conn) error) error {
	session, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	err = checkIdle(ctx, session.Conn())
	if err == nil {
		err = operation(ctx, session.Conn())
	}
	if broken(err) {
		discard(session)
		return err
	}
	defer session.Release()
	if err == nil {
		now := time.Now().UnixNano()
		session.Conn().PgConn().CustomData()[usedAt] = now
		d.reached.Store(now)
		d.since.Store(session.Conn().PgConn().CustomData()[openedAt].(int64))
	}
	return err
}

func (d *Database) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	deadline, _ := ctx.Deadline() // do sets one
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-workTime))
	defer cancel()
	session, err := d.pool.Load().Acquire(ctx)
	if ctx.Err() != nil && err != nil {
		return nil, errNoSession
	}
	return session, err
}

// checkIdle asks a session that was idle for a sign of life: its server may be gone without a word.
func checkIdle(ctx context.Context, session *pgx.Conn) error {
	if time.Since(time.Unix(0, session.PgConn().CustomData()[usedAt].(int64))) < time.Second {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return session.Ping(ctx)
}

// discard takes a session that is of no more use out of the pool at once. Release would first wait until the server has canceled
// the session's query, for 15 seconds if the server is gone, and the pool has no room for a new session meanwhile.
func discard(session *pgxpool.Conn) {
	lost := session.Hijack()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = lost.Close(ctx)
	}()
}
