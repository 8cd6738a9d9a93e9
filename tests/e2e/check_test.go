//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mustPass are the checks of verify check that any stack passes on an emulator: it keeps what the stack is made of.
var mustPass = []string{
	"load-balancer-ingress", "security-groups-closed", "default-security-group",
	"public-routes", "private-routes", "data-routes", "nat-gateways", "address-quota",
	"database-available", "database-zones", "database-encrypted", "database-private", "database-backups", "database-rotation",
	"instances-imdsv2", "instances-private", "instances-current", "group-zones", "group-processes", "group-protection",
	"alarms-present", "alarms-enabled", "outputs-current",
}

// mayNotPass are the checks that an emulator cannot pass, with the reason.
var mayNotPass = map[string]string{
	"site-health":           "no instance serves, and no name of the stack resolves",
	"load-balancer-health":  "no instance serves, and no name of the stack resolves",
	"http-redirects":        "no name of the stack resolves",
	"site-certificate":      "no name of the stack resolves",
	"direct-access-refused": "no name of the stack resolves, so nothing is told from a network without a way out",
	"instance-ingress":      "instances of a group have no security groups on an emulator",
	"flow-logs":             "an emulator delivers no flow logs",
	"origin-certificate":    "ACM on an emulator tells CloudWatch of no certificate",
	"database-room":         "a database on an emulator tells CloudWatch of no storage",
	"database-maintenance":  "the emulator has no DescribePendingMaintenanceActions",
	"vcpu-quota":            "CloudWatch on an emulator knows no usage and no quota",
}

// depends are the checks that pass or not as time goes by: instances become healthy, and alarms get their first data.
var depends = []string{"targets-healthy", "alarms-quiet"}

// byStack are the checks whose result depends on the settings of a stack.
var byStack = map[string]map[string]string{
	"dev": {
		"database-ingress": "fail", // from instances, whose security groups the emulator does not tell
		"database-standby": "skip", "database-protected": "skip", "proxy-ingress": "skip", "proxy-available": "skip", "proxy-targets": "skip",
		"pages-subscribed":   "fail", // nobody is on call for dev
		"notices-subscribed": "skip",
	},
	"prod": {
		"database-ingress": "pass", // from the proxy
		"proxy-ingress":    "fail", // from instances, see dev
		"database-standby": "pass", "database-protected": "pass", "proxy-available": "pass", "proxy-targets": "pass",
	},
}

// subscriptionChecks are not told of prod: whether an emulator confirms an address that nobody reads is its own affair.
var subscriptionChecks = []string{"pages-subscribed", "notices-subscribed"}

// checkVerified runs verify check on the stack, and holds each of its results to what an emulator can show.
func checkVerified(ctx context.Context, t *testing.T, d *deployment) {
	t.Helper()
	outputs := d.CurrentOutputs(t)
	want := byStack[d.Name]
	require.NotNil(t, want, d.Name)
	for name, found := range verifyCheck(ctx, t, d, outputs) {
		because, excused := mayNotPass[name]
		switch result, told := want[name]; {
		case told:
			assert.Equal(t, result, found.Result, "%s: %s", name, found.Seen)
		case slices.Contains(mustPass, name):
			assert.Equal(t, "pass", found.Result, "%s: %s", name, found.Seen)
		case excused:
			assert.NotEqual(t, "pass", found.Result, "%s: %s: yet it sees %s", name, because, found.Seen)
		default:
			assert.True(t, slices.Contains(depends, name) || slices.Contains(subscriptionChecks, name), "nothing is said here about %s", name)
		}
	}
}

// verified is a result of verify check.
type verified struct{ Name, Result, Seen string }

// verifyCheck runs verify check, and returns its results by name.
func verifyCheck(ctx context.Context, t *testing.T, d *deployment, outputs auto.OutputMap) map[string]verified {
	t.Helper()
	process := d.VerifyCommand(ctx, t, outputs, "check", "-format", "json", "-timeout", "3m")
	var complaints bytes.Buffer
	process.Stderr = &complaints
	printed, err := process.Output()
	t.Logf("verify check:\n%s%s", printed, complaints.String())
	require.Error(t, err, "a site that does not answer fails")
	assert.Equal(t, 1, process.ProcessState.ExitCode())
	var report struct{ Checks []verified }
	require.NoError(t, json.Unmarshal(printed, &report))
	found := map[string]verified{}
	for _, each := range report.Checks {
		found[each.Name] = each
	}
	require.Greater(t, len(found), 40)
	return found
}
