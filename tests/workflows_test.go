package tests

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ha-web/internal/awstype"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// workflow is what the tests look at of a workflow of GitHub.
type workflow struct {
	On          any
	Permissions map[string]string
	Concurrency *concurrency
	Jobs        map[string]job
}

type concurrency struct {
	Group  string
	Cancel any `yaml:"cancel-in-progress"`
}

type job struct {
	If          string
	Environment any
	Permissions map[string]string
	Timeout     int `yaml:"timeout-minutes"`
	Concurrency *concurrency
	Steps       []struct {
		Uses, Run string
		With      map[string]any
		Env       map[string]string
	}
}

// workflowFiles returns the workflows and actions of the project.
func workflowFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(project, ".github/workflows/*.yml"))
	require.NoError(t, err)
	require.Len(t, files, 7)
	return files
}

func readWorkflow(t *testing.T, name string) workflow {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(project, ".github/workflows", name))
	require.NoError(t, err)
	var parsed workflow
	require.NoError(t, yaml.Unmarshal(content, &parsed))
	return parsed
}

func TestWorkflowsAreWithoutFault(t *testing.T) {
	t.Parallel()
	options := &actionlint.LinterOptions{}
	if shellcheck, err := exec.LookPath("shellcheck"); err == nil {
		options.Shellcheck = shellcheck
	}
	linter, err := actionlint.NewLinter(io.Discard, options)
	require.NoError(t, err)
	faults, err := linter.LintFiles(workflowFiles(t), nil)
	require.NoError(t, err)
	for _, fault := range faults {
		assert.Fail(t, fault.Error())
	}
}

// A tag can be moved, and whoever moves it has the pipeline's credentials.
func TestActionsArePinnedByCommit(t *testing.T) {
	t.Parallel()
	used := regexp.MustCompile(`(?m)^\s*(?:- )?uses: *(\S+)(.*)$`)
	pinned := regexp.MustCompile(`^[A-Za-z0-9_./-]+@[0-9a-f]{40}$`)
	versions := map[string]string{}
	found := 0
	for _, file := range append(workflowFiles(t), filepath.Join(project, ".github/actions/deploy/action.yml")) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, each := range used.FindAllStringSubmatch(string(content), -1) {
			if strings.HasPrefix(each[1], "./") {
				continue
			}
			found++
			assert.Regexp(t, pinned, each[1], file)
			assert.Regexp(t, `^ # v[0-9]+\.[0-9]+\.[0-9]+$`, each[2], "%s: its version", each[1])
			name, _, _ := strings.Cut(each[1], "@")
			if before, known := versions[name]; known {
				assert.Equal(t, before, each[1], "two versions of one action")
			}
			versions[name] = each[1]
		}
	}
	assert.Greater(t, found, 10)
}

func TestWorkflowsHaveNoRightsButWhatAJobAsksFor(t *testing.T) {
	t.Parallel()
	for _, file := range workflowFiles(t) {
		name := filepath.Base(file)
		parsed := readWorkflow(t, name)
		assert.NotNil(t, parsed.Permissions, name)
		assert.Empty(t, parsed.Permissions, name)
		for key, each := range parsed.Jobs {
			assert.NotZero(t, each.Timeout, "%s: %s has no bound", name, key)
		}
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotRegexp(t, `(?m)^\s*pull_request_target:`, string(content), "%s: what a fork says would run with secrets", name)
	}
}

// onlyOwn is the condition that a job runs for branches of the repository itself.
const onlyOwn = "github.event.pull_request.head.repo.full_name == github.repository"

func TestForksGetNeitherCredentialsNorWriteAccess(t *testing.T) {
	t.Parallel()
	previewed := readWorkflow(t, "preview.yml")
	require.Contains(t, previewed.Jobs, "plan")
	assert.Equal(t, map[string]string{"contents": "read"}, previewed.Jobs["plan"].Permissions, "the plan is for forks too")
	for _, name := range []string{"ci.yml", "preview.yml"} {
		parsed := readWorkflow(t, name)
		content, err := os.ReadFile(filepath.Join(project, ".github/workflows", name))
		require.NoError(t, err)
		var nodes struct{ Jobs map[string]yaml.Node }
		require.NoError(t, yaml.Unmarshal(content, &nodes))
		for key, each := range parsed.Jobs {
			node := nodes.Jobs[key]
			text, err := yaml.Marshal(&node)
			require.NoError(t, err)
			privileged := strings.Contains(string(text), "secrets.") || each.Permissions["id-token"] == "write"
			for _, level := range each.Permissions {
				privileged = privileged || level == "write"
			}
			if privileged {
				assert.Contains(t, each.If, onlyOwn, "%s: %s", name, key)
			}
		}
	}
	// Who comments for forks runs nothing of theirs.
	commented := readWorkflow(t, "comment.yml")
	for key, each := range commented.Jobs {
		assert.Equal(t, map[string]string{"actions": "read", "pull-requests": "write"}, each.Permissions, key)
		for _, step := range each.Steps {
			assert.NotContains(t, step.Uses, "checkout", key)
			assert.NotContains(t, step.Run, "${{", "%s: text of others becomes code", key)
		}
	}
}

func TestUpdatesOfAStackAreNeitherCancelledNorTwoAtOnce(t *testing.T) {
	t.Parallel()
	deployed := readWorkflow(t, "deploy.yml")
	for key, environment := range map[string]string{"dev": "dev", "prod": "prod"} {
		each, found := deployed.Jobs[key]
		require.True(t, found, key)
		assert.Equal(t, environment, environmentOf(each), key)
		group := each.Concurrency
		require.NotNil(t, group, key)
		assert.Equal(t, "stack-"+environment, group.Group, key)
		assert.Equal(t, false, group.Cancel, "a cancelled update leaves its lock, and half of its work")
		assert.Equal(t, "write", each.Permissions["id-token"], key)
	}
	assert.Contains(t, deployed.Jobs, "change")
}

// environmentOf returns the environment of a job.
func environmentOf(of job) string {
	if named, is := of.Environment.(map[string]any); is {
		return named["name"].(string)
	}
	name, _ := of.Environment.(string)
	return name
}

// The deploy role's session has to be as long as a job may ask for.
func TestDeploymentsAskForTheSessionThatTheRoleGives(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(project, ".github/actions/deploy/action.yml"))
	require.NoError(t, err)
	asked := regexp.MustCompile(`role-duration-seconds: *(\d+)`).FindStringSubmatch(string(content))
	require.NotNil(t, asked)
	given := record(t, newDelivery(deliveryArgs())).one(t, awstype.IAMRole, "web-deploy")["maxSessionDuration"]
	assert.Equal(t, "7200", asked[1])
	assert.Equal(t, 7200.0, given)
}

// The CLI in the pipeline is that of the SDK which the program is built with.
func TestPipelinesUseTheCLIOfTheSDK(t *testing.T) {
	t.Parallel()
	version, err := os.ReadFile(filepath.Join(project, ".pulumi.version"))
	require.NoError(t, err)
	module, err := os.ReadFile(filepath.Join(project, "go.mod"))
	require.NoError(t, err)
	assert.Contains(t, string(module), "github.com/pulumi/pulumi/sdk/v3 v"+strings.TrimSpace(string(version))+"\n")
}

// Pipelines build the program before they have credentials, where Pulumi then finds it, and nobody commits it.
func TestPipelinesBuildWhatPulumiRuns(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(project, "Pulumi.yaml"))
	require.NoError(t, err)
	var file struct {
		Runtime struct{ Options map[string]string }
	}
	require.NoError(t, yaml.Unmarshal(content, &file))
	target := file.Runtime.Options["buildTarget"]
	// Without a slash it would be looked for on the PATH.
	require.Equal(t, "./ha-web", target)
	ignored, err := os.ReadFile(filepath.Join(project, ".gitignore"))
	require.NoError(t, err)
	assert.Contains(t, strings.Split(string(ignored), "\n"), strings.TrimPrefix(target, "."))
	built := regexp.MustCompile(`go build -o (\S+) \.[\s)]`)
	for _, path := range []string{".github/actions/deploy/action.yml", ".github/workflows/drift.yml", ".github/workflows/preview.yml", "Jenkinsfile"} {
		content, err := os.ReadFile(filepath.Join(project, path))
		require.NoError(t, err)
		found := built.FindAllStringSubmatch(string(content), -1)
		assert.NotEmpty(t, found, path)
		for _, each := range found {
			assert.Equal(t, target, "./"+each[1], path)
		}
	}
}

func TestPlaybooksAreYAML(t *testing.T) {
	t.Parallel()
	var playbooks int
	err := filepath.WalkDir(filepath.Join(project, "examples"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yml" {
			return err
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		var parsed any
		assert.NoError(t, yaml.Unmarshal(content, &parsed), path)
		playbooks++
		return nil
	})
	require.NoError(t, err)
	assert.Greater(t, playbooks, 4)
	lint, err := exec.LookPath("ansible-lint")
	if err != nil {
		t.Skip("ansible-lint is not installed: the playbooks are YAML, and no more is known")
	}
	command := exec.CommandContext(t.Context(), lint, "--offline", "site.yml")
	command.Dir = filepath.Join(project, "examples/moodle")
	output, err := command.CombinedOutput()
	assert.NoError(t, err, string(output))
}
