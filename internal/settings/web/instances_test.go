package web_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"ha-web/internal/settings/web"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestArchitectures(t *testing.T) {
	t.Parallel()
	for architecture, types := range map[web.Architecture][]string{
		web.ARM: {"t4g.small", "m7g.large", "c7gn.16xlarge", "m6gd.metal", "im4gn.large", "is4gen.medium", "g5g.xlarge", "x2gd.large", "r8g.metal-24xl", "p6e-gb200.36xlarge"},
		web.X86: {"t3.small", "t3a.micro", "m7i-flex.large", "g5.xlarge", "g4dn.xlarge", "gr6.4xlarge", "u-6tb1.metal", "c6id.large", "p4d.24xlarge", "m5.large", "x2iedn.xlarge", "u7i-12tb.224xlarge"},
	} {
		for _, each := range types {
			got, err := web.ArchitectureOf(each)
			require.NoError(t, err)
			assert.Equal(t, architecture, got, each)
		}
	}
	for _, next := range []string{"m9g.large", "t5g.small", "c9i.xlarge", "r9a.2xlarge", "i9ge.large", "g9.xlarge"} {
		_, err := web.ArchitectureOf(next)
		assert.NoError(t, err, next)
	}
	for _, wrong := range []string{
		"", "t3", "t3.", "T3.small", "db.t4g.small ", "mac2.metal", // no instance types of Linux
		"m7g.larg", "m7g.5xlarge", "m44g.large", "m99.large", "m9.large", "t4.small", "q7.large", "m7y.large", "u-6tb1.huge", // none at all
		"t1.micro", "m1.small", "m2.xlarge", "c1.medium", "a1.large", "cc2.8xlarge", // too old for Amazon Linux 2023
	} {
		_, err := web.ArchitectureOf(wrong)
		assert.Error(t, err, wrong)
	}
}

// Every type of the EC2 API runs Amazon Linux 2023, but for those that are too old and those that run macOS.
func TestInstanceTypesOfTheAPI(t *testing.T) {
	t.Parallel()
	tooOld := []string{"a1", "c1", "cc1", "cc2", "cg1", "cr1", "hi1", "hs1", "m1", "m2", "t1"}
	for _, each := range types.InstanceType("").Values() {
		family, _, _ := strings.Cut(string(each), ".")
		_, err := web.ArchitectureOf(string(each))
		if slices.Contains(tooOld, family) || strings.HasPrefix(family, "mac") {
			assert.Error(t, err, each)
		} else {
			assert.NoError(t, err, each)
		}
	}
}

func TestImagesThatInstancesCannotBoot(t *testing.T) {
	t.Parallel()
	const public = "ssm:/aws/service/"
	const notAmazonLinux = "image: must be Amazon Linux 2023 or built from it, because instances boot with a script for it, got "
	for _, test := range []struct{ instanceType, image, want string }{
		{"t4g.small", public + "ami-amazon-linux-latest/al2023-ami-kernel-6.1-arm64", ""},
		{"t3.small", public + "ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-x86_64", ""},
		{"t3.small", public + "ecs/optimized-ami/amazon-linux-2023/recommended/image_id", ""},
		{"t3.small", public + "marketplace/prod-0123456789abc/1.0", ""},
		{"t4g.small", "ssm:/golden/moodle", ""},
		{"t4g.small", "ssm:/golden/moodle:12", ""},
		{"t4g.small", "ssm:/golden/x86_64:12", "image: must be an AMI for arm64, which instanceTypes (t4g.small) requires, got "},
		{"t4g.small", "ssm:/golden/moodle:latest", "image: must be the ID of an AMI such as ami-0123456789abcdef0, or ssm: and the path of a parameter, got "},
		{"t4g.small", "ssm:/golden/arm64-and-x86_64", ""},
		{"t4g.small", public + "ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", "image: must be an AMI for arm64, which instanceTypes (t4g.small) requires, got "},
		{"m7i.large", public + "ami-amazon-linux-latest/al2023-ami-kernel-default-arm64", "image: must be an AMI for x86_64, which instanceTypes (m7i.large) requires, got "},
		{"m7i.large", "ssm:/golden/moodle/aarch64", "image: must be an AMI for x86_64, which instanceTypes (m7i.large) requires, got "},
		{"t3.small", public + "canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id", notAmazonLinux},
		{"t3.small", public + "ami-windows-latest/Windows_Server-2022-English-Full-Base", notAmazonLinux},
		{"t3.small", public + "ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2", notAmazonLinux},
		{"t3.small", public + "bottlerocket/aws-ecs-2/x86_64/latest/image_id", notAmazonLinux},
	} {
		settings := usual()
		settings.InstanceTypes, settings.Image = []string{test.instanceType}, test.image
		if test.want != "" {
			test.want += strconv.Quote(test.image)
		}
		assert.Equal(t, test.want, faultsOf(settings))
	}
}

func TestImageIsOfTheArchitecture(t *testing.T) {
	t.Parallel()
	settings := usual()
	assert.Equal(t, "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", settings.ImageParameter())
	settings.InstanceTypes = []string{"t4g.small"}
	assert.Equal(t, "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64", settings.ImageParameter())
	settings.Image = "ssm:/golden/moodle"
	assert.Equal(t, "/golden/moodle", settings.ImageParameter())
	assert.Equal(t, "/golden/moodle", settings.FloatingImage())
	settings.Image = "ssm:/golden/moodle:12"
	assert.Equal(t, "/golden/moodle:12", settings.ImageParameter())
	assert.Empty(t, settings.FloatingImage())
	settings.Image = "ami-0123456789abcdef0"
	assert.Empty(t, settings.ImageParameter())
	assert.Empty(t, settings.FloatingImage())
	settings.Image = ""
	assert.Empty(t, settings.FloatingImage(), "the stack keeps it")
}

func TestRepositories(t *testing.T) {
	t.Parallel()
	settings := everything()
	repository, private := settings.Repository()
	assert.True(t, private)
	assert.Equal(t, web.Repository{
		Registry: "123456789012.dkr.ecr.eu-west-1.amazonaws.com", Account: "123456789012", Region: "eu-west-1", Name: "team/moodle",
	}, repository)
	for _, public := range []string{"", "ghcr.io/example/app" + digest, "public.ecr.aws/nginx/nginx" + digest} {
		settings.Container = public
		assert.Empty(t, faultsOf(settings))
		_, private := settings.Repository()
		assert.False(t, private, public)
	}
}
