package network_test

import (
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/settings/network"
	"ha-web/internal/validate/validatetest"

	"github.com/stretchr/testify/assert"
)

// faultsOf returns what is wrong with settings in two zones after a change, a line each, under keys of a stack file.
func faultsOf(change func(*network.Settings)) string {
	settings := network.Default()
	settings.AvailabilityZones = []string{"us-east-1a", "us-east-1b"}
	change(&settings)
	return validatetest.Text(&settings, fields.ByTag, settings.Validate)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*network.Settings)
		want   string
	}{
		"defaults": {func(*network.Settings) {}, ""},
		"endpoints": {func(s *network.Settings) {
			s.InterfaceEndpoints = []string{"ssm", "ecr.api", "git-codecommit", "brand-new-service"}
		}, ""},
		"twice":       {func(s *network.Settings) { s.InterfaceEndpoints = []string{"ssm", "ssm"} }, "interfaceEndpoints[1]: ssm is listed twice"},
		"gateway":     {func(s *network.Settings) { s.InterfaceEndpoints = []string{"s3"} }, "interfaceEndpoints[0]: s3 has a gateway endpoint, which is free: leave it out"},
		"long name":   {func(s *network.Settings) { s.InterfaceEndpoints = []string{"com.amazonaws.us-east-1.kms"} }, `interfaceEndpoints[0]: must be the short name of a service, such as ssm, got "com.amazonaws.us-east-1.kms"`},
		"spaces":      {func(s *network.Settings) { s.InterfaceEndpoints = []string{"S S M"} }, `interfaceEndpoints[0]: must be the name of an AWS service, such as ssm, got "S S M"`},
		"empty":       {func(s *network.Settings) { s.InterfaceEndpoints = []string{""} }, `interfaceEndpoints[0]: must be the name of an AWS service, such as ssm, got ""`},
		"typo":        {func(s *network.Settings) { s.InterfaceEndpoints = []string{"secretmanager"} }, "interfaceEndpoints[0]: secretmanager is not an AWS service, did you mean secretsmanager?"},
		"strategy":    {func(s *network.Settings) { s.NATGateways = "two" }, `natGateways: must be perAz, single or none, got "two"`},
		"retention":   {func(s *network.Settings) { s.FlowLogs.RetentionDays = 8 }, "flowLogs.retentionDays: CloudWatch Logs cannot keep events for 8 days, the next period it offers is 14"},
		"no defaults": {func(s *network.Settings) { *s = network.Settings{} }, ": must begin as Default(), which sets what is left out"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, faultsOf(test.change))
		})
	}
}
