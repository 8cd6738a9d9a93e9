package store

import (
	"context"
	"embed"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// migrationTimeout is for all migrations together. After it, a server that has vanished is given up.
const migrationTimeout = 30 * time.Minute

//go:embed migrations/*.sql
var migrations embed.FS

// migrate applies the migrations that the database has not seen. One instance does it at a time, under an advisory lock of its
// session; the others wait and find it done. Migrations that only a newer release knows are left alone.
func (d *Database) migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, migrationTimeout)
	defer cancel()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600), lock.WithUnlockTimeout(1, 5)) // seconds, times
	if err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(d.pool.Load())
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker), goose.WithSlog(d.log))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
