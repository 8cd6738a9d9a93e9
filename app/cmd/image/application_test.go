package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const application = "../.." // the module, from this package's folder

// machines are what the header of a binary says, by the architecture of the platform.
var machines = map[string]elf.Machine{"arm64": elf.EM_AARCH64, "amd64": elf.EM_X86_64}

// programFolder is where the command goes that is under test.
var programFolder string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	var err error
	if programFolder, err = os.MkdirTemp("", "image-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programFolder)
	return m.Run()
}

var buildProgram = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programFolder, "image")
	output, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, output)
	}
	return path, nil
})

// program returns the path of the command. It has no race detector, under which compressing takes ten times as long.
func program(t *testing.T) string {
	t.Helper()
	path, err := buildProgram()
	require.NoError(t, err)
	return path
}

// imageOfApplication builds the image of the application itself and returns what the command printed.
func imageOfApplication(t *testing.T, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	process := exec.CommandContext(t.Context(), program(t), args...)
	process.Dir, process.Stderr = application, &stderr
	stdout, err := process.Output()
	require.NoError(t, err, stderr.String())
	return strings.TrimSuffix(string(stdout), "\n")
}

func TestImageOfTheApplication(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "image")
	digest := imageOfApplication(t, "-version", "v1", "-platforms", "linux/arm64,linux/amd64", "-output", folder)
	index := indexIn(t, folder)
	indexDigest, err := index.Digest()
	require.NoError(t, err)
	assert.Equal(t, indexDigest.String(), digest)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, len(machines))
	for _, each := range manifest.Manifests {
		platform := each.Platform
		require.Contains(t, machines, platform.Architecture)
		image, err := index.Image(each.Digest)
		require.NoError(t, err)
		checkConfig(t, image, *platform)
		header, binary := onlyFile(t, image)
		assert.Equal(t, tar.Header{Name: "app", Mode: 0o555, Size: int64(len(binary)), ModTime: epoch.Local(), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}, header)
		file, err := elf.NewFile(bytes.NewReader(binary))
		require.NoError(t, err)
		assert.Equal(t, machines[platform.Architecture], file.Machine)
		libraries, err := file.ImportedLibraries()
		require.NoError(t, err)
		assert.Empty(t, libraries)
		assert.Nil(t, file.Section(".interp"), "the image has no dynamic linker")
	}
	t.Run("the same from a copy, pushed and pulled", func(t *testing.T) {
		repository := registryThat(t, func(http.ResponseWriter, *http.Request) bool { return true })
		copied := filepath.Join(t.TempDir(), "elsewhere")
		require.NoError(t, os.CopyFS(copied, os.DirFS(application)))
		again := imageOfApplication(t, "-source", copied, "-version", "v1", "-platforms", "linux/arm64,linux/amd64", "-push", repository)
		assert.Equal(t, repository+"@"+digest, again)
		reference, err := name.NewDigest(again)
		require.NoError(t, err)
		pulled, err := remote.Index(reference, remote.WithContext(t.Context()))
		require.NoError(t, err)
		manifests, err := pulled.IndexManifest()
		require.NoError(t, err)
		assert.Equal(t, manifest.Manifests, manifests.Manifests)
		for _, each := range manifests.Manifests {
			image, err := pulled.Image(each.Digest)
			require.NoError(t, err)
			onlyFile(t, image)
		}
	})
	t.Run("another version is another image", func(t *testing.T) {
		assert.NotEqual(t, manifest.Manifests[0].Digest.String(), imageOfApplication(t, "-version", "v2"))
	})
}

// indexIn returns the index that a folder in the OCI layout holds.
func indexIn(t *testing.T, folder string) v1.ImageIndex {
	t.Helper()
	all, err := layout.ImageIndexFromPath(folder)
	require.NoError(t, err)
	manifest, err := all.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	index, err := all.ImageIndex(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	return index
}

func checkConfig(t *testing.T, image v1.Image, platform v1.Platform) {
	t.Helper()
	config, err := image.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, v1.Config{
		User:         "65532:65532",
		Entrypoint:   []string{"/app"},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Labels:       map[string]string{"org.opencontainers.image.revision": "v1"},
	}, config.Config)
	assert.Equal(t, platform, *config.Platform())
	assert.Equal(t, time.Unix(0, 0).UTC(), config.Created.UTC())
	require.Len(t, config.History, 1)
	assert.Equal(t, time.Unix(0, 0).UTC(), config.History[0].Created.UTC())
}

// onlyFile returns the one file of an image, which has no folder, no shell and nothing else beside it.
func onlyFile(t *testing.T, image v1.Image) (tar.Header, []byte) {
	t.Helper()
	layers, err := image.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 1)
	content, err := layers[0].Uncompressed()
	require.NoError(t, err)
	defer content.Close()
	reader := tar.NewReader(content)
	header, err := reader.Next()
	require.NoError(t, err)
	binary, err := io.ReadAll(reader)
	require.NoError(t, err)
	_, err = reader.Next()
	require.ErrorIs(t, err, io.EOF)
	return *header, binary
}
