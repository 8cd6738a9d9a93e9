package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/settings"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// schema is a JSON Schema (json-schema.org, draft 2020-12).
type schema map[string]any

const schemaFile = "docs/settings.schema.json"

// An editor with a YAML language server checks and completes the shipped stack files by this schema.
func TestSchemaOfStackFilesIsUpToDate(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(stackFileSchema(t)))
	golden(t, "../../"+schemaFile, text.String())
}

func stackFileSchema(t *testing.T) schema {
	t.Helper()
	sections := schema{"^(aws|awsx|pulumi):": schema{}}
	comments := commentsOf{}
	whole := reflect.ValueOf(*settings.Default())
	for _, field := range fields.Of(whole.Type()) {
		section := schemaOf(t, comments, field.Type, whole.FieldByIndex(field.Index))
		section["description"] = comments.field(t, whole.Type(), field.Name)
		sections["^([A-Za-z0-9._-]+:)?"+field.Key+"$"] = section
	}
	return schema{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "A stack file of ha-web, Pulumi.<stack>.yaml",
		"type":    "object",
		"properties": schema{
			"config": schema{
				"type": "object", "patternProperties": sections, "additionalProperties": false, "required": []string{"aws:region"},
			},
			"encryptedkey": schema{"type": "string"}, "encryptionsalt": schema{"type": "string"},
			"secretsprovider": schema{"type": "string"}, "environment": schema{},
		},
		"additionalProperties": false,
	}
}

// schemaOf returns the schema of a setting of a type, with this default.
func schemaOf(t *testing.T, comments commentsOf, of reflect.Type, preset reflect.Value) schema {
	t.Helper()
	switch {
	case of == secretType:
		return schema{
			"type": "object", "properties": schema{"secure": schema{"type": "string"}}, "required": []string{"secure"},
			"additionalProperties": false,
		}
	case of.Kind() == reflect.Pointer:
		return schemaOf(t, comments, of.Elem(), reflect.Zero(of.Elem()))
	case of.Kind() == reflect.Struct:
		properties := schema{}
		for _, field := range fields.Of(of) {
			property := schemaOf(t, comments, field.Type, preset.FieldByIndex(field.Index))
			property["description"] = comments.field(t, of, field.Name)
			properties[field.Key] = property
		}
		return schema{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	case of.Kind() == reflect.Slice:
		return schema{"type": []string{"array", "null"}, "items": schemaOf(t, comments, of.Elem(), reflect.Zero(of.Elem()))}
	case of.Kind() == reflect.Map:
		return schema{"type": []string{"object", "null"}, "additionalProperties": schemaOf(t, comments, of.Elem(), reflect.Zero(of.Elem()))}
	case of.Kind() == reflect.Bool:
		return schema{"type": "boolean", "default": preset.Bool()}
	case of.Kind() == reflect.Int:
		return schema{"type": "integer", "default": preset.Int()}
	}
	// The decoder takes a whole number for a string, as in version: 16.
	property := schema{"type": []string{"string", "integer"}}
	if choices, few := preset.Interface().(interface{ Choices() []string }); few {
		property = schema{"enum": choices.Choices()}
	}
	if preset.Len() > 0 {
		property["default"] = preset.String()
	}
	return property
}

func TestShippedStackFilesAreOfTheSchema(t *testing.T) {
	t.Parallel()
	compiled, err := jsonschema.Compile(filepath.Join(project, schemaFile))
	require.NoError(t, err)
	for _, name := range append([]string{"full"}, stacks...) {
		path := filepath.Join(project, "Pulumi."+name+".yaml")
		if name == "full" {
			path = filepath.Join("testdata", "Pulumi.full.yaml")
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.NoError(t, compiled.Validate(decoded(t, string(content))), path)
		if name != "full" {
			assert.True(t, strings.HasPrefix(string(content), "# yaml-language-server: $schema="+schemaFile+"\n"), path)
		}
	}
	for fault, content := range map[string]string{
		"key":       "config: {aws:region: us-east-1, network: {natGatways: single}}",
		"section":   "config: {aws:region: us-east-1, netwrok: {}}",
		"type":      "config: {aws:region: us-east-1, web: {port: high}}",
		"choice":    "config: {aws:region: us-east-1, network: {natGateways: two}}",
		"in a list": "config: {aws:region: us-east-1, web: {schedules: [{nmae: x}]}}",
		"secret":    "config: {aws:region: us-east-1, secrets: {values: {smtp: hunter2}}}",
		"region":    "config: {}",
		"top":       "conifg: {}",
	} {
		assert.Error(t, compiled.Validate(decoded(t, content)), fault)
	}
	assert.NoError(t, compiled.Validate(decoded(t, "config: {aws:region: us-east-1, campus:network: {natGateways: single}, secrets: {values: {smtp: {secure: v1}}}}")))
}

// decoded returns YAML as JSON has it.
func decoded(t *testing.T, content string) any {
	t.Helper()
	var file any
	require.NoError(t, yaml.Unmarshal([]byte(content), &file))
	text, err := json.Marshal(file)
	require.NoError(t, err, fmt.Sprint(file))
	var value any
	require.NoError(t, json.Unmarshal(text, &value))
	return value
}
