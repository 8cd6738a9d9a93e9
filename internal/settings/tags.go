package settings

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"ha-web/internal/validate"
)

const (
	// maxTags leaves room for tags of others: a resource has at most 50 (AWS tagging user guide, "Tag naming limits and requirements").
	maxTags       = 40
	tagValueLimit = 256
)

var (
	// tagKey matches keys that all services of a stack accept. IAM accepts no comma (AWS IAM user guide, "Tags for AWS Identity and
	// Access Management resources"), and instances read from their metadata neither keys with a space nor with a slash (Amazon EC2
	// user guide, "View tags for your EC2 instances using instance metadata").
	tagKey = regexp.MustCompile(`^[A-Za-z0-9_.:=+@-]{1,128}$`)
	// tagValue matches values that all services of a stack accept.
	tagValue = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`)
)

// ownTags are those that the program sets on every resource.
var ownTags = []string{"Project", "Stack", "Environment", "Name"}

// notInMetadata are further keys that instances cannot read.
var notInMetadata = []string{".", "..", "_index"}

// validateTags records tags that AWS refuses on some resource.
func (s *Settings) validateTags(f validate.Fields) {
	if len(s.ExtraTags) > maxTags {
		f.Add(&s.ExtraTags, "must be at most %d tags, because AWS accepts 50 on a resource, got %d", maxTags, len(s.ExtraTags))
	}
	before := slices.Clone(ownTags)
	for _, key := range slices.Sorted(maps.Keys(s.ExtraTags)) {
		value := s.ExtraTags[key]
		same := func(other string) bool { return strings.EqualFold(other, key) } // to IAM
		switch i := slices.IndexFunc(before, same); {
		case !tagKey.MatchString(key) || slices.Contains(notInMetadata, key):
			f.AddEntry(&s.ExtraTags, key, "must have a key of 1 to 128 letters, digits and _.:=+@-, because instances read their tags from their metadata")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			f.AddEntry(&s.ExtraTags, key, "must not begin with aws:, which AWS reserves")
		case i >= 0 && i < len(ownTags):
			f.AddEntry(&s.ExtraTags, key, "is a tag that every resource has already (%s): choose another key", before[i])
		case i >= 0:
			f.AddEntry(&s.ExtraTags, key, "differs from %s only in its case, which IAM ignores: keep one of them", before[i])
		}
		if !tagValue.MatchString(value) || utf8.RuneCountInString(value) > tagValueLimit {
			f.AddEntry(&s.ExtraTags, key, "must have at most %d letters, digits, spaces and _.:/=+@-, got %q", tagValueLimit, value)
		}
		before = append(before, key)
	}
}
