// Package tests holds the tests of the components and of the whole program. They run the real code against a recorder
// (package offline) and look at what it registered, once it is done.
package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"ha-web/components/securitygroups"
	"ha-web/components/webtier"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recording is what a program registered.
type recording struct{ *offline.Recording }

// record runs a program of component constructors.
func record(t *testing.T, program pulumi.RunFunc) recording {
	t.Helper()
	return recordStack(t, program, offline.Stack{Project: "test", Name: "test"})
}

// preview is record with all that AWS computes unknown.
func preview(t *testing.T, program pulumi.RunFunc) recording {
	t.Helper()
	return recordStack(t, program, offline.Stack{Project: "test", Name: "test", Preview: true})
}

func recordStack(t *testing.T, program pulumi.RunFunc, stack offline.Stack) recording {
	t.Helper()
	recorded, err := offline.Record(program, stack)
	require.NoError(t, err)
	return recording{recorded}
}

// fault returns the error of a program, and checks that it registered nothing.
func fault(t *testing.T, program pulumi.RunFunc) string {
	t.Helper()
	var failed error
	recorded := record(t, func(ctx *pulumi.Context) error {
		failed = program(ctx)
		return nil
	})
	require.Error(t, failed)
	assert.Empty(t, recorded.keys(), "registered in spite of the fault")
	return failed.Error()
}

// of returns the resources of a type by name.
func (r recording) of(kind string) map[string]offline.Resource {
	found := map[string]offline.Resource{}
	for _, resource := range r.Resources {
		if resource.Type == kind {
			found[resource.Name] = resource
		}
	}
	return found
}

// names returns the names of the resources of a type, sorted.
func (r recording) names(kind string) []string { return slices.Sorted(maps.Keys(r.of(kind))) }

// one returns the inputs of a resource, which must be there.
func (r recording) one(t *testing.T, kind, name string) map[string]any {
	t.Helper()
	resource, found := r.of(kind)[name]
	require.True(t, found, "no %s %s among %v", kind, name, r.names(kind))
	return resource.Inputs
}

// keys returns the keys of all resources, in order.
func (r recording) keys() []string {
	var keys []string
	for _, resource := range r.Resources {
		keys = append(keys, resource.Key())
	}
	return keys
}

// behind returns the keys of everything that a resource depends on, directly or not.
func (r recording) behind(key string) map[string]bool {
	byKey := map[string]offline.Resource{}
	for _, resource := range r.Resources {
		byKey[resource.Key()] = resource
	}
	found := map[string]bool{}
	var walk func(string)
	walk = func(key string) {
		for _, dependency := range byKey[key].DependsOn {
			if !found[dependency] {
				found[dependency] = true
				walk(dependency)
			}
		}
	}
	walk(key)
	return found
}

// Changes of the Args of a Chain.
func behindCloudFront(a *securitygroups.Args) { a.Web.Ingress = webtier.CloudFront }

func withProxy(a *securitygroups.Args) { a.Database.Proxy.Enabled = true }

func withOperators(a *securitygroups.Args) { a.Database.Operators = true }

func withEndpoints(a *securitygroups.Args) { a.EndpointSecurityGroupID = pulumi.String("endpoints_id") }

func plainHTTP(a *securitygroups.Args) { a.PlainHTTP = true }

// sealed returns a text as a secret of Pulumi.
func sealed(text string) pulumi.StringOutput {
	return pulumi.ToSecret(pulumi.String(text)).(pulumi.StringOutput)
}

// document returns a policy document in an input, which must be of the current version, as its statements by Sid or, of
// those without one, by their first action.
func document(t *testing.T, policy any) map[string]map[string]any {
	t.Helper()
	require.IsType(t, "", policy, "not a document, or a secret or unknown one")
	var parsed struct {
		Version   string
		Statement []map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(policy.(string)), &parsed))
	assert.Equal(t, "2012-10-17", parsed.Version)
	statements := map[string]map[string]any{}
	for _, statement := range parsed.Statement {
		name, named := statement["Sid"].(string)
		delete(statement, "Sid")
		if !named {
			name = statement["Action"].([]any)[0].(string)
		}
		require.NotContains(t, statements, name)
		statements[name] = statement
	}
	return statements
}

// id returns the name of the resource that an id was made from.
func id(value any) string { return strings.TrimSuffix(fmt.Sprint(value), "_id") }

// inputsOf returns the inputs of a resource as one text.
func inputsOf(t *testing.T, resource offline.Resource) string {
	t.Helper()
	text, err := json.Marshal(resource.Inputs)
	require.NoError(t, err)
	return string(text)
}
