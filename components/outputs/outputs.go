// Package outputs publishes the outputs of a stack where pipelines without Pulumi find them, and keeps the stack whole.
package outputs

import (
	"errors"
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/parts"
	"ha-web/internal/settings/delivery"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of an Outputs.
const Type = "ha-web:index:Outputs"

// Outputs is an SSM parameter with the outputs of a stack as a JSON object, for pipelines without access to Pulumi. It costs nothing
// up to 4 KB, and 0.05 USD a month beyond.
//
// It is also what keeps a stack whole. Pulumi deletes first what nothing depends on, and stops at what is protected only when it
// gets there: with `pulumi destroy --skip-preview` most of a stack is gone by then. The parameter depends on everything else, so it
// is the first to be deleted. Where it is protected, nothing is.
type Outputs struct {
	pulumi.ResourceState

	// ParameterName is the name of the parameter: /<component>/<stack>/outputs.
	ParameterName pulumi.StringOutput `pulumi:"parameterName"`
}

// Args describes an Outputs.
type Args struct {
	// Settings say whether the parameter is protected. Default nil: the settings of a stack file that sets none.
	Settings *delivery.Settings `pulumi:"settings,optional"`
	// Values are the outputs by name. A secret among them is an error: the parameter is plain text.
	Values pulumi.Map `pulumi:"values"`
	// DependsOn are all other resources of the stack. A component among them is not enough: name its children too
	// (component.WatchRegistrations).
	DependsOn []pulumi.Resource
	// Tags go on the parameter, beside its Name.
	Tags pulumi.StringMap `pulumi:"tags,optional"`
}

// resolve returns a copy of the arguments with everything that is left out, or every fault of them.
func (a Args) resolve(stack string) (*Args, error) {
	settings := component.SettingsOr(a.Settings, delivery.Default).Resolved(stack)
	a.Settings = &settings
	var faults validate.Faults
	f := validate.FieldsOf(&faults, &a, fields.ByName)
	f.RequireTagged()
	settings.Validate(f)
	return &a, faults.Err()
}

// New creates an Outputs, after all other components of a stack. It returns every fault of args at once, before it registers
// anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Outputs, error) {
	args, err := component.ArgsOr(args).resolve(ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("outputs %s: %w", name, err)
	}
	outputs := &Outputs{}
	if err := component.Register(ctx, Type, name, args.Settings, outputs, opts...); err != nil {
		return nil, err
	}
	children := parts.ChildrenOf(outputs, name, component.Shared{Tags: args.Tags})
	logical := children.Name("outputs")
	parameter, err := ssm.NewParameter(ctx, logical, &ssm.ParameterArgs{
		Name:          pulumi.String(delivery.OutputsParameter(name, ctx.Stack())),
		Type:          pulumi.String("String"),
		InsecureValue: public(args.Values).ToStringPtrOutput(),
		Description:   pulumi.String("Outputs of the stack as a JSON object"),
		// AWS stores up to 4 KB as a standard parameter, and only more, up to 8 KB, as an advanced one.
		Tier: pulumi.String("Intelligent-Tiering"),
		Tags: children.Tags(logical),
	}, children.Options(pulumi.DependsOn(args.DependsOn), component.Guard(args.Settings.DeletionProtection))...)
	if err != nil {
		return nil, fmt.Errorf("creating parameter %s: %w", logical, err)
	}
	outputs.ParameterName = parameter.Name
	return outputs, component.RegisterOutputs(ctx, outputs)
}

// public returns values as a JSON object with sorted keys, or an error if one of them is secret.
func public(values pulumi.Map) pulumi.StringOutput {
	text := pulumi.JSONMarshal(values)
	return text.ApplyT(func(object string) (string, error) {
		if pulumi.IsSecret(text) {
			return "", errors.New("publishing outputs: one of them is secret, and the parameter is plain text: leave it out, " +
				"or export the ARN of a secret in its place")
		}
		return object, nil
	}).(pulumi.StringOutput)
}
