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

// privateCode is a source that a reader of this repository cannot open.
var privateCode = regexp.MustCompile(`[Ff]ield notes?\b|[Dd]ocuments? (000|002)\b|\b(VPC|DB|ALB|CDN|WAF|WT|SEC|CI|OBS|PUL|ID|EP)-[0-9]+\b|[Bb]oth documents|the lesson\b`)

func TestTextsCiteNoPrivateSource(t *testing.T) {
	t.Parallel()
	read := 0
	require.NoError(t, filepath.WalkDir(project, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.IsDir() || !strings.Contains(".go .md .sh .yml .yaml .json .xml .html .txt .sql .css", filepath.Ext(path)) || filepath.Base(path) == "prose_test.go":
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read++
		for number, line := range strings.Split(string(content), "\n") {
			if found := privateCode.FindString(line); found != "" {
				assert.Fail(t, "a private source", "%s:%d: %s", path, number+1, found)
			}
		}
		return nil
	}))
	assert.Greater(t, read, 200)
}

// riddle is a phrase that readers had to read twice.
var riddle = regexp.MustCompile(`(?i)\b(whoever|as there|likewise|stands in\b|does without|one that is none|what (is )?here of|is told to the|sees to it)`)

func TestDocumentsSpeakPlainly(t *testing.T) {
	t.Parallel()
	for _, document := range markdownFiles(t) {
		content, err := os.ReadFile(document)
		require.NoError(t, err)
		for number, line := range strings.Split(string(content), "\n") {
			assert.Empty(t, riddle.FindString(line), "%s:%d: %s", document, number+1, line)
		}
	}
}
