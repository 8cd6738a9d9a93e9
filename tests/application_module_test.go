package tests

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An application lives in another repository: the program knows nothing of it, and it nothing of the program.
func TestApplicationAndProgramShareNoCode(t *testing.T) {
	t.Parallel()
	files := map[bool]int{}
	require.NoError(t, filepath.WalkDir(project, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(project, path)
		ofApplication := strings.HasPrefix(filepath.ToSlash(relative), "app/")
		files[ofApplication]++
		for _, each := range file.Imports {
			imported, _ := strconv.Unquote(each.Path.Value)
			if imported == "ha-web" || strings.HasPrefix(imported, "ha-web/") {
				assert.Equal(t, ofApplication, strings.HasPrefix(imported+"/", "ha-web/app/"), "%s imports %s", relative, imported)
			}
		}
		return err
	}))
	assert.Greater(t, files[true], 10)
	assert.Greater(t, files[false], 100)
}

// The command that docs/delivery.md gives for a release finds in app/ what the workflow asks of a folder.
func TestReleaseWorkflowFitsTheApplication(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join(project, "docs/delivery.md"))
	require.NoError(t, err)
	command := regexp.MustCompile(`(?m)^    gh workflow run release-app\.yml(.*)$`).FindStringSubmatch(string(document))
	require.NotNil(t, command)
	inputs := readWorkflow(t, "release-app.yml").On.(map[string]any)["workflow_dispatch"].(map[string]any)["inputs"].(map[string]any)
	given := map[string]string{}
	for _, each := range regexp.MustCompile(`-f (\w+)=(\S+)`).FindAllStringSubmatch(command[1], -1) {
		require.Contains(t, inputs, each[1])
		given[each[1]] = each[2]
	}
	for name, input := range inputs {
		if input.(map[string]any)["required"] == true {
			assert.Contains(t, given, name)
		}
	}
	dockerfile, err := os.ReadFile(filepath.Join(project, given["context"], "Dockerfile"))
	require.NoError(t, err)
	static, err := os.ReadDir(filepath.Join(project, given["static"]))
	require.NoError(t, err)
	assert.NotEmpty(t, static)
	for _, each := range static {
		assert.Regexp(t, `-[0-9a-f]{8}\.[a-z]+$`, each.Name(), "it is cached for a year, so another content needs another name")
	}
	var build string
	for _, step := range readWorkflow(t, "release-app.yml").Jobs["release"].Steps {
		if strings.Contains(step.Run, "docker buildx build") {
			build = step.Run
		}
	}
	assert.Contains(t, build, `--build-arg "VERSION=$TAG"`)
	assert.Regexp(t, `(?m)^ARG VERSION\b`, string(dockerfile))
}
