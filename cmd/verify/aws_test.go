package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
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
	useServer(t, server)
	var out, err bytes.Buffer
	status := command(t.Context(), []string{"rollout"}, streams{strings.NewReader(goodOutputs), &out, &err})
	assert.Equal(t, 0, status, err.String())
	assert.True(t, throttled)
	assert.Regexp(t, "refresh Successful: 1 of 1 instances in service have version 7, 1 of at least 1 are healthy\n$", out.String())
}

// useServer has the SDK ask a server in place of AWS.
func useServer(t *testing.T, server *httptest.Server) {
	t.Helper()
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

// TestRealRefusals reads the outputs from the region of the configuration, and is refused all else in that of the stack: no check
// fails of it, and each names what it may not ask.
func TestRealRefusals(t *testing.T) {
	withChecks(t, append(append([]check{}, webChecks...), operationsChecks...)...)
	reached := connectSite
	t.Cleanup(func() { connectSite = reached })
	connectSite = func() site { return healthySite() }
	var throttled atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "AmazonSSM.GetParameter" {
			if throttled.CompareAndSwap(false, true) {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"__type": "ThrottlingException", "message": "Rate exceeded"}`)
				return
			}
			assert.Contains(t, r.Header.Get("Authorization"), "/us-east-1/ssm/")
			assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{"Parameter": map[string]any{
				"Value": healthyOutputs, "LastModifiedDate": 1.8e9,
			}}))
			return
		}
		w.WriteHeader(http.StatusForbidden)
		if r.FormValue("Action") == "DescribeInstances" { // EC2 has an envelope of its own
			_, _ = io.WriteString(w, `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform
				this operation. User: a is not authorized to perform: ec2:DescribeInstances because</Message></Error></Errors></Response>`)
			return
		}
		_, _ = io.WriteString(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>Refused</Message></Error></ErrorResponse>`)
	}))
	useServer(t, server)
	var out, errs bytes.Buffer
	status := command(t.Context(), []string{"check", "-stack", "ha-web/prod"}, streams{strings.NewReader(""), &out, &errs})
	assert.Equal(t, 0, status, errs.String())
	for _, line := range []string{
		"alarms-quiet +skip +missing permission: CloudWatch DescribeAlarms", "instances-imdsv2 +skip +missing permission: ec2:DescribeInstances",
		"group-zones +skip +missing permission: Auto Scaling DescribeAutoScalingGroups",
		"pages-subscribed +skip +missing permission: SNS ListSubscriptionsByTopic",
		"site-health +skip +missing permission: Elastic Load Balancing v2 DescribeTargetGroups",
		"outputs-current +skip +they were read from /ha-web/prod/outputs", "http-redirects +pass", "site-certificate +pass",
	} {
		assert.Regexp(t, "(?m)^"+line, out.String())
	}
	assert.Contains(t, out.String(), " 0 failed,")
}
