package tests

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"ha-web/tests/pages"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// blocksOfDocuments returns the blocks of all pages.
func blocksOfDocuments(t *testing.T) []pages.Block {
	t.Helper()
	documents, err := pages.Documents(project)
	require.NoError(t, err)
	var blocks []pages.Block
	for _, document := range documents {
		found, err := pages.Read(project, document)
		require.NoError(t, err)
		blocks = append(blocks, found...)
	}
	require.Greater(t, len(blocks), 150)
	return blocks
}

// Commands of the documentation are pasted: they must at least be valid shell. What they do on a stack is tested in tests/e2e.
func TestCommandsInDocumentsAreShell(t *testing.T) {
	t.Parallel()
	commands := regexp.MustCompile(`(?m)^ *(aws|pulumi|gh|docker) [a-z]`)
	checked := 0
	for _, block := range blocksOfDocuments(t) {
		if !block.IsShell() {
			assert.NotRegexp(t, commands, block.Text, "%s:%d is no shell for these tests: see pages.IsShell", block.Page, block.Line)
			continue
		}
		checked++
		check := exec.CommandContext(t.Context(), "bash", "-n")
		check.Stdin = strings.NewReader(placeholders.Replace(block.Text))
		output, err := check.CombinedOutput()
		assert.NoError(t, err, "%s:%d: %s%s", block.Page, block.Line, block.Text, output)
	}
	assert.Greater(t, checked, 120)
}

// placeholders of pages are no shell.
var placeholders = strings.NewReplacer("<key>", "key", "<environment>", "environment", "<path>", "path", "<secret>", "secret")
