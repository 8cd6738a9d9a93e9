package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ha-web/internal/awstype"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// copiedDatabase is the output databaseResourceId of production.
const copiedDatabase = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// The commands of docs/delivery.md make a stack file out of production's that plans as a copy of it: of the same shape, with its
// data, and with nothing that reaches people or cannot be deleted.
func TestStagingCopyIsDerivedAsThePageSays(t *testing.T) {
	t.Parallel()
	commands := stagingCommands(t)
	require.Contains(t, commands, []string{"stack", "init", "staging", "--copy-config-from", "prod"})
	// What production may have besides, and the copy must not take over.
	file := shippedStackFile(t, "prod")
	merge(file, "monitoring", map[string]any{"serviceNow": map[string]any{"instance": "example", "username": "a", "password": map[string]any{"secure": "AAABAOm"}}})
	merge(file, "web", map[string]any{"container": "123456789012.dkr.ecr.us-east-1.amazonaws.com/ha-web-prod@sha256:" + strings.Repeat("ab", 32)})
	merge(file, "domain", map[string]any{"aliases": []any{"www.learn.example.edu"}})
	merge(file, "secrets", map[string]any{"values": map[string]any{"smtp": map[string]any{"secure": "AAABAOm"}}})
	var settings []string
	for _, command := range commands {
		if command[0] != "config" {
			continue
		}
		words := allBut("--path", command[2:])
		switch command[1] {
		case "rm":
			remove(file, words[0])
		case "set":
			require.Len(t, words, 2, command)
			settings = append(settings, "-c", words[0]+"="+words[1])
		default:
			require.Fail(t, "no way to apply it", command)
		}
	}
	content, err := yaml.Marshal(map[string]any{"config": file})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "Pulumi.staging.yaml")
	require.NoError(t, os.WriteFile(path, content, 0o600))

	staging, production := planOf(t, append([]string{"-file", path}, settings...)...), planOf(t, "-stack", "prod")
	assert.Equal(t, "staging", staging.Stack)
	assert.Equal(t, "development", staging.Outputs["environment"])
	assert.Equal(t, "https://staging.example.edu", staging.Outputs["url"])
	database, original := one(t, staging, awstype.RDSInstance), one(t, production, awstype.RDSInstance)
	assert.Equal(t, copiedDatabase, database["restoreToPointInTime"].(map[string]any)["sourceDbiResourceId"])
	for _, key := range []string{"multiAz", "instanceClass", "allocatedStorage", "engineVersion"} {
		assert.Equal(t, original[key], database[key], key)
	}
	assert.Equal(t, true, database["skipFinalSnapshot"])
	for _, kind := range []string{awstype.EC2NatGateway, awstype.EC2VPCEndpoint, awstype.EC2Subnet, awstype.RDSProxy, awstype.WAFv2WebACL} {
		assert.Len(t, staging.of(kind), len(production.of(kind)), kind)
	}
	assert.Equal(t, production.names(awstype.SecretsManagerSecretVersion), staging.names(awstype.SecretsManagerSecretVersion), "values of secrets")
	for _, resource := range staging.Resources {
		assert.False(t, resource.Protect, resource.Key())
		assert.NotEqual(t, true, resource.Inputs["deletionProtection"], resource.Key())
		assert.NotEqual(t, true, resource.Inputs["enableDeletionProtection"], resource.Key())
		printed, err := yaml.Marshal(resource.Inputs)
		require.NoError(t, err)
		assert.NotRegexp(t, `learn\.example\.edu|oncall@|service-now|ha-web-prod@`, string(printed), resource.Key())
	}
}

// stagingCommands runs the commands that derive the stack file with bash, and returns the arguments of each call of pulumi.
func stagingCommands(t *testing.T) [][]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(project, "docs/delivery.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## A staging copy\n")
	require.True(t, found)
	block := regexp.MustCompile(`(?m)(?:^    .*\n)+`).FindString(section)
	folder := t.TempDir()
	calls := filepath.Join(folder, "calls")
	command := "#!/bin/sh\nif [ \"$1 $2\" = 'stack output' ]; then echo " + copiedDatabase + "; else printf '%s\\t' \"$@\" >>" + calls + "; echo >>" + calls + "; fi\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "pulumi"), []byte(command), 0o700))
	shell := exec.CommandContext(t.Context(), "bash", "-eu")
	shell.Stdin, shell.Env = strings.NewReader(block), []string{"PATH=" + folder + ":/usr/bin:/bin"}
	output, err := shell.CombinedOutput()
	require.NoError(t, err, string(output))
	content, err := os.ReadFile(calls)
	require.NoError(t, err)
	var commands [][]string
	for _, line := range strings.Split(strings.TrimSuffix(string(content), "\n"), "\n") {
		commands = append(commands, strings.Split(strings.TrimSuffix(line, "\t"), "\t"))
	}
	return commands
}

// shippedStackFile returns the config of a stack file of the project.
func shippedStackFile(t *testing.T, stack string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(project, "Pulumi."+stack+".yaml"))
	require.NoError(t, err)
	var file struct{ Config map[string]any }
	require.NoError(t, yaml.Unmarshal(content, &file))
	return file.Config
}

// merge sets keys of a section of a stack file.
func merge(file map[string]any, section string, keys map[string]any) {
	for key, value := range keys {
		file[section].(map[string]any)[key] = value
	}
}

// remove takes a key out of a stack file, as `pulumi config rm --path` does: one that is not there is no fault.
func remove(file map[string]any, path string) {
	at, keys := file, strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		next, found := at[key].(map[string]any)
		if !found {
			return
		}
		at = next
	}
	delete(at, keys[len(keys)-1])
}

func allBut(word string, words []string) []string {
	var rest []string
	for _, each := range words {
		if each != word {
			rest = append(rest, each)
		}
	}
	return rest
}

// one returns the inputs of the only resource of a type.
func one(t *testing.T, recorded recording, kind string) map[string]any {
	t.Helper()
	found := recorded.of(kind)
	require.Len(t, found, 1, kind)
	for _, resource := range found {
		return resource.Inputs
	}
	return nil
}
