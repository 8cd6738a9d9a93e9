package settings

import (
	"encoding/json"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const regionKey = "aws:region"

// Load returns the settings of the stack that the program runs for. The error joins every fault.
func Load(ctx *pulumi.Context) (*Settings, error) {
	config := map[string]string{}
	for _, key := range append(engineKeys(ctx), knownKeys(ctx.Project())...) {
		if value, set := ctx.GetConfig(key); set {
			config[key] = value
		}
	}
	return Parse(ctx.Project(), config)
}

// engineKeys returns all keys that the engine passes to this process. A context answers for a key, but has no list of
// them, and without one a misspelt section would go unnoticed.
func engineKeys(ctx *pulumi.Context) []string {
	config := map[string]json.RawMessage{}
	if !ctx.RunningWithMocks() {
		_ = json.Unmarshal([]byte(os.Getenv(pulumi.EnvConfig)), &config) // unset or not the engine's: no keys
	}
	keys := make([]string, 0, len(config))
	for key := range config {
		keys = append(keys, key)
	}
	return keys
}

func knownKeys(project string) []string {
	keys := []string{regionKey}
	for _, section := range sections() {
		keys = append(keys, project+":"+section)
	}
	return keys
}
