//go:build lab && linux

package lab

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/require"
)

const registryName = "registry.example.edu"

// release is an image of the application in the registry: what web.container takes.
type release string

// images are the releases of the application.
type images struct {
	first release
	bad   release // does not start
}

// serveRegistry builds the releases of the application, and gives them to everyone who asks.
func (l *Lab) serveRegistry() {
	l.t.Helper()
	stored, err := buildImages(l.ctx, l.t.TempDir())
	require.NoError(l.t, err)
	l.images.first, err = stored.first()
	require.NoError(l.t, err)
	l.images.bad, err = stored.broken(l.images.first)
	require.NoError(l.t, err)
	certificate, err := l.authority.Certificate(registryName)
	require.NoError(l.t, err)
	l.serve(l.attach("registry", registryAddress, "", internetResolver), certificate, stored)
	l.resolve(registryName, registryAddress)
}

// layout is a folder of images as the OCI image layout has them, which a registry serves as they are.
type layout string

// buildImages builds the image of the reference application as its pipeline does.
func buildImages(ctx context.Context, folder string) (layout, error) {
	output := filepath.Join(folder, "image")
	command := exec.CommandContext(ctx, "go", "run", "./cmd/image", "-platforms", "linux/amd64", "-version", "v1", "-output", output)
	command.Dir = "../app"
	if printed, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the image of the application: %w\n%s", err, printed)
	}
	return layout(output), nil
}

func (l layout) blob(digest string) string {
	return filepath.Join(string(l), "blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
}

// ServeHTTP answers a pull by digest (OCI distribution specification, "Pull").
func (l layout) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, err := os.ReadFile(l.blob(path.Base(r.URL.Path)))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(content)
}

func (l layout) first() (release, error) {
	var index struct{ Manifests []struct{ Digest string } }
	if err := readFile(filepath.Join(string(l), "index.json"), &index); err != nil {
		return "", err
	}
	if len(index.Manifests) != 1 {
		return "", fmt.Errorf("the layout has %d images", len(index.Manifests))
	}
	return named(index.Manifests[0].Digest), nil
}

func named(digest string) release { return release(registryName + "/app@" + digest) }

// broken adds an image like another whose program is not there.
func (l layout) broken(like release) (release, error) {
	_, digest, _ := strings.Cut(string(like), "@")
	var manifest, config map[string]any
	if err := readFile(l.blob(digest), &manifest); err != nil {
		return "", err
	}
	described, ok := manifest["config"].(map[string]any)
	if !ok {
		return "", errors.New("the manifest has no config")
	}
	if err := readFile(l.blob(described["digest"].(string)), &config); err != nil {
		return "", err
	}
	config["config"].(map[string]any)["Entrypoint"] = []string{"/missing"}
	var err error
	if described["digest"], described["size"], err = l.store(config); err != nil {
		return "", err
	}
	digest, _, err = l.store(manifest)
	return named(digest), err
}

func (l layout) store(document any) (digest string, size int, err error) {
	content, err := json.Marshal(document)
	if err != nil {
		return "", 0, err
	}
	digest = fmt.Sprintf("sha256:%x", sha256.Sum256(content))
	return digest, len(content), os.WriteFile(l.blob(digest), content, 0o600)
}

func readFile(path string, into any) error {
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
