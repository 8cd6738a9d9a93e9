package database

import (
	"fmt"
	"strconv"

	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// connectionParameters stores the connection details where instances look them up when they boot, so that no launch template has any
// of them. None is secret: the secret is named, not contained.
func (b *builder) connectionParameters(endpoint, secretARN pulumi.StringInput) error {
	for _, parameter := range []struct {
		role, path, description string
		value                   pulumi.StringInput
	}{
		{"endpoint", "/database/endpoint", "Host to connect to", endpoint},
		{"port", "/database/port", "Port to connect to", pulumi.String(strconv.Itoa(b.settings.Engine.Port()))},
		{"name", "/database/name", "Name of the database", pulumi.String(b.settings.Name)},
		{"secret-arn", "/database/secret-arn", "Secret with username and password", secretARN},
		{"pool-size", "/database/pool-size", "Most connections that one instance opens", pulumi.String(strconv.Itoa(b.settings.PoolSize))},
		{"db-endpoint", "/db-endpoint", "Host to connect to, under an older name", endpoint},
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
