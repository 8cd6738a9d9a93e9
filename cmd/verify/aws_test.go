package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// answers are those of AWS, shortened, by action.
var answers = map[string]string{
	"DescribeInstanceRefreshes": `<InstanceRefreshes><member><InstanceRefreshId>r-1</InstanceRefreshId><Status>Successful</Status>
		<StartTime>2027-01-11T09:00:00Z</StartTime></member></InstanceRefreshes>`,
	"DescribeAutoScalingGroups": `<AutoScalingGroups><member><MinSize>1</MinSize><MixedInstancesPolicy><LaunchTemplate><LaunchTemplateSpecification>
		<LaunchTemplateId>lt-1</LaunchTemplateId><Version>7</Version></LaunchTemplateSpecification></LaunchTemplate></MixedInstancesPolicy>
		<Instances><member><InstanceId>i-1</InstanceId><LifecycleState>InService</LifecycleState>
		<LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><Version>7</Version></LaunchTemplate></member></Instances></member></AutoScalingGroups>`,
	"DescribeTargetHealth": `<TargetHealthDescriptions><member><Target><Id>i-1</Id></Target>
		<TargetHealth><State>healthy</State></TargetHealth></member></TargetHealthDescriptions>`,
}

// TestRealClients goes through the SDK: its configuration, its retries and its protocol.
func TestRealClients(t *testing.T) {
	var throttled bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action := r.FormValue("Action")
		if !throttled {
			throttled = true
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`)
			return
		}
		assert.Contains(t, r.Header.Get("Authorization"), "/eu-central-1/", "signed for the region of the outputs")
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", action, answers[action])
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	var out, err bytes.Buffer
	status := command(t.Context(), []string{"rollout"}, streams{strings.NewReader(goodOutputs), &out, &err})
	assert.Equal(t, 0, status, err.String())
	assert.True(t, throttled)
	assert.Regexp(t, "refresh Successful: 1 of 1 instances in service have version 7, 1 of at least 1 are healthy\n$", out.String())
}
