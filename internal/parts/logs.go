package parts

import (
	"fmt"
	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LogGroup creates a log group that keeps its events for so many days. It is called physical in CloudWatch, which is for
// groups that services or people look up, or as Pulumi likes where that is empty. A nil key is CloudWatch's own.
func (c Children) LogGroup(
	ctx *pulumi.Context, name, physical string, days int, key pulumi.StringInput, opts ...pulumi.ResourceOption,
) (*cloudwatch.LogGroup, error) {
	args := &cloudwatch.LogGroupArgs{
		RetentionInDays: pulumi.Int(days),
		KmsKeyId:        component.Optional(key),
		Tags:            c.Tags(name),
	}
	if physical != "" {
		args.Name = pulumi.String(physical)
	}
	group, err := cloudwatch.NewLogGroup(ctx, name, args, c.Options(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("creating log group %s: %w", name, err)
	}
	return group, nil
}
