package webtier

import (
	"fmt"

	"ha-web/internal/settings/delivery"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// image returns the ID of the AMI. A parameter is looked up here, and not by AWS at each launch: a new AMI is then a new version of
// the launch template, which is rolled out and can be set back (Amazon EC2 Auto Scaling API reference, RefreshPreferences).
func (b *builder) image() (pulumi.StringInput, error) {
	switch parameter := b.settings.ImageParameter(); {
	case parameter == "":
		return pulumi.String(b.settings.Image), nil
	case b.settings.Image == "":
		return b.keptImage(b.lookUp(parameter))
	default:
		return b.lookUp(parameter), nil
	}
}

func (b *builder) lookUp(parameter string) pulumi.StringOutput {
	return ssm.LookupParameterOutput(b.ctx, ssm.LookupParameterOutputArgs{Name: pulumi.String(parameter)}, b.Parent()).InsecureValue()
}

// keptImage returns the newest AMI that there was when the stack was created. A parameter keeps it: an update for another reason, in
// the middle of a rush, must not replace all instances because AWS has published an AMI since. Instances of the other architecture
// need another AMI, and so have a parameter of their own.
func (b *builder) keptImage(newest pulumi.StringInput) (pulumi.StringInput, error) {
	role := "image-" + b.settings.Architecture().Label()
	name := b.Name(role)
	kept, err := ssm.NewParameter(b.ctx, name, &ssm.ParameterArgs{
		Name:          pulumi.String(delivery.ParameterPath(b.Component(), b.ctx.Stack()) + "/" + role),
		Description:   pulumi.String("AMI that instances keep until web.image sets another"),
		Type:          pulumi.String("String"),
		InsecureValue: newest.ToStringOutput().ToStringPtrOutput(),
		Tags:          b.Tags(name),
	}, b.Options(pulumi.IgnoreChanges([]string{"insecureValue"}))...)
	if err != nil {
		return nil, fmt.Errorf("creating SSM parameter %s: %w", name, err)
	}
	return kept.InsecureValue, nil
}
