package web

import (
	"regexp"
	"slices"
	"strconv"
)

// Sizes of instances and their vCPUs. xlarge has four, and a multiple of it as many times four (Amazon EC2 instance types guide,
// "Specifications"; rule and exceptions were checked against the 1,263 types of the DescribeInstanceTypes copy in moto).
var (
	vcpusOfSize = map[string]int{"medium": 1, "large": 2, "xlarge": 4}
	multiple    = regexp.MustCompile(`^(?:metal-)?([0-9]+)xl(?:arge)?$`)
	// Older types that follow no rule.
	otherVCPUs = map[string]int{"t2.nano": 1, "t2.micro": 1, "t2.small": 1, "c4.8xlarge": 36, "d2.8xlarge": 36}
)

// VCPUs returns how many vCPUs an instance type has, or 0 where its name does not say: a bare-metal type without a size.
func VCPUs(name string) int {
	if vcpus, known := otherVCPUs[name]; known {
		return vcpus
	}
	family, size := "u", ""
	if parts := instanceType.FindStringSubmatch(name); parts != nil {
		family, size = parts[1], parts[5]
	} else if parts := highMemory.FindStringSubmatch(name); parts != nil {
		size = parts[1]
	}
	if small := []string{"nano", "micro", "small", "medium"}; family == "t" && slices.Contains(small, size) {
		return 2
	}
	vcpus := vcpusOfSize[size]
	if parts := multiple.FindStringSubmatch(size); parts != nil {
		times, _ := strconv.Atoi(parts[1]) // digits: the pattern says so
		vcpus = 4 * times
	}
	if family == "hpc" {
		return vcpus / 2 // they run one thread for each core
	}
	return vcpus
}

// VCPUs returns the vCPUs of the smallest and of the largest instance type, 0 where one of them is unknown.
func (s *Settings) VCPUs() (least, most int) {
	for i, each := range s.InstanceTypes {
		vcpus := VCPUs(each)
		if vcpus == 0 {
			return 0, 0
		}
		if i == 0 || vcpus < least {
			least = vcpus
		}
		most = max(most, vcpus)
	}
	return least, most
}

// standardFamilies count against the quotas of Standard instances. The other families have quotas of their own (Amazon EC2 user
// guide, "EC2 On-Demand instance limits").
var standardFamilies = []string{"c", "d", "h", "i", "im", "is", "m", "r", "t", "z"}

// Standard reports whether all instances count against the quotas of Standard instances.
func (s *Settings) Standard() bool {
	return !slices.ContainsFunc(s.InstanceTypes, func(name string) bool {
		parts := instanceType.FindStringSubmatch(name)
		return parts == nil || !slices.Contains(standardFamilies, parts[1])
	})
}
