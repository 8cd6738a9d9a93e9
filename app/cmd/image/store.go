package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// isArchive reports whether a path of -output is that of an archive for docker load.
func isArchive(path string) bool { return filepath.Ext(path) == ".tar" }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return path != "" && err == nil
}

// referenceOf returns where an image is pushed to, and what docker load calls it. The default tag is the version.
func referenceOf(push, version string) (name.Tag, error) {
	if push == "" {
		push = "app"
	}
	reference, err := name.NewTag(push, name.WithDefaultTag(version))
	return reference.Tag(reference.TagStr()), err // written in full: what docker load reads has no other default than latest
}

// write saves an image to a path: first under another name beside it, so that nothing half-written has the name.
func write(ctx context.Context, image artifact, reference name.Tag, path string) error {
	folder, err := os.MkdirTemp(filepath.Dir(path), ".image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	unfinished := filepath.Join(folder, "image")
	if isArchive(path) {
		err = tarball.WriteToFile(unfinished, reference, image.(v1.Image))
	} else {
		err = writeLayout(image, reference, unfinished)
	}
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return os.Rename(unfinished, path)
}

func writeLayout(image artifact, reference name.Tag, folder string) error {
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	named := layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": reference.TagStr()})
	switch image := image.(type) {
	case v1.ImageIndex:
		return path.AppendIndex(image, named)
	case v1.Image:
		return path.AppendImage(image, named)
	}
	return fmt.Errorf("%T is neither an image nor an index", image)
}

// push uploads an image under a tag. Where the tag is that of the same image, nothing is uploaded: Amazon ECR refuses to
// write an immutable tag again, even with what it stands for.
func push(ctx context.Context, image artifact, reference name.Tag) error {
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	registry := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	if there, err := remote.Head(reference, registry...); err == nil && there.Digest == digest {
		return nil
	}
	return remote.Push(reference, image, registry...)
}
