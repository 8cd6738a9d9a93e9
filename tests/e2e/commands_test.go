//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ha-web/tests/deployed"
	"ha-web/tests/pages"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shell runs commands of the documentation in a copy of the project, with the stack selected. The programs of tests/e2e/tools come
// before those of the machine.
type shell struct {
	folder      string // of the copy
	environment []string
	settings    []byte // of the stack, as they were before any command
	d           *deployment
	outputs     auto.OutputMap
}

// shells is how many sections run at the same time: most of the time of a command is the start of Python.
const shells = 2

// checkDocumentedCommands runs the commands of all pages on the stack, section by section. What changes the stack through Pulumi
// is planned. Those that cannot run here are in the lists of this package, with the reason.
func checkDocumentedCommands(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	documents, err := pages.Documents(suite.Project)
	require.NoError(t, err)
	used := runDocuments(ctx, t, d, outputs, documents)
	deleteCopies(ctx, t, d, outputs)
	for _, each := range slices.Concat(notHere, lacking) {
		assert.True(t, used[each.command], "no page has the command %q any more", each.command)
	}
}

// runDocuments runs the commands of some pages, and returns which reasons not to run one were used.
func runDocuments(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap, documents []string) map[string]bool {
	t.Helper()
	used, seen := map[string]bool{}, map[string]bool{}
	var sections [][]pages.Block
	for _, document := range documents {
		sections = append(sections, sectionsOf(t, document, used, seen)...)
	}
	work := make(chan []pages.Block, len(sections))
	for _, section := range sections {
		work <- section
	}
	close(work)
	var ran atomic.Int64
	t.Run("shells", func(t *testing.T) {
		for i := range shells {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				sh := newShell(ctx, t, d, outputs)
				for section := range work {
					ran.Add(sh.run(ctx, t, section))
				}
			})
		}
	})
	t.Logf("%d blocks of commands ran", ran.Load())
	assert.Greater(t, ran.Load(), int64(2*len(documents)))
	return used
}

// deleteCopies deletes the databases that the pages have restored beside that of the stack.
func deleteCopies(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) {
	t.Helper()
	found, err := d.aws.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
	require.NoError(t, err)
	for _, each := range found.DBInstances {
		if *each.DBInstanceIdentifier != outputs["databaseIdentifier"].Value {
			_, err := d.aws.rds.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{
				DBInstanceIdentifier: each.DBInstanceIdentifier, SkipFinalSnapshot: aws.Bool(true),
			})
			require.NoError(t, err)
		}
	}
}

// sectionsOf returns the blocks of commands of a page, by section, each after the blocks that define functions. A block that another
// section has too is run once.
func sectionsOf(t *testing.T, document string, used, seen map[string]bool) [][]pages.Block {
	t.Helper()
	blocks, err := pages.Read(suite.Project, document)
	require.NoError(t, err)
	var functions []pages.Block
	var sections [][]pages.Block
	heading := ""
	for _, block := range blocks {
		if reason, found := find(notHere, block); found || !block.IsShell() {
			used[reason.command] = true
			continue
		}
		if reason, found := find(lacking, block); found {
			used[reason.command] = true
		}
		if seen[block.Text] {
			continue
		}
		seen[block.Text] = true
		if len(sections) == 0 || block.Heading != heading {
			sections = append(sections, slices.Clone(functions))
		}
		heading = block.Heading
		last := len(sections) - 1
		sections[last] = append(sections[last], block)
		if block.Defines() {
			functions = append(functions, block)
		}
	}
	return sections
}

// newShell makes a copy of the project, selects the stack in it, and returns a shell there.
func newShell(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) *shell {
	t.Helper()
	program, err := suite.Program()
	require.NoError(t, err)
	verify, err := suite.Verify()
	require.NoError(t, err)
	pulumi, err := exec.LookPath("pulumi")
	require.NoError(t, err)
	tools, err := filepath.Abs("tools")
	require.NoError(t, err)
	sh := &shell{folder: t.TempDir(), d: d, outputs: outputs}
	require.NoError(t, os.CopyFS(sh.folder, os.DirFS(d.Folder)))
	for _, file := range []string{"branding/unavailable.html", "static/site.css"} { // someone who follows the pages has these
		require.NoError(t, os.MkdirAll(filepath.Join(sh.folder, filepath.Dir(file)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(sh.folder, file), []byte("<p>Back soon.</p>"), 0o600))
	}
	sh.settings = shippedSettings(t, d)
	sh.environment = append(os.Environ(),
		"PATH="+tools+":"+os.Getenv("PATH"), "AWS_CLI="+awsCLI(t), "PULUMI_CLI="+pulumi, "PROGRAM="+program, "VERIFY="+verify,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1", "ANSWERS="+t.TempDir(),
	)
	for name, value := range d.Workspace().GetEnvVars() {
		sh.environment = append(sh.environment, name+"="+value)
	}
	select_ := exec.CommandContext(ctx, pulumi, "stack", "select", "prod")
	select_.Dir, select_.Env = sh.folder, sh.environment
	printed, err := select_.CombinedOutput()
	require.NoError(t, err, string(printed))
	return sh
}

// shippedSettings returns the stack file of production as it is in the project, with the salt of the stack's secrets: the test has
// added more to that of the stack.
func shippedSettings(t *testing.T, d *deployment) []byte {
	t.Helper()
	shipped, err := os.ReadFile(filepath.Join(suite.Project, "Pulumi.prod.yaml"))
	require.NoError(t, err)
	salt, found := deployed.ReadYAML(t, filepath.Join(d.Folder, "Pulumi.prod.yaml"))["encryptionsalt"]
	require.True(t, found)
	return fmt.Appendf(shipped, "encryptionsalt: %s\n", salt)
}

// awsCLI returns the path of version 2 of the AWS CLI: pages use commands that version 1 does not have, such as aws logs tail.
func awsCLI(t *testing.T) string {
	t.Helper()
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(folder, "aws")
		if version, err := exec.Command(path, "--version").Output(); err == nil && strings.HasPrefix(string(version), "aws-cli/2.") {
			return path
		}
	}
	suite.Need(t, "version 2 of the AWS CLI is not on the PATH")
	return ""
}

// run runs the blocks of a section one after the other in one shell, as someone who follows the page does, and returns how many
// there were.
func (sh *shell) run(ctx context.Context, t *testing.T, section []pages.Block) int64 {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(sh.folder, "Pulumi.prod.yaml"), sh.settings, 0o600))
	if slices.ContainsFunc(section, changesFleet) {
		fleet.Lock()
		defer fleet.Unlock()
	}
	var script strings.Builder
	var count int64
	for _, block := range section {
		if reason, found := find(lacking, block); found {
			sh.checkLacking(ctx, t, section, block, reason)
			continue
		}
		if !block.Defines() {
			count++
		}
		fmt.Fprintf(&script, "echo '@@ %s:%d' >>\"$FAILURES\"\nset -e\n%s\nset +e\n", block.Page, block.Line, block.Text)
	}
	failures, printed, err := sh.execute(ctx, t, script.String())
	lines := slices.DeleteFunc(strings.Split(failures, "\n"), func(line string) bool { return line == "" })
	wrong := slices.ContainsFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "@@ ") })
	if err != nil || wrong {
		assert.Fail(t, "commands fail", "%s, %q: %v\n%s\nprinted:\n%s", section[len(section)-1].Page, section[len(section)-1].Heading, err, failures, printed)
	}
	return count
}

// fleet is held by sections that name an instance or replace instances: they would take them away from each other.
var fleet sync.Mutex

func changesFleet(block pages.Block) bool {
	return strings.Contains(block.Text, exampleInstance) || strings.Contains(block.Text, "start-instance-refresh")
}

// exampleInstance is an instance in examples.
const exampleInstance = "i-0123456789abcdef0"

// asked are the reasons of lacking that the emulator was asked about.
var asked sync.Map

// checkLacking checks that the AWS CLI takes a command and its options, and, once for each reason, that the emulator does not answer it.
func (sh *shell) checkLacking(ctx context.Context, t *testing.T, section []pages.Block, block pages.Block, reason reason) {
	t.Helper()
	var functions strings.Builder
	for _, each := range section {
		if each.Defines() {
			functions.WriteString(each.Text)
		}
	}
	if _, known := asked.LoadOrStore(reason.command, true); !known {
		failures, _, _ := sh.execute(ctx, t, functions.String()+block.Text)
		assert.Contains(t, failures, reason.command, "%s:%d: the emulator answers it now: take it out of the list", block.Page, block.Line)
	}
	failures, printed, err := sh.execute(ctx, t, functions.String()+"export OFFLINE='"+reason.command+"'\n"+block.Text)
	assert.NoError(t, err, "%s:%d: %s", block.Page, block.Line, printed)
	assert.Empty(t, failures, "%s:%d", block.Page, block.Line)
}

// execute runs a script, and returns the failures of its commands, what it printed, and how it ended.
func (sh *shell) execute(ctx context.Context, t *testing.T, script string) (string, string, error) {
	t.Helper()
	files := t.TempDir()
	bounded, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	process := exec.CommandContext(bounded, "bash", "-c", strings.NewReplacer(sh.examples(ctx, t)...).Replace(script))
	process.Dir = sh.folder
	process.Env = append(sh.environment, "FAILURES="+filepath.Join(files, "failures"))
	process.WaitDelay = 5 * time.Second
	printed, err := process.CombinedOutput()
	failures, readErr := os.ReadFile(filepath.Join(files, "failures"))
	if !os.IsNotExist(readErr) {
		require.NoError(t, readErr)
	}
	return string(failures), string(printed), err
}

// examples are values that pages use as examples, each followed by one of the stack, as it is now.
func (sh *shell) examples(ctx context.Context, t *testing.T) []string {
	t.Helper()
	instances := instanceIDs(readGroup(ctx, t, sh.d.aws, sh.outputs))
	require.NotEmpty(t, instances)
	return []string{
		exampleInstance, instances[0],
		"sha256:…", "sha256:" + strings.Repeat("0123456789abcdef", 4),
		"ha-web/dev", "ha-web/prod",
		"<secret>", "secret", "<key>", "key", "<environment>", "environment", "<path>", "path",
	}
}
