// Command app is the reference application: a course catalog that keeps serving through a failover of the database, a rotation of its
// password and a rolling release. docs/your-application.md says what the platform expects of an application.
//
// Exit status: 0 after SIGTERM or SIGINT, 1 if it cannot serve, because the port is taken, the database refuses a migration or
// requests were cut off at the end of DRAIN_SECONDS, 2 if an environment variable is missing or wrong.
package main

import (
	"context"
	"embed"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	_ "time/tzdata" // the image has no time zones

	"ha-web/app/internal/config"
	"ha-web/app/internal/store"
	"ha-web/app/internal/web"

	_ "golang.org/x/crypto/x509roots/fallback" // the image has no certificate authorities
)

var version = "dev" // of the release: -ldflags "-X main.version=..."

//go:embed public
var public embed.FS

func main() { os.Exit(run(os.Getenv, os.Stdout)) }

func run(getenv func(string) string, stdout io.Writer) int {
	log := slog.New(slog.NewJSONHandler(stdout, nil))
	cfg, err := config.FromEnvironment(getenv)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			log.Error(strings.TrimSpace(line))
		}
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	if err := serve(ctx, cfg, log); err != nil {
		log.Error(err.Error())
		return 1
	}
	log.Info("stopped")
	return 0
}

// serve answers requests until the context ends, and then until those that came are answered.
func serve(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	background, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	db, err := store.New(background, cfg, log)
	if err != nil {
		return err
	}
	static, err := fs.Sub(public, "public")
	if err != nil {
		return err
	}
	server := web.New(cfg, version, db, static, log)
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(cfg.Port))
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(listener) }()
	go func() {
		if err := db.Start(background); err != nil && background.Err() == nil {
			failed <- err
		}
	}()
	log.Info("listening", "port", cfg.Port, "version", version, "zone", cfg.Zone, "instance", cfg.Instance)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	return server.Stop()
}
