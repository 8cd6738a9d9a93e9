package settings

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const regionKey = "aws:region"

const (
	// NowKey is the key of the time for which the settings apply, in the config of a plan. It is not one of stack files.
	NowKey = "plan:now"
	// PlanTime is the time of plans for which none is given: two plans of the same settings do not differ.
	PlanTime = "2026-01-01T00:00:00Z"
)

// Load returns the settings of the stack that the program runs for, and logs their notes as warnings. The error joins
// every fault.
func Load(ctx *pulumi.Context) (*Settings, error) {
	config := map[string]string{}
	var secret []string
	for _, key := range append(engineKeys(ctx), knownKeys(ctx.Project())...) {
		if value, set := ctx.GetConfig(key); set {
			config[key] = value
			if ctx.IsConfigSecret(key) {
				secret = append(secret, key)
			}
		}
	}
	config[NowKey] = now(ctx)
	settings, err := Parse(ctx.Project(), config, secret...)
	if err != nil {
		return nil, err
	}
	notes := settings.Notes()
	if !ctx.RunningWithMocks() { // a plan needs no account
		notes = append(notes, settings.announceOutages(ctx)...)
	}
	for _, note := range notes {
		if err := ctx.Log.Warn(note, nil); err != nil {
			return nil, fmt.Errorf("logging a note: %w", err)
		}
	}
	return settings, nil
}

// now returns when the program runs. A plan takes the time that it is given, or always the same one.
func now(ctx *pulumi.Context) string {
	if !ctx.RunningWithMocks() {
		return time.Now().UTC().Format(time.RFC3339)
	}
	given, _ := ctx.GetConfig(NowKey)
	return cmp.Or(given, PlanTime)
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
