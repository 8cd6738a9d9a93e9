package tests

import (
	"encoding/json"
	"testing"

	"ha-web/components/delivery"
	"ha-web/components/outputs"
	"ha-web/internal/awstype"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newOutputs returns a program that publishes these values under the name web.
func newOutputs(values pulumi.Map, changes ...func(*delivery.Settings)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := outputs.New(ctx, "web", &outputs.Args{Settings: deliverySettings(changes...), Values: values})
		return err
	}
}

func TestOutputsAreOneParameter(t *testing.T) {
	t.Parallel()
	values := pulumi.Map{"vpcId": pulumi.String("vpc-1"), "subnets": pulumi.ToStringArray([]string{"b", "a"}), "port": pulumi.Int(80)}
	parameter := record(t, newOutputs(values)).of(awstype.SSMParameter)["web-outputs"]
	assert.Equal(t, map[string]any{
		"name":          "/web/test/outputs",
		"type":          "String",
		"insecureValue": `{"port":80,"subnets":["b","a"],"vpcId":"vpc-1"}`,
		"description":   "Outputs of the stack as a JSON object",
		"tier":          "Intelligent-Tiering",
		"tags":          map[string]any{"Name": "web-outputs"},
	}, parameter.Inputs)
	assert.True(t, parameter.Protect)
	unprotected := record(t, newOutputs(values, func(s *delivery.Settings) { s.DeletionProtection = false }))
	assert.False(t, unprotected.of(awstype.SSMParameter)["web-outputs"].Protect)
	assert.Equal(t, "outputs web: Values: is required", fault(t, newOutputs(nil)))
}

// Whoever may read the parameter reads plain text.
func TestOutputsRefuseSecrets(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]pulumi.Input{
		"text": sealed("hunter2"), "list": pulumi.StringArray{sealed("hunter2")}, "map": pulumi.Map{"inner": sealed("hunter2")},
	} {
		_, err := offline.Record(newOutputs(pulumi.Map{"password": value}), offline.Stack{Project: "test", Name: "test"})
		require.ErrorContains(t, err, "one of them is secret", name)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

// The parameter has what the stack exports, in the clear.
func TestParameterHasAllOutputs(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-stack", "dev"}, {"-stack", "prod"}, {"-stack", "local"}, fullStack} {
		got := planOf(t, args...)
		value := got.one(t, awstype.SSMParameter, "ha-web-outputs")["insecureValue"]
		var published map[string]any
		require.NoError(t, json.Unmarshal([]byte(value.(string)), &published), "%v: %v", args, value)
		assert.Equal(t, got.Outputs, published, "%v", args)
	}
}

// Pulumi deletes first what nothing depends on.
func TestNothingIsDeletedBeforeTheOutputs(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-stack", "dev"}, {"-stack", "prod"}, {"-stack", "local"}, fullStack} {
		got := planOf(t, args...)
		const first = awstype.SSMParameter + "::ha-web-outputs"
		// A resource is deleted before its parent, its provider, and what it depends on.
		before := map[string]bool{}
		var walk func(key string)
		byKey := map[string]offline.Resource{}
		for _, each := range got.Resources {
			byKey[each.Key()] = each
		}
		walk = func(key string) {
			if before[key] {
				return
			}
			before[key] = true
			for _, each := range append(byKey[key].DependsOn, byKey[key].Parent, byKey[key].Provider) {
				walk(each)
			}
		}
		walk(first)
		for _, each := range got.Resources {
			// A component without children is an entry of the state, and nothing else.
			assert.True(t, before[each.Key()] || !each.Custom && len(got.childrenOf(each.Key())) == 0, "%v: %s may be deleted before the outputs", args, each.Key())
			assert.NotContains(t, each.DependsOn, first)
		}
	}
}

// childrenOf returns the keys of the children of a resource.
func (r recording) childrenOf(key string) []string {
	var children []string
	for _, each := range r.Resources {
		if each.Parent == key {
			children = append(children, each.Key())
		}
	}
	return children
}
