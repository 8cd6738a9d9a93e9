//go:build linux

package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// preferred is the release of Debian that the root has if the mirror of a Debian machine has it: systemd 257, PHP 8.4, PostgreSQL 17.
// Other machines use their own release.
const preferred = "trixie"

// source is where packages come from.
type source struct {
	mirror, suite string
	components    []string
}

// findSource returns the source that apt of this machine uses.
func findSource(ctx context.Context) (source, error) {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return source{}, fmt.Errorf("finding the release of this machine: %w", err)
	}
	codename := variable(string(release), "VERSION_CODENAME")
	sources, err := readSources("/etc/apt")
	if err != nil {
		return source{}, err
	}
	for _, s := range sources {
		if s.suite != codename || !slices.Contains(s.components, "main") {
			continue
		}
		if variable(string(release), "ID") == "debian" && s.suite != preferred && has(ctx, s.mirror, preferred) {
			s.suite = preferred
		}
		return s, nil
	}
	return source{}, fmt.Errorf("/etc/apt has no source of the release %q with the component main", codename)
}

// variable reads a variable of os-release.
func variable(release, name string) string {
	for line := range strings.Lines(release) {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return ""
}

// has reports whether a mirror has a suite.
func has(ctx context.Context, mirror, suite string) bool {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, strings.TrimSuffix(mirror, "/")+"/dists/"+suite+"/InRelease", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// readSources reads the sources of apt in both of their formats: man 5 sources.list.
func readSources(folder string) ([]source, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "sources.list.d", "*"))
	if err != nil {
		return nil, err
	}
	var found []source
	for _, path := range append([]string{filepath.Join(folder, "sources.list")}, paths...) {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the sources of apt: %w", err)
		}
		switch filepath.Ext(path) {
		case ".list":
			found = append(found, parseLines(string(text))...)
		case ".sources":
			found = append(found, parseStanzas(string(text))...)
		}
	}
	return found, nil
}

// parseLines reads "deb [options] URI suite component...".
func parseLines(text string) (found []source) {
	for line := range strings.Lines(text) {
		if before, rest, ok := strings.Cut(line, "["); ok {
			_, after, _ := strings.Cut(rest, "]")
			line = before + after
		}
		fields := strings.Fields(line)
		if len(fields) >= 4 && fields[0] == "deb" {
			found = append(found, source{mirror: fields[1], suite: fields[2], components: fields[3:]})
		}
	}
	return found
}

// parseStanzas reads stanzas of "Types:", "URIs:", "Suites:" and "Components:".
func parseStanzas(text string) (found []source) {
	stanza := map[string][]string{}
	finish := func() {
		if slices.Contains(stanza["types"], "deb") && !slices.Contains(stanza["enabled"], "no") {
			for _, mirror := range stanza["uris"] {
				for _, suite := range stanza["suites"] {
					found = append(found, source{mirror: mirror, suite: suite, components: stanza["components"]})
				}
			}
		}
		clear(stanza)
	}
	field := ""
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if strings.TrimSpace(line) == "" {
			finish()
			continue
		}
		values := line
		if name, rest, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			field, values = strings.ToLower(name), rest
		}
		stanza[field] = append(stanza[field], strings.Fields(values)...)
	}
	finish()
	return found
}
