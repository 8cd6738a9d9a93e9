package database

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	className = regexp.MustCompile(`^db\.([a-z])([1-9][0-9]?)([a-z]*)\.([a-z0-9]+)$`)
	sizeName  = regexp.MustCompile(`^([1-9][0-9]?)xlarge$`)
)

// family is a family of DB instance classes.
type family struct {
	memoryOfLarge float64 // GiB; a size twice as large has twice of it
	first         int     // the first generation that RDS offers; it adds new ones at any time
	named         string  // the sizes below xlarge
}

// families are those that RDS offers for these engines (Amazon RDS user guide, "Supported DB engines for DB instance classes" and
// "Hardware specifications for DB instance classes"; db.m4, db.r4, db.t2 and earlier generations cannot be created any longer).
var families = map[string]family{
	"t": {8, 3, "micro small medium large"},
	"m": {8, 5, "large"},
	"r": {16, 5, "large"},
	"x": {32, 2, "large"},
}

var partsOfLarge = map[string]float64{"micro": 1. / 8, "small": 1. / 4, "medium": 1. / 2, "large": 1}

// Burstable reports whether an instance class has its CPU by credits, as those of family t do.
func Burstable(class string) bool {
	parts := className.FindStringSubmatch(class)
	return parts != nil && parts[1] == "t"
}

// MemoryGiB returns the memory of an instance class, such as db.t4g.medium, in GiB. It does not know which classes RDS offers in a
// region.
func MemoryGiB(class string) (float64, error) {
	parts := className.FindStringSubmatch(class)
	if parts == nil {
		return 0, fmt.Errorf("must be a DB instance class such as db.t4g.medium, got %q", class)
	}
	letter, attributes, size := parts[1], parts[3], parts[4]
	generation, _ := strconv.Atoi(parts[2]) // digits: the pattern says so
	family, known := families[letter]
	switch {
	case !known:
		return 0, fmt.Errorf("must be of a family that RDS offers for single databases (t, m, r or x), got %q", class)
	case generation < family.first:
		return 0, fmt.Errorf("must be of generation %[1]d or later of family %[2]s, such as db.%[2]s%[1]d, because AWS has retired earlier ones, got %[3]q",
			family.first, letter, class)
	}
	large := family.memoryOfLarge
	if strings.Contains(attributes, "e") {
		large *= 2 // extended memory, such as x2iedn
	}
	if strings.Contains(" "+family.named+" ", " "+size+" ") {
		return large * partsOfLarge[size], nil
	}
	if size == "xlarge" {
		return 2 * large, nil
	}
	times := sizeName.FindStringSubmatch(size)
	if times == nil {
		return 0, fmt.Errorf("must end in a size of family %s, %s, xlarge or a multiple such as 2xlarge, got %q",
			letter, strings.ReplaceAll(family.named, " ", ", "), class)
	}
	multiple, err := strconv.Atoi(times[1])
	return 2 * large * float64(multiple), err
}

// VCPUs returns the vCPUs of an instance class, or 0 where its name does not say. Those of family t have two below xlarge (Amazon RDS
// user guide, "Hardware specifications for DB instance classes").
func VCPUs(class string) int {
	if _, err := MemoryGiB(class); err != nil {
		return 0
	}
	size := className.FindStringSubmatch(class)[4]
	if times := sizeName.FindStringSubmatch(size); times != nil {
		multiple, _ := strconv.Atoi(times[1]) // digits: the pattern says so
		return 4 * multiple
	}
	if size == "xlarge" {
		return 4
	}
	return 2
}

// generalSizes are the sizes of db.m7g with their vCPUs.
var generalSizes = []struct {
	vcpus int
	size  string
}{{2, "large"}, {4, "xlarge"}, {8, "2xlarge"}, {16, "4xlarge"}, {32, "8xlarge"}, {48, "12xlarge"}, {64, "16xlarge"}}

// ClassFor returns the smallest class of db.m7g that has this many vCPUs, or the largest.
func ClassFor(vcpus int) string {
	for _, each := range generalSizes {
		if each.vcpus >= vcpus {
			return "db.m7g." + each.size
		}
	}
	return "db.m7g." + generalSizes[len(generalSizes)-1].size
}
