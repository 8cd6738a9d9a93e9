package settings_test

import (
	"testing"

	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
)

func TestKeysThatNobodyReadsAreFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sections map[string]string
		want     string
	}{
		"other namespaces": {map[string]string{"aws:defaultTags": "{", "pulumi:tags": "{", "gcp:project": "x"}, ""},
		"other project":    {map[string]string{"haweb:web": "{}", "ha_web:x": "1"}, "ha_web:x: is in the namespace \"ha_web\", which nothing reads: use ha-web, or aws for the provider\nhaweb:web: is in the namespace \"haweb\", which nothing reads: write web, or ha-web:web"},
		"cause first":      {map[string]string{"other:network": "{}", "network": "{}"}, "other:network: is in the namespace \"other\", which nothing reads: write network, or ha-web:network"},
		"of the provider":  {map[string]string{"aws:regoin": "us-east-1", "aw:profile": "x"}, "aw:profile: is in the namespace \"aw\", which nothing reads: write aws:profile\naws:regoin: is not a setting of the AWS provider, did you mean aws:region?"},
		"credentials":      {map[string]string{"aws:accessKey": "AKIA", "aws:secretKey": "wJalr"}, "aws:secretKey: must not be in the file as it is: use a profile, or a role, or pulumi config set --secret aws:secretKey"},
		"of an emulator":   {map[string]string{"aws:accessKey": "test", "aws:secretKey": "test", "aws:skipCredentialsValidation": "true"}, ""},
		"no path":          {map[string]string{"network.natGateways": "single"}, "network.natGateways: was set without --path: take it out with pulumi config rm 'ha-web:network.natGateways', and set it with pulumi config set --path 'network.natGateways'"},
		"nothing alike":    {map[string]string{"foo": "{}", "waivers": `{"foo": "x"}`}, "foo: unknown\nwaivers.foo: no guard rail has this name"},
		"former setting":   {map[string]string{"database": `{"rotateAfterDays": 30}`}, "database.rotateAfterDays: is not a setting: database.rotation.schedule says when the master password rotates, such as cron(0 3 1 * ? *)"},
		"elsewhere":        {map[string]string{"web": `{"keyName": "x"}`, "database": `{"publiclyAccessible": true}`}, "database.publiclyAccessible: is not a setting: the database is never reachable from the internet\nweb.keyName: is not a setting: instances have no SSH key, aws ssm start-session opens a shell"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := settings.Parse("ha-web", config(t, test.sections))
			if test.want == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, test.want)
			}
		})
	}
}

func TestGuardRailsDoNotHideThatNothingIsSet(t *testing.T) {
	t.Parallel()
	_, err := settings.Parse("ha-web", map[string]string{"aws:region": "us-east-1"})
	assert.EqualError(t, err, "network.availabilityZones: must list 2 to 6 Availability Zones, such as [us-east-1a, us-east-1b], got 0")
}
