package settings

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// account answers the lookup of the parameters of a stack.
type account struct {
	parameters map[string]any
	refuses    error
}

func (account) NewResource(pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return "", nil, errors.New("registers nothing")
}

func (a account) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if a.refuses != nil {
		return nil, a.refuses
	}
	var names, values []any
	for name, value := range a.parameters {
		names, values = append(names, args.Args["path"].StringValue()+name), append(values, value)
	}
	return resource.PropertyMap{
		"names":  resource.NewPropertyValue(names),
		"values": resource.MakeSecret(resource.NewPropertyValue(values)), // as the provider marks all of them
	}, nil
}

// Outages come from the parameter of the update before. A new stack has none, and one that cannot be read is a note, not a fault.
func TestOutagesComeFromTheParameter(t *testing.T) {
	t.Parallel()
	const other, outputs = "/db-endpoint", "/outputs"
	for name, test := range map[string]struct {
		account account
		want    []string
	}{
		"a new stack":      {account{}, nil},
		"an older program": {account{parameters: map[string]any{other: "host"}}, nil},
		"no change":        {account{parameters: map[string]any{other: "host", outputs: `{"applicationPort": 8080}`}}, nil},
		"a change":         {account{parameters: map[string]any{outputs: `{"applicationPort": 80}`}}, []string{"outage: web.port changes from 80 to 8080: "}},
		"not JSON":         {account{parameters: map[string]any{outputs: "x"}}, []string{"this update does not say which changes cause an outage: "}},
		"no right":         {account{refuses: errors.New("AccessDenied: no\nmore")}, []string{"this update does not say which changes cause an outage: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var notes []string
			require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
				settings := Default()
				settings.derive()
				notes = settings.announceOutages(ctx)
				return nil
			}, pulumi.WithMocks("ha-web", "prod", test.account)))
			require.Len(t, notes, len(test.want))
			for i, want := range test.want {
				assert.Contains(t, notes[i], want)
				assert.NotContains(t, notes[i], "\n")
			}
		})
	}
}
