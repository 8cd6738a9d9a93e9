package validate_test

import (
	"testing"

	"ha-web/internal/validate"

	"github.com/stretchr/testify/assert"
)

func TestHeaderNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"X-Origin-Verify", "X-Forwarded-For", "Authorization", "X-Amzn", "X-Edgecast", "Hosts"} {
		assert.NoError(t, validate.HeaderName(name), name)
	}
	for _, name := range []string{"Host", "cookie", "Range", "VIA", "TE", "Content-Length", "X-Real-IP"} {
		assert.EqualError(t, validate.HeaderName(name),
			`must be a header that CloudFront can add to origin requests, such as X-Origin-Verify, got "`+name+`"`)
		assert.NoError(t, validate.RequestHeaderName(name), "a proxy may send it to CloudFront")
	}
	for _, name := range []string{"X-Amz-Me", "x-edge-location"} {
		want := `must not begin with X-Amz- or X-Edge-, which AWS reserves, got "` + name + `"`
		assert.EqualError(t, validate.HeaderName(name), want)
		assert.EqualError(t, validate.RequestHeaderName(name), want)
	}
	for _, name := range []string{"", "a b", "a_b", "x-a-header-whose-name-has-more-than-40-letters"} {
		assert.EqualError(t, validate.HeaderName(name), `must be 1 to 40 letters, digits and hyphens, got "`+name+`"`)
	}
}
