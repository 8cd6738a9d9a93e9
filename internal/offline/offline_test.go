package offline_test

import (
	"errors"
	"testing"

	"ha-web/internal/awstype"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var stack = offline.Stack{Project: "ha-web", Name: "test", Config: map[string]string{"ha-web:colour": "red"}}

// thing is a resource with one computed property.
type thing struct {
	pulumi.CustomResourceState
	ARN pulumi.StringOutput `pulumi:"arn"`
}

func newThing(ctx *pulumi.Context, name string, inputs pulumi.Map, opts ...pulumi.ResourceOption) (*thing, error) {
	created := &thing{}
	return created, ctx.RegisterResource(awstype.EC2VPC, name, inputs, created, opts...)
}

// program registers a component with two children, one of which depends on the other twice.
func program(ctx *pulumi.Context) error {
	colour, _ := ctx.GetConfig("ha-web:colour")
	component := &struct{ pulumi.ResourceState }{}
	if err := ctx.RegisterComponentResourceV2("test:index:Group", "group", pulumi.Map{"size": pulumi.Int(2)}, component); err != nil {
		return err
	}
	first, err := newThing(ctx, "first", pulumi.Map{
		"colour":   pulumi.String(colour),
		"password": pulumi.ToSecret(pulumi.Map{"is": pulumi.String("hunter2")}),
	}, pulumi.Parent(component), pulumi.Protect(true), pulumi.IgnoreChanges([]string{"colour"}))
	if err != nil {
		return err
	}
	_, err = newThing(ctx, "second", pulumi.Map{
		"first": first.ID(),
		"list":  pulumi.Array{first.ARN, pulumi.String("plain")},
	}, pulumi.Parent(component), pulumi.DependsOn([]pulumi.Resource{first}), pulumi.DeleteBeforeReplace(true), pulumi.ReplaceOnChanges([]string{"*"}))
	if err != nil {
		return err
	}
	if err := ctx.Log.Info("not for the plan", nil); err != nil {
		return err
	}
	ctx.Export("first", first.ID())
	ctx.Export("token", pulumi.ToSecret(pulumi.String("hunter2")))
	return ctx.Log.Warn("mind the gap", nil)
}

func TestRecord(t *testing.T) {
	t.Parallel()
	recording, err := offline.Record(program, stack)
	require.NoError(t, err)
	assert.Equal(t, &offline.Recording{
		Project: "ha-web", Stack: "test",
		Resources: []offline.Resource{
			{
				Type: awstype.EC2VPC, Name: "first", Parent: "test:index:Group::group", Custom: true, Protect: true,
				DependsOn: []string{}, IgnoreChanges: []string{"colour"},
				Inputs: map[string]any{"colour": "red", "password": offline.Secret},
			},
			{
				Type: awstype.EC2VPC, Name: "second", Parent: "test:index:Group::group", Custom: true,
				DependsOn: []string{"aws:ec2/vpc:Vpc::first"}, IgnoreChanges: []string{}, DeleteBeforeReplace: true, ReplaceOnChanges: []string{"*"},
				Inputs: map[string]any{
					"first": "first_id",
					"list":  []any{"arn:aws:ec2:us-east-1:123456789012:first", "plain"},
				},
			},
			{
				Type: "test:index:Group", Name: "group", Parent: "pulumi:pulumi:Stack::ha-web-test",
				DependsOn: []string{}, IgnoreChanges: []string{}, Inputs: map[string]any{"size": 2.0},
			},
		},
		Outputs: map[string]any{"first": "first_id", "token": offline.Secret},
		Notes:   []string{"mind the gap"},
		Said:    []string{"not for the plan"},
	}, recording)
}

func TestPreviewLeavesComputedValuesUnknown(t *testing.T) {
	t.Parallel()
	preview := stack
	preview.Preview = true
	recording, err := offline.Record(program, preview)
	require.NoError(t, err)
	require.Len(t, recording.Resources, 3)
	assert.Equal(t, map[string]any{"colour": "red", "password": offline.Secret}, recording.Resources[0].Inputs)
	assert.Equal(t, map[string]any{"first": offline.Unknown, "list": []any{offline.Unknown, "plain"}}, recording.Resources[1].Inputs)
	assert.Equal(t, map[string]any{"first": offline.Unknown, "token": offline.Secret}, recording.Outputs)
}

func TestExplicitProvidersAreNamed(t *testing.T) {
	t.Parallel()
	recording, err := offline.Record(func(ctx *pulumi.Context) error {
		provider := &struct{ pulumi.ProviderResourceState }{}
		if err := ctx.RegisterResource(awstype.Provider, "us-east-1", pulumi.Map{}, provider); err != nil {
			return err
		}
		_, err := newThing(ctx, "first", nil, pulumi.Provider(provider))
		return err
	}, stack)
	require.NoError(t, err)
	assert.Equal(t, "pulumi:providers:aws::us-east-1", recording.Resources[0].Provider)
}

func TestFilesAndResourcesAsInputs(t *testing.T) {
	t.Parallel()
	recording, err := offline.Record(func(ctx *pulumi.Context) error {
		first, err := newThing(ctx, "first", nil)
		if err != nil {
			return err
		}
		_, err = newThing(ctx, "second", pulumi.Map{
			"page":  pulumi.NewStringAsset("x"),
			"pages": pulumi.NewAssetArchive(map[string]any{"index.html": pulumi.NewStringAsset("x")}),
			"other": pulumi.NewResourceOutput(first),
		})
		return err
	}, stack)
	require.NoError(t, err)
	inputs := recording.Resources[1].Inputs
	assert.Equal(t, "[asset 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881]", inputs["page"])
	assert.Regexp(t, `^\[archive [0-9a-f]{64}\]$`, inputs["pages"])
	assert.Equal(t, "aws:ec2/vpc:Vpc::first", inputs["other"])
}

func TestErrorOfTheProgramIsReturnedAsItIs(t *testing.T) {
	t.Parallel()
	broken := errors.New("web.port: must be an integer")
	recording, err := offline.Record(func(ctx *pulumi.Context) error { return broken }, stack)
	assert.Nil(t, recording)
	assert.EqualError(t, err, broken.Error())
}

func TestLookups(t *testing.T) {
	t.Parallel()
	lookup := func(token string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			var result struct {
				ID string `pulumi:"id"`
			}
			args := struct {
				Name string `pulumi:"name"`
			}{"list"}
			if err := ctx.Invoke(token, &args, &result); err != nil {
				return err
			}
			ctx.Export("id", pulumi.String(result.ID))
			return nil
		}
	}
	recording, err := offline.Record(lookup(awstype.EC2GetManagedPrefixList), stack)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"id": "list_id"}, recording.Outputs)

	_, err = offline.Record(lookup(awstype.EC2GetAmi), stack)
	assert.ErrorContains(t, err, "no offline answer to aws:ec2/getAmi:getAmi")
}
