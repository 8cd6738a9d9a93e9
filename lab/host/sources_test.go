//go:build linux

package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadSources(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "sources.list.d"), 0o755))
	for name, text := range map[string]string{
		"sources.list": `# deb http://unused.example main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://mirror.example/ubuntu noble main universe
deb-src http://mirror.example/ubuntu noble main
`,
		"sources.list.d/debian.sources": `Types: deb deb-src
# http://snapshot.example
URIs: http://deb.example/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
`,
		"sources.list.d/notes.save": "deb http://saved.example/debian bookworm main\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
	found, err := readSources(folder)
	require.NoError(t, err)
	assert.Equal(t, []source{
		{"http://mirror.example/ubuntu", "noble", []string{"main", "universe"}},
		{"http://deb.example/debian", "bookworm", []string{"main", "contrib"}},
		{"http://deb.example/debian", "bookworm-updates", []string{"main", "contrib"}},
	}, found)

	found, err = readSources(t.TempDir())
	require.NoError(t, err)
	assert.Empty(t, found)
}
