package database

import (
	"fmt"
	"strconv"

	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// connectionParameters writes down how to connect, where instances look it up when they start: nothing about the
// database is in a launch template (document 000). None of it is secret; the secret is named, not told.
func (b *builder) connectionParameters() error {
	for _, parameter := range []struct {
		role, path, description string
		value                   pulumi.StringInput
	}{
		{"endpoint", "/database/endpoint", "Host to connect to", b.endpoint},
		{"port", "/database/port", "Port to connect to", pulumi.String(strconv.Itoa(b.plan.engine.Port))},
		{"name", "/database/name", "Name of the database", pulumi.String(b.args.Name)},
		{"secret-arn", "/database/secret-arn", "Secret with username and password", b.secretARN},
		{"db-endpoint", "/db-endpoint", "Host to connect to, by the name in the lesson", b.endpoint},
	} {
		name := b.Name("parameter", parameter.role)
		_, err := ssm.NewParameter(b.ctx, name, &ssm.ParameterArgs{
			Name:          pulumi.String(b.args.ParameterPrefix + parameter.path),
			Type:          pulumi.String("String"),
			InsecureValue: component.Optional(parameter.value),
			Description:   pulumi.String(parameter.description),
			Tags:          b.Tags(name),
		}, b.Options()...)
		if err != nil {
			return fmt.Errorf("creating parameter %s: %w", name, err)
		}
	}
	return nil
}
