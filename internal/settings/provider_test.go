package settings

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Two versions of the provider in one stack would be two plugins to download, and two behaviours.
func TestProvidersAreOfTheVersionOfTheSDK(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	assert.Contains(t, string(module), "github.com/pulumi/pulumi-aws/sdk/v6 v"+providerVersion+"\n")
}

func TestProviderKeysAreThoseOfTheConfiguration(t *testing.T) {
	t.Parallel()
	keys := providerKeys()
	for _, key := range []string{"allowedAccountIds", "assumeRole", "defaultTags", "endpoints", "profile", "region", "skipCredentialsValidation"} {
		assert.Contains(t, keys, key)
	}
}
