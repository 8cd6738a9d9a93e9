package tests

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const sdk = "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/"

// imports returns what each package of the program imports, by its folder.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	require.NoError(t, filepath.WalkDir(project, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(project, filepath.Dir(name))
		for _, each := range file.Imports {
			imported, _ := strconv.Unquote(each.Path.Value)
			found[filepath.ToSlash(folder)] = append(found[filepath.ToSlash(folder)], imported)
		}
		return err
	}))
	require.Contains(t, found, "components/cdn")
	return found
}

// Each takes gigabytes to compile: the firewall is registered without its package, and ec2 is where nothing else will do.
func TestHeavyPackagesStayOut(t *testing.T) {
	t.Parallel()
	var heavy []string
	for folder, imported := range imports(t) {
		assert.NotContains(t, imported, sdk+"wafv2", folder)
		if slices.Contains(imported, sdk+"ec2") {
			heavy = append(heavy, folder)
		}
	}
	assert.ElementsMatch(t, []string{"components/securitygroups", "components/vpc", "components/webtier"}, heavy)
}

// A component is usable alone: it knows neither the others nor where the settings of this program come from.
func TestComponentsStandAlone(t *testing.T) {
	t.Parallel()
	for folder, imported := range imports(t) {
		if path.Dir(folder) != "components" {
			continue
		}
		for _, each := range imported {
			assert.False(t, strings.HasPrefix(each, "ha-web/components/"), "%s imports %s", folder, each)
			assert.NotContains(t, []string{"ha-web/internal/settings", "ha-web/internal/offline", "ha-web/internal/plan"}, each, folder)
			assert.False(t, strings.HasSuffix(each, "/pulumi/config"), "%s imports %s", folder, each)
		}
	}
}
