// Package store keeps courses and enrolments in PostgreSQL, over failovers and rotations of the password.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"ha-web/app/internal/config"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/sethvargo/go-retry"
)

// Patience is how long a request waits for the database, all attempts together.
const Patience = 5 * time.Second

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

	turn      sync.Mutex   // of opening a session
	attempted time.Time    // when that was last tried; turn guards it
	opened    atomic.Int64 // when it last succeeded, in Unix nanoseconds
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
		if last == nil || ctx.Err() == nil && !errors.Is(err, errNoSession) {
			last = err // and not that time has run out, which follows from it
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

// attempt runs an operation in a session that works.
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
		d.used(session.Conn())
	}
	return err
}
