package main

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/stretchr/testify/assert"
)

// scalingLog is the log of a group, the newest first. AWS hands out two activities a page.
type scalingLog struct {
	activities []scaling.Activity
	err        error
	pages      int
}

func (l *scalingLog) DescribeScalingActivities(_ context.Context, in *autoscaling.DescribeScalingActivitiesInput, _ ...func(*autoscaling.Options)) (
	*autoscaling.DescribeScalingActivitiesOutput, error) {
	l.pages++
	at, _ := strconv.Atoi(aws.ToString(in.NextToken))
	out := &autoscaling.DescribeScalingActivitiesOutput{}
	if *in.AutoScalingGroupName != "ha-web-prod" {
		return out, l.err
	}
	end := min(at+2, len(l.activities))
	out.Activities = l.activities[at:end]
	if end < len(l.activities) {
		out.NextToken = aws.String(strconv.Itoa(end))
	}
	return out, l.err
}

func activity(minute int, status scaling.ScalingActivityStatusCode, description, cause, message string) scaling.Activity {
	started := time.Date(2027, 1, 11, 9, minute, 0, 0, time.UTC)
	found := scaling.Activity{StartTime: &started, StatusCode: status, Description: &description, Cause: &cause}
	if message != "" {
		found.StatusMessage = &message
	}
	return found
}

func goodLog() *scalingLog {
	return &scalingLog{activities: []scaling.Activity{
		activity(3, "Failed", "Launching a new EC2 instance", "At 2027-01-11T09:03:00Z an instance was started in response to a difference.",
			"We currently do not have sufficient m7g.large capacity in the Availability Zone you requested (us-east-1a).\nTry another."),
		activity(2, "InProgress", "Terminating EC2 instance: i-0aa11bb22cc33dd44",
			"At 2027-01-11T09:02:00Z an instance was taken out of service in response to an ELB system health check failure.", ""),
		activity(1, "Successful", "Launching a new EC2 instance: i-0123456789abcdef0",
			"At 2027-01-11T09:00:58Z a user request update of AutoScalingGroup constraints to min: 4.  At 2027-01-11T09:01:00Z an instance was started.", ""),
	}}
}

func runActivities(t *testing.T, log *scalingLog, flags ...string) outcomeOf {
	t.Helper()
	before := connect
	t.Cleanup(func() { connect = before })
	connect = func(_ context.Context, region string) (services, error) {
		assert.Equal(t, "eu-central-1", region)
		return services{activities: log}, nil
	}
	var out, err bytes.Buffer
	status := command(t.Context(), append([]string{"activities"}, flags...), streams{strings.NewReader(goodOutputs), &out, &err})
	return outcomeOf{status, out.String(), err.String()}
}

// outcomeOf is what a command printed.
type outcomeOf struct {
	status   int
	out, err string
}

func TestActivities(t *testing.T) {
	r := runActivities(t, goodLog())
	assert.Equal(t, 0, r.status, r.err)
	assert.Equal(t, `2027-01-11T09:03:00Z  Failed      -                    We currently do not have sufficient m7g.large capacity in the ...
2027-01-11T09:02:00Z  InProgress  i-0aa11bb22cc33dd44  an instance was taken out of service in response to an ELB sys...
2027-01-11T09:01:00Z  Successful  i-0123456789abcdef0  a user request update of AutoScalingGroup constraints to min: 4
`, r.out)
}

func TestActivitiesAreAligned(t *testing.T) {
	log := goodLog()
	log.activities[1].StatusCode = scaling.ScalingActivityStatusCodeWaitingForELBConnectionDraining
	lines := strings.Split(runActivities(t, log).out, "\n")
	assert.Equal(t, strings.Index(lines[1], "i-0aa11bb22cc33dd44"), strings.Index(lines[2], "i-0123456789abcdef0"))
	assert.Len(t, lines[1], width)
}

func TestActivitiesAreBounded(t *testing.T) {
	log := goodLog()
	r := runActivities(t, log, "-max", "1")
	assert.Equal(t, 1, strings.Count(r.out, "\n"))
	assert.Equal(t, 1, log.pages)
	assert.Equal(t, "no activity in six weeks\n", runActivities(t, &scalingLog{}).out)
}

func TestActivitiesThatAWSDoesNotTell(t *testing.T) {
	r := runActivities(t, &scalingLog{err: errors.New("api error AccessDenied")})
	assert.Equal(t, 1, r.status)
	assert.Equal(t, "activities of ha-web-prod: api error AccessDenied\n", r.err)
}

func TestActivitiesCommandLine(t *testing.T) {
	for args, want := range map[string]string{
		"-max 0":                "-max: must be 1 or more, got 0",
		"-fast":                 "-fast",
		"prod":                  "prod: is one argument too many",
		"-outputs a -stack b/c": "-stack: must not be given with -outputs",
		"-outputs /no/such":     "-outputs: open /no/such",
	} {
		r := runActivities(t, goodLog(), strings.Fields(args)...)
		assert.Equal(t, 2, r.status, args)
		assert.Contains(t, r.err, want)
	}
	assert.Contains(t, runActivities(t, goodLog(), "-h").out, "usage: verify activities")
}
