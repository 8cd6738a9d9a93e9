package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	entrypoint    = "/app"
	user          = "65532:65532" // as in other images without a shell; no user of an instance has this ID
	port          = "8080"        // the default of web.port
	revisionLabel = "org.opencontainers.image.revision"
)

// epoch is the time of everything in the image: that of the build would change the digest.
var epoch = time.Unix(0, 0).UTC()

// artifact is an image, or an index of several.
type artifact interface {
	remote.Taggable
	Digest() (v1.Hash, error)
}

// build compiles the application for each platform and returns its image, or an index where there are several.
func build(ctx context.Context, opts options, version string, compilerOutput io.Writer) (artifact, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range opts.platforms {
		binary, err := compile(ctx, opts.source, version, platform, compilerOutput)
		if err != nil {
			return nil, err
		}
		image, err := imageOf(binary, version, platform)
		if err != nil {
			return nil, err
		}
		if len(opts.platforms) == 1 {
			return image, nil
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return index, nil
}

func imageOf(binary []byte, version string, platform v1.Platform) (v1.Image, error) {
	layer, err := layerOf(binary)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	configured, err := mutate.ConfigFile(base, &v1.ConfigFile{
		Architecture: platform.Architecture,
		OS:           platform.OS,
		Created:      v1.Time{Time: epoch},
		RootFS:       v1.RootFS{Type: "layers"},
		Config: v1.Config{
			User:         user,
			Entrypoint:   []string{entrypoint},
			ExposedPorts: map[string]struct{}{port + "/tcp": {}},
			Labels:       map[string]string{revisionLabel: version},
		},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(configured, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "cmd/image"}})
}

// layerOf returns a layer with the binary, which belongs to root, so that the application cannot replace itself.
func layerOf(binary []byte) (v1.Layer, error) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	header := &tar.Header{Name: entrypoint[1:], Mode: 0o555, Size: int64(len(binary)), ModTime: epoch, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
	if err := writer.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := writer.Write(binary); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil },
		tarball.WithCompressionLevel(gzip.DefaultCompression), tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching,
	)
}
