package tests

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// setting is one documented setting.
type setting struct {
	key, kind, preset, effect, cost string
}

// documented returns the settings as their declarations say: keys from tags, defaults from the program, the rest from
// comments.
func documented(t *testing.T) []setting {
	t.Helper()
	comments := fieldComments(t)
	var list []setting
	var walk func(prefix string, value reflect.Value)
	walk = func(prefix string, value reflect.Value) {
		for i := range value.NumField() {
			field := value.Type().Field(i)
			tag := field.Tag.Get("setting")
			if tag == "-" {
				continue
			}
			comment := comments[value.Type().String()+"."+field.Name]
			require.NotEmpty(t, comment, "%s.%s has no comment", value.Type(), field.Name)
			effect, cost, _ := strings.Cut(comment, " Cost: ")
			list = append(list, setting{prefix + tag, kindOf(field.Type), presetOf(value.Field(i)), effect, cost})
			switch {
			case field.Type.Kind() == reflect.Struct:
				walk(prefix+tag+".", value.Field(i))
			case field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct:
				walk(prefix+tag+"[].", reflect.Zero(field.Type.Elem()))
			}
		}
	}
	walk("", reflect.ValueOf(*settings.Default()))
	return list
}

// commented are the files that declare settings.
var commented = []string{
	"internal/settings/settings.go", "internal/settings/cdn.go", "internal/settings/monitoring.go",
	"internal/settings/delivery.go", "internal/settings/access.go",
	"internal/alarms/alarms.go", "internal/distribution/distribution.go",
	"internal/fleet/fleet.go", "internal/fleet/schedule.go", "internal/fleet/exams.go",
	"internal/pipeline/pipeline.go", "internal/staff/staff.go", "internal/upkeep/upkeep.go",
}

// fieldComments returns the comment of each field of each struct of the settings, as one line, by "package.Struct.Field".
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	comments := map[string]string{}
	for _, path := range commented {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(project, path), nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			declared, isType := node.(*ast.TypeSpec)
			if !isType {
				return true
			}
			if fields, isStruct := declared.Type.(*ast.StructType); isStruct {
				for _, field := range fields.Fields.List {
					for _, name := range field.Names {
						comments[file.Name.Name+"."+declared.Name.Name+"."+name.Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
					}
				}
			}
			return false
		})
	}
	return comments
}

func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "map"
	case reflect.Slice:
		return "list"
	case reflect.Int:
		return "number"
	case reflect.Bool:
		return "true or false"
	default:
		return "text"
	}
}

func presetOf(value reflect.Value) string {
	if value.Kind() == reflect.Struct || value.IsZero() && value.Kind() != reflect.Bool && value.Kind() != reflect.Int {
		return ""
	}
	return fmt.Sprintf("`%v`", value)
}

func TestSettingsReferenceIsUpToDate(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(`# Settings

Every setting of a stack file, ` + "`Pulumi.<stack>.yaml`" + `. The keys at the top stand in the project's namespace,
as in ` + "`ha-web:network`" + `; ` + "`aws:region`" + ` is required beside them. A key that is not listed here is an error.
What has no default is left out or, for ` + "`network.availabilityZones`" + `, required. ` + "`[]`" + ` stands for each item of a list. Costs
are for a month in us-east-1, rounded; check them against the AWS price list before you quote them.

This page is made from the comments in ` + "`internal/settings`, and in the packages whose types it shares with components" + `.

| Key | Type | Default | Effect | Cost |
| --- | --- | --- | --- | --- |
`)
	for _, each := range documented(t) {
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s |\n", each.key, each.kind, each.preset, each.effect, each.cost)
	}
	golden(t, "../../docs/settings.md", page.String())
}

func TestProjectFileDeclaresEverySection(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(project, "Pulumi.yaml"))
	require.NoError(t, err)
	var file struct {
		Config yaml.Node
	}
	require.NoError(t, yaml.Unmarshal(content, &file))
	var want, got []string
	for _, each := range documented(t) {
		kind := map[string]string{"map": "object", "text": "string"}[each.kind]
		if !strings.Contains(each.key, ".") {
			want = append(want, fmt.Sprintf("%s %s %s %s", each.key, kind, strings.Trim(each.preset, "`"), each.effect))
		}
	}
	for i := 0; i < len(file.Config.Content); i += 2 {
		var declared struct{ Type, Description, Default string }
		node := file.Config.Content[i+1]
		for j := 0; j < len(node.Content); j += 2 {
			if node.Content[j].Value == "default" && node.Content[j+1].Kind == yaml.MappingNode {
				// Without a default Pulumi requires the key in every stack file.
				assert.Empty(t, node.Content[j+1].Content, "the default of a map is empty")
				node.Content[j+1] = &yaml.Node{Kind: yaml.ScalarNode, Value: ""}
			}
		}
		require.NoError(t, node.Decode(&declared))
		got = append(got, fmt.Sprintf("%s %s %s %s", file.Config.Content[i].Value, declared.Type, declared.Default, declared.Description))
	}
	assert.Equal(t, want, got)
}

func TestOutputsReferenceListsEveryOutput(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(project, "docs/outputs.md"))
	require.NoError(t, err)
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([a-z ]+) \\|").FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, row[1]+" "+row[2])
	}
	for _, stack := range stacks {
		var exported []string
		for name, value := range planOf(t, "-stack", stack).Outputs {
			kind := "text"
			if _, many := value.([]any); many {
				kind = "list of text"
			}
			exported = append(exported, name+" "+kind)
		}
		assert.ElementsMatch(t, exported, listed, stack)
	}
}

// Every plan command in a document runs.
func TestPlanCommandsInDocumentsRun(t *testing.T) {
	t.Parallel()
	found := 0
	for _, document := range []string{"README.md", "main.go"} {
		content, err := os.ReadFile(filepath.Join(project, document))
		require.NoError(t, err)
		for _, line := range regexp.MustCompile(`(?m)^(?:    |//\t)go run \. (plan[^#>\n]*)`).FindAllStringSubmatch(string(content), -1) {
			found++
			args := shellWords(strings.TrimSpace(strings.Split(line[1], "   ")[0]))
			if at := slices.Index(args, "-diff"); at >= 0 {
				args[at+1] = filepath.Join("tests/testdata", "dev.golden.json")
			}
			_, stderr, status := run(t, project, args...)
			assert.NotEqual(t, 1, status, "%s: %v: %s", document, args, stderr)
		}
	}
	assert.GreaterOrEqual(t, found, 4)
}

// shellWords splits a command line at spaces outside single quotes.
func shellWords(line string) []string {
	var words []string
	for _, word := range regexp.MustCompile(`(?:'[^']*'|[^\s'])+`).FindAllString(line, -1) {
		words = append(words, strings.ReplaceAll(word, "'", ""))
	}
	return words
}
