// Package balancer is an Application Load Balancer for a lab: one node in each Availability Zone, which checks the targets of one
// target group and forwards requests to them. It behaves as the Elastic Load Balancing user guide says
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/), and where the guide is silent, a comment says what was
// chosen. It knows neither sticky sessions nor slow start, and how fast AWS itself reacts is not modeled.
package balancer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Algorithms, as the target group attribute load_balancing.algorithm.type names them.
const (
	RoundRobin               = "round_robin"
	LeastOutstandingRequests = "least_outstanding_requests"
	WeightedRandom           = "weighted_random"
)

// Settings are those of a target group and of the load balancer before it. Times are used as they are: a lab that checks more
// often than the stack does scales them first.
type Settings struct {
	Algorithm           string // RoundRobin if empty, as on AWS
	HealthCheck         HealthCheck
	DeregistrationDelay time.Duration // deregistration_delay.timeout_seconds
	IdleTimeout         time.Duration // idle_timeout.timeout_seconds
	// ConnectTimeout is 10 seconds on AWS and cannot be changed there (user guide, "HTTP 504: Gateway timeout").
	ConnectTimeout time.Duration
}

// HealthCheck is how targets are checked.
type HealthCheck struct {
	Path               string
	Interval, Timeout  time.Duration
	HealthyThreshold   int
	UnhealthyThreshold int
	Matcher            string // HTTP status codes that mean healthy: 200, 200,202 or 200-299
}

// withDefaults fills in what AWS has a default for.
func (s Settings) withDefaults() Settings {
	s.Algorithm = cmp.Or(s.Algorithm, RoundRobin)
	s.ConnectTimeout = cmp.Or(s.ConnectTimeout, 10*time.Second)
	s.IdleTimeout = cmp.Or(s.IdleTimeout, time.Minute)
	s.HealthCheck.Path = cmp.Or(s.HealthCheck.Path, "/")
	s.HealthCheck.Matcher = cmp.Or(s.HealthCheck.Matcher, "200")
	return s
}

func (s Settings) validate() error {
	var faults []error
	refuse := func(refused bool, format string, args ...any) {
		if refused {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check := s.HealthCheck
	known := []string{RoundRobin, LeastOutstandingRequests, WeightedRandom}
	refuse(!slices.Contains(known, s.Algorithm), "algorithm: must be one of %s, got %q", strings.Join(known, ", "), s.Algorithm)
	refuse(s.DeregistrationDelay < 0, "deregistration delay: must not be negative, got %s", s.DeregistrationDelay)
	refuse(check.Interval <= 0, "health check interval: must be positive, got %s", check.Interval)
	refuse(check.Timeout <= 0 || check.Timeout > check.Interval,
		"health check timeout: must be positive and at most the interval (%s), got %s", check.Interval, check.Timeout)
	refuse(check.HealthyThreshold < 1, "healthy threshold: must be at least 1, got %d", check.HealthyThreshold)
	refuse(check.UnhealthyThreshold < 1, "unhealthy threshold: must be at least 1, got %d", check.UnhealthyThreshold)
	_, err := matcher(check.Matcher)
	refuse(err != nil, "health check matcher: %w", err)
	return errors.Join(faults...)
}

// matcher returns a function that says whether a status code is one of a list such as 200,301-302.
func matcher(list string) (func(status int) bool, error) {
	type span struct{ from, to int }
	var spans []span
	for part := range strings.SplitSeq(list, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			high = low
		}
		from, err := strconv.Atoi(low)
		if err != nil {
			return nil, fmt.Errorf("must be status codes or ranges of them, got %q", list)
		}
		to, err := strconv.Atoi(high)
		if err != nil || to < from {
			return nil, fmt.Errorf("must be status codes or ranges of them, got %q", list)
		}
		spans = append(spans, span{from, to})
	}
	return func(status int) bool {
		return slices.ContainsFunc(spans, func(s span) bool { return s.from <= status && status <= s.to })
	}, nil
}
