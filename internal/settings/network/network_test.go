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
		"ports":       {func(s *network.Settings) { s.EgressPorts = []int{1, 25, 80, 465, 587, 993, 2525, 5222, 8883, 32000} }, ""},
		"port range":  {func(s *network.Settings) { s.EgressPorts = []int{0, 32001, -1} }, "egressPorts[0]: must be between 1 and 32000, got 0\negressPorts[1]: must be between 1 and 32000, got 32001\negressPorts[2]: must be between 1 and 32000, got -1"},
		"https":       {func(s *network.Settings) { s.EgressPorts = []int{443} }, "egressPorts[0]: 443 is always open: leave it out"},
		"port twice":  {func(s *network.Settings) { s.EgressPorts = []int{587, 587} }, "egressPorts[1]: 587 is listed twice"},
		"ssh":         {func(s *network.Settings) { s.EgressPorts = []int{22} }, "egressPorts[0]: must not be a port of remote administration, got 22 (SSH): open a session with AWS Systems Manager instead"},
		"rdp":         {func(s *network.Settings) { s.EgressPorts = []int{587, 3389} }, "egressPorts[1]: must not be a port of remote administration, got 3389 (RDP): open a session with AWS Systems Manager instead"},
		"many ports":  {func(s *network.Settings) { s.EgressPorts = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11} }, "egressPorts: must list at most 10 ports, because a network ACL has at most 20 rules in each direction, got 11"},
		"no gateway":  {func(s *network.Settings) { s.EgressPorts, s.NATGateways = []int{587}, network.NATNone }, "egressPorts: requires a NAT gateway: set natGateways to perAz or single, or leave the ports out"},
		"no defaults": {func(s *network.Settings) { *s = network.Settings{} }, ": must begin as Default(), which sets what is left out"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, faultsOf(test.change))
		})
	}
}
