package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docker login leaves the password in a file of its own format, or in a helper that the file names.
func TestPushUsesTheCredentialsOfDockerLogin(t *testing.T) {
	t.Parallel()
	repository := registryThat(t, func(response http.ResponseWriter, request *http.Request) bool {
		name, password, _ := request.BasicAuth()
		if name == "AWS" && password == "secret" {
			return true
		}
		response.Header().Set("WWW-Authenticate", `Basic realm="ecr"`)
		response.WriteHeader(http.StatusUnauthorized)
		return false
	})
	host, _, _ := strings.Cut(repository, "/")
	source := tiny(t)
	for password, want := range map[string]int{"secret": exitOK, "expired": exitNot} {
		folder := t.TempDir()
		login := map[string]any{"auths": map[string]any{host: map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte("AWS:" + password))}}}
		content, err := json.Marshal(login)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, "config.json"), content, 0o600))
		process := exec.CommandContext(t.Context(), program(t), "-source", source, "-version", "v1", "-push", repository)
		process.Env = append(os.Environ(), "DOCKER_CONFIG="+folder)
		var stdout, stderr bytes.Buffer
		process.Stdout, process.Stderr = &stdout, &stderr
		_ = process.Run()
		assert.Equal(t, want, process.ProcessState.ExitCode(), stderr.String())
		assert.NotContains(t, stderr.String(), password)
		if want == exitOK {
			assert.Regexp(t, `^`+repository+`@sha256:[0-9a-f]{64}\n$`, stdout.String())
		} else {
			assert.Regexp(t, `^image: pushing to `+repository+`:v1: .*401 Unauthorized.*\n$`, stderr.String())
			assert.Empty(t, stdout.String())
		}
	}
}
