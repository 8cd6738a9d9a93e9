//go:build lab && linux

package host

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ha-web/lab/network"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// traces returns what exists of a network and its hosts: namespaces, mounts, control groups, records and processes.
func traces(t *testing.T, name string) []string {
	t.Helper()
	var found []string
	groups, err := findGroup(name + "_*")
	require.NoError(t, err)
	for _, pattern := range []string{"/run/netns/" + name + "_*", "/run/ha-web-lab/*/*/" + name + "_*", groups.path} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		found = append(found, paths...)
	}
	for _, pattern := range []string{"/proc/self/mountinfo", "/proc/[0-9]*/cgroup"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, path := range paths {
			text, _ := os.ReadFile(path) // the process may end
			// The group of a zombie process is deleted.
			if strings.Contains(string(text), name+"_") && !strings.Contains(string(text), "(deleted)") {
				found = append(found, path)
			}
		}
	}
	return found
}

func TestCloseLeavesNothing(t *testing.T) {
	ctx, root, n := setup(t)
	h := boot(ctx, t, root, n, 11, Options{Binds: map[string]string{"/srv/shared": t.TempDir()}})
	name, _, _ := strings.Cut(filepath.Base(h.network.Path()), "_")
	require.NotEmpty(t, traces(t, name))
	sleep := h.Command(ctx, "sleep", "1000")
	require.NoError(t, sleep.Start())
	require.NoError(t, h.Close())
	require.NoError(t, h.Close(), "twice")
	assert.Error(t, sleep.Wait())
	again, err := Boot(ctx, root, h.network, Options{})
	require.NoError(t, err, "a new machine at the same place")
	require.NoError(t, again.Close())
	require.NoError(t, n.Close())
	assert.Empty(t, traces(t, name))
}

// abandoned is the variable with the name of the network that the helper process creates, with a host.
const abandoned = "HA_WEB_LAB_ABANDONED"

// TestHelper is the process that TestSweep kills.
func TestHelper(t *testing.T) {
	name := os.Getenv(abandoned)
	if name == "" {
		t.Skip("part of TestSweep")
	}
	ctx := context.Background()
	root, err := Root(ctx, func(string) {})
	require.NoError(t, err)
	n, err := network.New(ctx, name, []string{"a"})
	require.NoError(t, err)
	boot(ctx, t, root, n, 11, Options{})
	fmt.Println("booted")
	select {}
}

func TestSweep(t *testing.T) {
	ctx, root, n := setup(t)
	mine := boot(ctx, t, root, n, 11, Options{})
	name := fmt.Sprintf("s%d", os.Getpid())
	helper := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestHelper$")
	helper.Env = append(os.Environ(), abandoned+"="+name)
	printed, err := helper.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, helper.Start())
	lines := bufio.NewScanner(printed)
	for lines.Scan() && lines.Text() != "booted" {
	}
	require.NoError(t, Sweep(ctx))
	assert.NotEmpty(t, traces(t, name), "its process lives")
	require.NoError(t, helper.Process.Kill())
	assert.Error(t, helper.Wait())
	require.NotEmpty(t, traces(t, name), "otherwise there is nothing to sweep")
	_, err = network.New(ctx, name, nil)
	require.Error(t, err, "the name is taken until it is swept")

	require.NoError(t, Sweep(ctx))
	assert.Empty(t, traces(t, name))
	assert.Equal(t, "running", output(ctx, t, mine, "systemctl", "is-system-running"), "the machines of others are left alone")
	require.NoError(t, Sweep(ctx), "nothing to do")
}
