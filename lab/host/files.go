//go:build linux

package host

import (
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path"
	"strconv"
	"strings"
)

// dnf replaces Amazon Linux's. It is not part of the root, so that changing it does not require building the root again.
//
//go:embed dnf
var dnf []byte

// trusted is Debian's bundle of the certificates that machines trust.
const trusted = "/etc/ssl/certs/ca-certificates.crt"

// write writes the files of the machine before it boots.
func (h *Host) write(o Options) error {
	root, err := os.OpenRoot(h.Path("/")) // symbolic links must not lead to files of the lab's own machine
	if err != nil {
		return err
	}
	defer root.Close()
	files := map[string]File{
		"/usr/local/bin/dnf": {Content: dnf, Mode: 0o755},

		"/etc/hostname": {Content: []byte(h.Name + "\n")},
		"/etc/hosts":    {Content: fmt.Appendf(nil, "127.0.0.1 localhost\n%s %s\n", h.network.Address, h.Name)},
	}
	if resolver := h.network.Resolver(); resolver.IsValid() {
		files["/etc/resolv.conf"] = File{Content: fmt.Appendf(nil, "nameserver %s\n", resolver)}
	}
	if len(o.CA) > 0 {
		bundle, err := root.ReadFile(trusted[1:])
		if err != nil {
			return fmt.Errorf("trusting a certificate authority: %w", err)
		}
		files[trusted] = File{Content: append(append(bundle, '\n'), o.CA...)}
	}
	maps.Copy(files, o.Files)
	for name, file := range files {
		if err := writeFile(root, name, file); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

func writeFile(root *os.Root, name string, file File) error {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	uid, gid, err := owner(root, file.User)
	if err != nil {
		return err
	}
	mode := file.Mode
	if mode == 0 {
		mode = 0o644
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if err := root.WriteFile(name, file.Content, mode); err != nil {
		return err
	}
	if err := root.Chown(name, uid, gid); err != nil {
		return err
	}
	return root.Chmod(name, mode) // whatever the umask is
}

// owner looks a user up in /etc/passwd of the machine.
func owner(root *os.Root, user string) (uid, gid int, err error) {
	if user == "" {
		return 0, 0, nil
	}
	users, err := root.ReadFile("etc/passwd")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(users)) {
		fields := strings.Split(line, ":") // name, password, user, group: man 5 passwd
		if len(fields) < 4 || fields[0] != user {
			continue
		}
		if uid, err = strconv.Atoi(fields[2]); err != nil {
			return 0, 0, err
		}
		gid, err = strconv.Atoi(fields[3])
		return uid, gid, err
	}
	return 0, 0, fmt.Errorf("no user %s", user)
}
