package validate

import (
	"fmt"
	"slices"
	"strings"
)

// regions are the AWS Regions of the commercial partition that the provider accepts. CloudFront, and what it needs in us-east-1,
// is neither in China nor in AWS GovCloud (US) (Amazon CloudFront developer guide, "Requirements for using SSL/TLS certificates
// with CloudFront").
var regions = []string{
	"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7", "ca-central-1",
	"ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
	"il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

// Region returns an error unless a stack, or its second region, can be there.
func Region(name string) error {
	switch {
	case slices.Contains(regions, name):
		return nil
	case strings.HasPrefix(name, "cn-"), strings.HasPrefix(name, "us-gov-"), strings.Contains(name, "-iso"):
		return fmt.Errorf("must be a commercial AWS Region, such as us-east-1: China, GovCloud and isolated regions have no CloudFront "+
			"as it is used here, got %q", name)
	}
	if known := Nearest(name, regions, 2); known != "" {
		return fmt.Errorf("must be an AWS Region, did you mean %s? got %q", known, name)
	}
	return fmt.Errorf("must be an AWS Region such as us-west-2, got %q", name)
}
