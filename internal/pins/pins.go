//go:build pins

// Package pins holds the versions of modules that are part of the project's design before a package imports them. It
// is never built; go mod tidy reads it.
package pins

import (
	_ "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx" // the image repository of the delivery component
)
