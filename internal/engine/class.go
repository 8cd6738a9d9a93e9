package engine

import (
	"fmt"
	"regexp"
	"strconv"
)

var (
	className = regexp.MustCompile(`^db\.([a-z])[0-9][a-z0-9]*\.([a-z0-9]+)$`)
	sizeName  = regexp.MustCompile(`^([1-9][0-9]?)xlarge$`)
)

// memoryOfLarge is the memory of a large one of each family, in GiB (Amazon RDS user guide, "Hardware specifications
// for DB instance classes"). A size twice as large has twice of it.
var memoryOfLarge = map[string]float64{"t": 8, "m": 8, "r": 16, "z": 16, "x": 32}

var partsOfLarge = map[string]float64{"micro": 1. / 8, "small": 1. / 4, "medium": 1. / 2, "large": 1, "xlarge": 2}

// Burstable reports whether an instance class has its CPU by credits, as those of families t have.
func Burstable(class string) bool {
	parts := className.FindStringSubmatch(class)
	return parts != nil && parts[1] == "t"
}

// MemoryGiB returns the memory of an instance class, such as db.t4g.medium, in GiB. Whether AWS offers the class for an
// engine, and in a region, it alone knows.
func MemoryGiB(class string) (float64, error) {
	parts := className.FindStringSubmatch(class)
	if parts == nil {
		return 0, fmt.Errorf("must be an instance class such as db.t4g.medium, got %q", class)
	}
	base, family := memoryOfLarge[parts[1]]
	if !family {
		return 0, fmt.Errorf("must be of a family that single databases come in (t, m, r, x or z), got %q", class)
	}
	if size, named := partsOfLarge[parts[2]]; named {
		return base * size, nil
	}
	size := sizeName.FindStringSubmatch(parts[2])
	if size == nil {
		return 0, fmt.Errorf("must end in a size such as medium or 2xlarge, got %q", class)
	}
	times, err := strconv.Atoi(size[1])
	return base * 2 * float64(times), err
}
