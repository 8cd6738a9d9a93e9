//go:build linux

package database

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// owner is the user postgres of a root.
type owner struct{ user, group int }

func (o owner) give(path string) error { return os.Chown(path, o.user, o.group) }

var account = regexp.MustCompile(`(?m)^postgres:[^:]*:(\d+):(\d+):`)

func findOwner(root string) (owner, error) {
	accounts, err := os.ReadFile(filepath.Join(root, "etc/passwd"))
	if err != nil {
		return owner{}, fmt.Errorf("looking for the user postgres: %w", err)
	}
	match := account.FindSubmatch(accounts)
	if match == nil {
		return owner{}, fmt.Errorf("no user postgres in %s: the root lacks the package postgresql", root)
	}
	user, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return owner{}, err
	}
	group, err := strconv.Atoi(string(match[2]))
	return owner{user, group}, err
}

// findPrograms returns the folder of PostgreSQL's programs in a root, of the newest version.
func findPrograms(root string) (string, error) {
	found, err := filepath.Glob(filepath.Join(root, "usr/lib/postgresql/*/bin/postgres"))
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fmt.Errorf("no PostgreSQL in %s: the root lacks the package postgresql", root)
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return len(a) - len(b) + strings.Compare(a, b) })
	return filepath.Join("/", strings.TrimPrefix(filepath.Dir(newest), root)), nil
}
