package tests

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every link of a document to a file of this repository, and to a heading in it, leads somewhere.
func TestLinksInDocumentsResolve(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, document := range markdownFiles(t) {
		content, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, link := range regexp.MustCompile(`\]\(([^()\s]+)\)`).FindAllStringSubmatch(string(content), -1) {
			if strings.Contains(link[1], "://") || strings.HasPrefix(link[1], "mailto:") {
				continue
			}
			checked++
			name, anchor, _ := strings.Cut(link[1], "#")
			target := document
			if name != "" {
				target = filepath.Join(filepath.Dir(document), name)
			}
			if _, err := os.Stat(target); !assert.NoError(t, err, "%s: %s", document, link[0]) || anchor == "" {
				continue
			}
			assert.Contains(t, anchorsOf(t, target), anchor, "%s: %s", document, link[0])
		}
	}
	assert.Greater(t, checked, 150)
}

// markdownFiles returns the paths of all documents of the repository.
func markdownFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir(project, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules"):
			return fs.SkipDir
		case filepath.Ext(path) == ".md":
			files = append(files, path)
		}
		return nil
	}))
	require.Greater(t, len(files), 20)
	return files
}

var (
	heading = regexp.MustCompile("(?m)^#{1,6} +(.*?) *$")
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	unkept  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchorsOf returns the anchors that GitHub gives to the headings of a document: in lowercase, spaces as hyphens, without other
// punctuation. A second heading of the same text gets -1.
func anchorsOf(t *testing.T, document string) map[string]bool {
	t.Helper()
	content, err := os.ReadFile(document)
	require.NoError(t, err)
	anchors := map[string]bool{}
	for _, each := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(string(content), ""), -1) {
		anchor := strings.ReplaceAll(unkept.ReplaceAllString(strings.ToLower(each[1]), ""), " ", "-")
		if anchors[anchor] {
			anchor += "-1"
		}
		anchors[anchor] = true
	}
	return anchors
}
