package fleet

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Architecture is the processor that an image and a container are built for.
type Architecture string

// The architectures, as names of AWS's images have them.
const (
	X86 Architecture = "x86_64"
	ARM Architecture = "arm64"
)

// An instance type is a family, a generation, letters that say more of it, and a size: m7gd.large. A g among the letters
// is Graviton, which is ARM. (Amazon EC2 instance types guide, "Naming conventions")
var instanceType = regexp.MustCompile(`^([a-z]+|u-[0-9]+tb)([0-9]+)([a-z0-9-]*)\.[a-z0-9-]+$`)

// ArchitectureOf returns the architecture of an instance type, or an error where it is none.
func ArchitectureOf(name string) (Architecture, error) {
	parts := instanceType.FindStringSubmatch(name)
	switch {
	case parts == nil:
		return "", fmt.Errorf("must be an instance type such as m7g.large, got %q", name)
	case parts[1] == "mac":
		return "", fmt.Errorf("%s runs macOS, and the fleet Linux", name)
	case parts[1] == "a" || strings.Contains(parts[3], "g"):
		return ARM, nil
	}
	return X86, nil
}

// Architecture returns the architecture of the fleet: that of its first instance type, and so of all.
func (s Spec) Architecture() Architecture {
	if len(s.InstanceTypes) == 0 {
		return ""
	}
	architecture, _ := ArchitectureOf(s.InstanceTypes[0])
	return architecture
}

// Burstable reports whether a machine of the fleet has its CPU by credits, as those of families t have.
func (s Spec) Burstable() bool {
	return slices.ContainsFunc(s.InstanceTypes, func(name string) bool {
		parts := instanceType.FindStringSubmatch(name)
		return parts != nil && parts[1] == "t"
	})
}

const parameterPrefix = "ssm:"

var (
	imageID        = regexp.MustCompile(`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`)
	imageParameter = regexp.MustCompile(`^ssm:(/[A-Za-z0-9_.-]+)+$`)
)

// ImageParameter returns the SSM parameter that holds the id of the image, or "" where Image is an id. Unless Image says
// otherwise it is AWS's own of Amazon Linux 2023 (field note WT-9).
func (s Spec) ImageParameter() string {
	if s.Image == "" {
		return "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-" + string(s.Architecture())
	}
	parameter, isParameter := strings.CutPrefix(s.Image, parameterPrefix)
	if !isParameter {
		return ""
	}
	return parameter
}

// A container image by digest: a tag can be moved, and half a fleet would then run something else.
var container = regexp.MustCompile(`^[a-z0-9]+([._:/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?@sha256:[0-9a-f]{64}$`)

var privateRepository = regexp.MustCompile(`^(([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)/([^@:]+)`)

// Repository is a private repository of Amazon ECR.
type Repository struct {
	Registry string // host name
	Account  string
	Region   string
	Name     string
}

// Repository returns the repository of ECR that the container comes from, if that is where it comes from.
func (s Spec) Repository() (Repository, bool) {
	parts := privateRepository.FindStringSubmatch(s.Container)
	if parts == nil {
		return Repository{}, false
	}
	return Repository{Registry: parts[1], Account: parts[2], Region: parts[3], Name: parts[4]}, true
}
