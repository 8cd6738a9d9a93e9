// Command image builds the container image of the application without a Docker engine. The image holds the static binary
// of the main package and nothing else: certificate authorities and time zones are compiled into it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Exit statuses.
const (
	exitOK    = 0
	exitNot   = 1 // the image could not be built, written or pushed, or not in time
	exitUsage = 2 // wrong command line
)

const usage = `usage: image [-platforms LIST] [-version TEXT] [-output PATH] [-push REPOSITORY[:TAG]] [-source FOLDER] [-timeout TIME]

Build the application's container image without a Docker engine, and print its digest: sha256:..., or with -push
REPOSITORY@sha256:..., which is what web.container of a stack file takes.

  -platforms LIST         linux/arm64 (default), linux/amd64, or both with a comma between, which makes an index
  -version TEXT           what the application calls its version, and the label org.opencontainers.image.revision
                          (default: the commit that last changed the source, with -dirty if it has changed since; dev
                          outside a Git repository)
  -output PATH            write the image. A name that ends in .tar becomes an archive for docker load, of one platform,
                          and replaces a file of that name; any other becomes a folder in the OCI layout, new each time
  -push REPOSITORY[:TAG]  push the image (default tag: the version). Credentials are those of docker login
  -source FOLDER          folder of the main package (default .)
  -timeout TIME           how long all of it may take (default 15m)

The same source and the same release of Go give the same digest, in any folder and on any machine. The image holds the static
binary alone, into which certificate authorities and time zones are compiled. It has no shell, runs as user 65532, needs no
writable file system, and declares port 8080, the default of web.port.

An image in Amazon ECR, from the folder of the module:

  aws ecr get-login-password | docker login --username AWS --password-stdin 123456789012.dkr.ecr.us-east-1.amazonaws.com
  go run ./cmd/image -push 123456789012.dkr.ecr.us-east-1.amazonaws.com/campus

Exit status: 0, or 1 where the image could not be built, written or pushed in time, or 2 for a wrong command line.
`

// options are what a command line asks for.
type options struct {
	source, version, output, push string

	platforms []v1.Platform
	timeout   time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

func command(ctx context.Context, args []string, out, problems io.Writer) int {
	opts, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, usage)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(problems, "image: %v (image -h lists the flags)\n", err)
		return exitUsage
	}
	ctx, cancel := context.WithTimeoutCause(ctx, opts.timeout, fmt.Errorf("not done within %v (-timeout)", opts.timeout))
	defer cancel()
	digest, err := run(ctx, opts, problems)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		fmt.Fprintf(problems, "image: %s\n", strings.Join(strings.Fields(err.Error()), " "))
		return exitNot
	}
	fmt.Fprintln(out, digest)
	return exitOK
}

// tag is what a registry accepts as one. Versions are tags, so they need no quotes in flags of the linker.
var tag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

func parse(args []string) (options, error) {
	var opts options
	var platforms string
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&platforms, "platforms", "linux/arm64", "")
	flags.StringVar(&opts.version, "version", "", "")
	flags.StringVar(&opts.output, "output", "", "")
	flags.StringVar(&opts.push, "push", "", "")
	flags.StringVar(&opts.source, "source", ".", "")
	flags.DurationVar(&opts.timeout, "timeout", 15*time.Minute, "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if opts.version != "" && !tag.MatchString(opts.version) {
		return options{}, fmt.Errorf("-version: must be 1 to 128 letters, digits, underscores, periods and hyphens, got %q", opts.version)
	}
	if opts.timeout <= 0 {
		return options{}, fmt.Errorf("-timeout: must be longer than 0, got %v", opts.timeout)
	}
	var err error
	if opts.platforms, err = parsePlatforms(platforms); err != nil {
		return options{}, fmt.Errorf("-platforms: %w", err)
	}
	if isArchive(opts.output) && len(opts.platforms) > 1 {
		return options{}, errors.New("-output: docker load takes an archive of one platform; leave .tar out for a folder, which holds them all")
	}
	if strings.Contains(opts.push, "://") { // which would be parsed as a registry called https
		return options{}, fmt.Errorf("-push: must be a repository without https://, got %q", opts.push)
	}
	if _, err := name.NewTag(opts.push); opts.push != "" && err != nil {
		return options{}, fmt.Errorf("-push: %w", err)
	}
	return opts, nil
}

func parsePlatforms(list string) ([]v1.Platform, error) {
	var platforms []v1.Platform
	for each := range strings.SplitSeq(list, ",") {
		system, processor, _ := strings.Cut(each, "/")
		platform := v1.Platform{OS: system, Architecture: processor}
		if each != "linux/arm64" && each != "linux/amd64" {
			return nil, fmt.Errorf("must be linux/arm64, linux/amd64 or both with a comma between, got %q", list)
		}
		if slices.ContainsFunc(platforms, platform.Equals) {
			return nil, fmt.Errorf("must name each platform once, got %q", list)
		}
		platforms = append(platforms, platform)
	}
	return platforms, nil
}

// run builds the image, writes and pushes it, and returns its digest, with the repository if it is in one.
func run(ctx context.Context, opts options, compilerOutput io.Writer) (string, error) {
	if !isArchive(opts.output) && exists(opts.output) {
		return "", fmt.Errorf("%s exists: remove it, or name another folder", opts.output)
	}
	version := opts.version
	if version == "" {
		version = revision(ctx, opts.source)
	}
	image, err := build(ctx, opts, version, compilerOutput)
	if err != nil {
		return "", err
	}
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	reference, err := referenceOf(opts.push, version)
	if err != nil {
		return "", err
	}
	if opts.output != "" {
		if err := write(ctx, image, reference, opts.output); err != nil {
			return "", fmt.Errorf("writing %s: %w", opts.output, err)
		}
	}
	if opts.push == "" {
		return digest.String(), nil
	}
	if err := push(ctx, image, reference); err != nil {
		return "", fmt.Errorf("pushing to %s: %w", reference, err)
	}
	return reference.Context().Digest(digest.String()).String(), nil
}
