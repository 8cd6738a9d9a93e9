package validate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// retentionDays are the retention periods that CloudWatch Logs accepts
// (Amazon CloudWatch Logs API reference, PutRetentionPolicy).
var retentionDays = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// RetentionDays returns an error unless CloudWatch Logs can keep log events for that many days.
func RetentionDays(days int) error {
	if slices.Contains(retentionDays, days) {
		return nil
	}
	next, _ := slices.BinarySearch(retentionDays, days)
	next = min(next, len(retentionDays)-1)
	return fmt.Errorf("CloudWatch Logs cannot keep events for %d days, the next period it offers is %d", days, retentionDays[next])
}

var (
	label      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	likeSuffix = regexp.MustCompile(`-[a-z0-9]{6}$`)
)

// Label reports whether a name has nothing but lowercase letters, digits and single hyphens, of which names of resources are made.
func Label(name string) bool { return label.MatchString(name) }

var notInLabels = regexp.MustCompile(`[^a-z0-9]+`)

// ToLabel makes such a name of any text that has a letter or a digit.
func ToLabel(text string) string {
	return strings.Trim(notInLabels.ReplaceAllString(strings.ToLower(text), "-"), "-")
}

// SecretName returns an error unless AWS Secrets Manager can have a secret whose name ends so.
func SecretName(name string) error {
	switch {
	case !Label(name):
		return fmt.Errorf("must be lowercase letters, digits and single hyphens, got %q", name)
	case likeSuffix.MatchString(name):
		// AWS Secrets Manager API reference, CreateSecret: a search by part of an ARN takes such a name for that of another secret.
		return fmt.Errorf("must not end in a hyphen and six characters, as ARNs of secrets do, got %q", name)
	}
	return nil
}

// SecretNames returns what is wrong with a list of names for secrets of Secrets Manager.
func SecretNames(names []string) error {
	var faults []error
	for _, name := range names {
		faults = append(faults, SecretName(name))
	}
	return errors.Join(faults...)
}

var headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,40}$`)

// RequestHeaderName returns an error unless viewers can send CloudFront a header of this name, and AWS WAF look for it.
func RequestHeaderName(name string) error {
	switch {
	case !headerName.MatchString(name):
		return fmt.Errorf("must be 1 to 40 letters, digits and hyphens, got %q", name)
	case reservedHeader.MatchString(name):
		return fmt.Errorf("must not begin with X-Amz- or X-Edge-, which AWS reserves, got %q", name)
	}
	return nil
}

var reservedHeader = regexp.MustCompile(`(?i)^x-(amz|edge)-`)

// notInOriginRequests are further headers that CloudFront cannot add to origin requests (Amazon CloudFront developer guide, "Custom
// headers that CloudFront can't add to origin requests").
var notInOriginRequests = []string{
	"cache-control", "connection", "content-length", "cookie", "host", "if-match", "if-modified-since", "if-none-match", "if-range",
	"if-unmodified-since", "max-forwards", "pragma", "proxy-authorization", "proxy-connection", "range", "request-range", "te",
	"trailer", "transfer-encoding", "upgrade", "via", "x-real-ip",
}

// HeaderName returns an error unless CloudFront can add a header of this name to origin requests, and a load balancer look for it.
func HeaderName(name string) error {
	if slices.Contains(notInOriginRequests, strings.ToLower(name)) {
		return fmt.Errorf("must be a header that CloudFront can add to origin requests, such as X-Origin-Verify, got %q", name)
	}
	return RequestHeaderName(name)
}
