//go:build linux

package php

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ha-web/lab/host"
)

//go:embed prepare.sh
var prepare string

//go:embed dnf.py
var dnf []byte

// Options of an installation.
type Options struct {
	Example        string // folder of examples/moodle
	Host           string // of the site in browsers, with its port if that is not the usual one
	Scheme         string // https if empty
	TrustedProxies int    // that add to X-Forwarded-For: 1 if 0, the load balancer
	Workers        int    // of PHP; as many as the playbook takes if 0
	// ConnectSeconds is how long a worker waits for a connection to the database; as long as the playbook takes if 0. The
	// playbook's is for a database behind a proxy.
	ConnectSeconds int
}

// variables are those of the playbook that a lab sets. The database's certificate is of an authority that the machine trusts, with and
// without a proxy: RDS's own roots are on the internet.
func (o Options) variables(sum string) map[string]any {
	v := map[string]any{
		"moodle_release": release, "moodle_url": "file://" + archive, "moodle_sha256": sum, "moodle_host": o.Host,
		"moodle_scheme": "https", "trusted_proxies": max(o.TrustedProxies, 1), "single_instance": true,
		// All that the lab has, and more than these files use.
		"php_packages": []string{"cli", "fpm", "intl", "mbstring", "pecl-apcu", "pgsql", "process", "xml"},
	}
	if o.Scheme != "" {
		v["moodle_scheme"] = o.Scheme
	}
	if o.Workers > 0 {
		v["php_workers"] = o.Workers
	}
	if o.ConnectSeconds > 0 {
		v["connect_seconds"] = o.ConnectSeconds
	}
	return v
}

const (
	release = "5.3" // that these files stand for
	archive = "/var/lib/moodle-lab.tgz"
	play    = "/root/moodle"
	// ansible runs a playbook as the document AWS-ApplyAnsiblePlaybooks does, with fewer processes for each task.
	ansible = `cd "$1" && export ANSIBLE_PIPELINING=1 ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3 &&
		exec ansible-playbook -i localhost, -c local -e "$2" site.yml`
)

// Install makes a Moodle server of a machine that has booted with the launch template's user data, as State Manager does: it runs the
// playbook, all of its tasks, with an archive of the files that stand for Moodle's. Its dnf is the lab's. Then the site counts as
// installed. Machines that are to share uploaded files have a folder bound to /srv/moodledata.
func Install(ctx context.Context, h *host.Host, o Options) error {
	if err := install(ctx, h, o); err != nil {
		return fmt.Errorf("installing Moodle on %s: %w", h.Name, err)
	}
	return nil
}

func install(ctx context.Context, h *host.Host, o Options) error {
	packed, err := pack(Site())
	if err != nil {
		return err
	}
	if err := copyPlaybook(h, o.Example); err != nil {
		return err
	}
	if err := os.WriteFile(h.Path(archive), packed, 0o600); err != nil {
		return err
	}
	variables, err := json.Marshal(o.variables(fmt.Sprintf("%x", sha256.Sum256(packed))))
	if err != nil {
		return err
	}
	if err := run(ctx, h, "sh", "-c", prepare); err != nil {
		return fmt.Errorf("preparing it: %w", err)
	}
	if err := run(ctx, h, "sh", "-c", ansible, "sh", play, string(variables)); err != nil {
		return fmt.Errorf("running the playbook: %w", err)
	}
	return run(ctx, h, "sudo", "-u", "moodle", "touch", "/srv/moodledata/.installed")
}

// copyPlaybook copies the playbook to the machine, with a dnf that does nothing but look whether the packages are there.
func copyPlaybook(h *host.Host, example string) error {
	target := h.Path(play)
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	if err := os.CopyFS(target, os.DirFS(example)); err != nil {
		return fmt.Errorf("copying the playbook: %w", err)
	}
	if err := os.Mkdir(filepath.Join(target, "library"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(target, "library/dnf.py"), dnf, 0o644); err != nil {
		return err
	}
	file := filepath.Join(target, "site.yml")
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	// Ansible takes a library's module only for the backend of its own dnf, which it cannot guess on Debian.
	const hosts = "  hosts: localhost\n"
	if strings.Count(string(content), hosts) != 1 {
		return errors.New("site.yml has not one play for localhost")
	}
	changed := strings.Replace(string(content), hosts, hosts+"  module_defaults: {ansible.builtin.dnf: {use_backend: dnf4}}\n", 1)
	return os.WriteFile(file, []byte(changed), 0o644)
}

// pack makes an archive of files as Moodle's releases are: in a folder moodle.
func pack(files fs.FS) ([]byte, error) {
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	w := tar.NewWriter(compressed)
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: "moodle/" + path, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err := errors.Join(err, w.Close(), compressed.Close()); err != nil {
		return nil, fmt.Errorf("packing files: %w", err)
	}
	return packed.Bytes(), nil
}

// run runs a command in the machine. An error has the last that it wrote.
func run(ctx context.Context, h *host.Host, name string, args ...string) error {
	output, err := h.Command(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, output[max(0, len(output)-2000):])
	}
	return nil
}
