package credentials_test

import (
	"testing"

	"ha-web/internal/credentials"

	"github.com/stretchr/testify/assert"
)

func TestInVariable(t *testing.T) {
	t.Parallel()
	for _, each := range []struct {
		name, value string
		want        bool
	}{
		{"SMTP_PASSWORD", "hunter2", true},
		{"API_KEY", "0a1b2c3d", true},
		{"KEY", "AKIAIOSFODNN7EXAMPLE", true},
		{"CERTIFICATE", "-----BEGIN RSA PRIVATE KEY----- 0a", true},
		{"DATABASE_URL", "postgres://app:hunter2@db.example.edu/moodle", true},
		{"REDIS_URL", "redis://:hunter2@cache", true},
		{"OPTIONS", "--password hunter2", true},
		{"DATABASE_URL", "postgres://app@db.example.edu:5432/moodle", false},
		{"SITE", "https://learn.example.edu:8443/a@b", false},
		{"SMTP_PASSWORD_PARAMETER", "/campus/smtp", false},
		{"OIDC_SECRET", "arn:aws:secretsmanager:us-east-1:123456789012:secret:oidc-Ab12Cd", false},
		{"MAX_TOKENS", "100000", false},
		{"TOKEN", "off", false},
	} {
		assert.Equal(t, each.want, credentials.InVariable(each.name, each.value), "%s=%s", each.name, each.value)
	}
}
