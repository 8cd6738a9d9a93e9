package store

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An instance metadata service that has no tokens is version 1. The SDK would ask it without one.
func TestCredentialsComeFromIMDSv2Alone(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.URL.Path)
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(`role`))
	}))
	defer metadata.Close()
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.URL, "AWS_EC2_METADATA_DISABLED": "false", "AWS_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "",
	} {
		t.Setenv(name, value)
	}
	clients, err := newAWSClients(t.Context())
	require.NoError(t, err)
	_, err = clients.target(t.Context(), "/ha-web/prod")
	require.Error(t, err)
	require.NotEmpty(t, asked)
	for _, request := range asked {
		assert.Equal(t, "PUT /latest/api/token", request)
	}
}

func TestWrongParametersAreNamed(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"Parameters": [
			{"Name": "/ha-web/prod/database/endpoint", "Value": "db.example.edu"},
			{"Name": "/ha-web/prod/database/port", "Value": "postgres"},
			{"Name": "/ha-web/prod/database/pool-size", "Value": "0"}]}`))
	}))
	defer service.Close()
	_, err := clientsOf(t, service.URL).target(t.Context(), "/ha-web/prod")
	assert.EqualError(t, err, `SSM parameter /ha-web/prod/database/name: does not exist
SSM parameter /ha-web/prod/database/secret-arn: does not exist
SSM parameter /ha-web/prod/database/port: must be a port, got "postgres"
SSM parameter /ha-web/prod/database/pool-size: must be a positive integer, got "0"`)
}

// What a secret holds instead of JSON may well be the password.
func TestWrongSecretIsNotQuoted(t *testing.T) {
	for _, held := range []string{`hunter2`, `{"password": "hunter2"}`, `{"username": "u", "password": ["hunter2"]}`, `{"username": "u", "hunter2": "`} {
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			assert.NoError(t, json.NewEncoder(w).Encode(map[string]string{"SecretString": held}))
		}))
		_, err := clientsOf(t, service.URL).password(t.Context(), "arn:aws:secretsmanager:us-east-1:123456789012:secret:db")
		assert.EqualError(t, err, "secret arn:aws:secretsmanager:us-east-1:123456789012:secret:db: must be a JSON object with username and password")
		service.Close()
	}
}

// clientsOf returns the clients of a service that stands in for AWS, which only here can answer with what AWS should not.
func clientsOf(t *testing.T, address string) awsClients {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": address, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	} {
		t.Setenv(name, value)
	}
	clients, err := newAWSClients(t.Context())
	require.NoError(t, err)
	return clients
}
