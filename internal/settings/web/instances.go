package web

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Architecture is a processor architecture, as the names of AMIs and SSM parameters of AWS spell it.
type Architecture string

// The architectures.
const (
	X86 Architecture = "x86_64"
	ARM Architecture = "arm64"
)

// Label returns the architecture as names of resources have it.
func (a Architecture) Label() string { return strings.ReplaceAll(string(a), "_", "-") }

// An instance type is a family, a generation, letters that say more about it, and a size: m7gd.large. Some have a suffix as
// well: m7i-flex.large, u7i-12tb.224xlarge. (Amazon EC2 instance types guide, "Naming conventions")
var (
	instanceType = regexp.MustCompile(`^([a-z]+)([0-9])([abdefghinqsuz]*)(-flex|-g?b[0-9]+|-[0-9]+tb)?\.([a-z0-9-]+)$`)
	highMemory   = regexp.MustCompile(`^u-[0-9]+tb1\.([a-z0-9-]+)$`)
)

// generations says which generations of a family run Amazon Linux 2023.
type generations struct {
	first string
	// processor is the first one whose letters always name the processor: t3.small, but t4g.small.
	processor string
}

// families are the families of instance types. The generation before first is too old: the oldest instances lack hardware
// virtualization, and a1 is older than Graviton2 (Amazon Linux 2023 user guide, "System requirements").
var families = map[string]generations{
	"c": {"3", "6"}, "m": {"3", "6"}, "r": {"3", "6"}, "t": {"2", "4"},
	"d": {first: "2"}, "h": {first: "1"}, "i": {first: "2"}, "im": {first: "4"}, "is": {first: "4"},
	"u": {first: "7"}, "x": {first: "1"}, "z": {first: "1"},
	"dl": {first: "1"}, "f": {first: "1"}, "g": {first: "2"}, "gr": {first: "6"}, "hpc": {first: "6"}, "inf": {first: "1"},
	"p": {first: "2"}, "trn": {first: "1"}, "vt": {first: "1"},
}

var instanceSizes = []string{
	"nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "3xlarge", "4xlarge", "6xlarge", "8xlarge", "9xlarge",
	"10xlarge", "12xlarge", "16xlarge", "18xlarge", "24xlarge", "32xlarge", "36xlarge", "48xlarge", "56xlarge", "64xlarge",
	"96xlarge", "112xlarge", "224xlarge", "480xlarge",
	"metal", "metal-12xl", "metal-16xl", "metal-24xl", "metal-32xl", "metal-48xl", "metal-96xl",
}

// ArchitectureOf returns the architecture of an instance type, or an error unless it runs Amazon Linux 2023. It knows families
// and sizes, and so accepts the next generation of a family.
func ArchitectureOf(name string) (Architecture, error) {
	if parts := highMemory.FindStringSubmatch(name); parts != nil {
		return X86, checkSize(name, parts[1])
	}
	parts := instanceType.FindStringSubmatch(name)
	switch {
	case strings.HasPrefix(name, "mac"):
		return "", fmt.Errorf("must be an instance type that runs Amazon Linux 2023, such as m7g.large, got %q, which runs macOS", name)
	case parts == nil || !runsLinux(parts[1], parts[2], parts[3]):
		return "", fmt.Errorf("must be an instance type that runs Amazon Linux 2023, such as m7g.large, got %q", name)
	case strings.Contains(parts[3], "g"), strings.HasPrefix(parts[4], "-gb"): // AWS Graviton, NVIDIA Grace
		return ARM, checkSize(name, parts[5])
	}
	return X86, checkSize(name, parts[5])
}

func runsLinux(family, generation, letters string) bool {
	known, found := families[family]
	if !found || generation < known.first {
		return false
	}
	return known.processor == "" || generation < known.processor || strings.ContainsAny(letters, "agi")
}

func checkSize(name, size string) error {
	if slices.Contains(instanceSizes, size) {
		return nil
	}
	hint := ""
	if nearest := validate.Nearest(size, instanceSizes, 2); nearest != "" {
		hint = ", did you mean " + strings.TrimSuffix(name, size) + nearest + "?"
	}
	return fmt.Errorf("must end in a size of instances, such as large or 2xlarge, got %q%s", name, hint)
}

// Architecture returns the architecture of the instances: that of the first instance type, and so of all.
func (s *Settings) Architecture() Architecture {
	if len(s.InstanceTypes) == 0 {
		return ""
	}
	architecture, _ := ArchitectureOf(s.InstanceTypes[0])
	return architecture
}

// Burstable reports whether instances earn CPU credits, as those of the t family do.
func (s *Settings) Burstable() bool {
	return slices.ContainsFunc(s.InstanceTypes, func(name string) bool {
		parts := instanceType.FindStringSubmatch(name)
		return parts != nil && parts[1] == "t"
	})
}

const parameterPrefix = "ssm:"

var (
	imageID        = regexp.MustCompile(`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`)
	imageParameter = regexp.MustCompile(`^ssm:(/[A-Za-z0-9_.-]+)+(:[1-9][0-9]*)?$`)
)

// ImageParameter returns the SSM parameter that holds the ID of the AMI, with its version if it has one, or "" where Image is an ID. By
// default it is AWS's own for Amazon Linux 2023 (Amazon Linux 2023 user guide, "Launching AL2023 using the SSM parameter and AWS CLI").
func (s *Settings) ImageParameter() string {
	if s.Image == "" {
		return "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-" + string(s.Architecture())
	}
	parameter, isParameter := strings.CutPrefix(s.Image, parameterPrefix)
	if !isParameter {
		return ""
	}
	return parameter
}

// FloatingImage returns the SSM parameter of which each update takes the newest version, or "".
func (s *Settings) FloatingImage() string {
	if parameter := s.ImageParameter(); s.Image != "" && !strings.Contains(parameter, ":") {
		return parameter
	}
	return ""
}

// Words of paths that name an architecture.
var (
	x86 = regexp.MustCompile(`[/._-](x86_64|amd64)([:/._-]|$)`)
	arm = regexp.MustCompile(`[/._-](arm64|aarch64)([:/._-]|$)`)
)

// AWS publishes the AMIs of all its Linux distributions and of Windows below this path, and sellers theirs below marketplace
// (AWS Systems Manager user guide, "Discovering public parameters").
const publicParameters, marketplace = "/aws/service/", "/aws/service/marketplace/"

var amazonLinux2023 = regexp.MustCompile(`[/-](al2023|amazon-linux-2023)[/-]`)

func (s *Settings) checkImage(f validate.Fields) {
	path := strings.TrimPrefix(s.Image, parameterPrefix)
	switch {
	case s.Image == "" || imageID.MatchString(s.Image):
	case !imageParameter.MatchString(s.Image):
		f.Add(&s.Image, "must be the ID of an AMI such as ami-0123456789abcdef0, or ssm: and the path of a parameter, got %q", s.Image)
	case isOtherSystem(path):
		f.Add(&s.Image, "must be Amazon Linux 2023 or built from it, because instances boot with a script for it, got %q", s.Image)
	case s.isOtherArchitecture(path):
		f.Add(&s.Image, "must be an AMI for %s, which %s (%s) requires, got %q",
			s.Architecture(), f.Name(&s.InstanceTypes), s.InstanceTypes[0], s.Image)
	}
}

// isOtherSystem reports whether a public parameter of AWS has the AMI of another operating system.
func isOtherSystem(path string) bool {
	return strings.HasPrefix(path, publicParameters) && !strings.HasPrefix(path, marketplace) && !amazonLinux2023.MatchString(path)
}

// isOtherArchitecture reports whether the path of a parameter names another architecture than that of the instances.
func (s *Settings) isOtherArchitecture(path string) bool {
	switch s.Architecture() {
	case X86:
		return arm.MatchString(path) && !x86.MatchString(path)
	case ARM:
		return x86.MatchString(path) && !arm.MatchString(path)
	}
	return false
}

// A container image by digest: a tag can be moved, and instances would then run different images.
var container = regexp.MustCompile(`^[a-z0-9]+([._:/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?@sha256:[0-9a-f]{64}$`)

var privateRepository = regexp.MustCompile(`^(([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)/([^@:]+)`)

// Repository is a private repository of Amazon ECR.
type Repository struct {
	Registry string // host name
	Account  string
	Region   string
	Name     string
}

// Repository returns the private repository of Amazon ECR that has the container image, if one has.
func (s *Settings) Repository() (Repository, bool) {
	parts := privateRepository.FindStringSubmatch(s.Container)
	if parts == nil {
		return Repository{}, false
	}
	return Repository{Registry: parts[1], Account: parts[2], Region: parts[3], Name: parts[4]}, true
}
