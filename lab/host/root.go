//go:build linux

package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ha-web/lab/internal/leftovers"
)

//go:embed customize.sh
var customize []byte

// packages are what machines run. Their names have no versions, so that each release brings its own.
const packages = "systemd,systemd-sysv,libnss-systemd,dbus,iproute2,iputils-ping,procps,passwd,less,sudo,python3," +
	"curl,ca-certificates,openssl,rsyslog,logrotate,ansible-core,postgresql,pgbouncer,nginx," +
	"php-cli,php-fpm,php-pgsql,php-curl,php-mbstring,php-xml,php-apcu,php-intl"

// unneeded are what packages bring and nobody reads: documentation, translations, and the compiler for PostgreSQL's JIT, which does
// without it.
var unneeded = []string{
	"/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/i18n/*",
	"/usr/share/ieee-data/*",
	"/usr/lib/*/libLLVM*", "/usr/lib/llvm-*", "/usr/lib/*/libz3.so*", "/usr/lib/postgresql/*/lib/llvmjit*", "/usr/lib/postgresql/*/lib/bitcode/*",
}

// arguments are those of mmdebstrap, without the suite, target, mirror and components.
func arguments() []string {
	args := []string{
		"--mode=root", "--variant=minbase", "--format=directory", "--include=" + packages,
		// A cluster of PostgreSQL that nobody uses takes seconds to make.
		`--essential-hook=mkdir "$1/etc/postgresql-common" && echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"`,
		`--aptopt=Acquire::Languages "none"`, `--aptopt=APT::Install-Recommends "false"`, "--dpkgopt=force-unsafe-io",
	}
	for _, path := range unneeded {
		args = append(args, "--dpkgopt=path-exclude="+path)
	}
	return args
}

// Root returns the folder of a root of Debian for machines, which share it and never write to it. It is built once, in about 90
// seconds, and kept below $XDG_CACHE_HOME or ~/.cache, under a name that depends on how it is built. It tells how that goes.
func Root(ctx context.Context, say func(string)) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("building a root: %w", err)
	}
	folder := filepath.Join(cache, "ha-web", "lab")
	path := filepath.Join(folder, "root-"+digest())
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("building a root: %w", err)
	}
	locked, err := lock(ctx, path+".lock")
	if err != nil {
		return "", fmt.Errorf("building a root: %w", err)
	}
	defer locked.Close()
	if _, err := os.Stat(path); err == nil { // built meanwhile
		return path, nil
	}
	if err := buildRoot(ctx, path, locked, say); err != nil {
		return "", fmt.Errorf("building a root: %w", err)
	}
	return path, nil
}

func digest() string {
	h := sha256.New()
	fmt.Fprintln(h, preferred, arguments())
	h.Write(customize)
	return fmt.Sprintf("%x", h.Sum(nil)[:6])
}

// lock waits until no other process builds a root. The lock ends when the file is closed, by this process and those that it has
// given the file to.
func lock(ctx context.Context, path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			file.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, fmt.Errorf("waiting for another process, which has locked %s: %w", path, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// buildRoot builds a root under a temporary name. What an earlier try left there goes first.
func buildRoot(ctx context.Context, path string, locked *os.File, say func(string)) (err error) {
	from, err := findSource(ctx)
	if err != nil {
		return err
	}
	started, partial := time.Now(), path+".partial"
	if err := leftovers.RemoveAll(partial); err != nil {
		return fmt.Errorf("removing what an earlier try left: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, leftovers.RemoveAll(partial))
		}
	}()
	say(fmt.Sprintf("building the root of machines from %s of %s, which takes a minute or two", from.suite, from.mirror))
	if err := mmdebstrap(ctx, from, partial, locked); err != nil {
		return err
	}
	if err := leftovers.Unmount(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	say(fmt.Sprintf("built %s in %.0f s", path, time.Since(started).Seconds()))
	return nil
}

func mmdebstrap(ctx context.Context, from source, target string, locked *os.File) error {
	script, err := os.CreateTemp("", "ha-web-root-*.sh")
	if err != nil {
		return err
	}
	defer os.Remove(script.Name())
	_, err = script.Write(customize)
	if err := errors.Join(err, script.Close()); err != nil {
		return err
	}
	args := append(arguments(), "--components="+strings.Join(from.components, ","),
		fmt.Sprintf(`--customize-hook=sh %s "$1"`, script.Name()), from.suite, target, from.mirror)
	command := exec.CommandContext(ctx, "mmdebstrap", args...)
	command.ExtraFiles = []*os.File{locked}                   // should this process be killed, nobody else builds until mmdebstrap has ended, too
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it is interrupted with all it has started, and cleans up
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGINT) }
	command.WaitDelay = 20 * time.Second
	if printed, err := command.CombinedOutput(); err != nil {
		lines := strings.Split(string(bytes.TrimSpace(printed)), "\n")
		return fmt.Errorf("mmdebstrap: %w\n%s", err, strings.Join(lines[max(0, len(lines)-30):], "\n"))
	}
	return nil
}
