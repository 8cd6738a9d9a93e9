package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// workTime is what a request keeps of its patience for the work itself. Without it, everyone in a long queue would get a session
	// with no time left, and the session would end with the request, so that the next one has to open another.
	workTime       = time.Second
	connectTimeout = 2 * time.Second
	// connectInterval is the least time between two attempts while none succeeds: each costs this machine and the server 20 ms of a
	// processor for nothing, and hundreds of requests may wait for a session.
	connectInterval = 200 * time.Millisecond
	idleTime        = time.Second // after which a session is asked for a sign of life before it is used
	passwordAge     = time.Minute
	// moveAfter is how long the database is out of reach before the parameters are read again: it may have moved to a proxy, or to a
	// copy that was restored.
	moveAfter = 15 * time.Second
)

// open returns the pool of sessions, which opens them as they are needed.
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
	cfg.MaxConnLifetime, cfg.MaxConnLifetimeJitter = 30*time.Minute, 5*time.Minute // to where the host name leads by then
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // checkIdle does
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

// Keys of pgx's CustomData, with times.
const (
	openedAt = "opened at"
	usedAt   = "used at"
)

// connected notes that a session was opened.
func (d *Database) connected(_ context.Context, session *pgx.Conn) error {
	now := time.Now()
	session.PgConn().CustomData()[openedAt] = now
	session.PgConn().CustomData()[usedAt] = now
	d.opened.Store(now.UnixNano())
	d.reached.Store(now.UnixNano())
	d.log.Info("connected to the database", "host", session.Config().Host)
	return nil
}

var errNoSession = errors.New("no session was free in time")

// used notes that a session has done its work.
func (d *Database) used(session *pgx.Conn) {
	now, data := time.Now(), session.PgConn().CustomData()
	data[usedAt] = now
	d.reached.Store(now.UnixNano())
	d.since.Store(data[openedAt].(time.Time).UnixNano())
}

// acquire returns a session of the pool, or errNoSession when too little time is left to use one.
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
	if time.Since(session.PgConn().CustomData()[usedAt].(time.Time)) < idleTime {
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
