package settings

import (
	"encoding/json"
	"fmt"
	"strings"

	"ha-web/internal/awstype"
	"ha-web/internal/settings/delivery"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// published returns the outputs of the update before, as the stack's SSM parameter has them. A new stack has none.
func published(ctx *pulumi.Context) (map[string]any, error) {
	// A lookup of one parameter fails if there is none. A list of those of the stack is then empty. The provider marks all values as
	// secret, which ssm.GetParametersByPath takes for an error; these parameters have none.
	var found ssm.GetParametersByPathResult
	decrypt := false
	_, err := ctx.InvokePackageRaw(awstype.SSMGetParametersByPath, &ssm.GetParametersByPathArgs{
		Path: delivery.ParameterPath(ctx.Project(), ctx.Stack()), WithDecryption: &decrypt,
	}, &found, "", pulumi.Version(providerVersion))
	if err != nil {
		return nil, err
	}
	for i, name := range found.Names {
		if name != delivery.OutputsParameter(ctx.Project(), ctx.Stack()) || i >= len(found.Values) {
			continue
		}
		var outputs map[string]any
		if err := json.Unmarshal([]byte(found.Values[i]), &outputs); err != nil {
			return nil, fmt.Errorf("parameter %s: not a JSON object: %w", name, err)
		}
		return outputs, nil
	}
	return nil, nil
}

// announceOutages returns a note for each change since the update before that takes the site down.
func (s *Settings) announceOutages(ctx *pulumi.Context) []string {
	before, err := published(ctx)
	if err != nil {
		reason, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
		return []string{"this update does not say which changes cause an outage: the outputs of the update before cannot be read: " + reason}
	}
	var notes []string
	for _, each := range s.Outages(before) {
		notes = append(notes, "outage: "+each)
	}
	return notes
}
