package parts

import (
	"fmt"
	"ha-web/internal/component"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// HeaderValue is a secret value of a header, by which one front knows another.
type HeaderValue struct {
	Value     pulumi.StringOutput // secret
	SecretARN pulumi.StringOutput // where Secrets Manager keeps it
}

// HeaderValues makes up the values of a header: first that of this version, which is to be sent, then that of the version
// before, which is sent until everyone has the new one.
func (c Children) HeaderValues(
	ctx *pulumi.Context, role, description string, version int, key pulumi.StringInput,
) ([]HeaderValue, error) {
	var values []HeaderValue
	for each := version; each > max(0, version-2); each-- {
		value, err := c.headerValue(ctx, c.Name(role, "v"+strconv.Itoa(each)), description, key)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// SecretARNs returns where Secrets Manager keeps these values.
func SecretARNs(values []HeaderValue) []pulumi.StringInput {
	var arns []pulumi.StringInput
	for _, each := range values {
		arns = append(arns, each.SecretARN)
	}
	return arns
}

func (c Children) headerValue(ctx *pulumi.Context, name, description string, key pulumi.StringInput) (HeaderValue, error) {
	secret, err := secretsmanager.NewSecret(ctx, name, &secretsmanager.SecretArgs{
		Description:          pulumi.String(description),
		KmsKeyId:             component.Optional(key),
		RecoveryWindowInDays: pulumi.Int(0), // another is as good
		Tags:                 c.Tags(name),
	}, c.Options()...)
	if err != nil {
		return HeaderValue{}, fmt.Errorf("creating secret %s: %w", name, err)
	}
	random := secretsmanager.GetRandomPasswordOutput(ctx, secretsmanager.GetRandomPasswordOutputArgs{
		PasswordLength: pulumi.Int(64), ExcludePunctuation: pulumi.Bool(true), // * and ? match anything in a rule
	}, c.Parent()).RandomPassword()
	kept, err := secretsmanager.NewSecretVersion(ctx, name, &secretsmanager.SecretVersionArgs{
		SecretId:     secret.ID(),
		SecretString: random.ToStringPtrOutput(), // a new one in each run of the program, of which the first stays
	}, c.Options(pulumi.IgnoreChanges([]string{"secretString"}))...)
	if err != nil {
		return HeaderValue{}, fmt.Errorf("setting secret %s: %w", name, err)
	}
	return HeaderValue{kept.SecretString.Elem(), secret.Arn}, nil // secret, as the SDK knows
}
