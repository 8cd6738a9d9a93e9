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

// packages are those of the root. Names without versions work with any release.
const packages = "systemd,systemd-sysv,libnss-systemd,dbus,iproute2,iputils-ping,procps,passwd,less,sudo,python3," +
	"curl,ca-certificates,openssl,rsyslog,logrotate,ansible-core,postgresql,pgbouncer,nginx," +
	"php-cli,php-fpm,php-pgsql,php-curl,php-mbstring,php-xml,php-apcu,php-intl"

// unneeded are files of packages that are left out: documentation, translations, and LLVM, without which PostgreSQL does not use JIT.
var unneeded = []string{
	"/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/i18n/*",
	"/usr/share/ieee-data/*",
	"/usr/lib/*/libLLVM*", "/usr/lib/llvm-*", "/usr/lib/*/libz3.so*",
	"/usr/lib/postgresql/*/lib/llvmjit*", "/usr/lib/postgresql/*/lib/bitcode/*",
}

// arguments are those of mmdebstrap that do not depend on the mirror.
func arguments() []string {
	args := []string{
		"--mode=root", "--variant=minbase", "--format=directory", "--include=" + packages,
		// Creating the default cluster of PostgreSQL takes seconds, and no host uses it.
		`--essential-hook=mkdir "$1/etc/postgresql-common"`,
		`--essential-hook=echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"`,
		`--aptopt=Acquire::Languages "none"`, `--aptopt=APT::Install-Recommends "false"`, "--dpkgopt=force-unsafe-io",
	}
	for _, path := range unneeded {
		args = append(args, "--dpkgopt=path-exclude="+path)
	}
	return args
}

// Root returns the folder of the root file system that all hosts share. It is built on the first call, in three or four minutes on an idle
// machine, and cached in $XDG_CACHE_HOME or ~/.cache under a name with a digest of how it is built. Progress goes to say.
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

// lock waits until no other process builds a root. The lock ends when the file is closed, in this process and in those that inherit
// it.
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

// buildRoot builds a root under a temporary name and renames it. It removes what an interrupted build left.
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
	say(fmt.Sprintf("building the root of machines from %s of %s, which takes some minutes", from.suite, from.mirror))
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
	command.ExtraFiles = []*os.File{locked}                   // if this process is killed, the lock lasts until mmdebstrap ends
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Cancel interrupts all its processes, and mmdebstrap cleans up
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGINT) }
	command.WaitDelay = 20 * time.Second
	if printed, err := command.CombinedOutput(); err != nil {
		lines := strings.Split(string(bytes.TrimSpace(printed)), "\n")
		return fmt.Errorf("mmdebstrap: %w\n%s", err, strings.Join(lines[max(0, len(lines)-30):], "\n"))
	}
	return nil
}
