//go:build lab && linux

package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"ha-web/tests/deployed"

	"github.com/stretchr/testify/require"
)

// verify runs a command of cmd/verify as someone outside does: with the names that AWS's APIs have, credentials that are checked,
// and the outputs of the stack. It returns what the command printed, and its exit status.
func (l *Lab) verify(ctx context.Context, t *testing.T, args ...string) ([]byte, int) {
	t.Helper()
	binary, err := suite.Verify()
	require.NoError(t, err)
	outputs := filepath.Join(t.TempDir(), "outputs.json")
	require.NoError(t, os.WriteFile(outputs, deployed.OutputsJSON(t, l.outputs), 0o600))
	verb := 1
	if args[0] == "drill" {
		verb = 2
	}
	line := append(append([]string{}, args[:verb]...), append([]string{"-outputs", outputs}, args[verb:]...)...)
	command := l.client.Command(ctx, binary, line...)
	command.Env = append(os.Environ(),
		"AWS_ACCESS_KEY_ID="+l.admin.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+l.admin.SecretAccessKey,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CA_BUNDLE="+l.trust, "SSL_CERT_FILE="+l.trust, "AWS_ENDPOINT_URL=",
	)
	var out, progress bytes.Buffer
	command.Stdout, command.Stderr = &out, io.MultiWriter(&progress, os.Stdout)
	err = command.Run()
	if command.ProcessState == nil {
		require.NoError(t, err)
	}
	if status := command.ProcessState.ExitCode(); status == 2 || status < 0 {
		require.NoError(t, fmt.Errorf("verify %v: status %d: %s", args, status, progress.String()))
	}
	return out.Bytes(), command.ProcessState.ExitCode()
}

// readJSON reads what a command printed with -format json.
func readJSON[T any](t *testing.T, printed []byte) T {
	t.Helper()
	var document T
	require.NoError(t, json.Unmarshal(printed, &document), string(printed))
	return document
}
