package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"ha-web/app/internal/config"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDefaults(t *testing.T) {
	c, err := config.FromEnvironment(environment(nil))
	require.NoError(t, err)
	assert.Equal(t, config.Config{
		Port: 8080, Zone: "local", Instance: "local", Drain: 30 * time.Second, ParameterPrefix: "/ha-web/prod",
	}, c)
}

func TestEveryVariableIsRead(t *testing.T) {
	c, err := config.FromEnvironment(environment(map[string]string{
		"PORT": "9000", "AVAILABILITY_ZONE": "us-east-1b", "INSTANCE_ID": "i-1", "DRAIN_SECONDS": "60", "DATABASE_POOL_SIZE": "7",
	}))
	require.NoError(t, err)
	assert.Equal(t, config.Config{
		Port: 9000, Zone: "us-east-1b", Instance: "i-1", Drain: time.Minute, ParameterPrefix: "/ha-web/prod", PoolSize: 7,
	}, c)
}

func TestFaultsAreReportedTogether(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, []byte("none"), 0o600))
	_, err := config.FromEnvironment(environment(map[string]string{
		"PORT": "http", "DRAIN_SECONDS": "0", "DATABASE_POOL_SIZE": "-1", "PARAMETER_PREFIX": "", "AWS_REGION": "", "DATABASE_CA_FILE": empty,
	}))
	assert.EqualError(t, err, `PORT: must be an integer from 1 to 65535, got "http"
DRAIN_SECONDS: must be an integer from 1 to 3600, got "0"
PARAMETER_PREFIX: must be set, such as /ha-web/prod
DATABASE_POOL_SIZE: must be an integer from 1 to 10000, got "-1"
DATABASE_CA_FILE: must hold certificates as PEM, and `+empty+` holds none
AWS_REGION: must be set, such as us-east-1`)
}

func environment(changes map[string]string) func(string) string {
	variables := map[string]string{"PARAMETER_PREFIX": "/ha-web/prod", "AWS_REGION": "us-east-1"}
	for name, value := range changes {
		variables[name] = value
	}
	return func(name string) string { return variables[name] }
}
