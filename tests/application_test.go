package tests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The reference application is a module of its own, as that of a user is: what it reads and what the program writes meet in text
// alone. These tests compare the two, and both with the page that documents them.

const (
	contractPage   = "docs/your-application.md"
	poolSizeByHand = "DATABASE_POOL_SIZE" // of web.environment, where someone sets it
	rootsByHand    = "DATABASE_CA_FILE"   // for development
)

func TestTheApplicationReadsVariablesThatInstancesHave(t *testing.T) {
	t.Parallel()
	booted, err := boot(t, fullWebTier())
	require.NoError(t, err, booted.said)
	var written []string
	for _, line := range strings.Fields(booted.file("/etc/app/environment")) {
		name, _, _ := strings.Cut(line, "=")
		written = append(written, name)
	}
	read := variablesOf(t, "../app/internal/config")
	assert.Subset(t, append(slices.Clone(written), poolSizeByHand, rootsByHand), read)
	assert.Contains(t, fileOf(t, "app/README.md"), "| `"+rootsByHand+"` |")

	written = slices.DeleteFunc(written, func(name string) bool { return strings.HasSuffix(name, "_SECRET_ARN") })
	documented := rowsOf(t, "Environment variables", `[A-Z][A-Z_]+`)
	assert.ElementsMatch(t, append(written, poolSizeByHand), documented, "%s lists what an instance has", contractPage)
}

func TestTheApplicationReadsParametersThatTheStackWrites(t *testing.T) {
	t.Parallel()
	read := parametersRead(t)
	assert.ElementsMatch(t, read, rowsOf(t, "SSM parameters", `/database/[a-z-]+`))
	for _, stack := range stacks {
		plan := planOf(t, "-stack", stack)
		var written []string
		for _, parameter := range plan.of(awstype.SSMParameter) {
			written = append(written, parameter.Inputs["name"].(string))
		}
		for _, path := range read {
			assert.Contains(t, written, "/ha-web/"+stack+path)
		}
	}
}

// Every file of the application that the documents name is there: those in the last column of the contract, in the first one of the
// application's own list of files, and anywhere else with its folder.
func TestDocumentsNameFilesOfTheApplication(t *testing.T) {
	t.Parallel()
	page := fileOf(t, contractPage)
	columns := regexp.MustCompile(`(?m)\| [^|]+ \|$`).FindAllString(section(t, page, "The contract"), -1)
	columns = append(columns, regexp.MustCompile(`(?m)^\| [^|]+ \|`).FindAllString(section(t, fileOf(t, "app/README.md"), "Files"), -1)...)
	var paths []string
	for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(strings.Join(columns, "\n"), -1) {
		paths = append(paths, "app/"+code[1])
	}
	for _, code := range regexp.MustCompile("`app/([^` ]+)`").FindAllStringSubmatch(page, -1) {
		paths = append(paths, "app/"+code[1])
	}
	assert.Greater(t, len(paths), 30)
	for _, path := range paths {
		if path == "app/app/" {
			continue // the heading of the column
		}
		_, err := os.Stat(filepath.Join(project, path))
		assert.NoError(t, err)
	}
}

// variablesOf returns the names of the environment variables that a package reads: what its methods of `e` are called with.
func variablesOf(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	for _, file := range sources(t, folder) {
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			if selector, ok := call.Fun.(*ast.SelectorExpr); !ok || !isName(selector.X, "e") {
				return true
			}
			if text := textOf(call.Args[0]); text != "" {
				names = append(names, text)
			}
			return true
		})
	}
	assert.GreaterOrEqual(t, len(names), 8, "%s reads its variables in another way: this test finds no more", folder)
	return names
}

// parametersRead returns the SSM parameters that the application reads: the constants of its package store that are paths.
func parametersRead(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, file := range sources(t, "../app/internal/store") {
		ast.Inspect(file, func(node ast.Node) bool {
			if text := textOf(node); strings.HasPrefix(text, "/database/") {
				paths = append(paths, text)
			}
			return true
		})
	}
	assert.GreaterOrEqual(t, len(paths), 5)
	return paths
}

// sources parses the Go files of a folder without its tests.
func sources(t *testing.T, folder string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		files = append(files, file)
	}
	require.NotEmpty(t, files, folder)
	return files
}

func isName(node ast.Expr, name string) bool {
	identifier, ok := node.(*ast.Ident)
	return ok && identifier.Name == name
}

// textOf returns the text of a string literal, and "" of anything else.
func textOf(node ast.Node) string {
	literal, ok := node.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		return ""
	}
	return text
}

// rowsOf returns the names in the first column of the table in a section of the contract.
func rowsOf(t *testing.T, heading, pattern string) []string {
	t.Helper()
	var names []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \|`).FindAllStringSubmatch(section(t, fileOf(t, contractPage), heading), -1) {
		for _, name := range regexp.MustCompile("`("+pattern+")`").FindAllStringSubmatch(row[1], -1) {
			names = append(names, name[1])
		}
	}
	return names
}

// section returns the text of a page from a heading to the next.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n## "+heading+"\n")
	require.True(t, found, "no section %q", heading)
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// fileOf returns a file of the project.
func fileOf(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(project, path))
	require.NoError(t, err)
	return string(content)
}
