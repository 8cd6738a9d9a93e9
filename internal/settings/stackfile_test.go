package settings_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func stackFile(t *testing.T, content string) (*settings.StackFile, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Pulumi.test.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return settings.ReadStackFile("ha-web", path)
}

func TestStackFileReadsAsTheEngineDoes(t *testing.T) {
	t.Parallel()
	file, err := stackFile(t, `
encryptionsalt: v1:abc
config:
  aws:region: us-east-1
  ha-web:environment: production
  ha-web:nothing:
  ha-web:number: 8080
  ha-web:flag: true
  ha-web:day: 2026-12-01
  ha-web:quoted: "2026-12-01"
  ha-web:network: &network
    zones: [us-east-1a, us-east-1b]
    start: 2026-12-01T07:00:00Z
    nested: {a: 1, b: 2.5, c: null, d: "3"}
  ha-web:copy: *network
  ha-web:merged: {<<: {a: 1}, b: 2}
  ha-web:password: {secure: v1:xyz}
  ha-web:deep: {token: {secure: v1:xyz}, list: [{secure: v1:xyz}], secure: "no"}
`)
	require.NoError(t, err)
	config, secret, err := file.Config()
	require.NoError(t, err)
	network := `{"nested":{"a":1,"b":2.5,"c":null,"d":"3"},"start":"2026-12-01 07:00:00 +0000 UTC","zones":["us-east-1a","us-east-1b"]}`
	assert.Equal(t, map[string]string{
		"aws:region":         "us-east-1",
		"ha-web:environment": "production",
		"ha-web:number":      "8080",
		"ha-web:flag":        "true",
		"ha-web:day":         "2026-12-01 00:00:00 +0000 UTC", // as pulumi config shows it
		"ha-web:quoted":      "2026-12-01",
		"ha-web:network":     network,
		"ha-web:copy":        network,
		"ha-web:merged":      `{"a":1,"b":2}`,
		"ha-web:password":    "[secret]",
		"ha-web:deep":        `{"list":["[secret]"],"secure":"no","token":"[secret]"}`,
	}, config)
	assert.Equal(t, []string{"ha-web:deep", "ha-web:password"}, secret)
}

func TestSetOverridesOneValue(t *testing.T) {
	t.Parallel()
	file, err := stackFile(t, "config: {ha-web:network: {cidr: 10.0.0.0/16, natGateways: perAz}}")
	require.NoError(t, err)
	for _, assignment := range []string{
		"network.natGateways=single", "network.zones=[us-east-1a, us-east-1b]", "web.size.max=4", "environment=development",
		"network.zones[2]=us-east-1c", "network.zones[0]=us-east-1f", "ha-web:network.cidr=10.1.0.0/16",
		"domain.name=", "web.header=a=b", "aws:region=eu-west-1", "database={engine: mysql}", "database.proxy.enabled=true",
	} {
		require.NoError(t, file.Set(assignment), assignment)
	}
	config, _, err := file.Config()
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"aws:region":         "eu-west-1",
		"ha-web:environment": "development",
		"ha-web:network":     `{"cidr":"10.1.0.0/16","natGateways":"single","zones":["us-east-1f","us-east-1b","us-east-1c"]}`,
		"ha-web:web":         `{"header":"a=b","size":{"max":4}}`,
		"ha-web:domain":      `{"name":""}`,
		"ha-web:database":    `{"engine":"mysql","proxy":{"enabled":true}}`,
	}, config)
}

func TestKeysNeedNoNamespace(t *testing.T) {
	t.Parallel()
	file, err := stackFile(t, "config: {aws:region: us-east-1, network: {cidr: 10.0.0.0/16}, secrets: {values: {smtp: {secure: v1:xyz}}}}")
	require.NoError(t, err)
	config, secret, err := file.Config()
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"aws:region": "us-east-1", "ha-web:network": `{"cidr":"10.0.0.0/16"}`, "ha-web:secrets": `{"values":{"smtp":"[secret]"}}`,
	}, config)
	assert.Equal(t, []string{"ha-web:secrets"}, secret)
}

func TestKeysAtTheTopOfAStackFile(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"conifg: {}":                               "conifg: is not a key of stack files, did you mean config?",
		"config: {}\nnetwork: {}\nfoo: 1":          "foo: is not a key of stack files\nnetwork: belongs under config",
		"ha-web:web: {}":                           "ha-web:web: belongs under config",
		"config: {web: {}, ha-web:web: {}}":        "web: is set twice, with and without its namespace: keep one of web and ha-web:web",
		"config: [a]":                              "config: must be a map of keys and values, line 1",
		"encryptionsalt: v1\nsecretsprovider: x\n": "",
	} {
		_, err := stackFile(t, content)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.Error(t, err, content)
		_, got, _ := strings.Cut(err.Error(), "Pulumi.test.yaml: ")
		assert.Equal(t, want, got)
	}
}

func TestEnvironmentsOfESCAreNoted(t *testing.T) {
	t.Parallel()
	file, err := stackFile(t, "environment: [ha-web/prod]\nconfig: {}")
	require.NoError(t, err)
	assert.Equal(t, []string{"environment: an offline plan does not open Pulumi ESC environments: their config values are missing here, and pulumi preview has them"}, file.Notes())
}

func TestOtherStacksAreNamed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	_, err := settings.ReadStackFile("ha-web", filepath.Join(folder, "Pulumi.pord.yaml"))
	assert.ErrorContains(t, err, "Pulumi.pord.yaml: the stacks here are dev, prod")
}

func TestSetRefuses(t *testing.T) {
	t.Parallel()
	file, err := stackFile(t, "config: {ha-web:network: {cidr: 10.0.0.0/16}}")
	require.NoError(t, err)
	assert.EqualError(t, file.Set("network.cidr"), "network.cidr: must be path=value, such as network.natGateways=single")
	assert.EqualError(t, file.Set("=3"), "=3: must be path=value, such as network.natGateways=single")
	assert.EqualError(t, file.Set("network.cidr.size=3"), "network.cidr.size: cannot be set, what is before size is not a map")
	assert.EqualError(t, file.Set("network.cidr[0]=3"), "network.cidr[0]: cannot be set, there is no list with a place 0")
	assert.EqualError(t, file.Set("network.zones[1]=3"), "network.zones[1]: cannot be set, there is no list with a place 1")
	assert.EqualError(t, file.Set("[0]=3"), "[0]: must begin with a key, such as network")
	assert.ErrorContains(t, file.Set("network.[=3"), "network.[: ")
	assert.ErrorContains(t, file.Set("network.cidr=[1"), "network.cidr: yaml:")
	assert.ErrorContains(t, file.Set("network={1: 2, 1: 3}"), "network: ")
}

func TestStackFileFaults(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"not YAML":         "config: [",
		"a list of config": "config: [a, b]",
		"a key twice":      "config:\n  ha-web:web: {port: 1, port: 2}",
		"a section twice":  "config:\n  ha-web:web: {}\n  ha-web:web: {}",
		"a key of no text": "config:\n  ha-web:web: {[1]: 2}",
		"a cycle":          "config:\n  ha-web:web: &web [*web]",
	} {
		_, err := stackFile(t, content)
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), "Pulumi.test.yaml: ", name)
		assert.NotContains(t, err.Error(), "goroutine", name)
	}
	file, err := stackFile(t, "config: {ha-web:web: {port: .nan}}")
	require.NoError(t, err)
	_, _, err = file.Config()
	assert.EqualError(t, err, "ha-web:web: json: unsupported value: NaN")

	_, err = settings.ReadStackFile("ha-web", filepath.Join(t.TempDir(), "Pulumi.none.yaml"))
	assert.ErrorContains(t, err, "there is no stack file ")
	_, err = settings.ReadProject(t.TempDir())
	assert.ErrorContains(t, err, "run this where the project is: ")
}

// FuzzStackFile checks that no stack file makes the reader panic or hang.
func FuzzStackFile(f *testing.F) {
	f.Add("config: {ha-web:web: {size: {max: 4}}}", "web.size.min=2")
	f.Add("config:\n  a: &a [*a]\n  b: {secure: x}", "a={b: &b [*b]}")
	f.Add("config: {<<: {a: 1}, b: !!timestamp 2026-12-01, c: !!binary aGk=}", "c.d.e=!!float 1")
	f.Fuzz(func(t *testing.T, content, assignment string) {
		path := filepath.Join(t.TempDir(), "Pulumi.fuzz.yaml")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		file, err := settings.ReadStackFile("ha-web", path)
		if err != nil {
			return
		}
		if file.Set(assignment) == nil {
			_, _, _ = file.Config()
		}
	})
}
