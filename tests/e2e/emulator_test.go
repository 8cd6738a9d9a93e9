//go:build e2e

package e2e

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What follows is all that the emulator is forgiven.

// fault is a difference that is there because the emulator does not answer what it was told.
type fault struct {
	kind       string
	properties []string
	why        string
}

// afterRefresh are the differences that a preview may find after a refresh. No others are let pass, and none before one.
var afterRefresh = []fault{
	{"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", []string{"description", "referencedSecurityGroupId"}, ruleFault},
	{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", []string{"description", "referencedSecurityGroupId"}, ruleFault},
}

const ruleFault = "DescribeSecurityGroupRules leaves out descriptions, and groups that rules name"

// switchedOff are settings that copies of stacks go without, because there is nothing here to serve them.
var switchedOff = []struct {
	section, key string
	value        any
	unless       string // a command that would, if any
	waiver       string // of the guard rail that production then lacks, if any
	why          string
}{
	{"delivery", "repository", map[string]any{"enabled": false}, awsxPlugin, "", "the image repository wants the plugin awsx"},
	{"web", "instanceTypes", []string{"t4g.small"}, "", "instance-types", "the emulator starts no refresh of a group with several instance types"},
	{"domain", "name", "", "", "tls", "the emulator fails over CloudFront's certificates; checkSignIn has names and TLS without CloudFront"},
	{"domain", "hostedZone", "", "", "", "likewise"},
}

const awsxPlugin = "pulumi-resource-awsx"

// unreadable are resources that a refresh cannot read back: the emulator speaks no TLS, and holds to a policy that wants it.
var unreadable = []string{"**::ha-web-static-unavailable"}

// expectNoChanges checks that a preview finds nothing to do, but for the emulator's faults.
func expectNoChanges(ctx context.Context, t *testing.T, stack auto.Stack, forgiven ...fault) {
	t.Helper()
	out, done := progress(t, "second preview")
	stream := make(chan events.EngineEvent)
	var steps []apitype.StepEventMetadata
	read := make(chan struct{})
	go func() {
		defer close(read)
		for event := range stream {
			if event.ResourcePreEvent != nil {
				steps = append(steps, event.ResourcePreEvent.Metadata)
			}
		}
	}()
	_, err := stack.Preview(ctx, optpreview.Diff(), optpreview.ProgressStreams(out), optpreview.EventStreams(stream))
	done()
	<-read
	require.NoError(t, err)
	require.NotEmpty(t, steps)
	for _, step := range steps {
		if step.Op != apitype.OpSame && step.Op != apitype.OpRead {
			assert.True(t, isEmulators(step, forgiven), "%s of %s, for %v", step.Op, step.URN, step.Diffs)
		}
	}
}

// isEmulators reports whether a step is there for a fault of the emulator, and for nothing else.
func isEmulators(step apitype.StepEventMetadata, forgiven []fault) bool {
	for _, fault := range forgiven {
		if step.Type == fault.kind && step.Op == apitype.OpUpdate && len(step.Diffs) > 0 {
			return !slices.ContainsFunc(step.Diffs, func(property string) bool {
				top, _, _ := strings.Cut(property, ".")
				return !slices.Contains(fault.properties, top)
			})
		}
	}
	return false
}

// switchOff takes what there is nothing to serve out of the config of a stack, and says why where production has a guard rail.
func switchOff(config map[string]any) {
	for _, each := range switchedOff {
		if _, err := exec.LookPath(each.unless); each.unless != "" && err == nil {
			continue
		}
		section(config, each.section)[each.key] = each.value
		if each.waiver != "" && config["ha-web:environment"] == "production" {
			section(config, "waivers")[each.waiver] = each.why
		}
	}
}

// section returns a section of the config of a stack, made where it is not there.
func section(config map[string]any, name string) map[string]any {
	section, _ := config["ha-web:"+name].(map[string]any)
	if section == nil {
		section = map[string]any{}
		config["ha-web:"+name] = section
	}
	return section
}
