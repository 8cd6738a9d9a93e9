package settings_test

import (
	"regexp"
	"strings"
	"testing"

	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A client that borrows a connection of the proxy keeps a worker busy, and waits for as long as its own client does at most.
func TestWaitsForTheDatabaseEndBeforeThoseForAnswers(t *testing.T) {
	t.Parallel()
	standard := settings.Default()
	borrow := standard.Database.Proxy.BorrowSeconds
	assert.Less(t, borrow, standard.CDN.OriginReadSeconds/2, "CloudFront waits for an answer: time is left for a queue")
	assert.GreaterOrEqual(t, standard.Database.PoolSize/borrow, 4, "errors that an instance answers in a second of a failover, before requests queue")
	assert.GreaterOrEqual(t, borrow, 5, "docs/your-application.md bounds the attempts of a request to this")

	for name, test := range map[string]struct {
		database, cdn, want string
	}{
		"default":            {`{}`, `{}`, ""},
		"just less":          {`{"proxy": {"borrowSeconds": 59}}`, `{}`, ""},
		"as long":            {`{"proxy": {"borrowSeconds": 60}}`, `{}`, "from CloudFront (cdn.originReadSeconds) after 60 seconds"},
		"short origin":       {`{"proxy": {"borrowSeconds": 20}}`, `{"originReadSeconds": 15}`, "from CloudFront (cdn.originReadSeconds) after 15 seconds"},
		"long origin":        {`{"proxy": {"borrowSeconds": 120}}`, `{"originReadSeconds": 90}`, "from the load balancer after 60 seconds"},
		"without CloudFront": {`{"proxy": {"borrowSeconds": 60}}`, `{"enabled": false}`, "from the load balancer after 60 seconds"},
		"without a proxy":    {`{"poolSize": 5, "proxy": {"enabled": false, "borrowSeconds": 120}}`, `{}`, ""},
	} {
		parsed, err := settings.Parse("ha-web", config(t, map[string]string{"database": test.database, "cdn": test.cdn}))
		require.NoError(t, err, name)
		said := strings.Join(parsed.Notes(), "\n")
		if test.want == "" {
			assert.NotContains(t, said, "borrowSeconds", name)
			continue
		}
		assert.Regexp(t, `database\.proxy\.borrowSeconds is \d+: in a failover viewers get 504 `+regexp.QuoteMeta(test.want), said, name)
	}
}
