package plan_test

import (
	"bytes"
	"os"
	"testing"

	"ha-web/internal/controls"
	"ha-web/internal/offline"
	"ha-web/internal/plan"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var results = []controls.Result{
	{Control: controls.Control{ID: "S3.9", Title: "Requests are on record", Severity: controls.Medium, Remedy: "Log them", Also: []string{"S3.10", "CIS v5 5.1"}}, Status: controls.Excepted,
		Findings: []controls.Finding{
			{Resource: "aws:s3/bucketV2:BucketV2::logs", Fault: "they are not", Exception: "They are elsewhere."},
			{Resource: "aws:s3/bucketV2:BucketV2::static", Fault: "they are not", Exception: "Nobody asks."},
			{Resource: "aws:s3/bucketV2:BucketV2::more-logs", Fault: "they are not", Exception: "They are elsewhere."},
		}},
	{Control: controls.Control{ID: "SQS.1", Title: "Queues are encrypted", Severity: controls.Medium, Types: []string{"aws:sqs/queue:Queue"}, Remedy: "Turn it on"}, Status: controls.Fail,
		Findings: []controls.Finding{{Resource: "aws:sqs/queue:Queue::dead", Fault: "it is not"}}},
	{Control: controls.Control{ID: "HA.2", Title: "Proxies span zones", Severity: controls.High}, Status: controls.Pass},
}

func TestControlsForPeople(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, plan.WriteControls(&out, recording(), results))
	assert.Equal(t, `ha-web test: controls

exception  S3.9   medium  Requests are on record (S3.10, CIS v5 5.1)
fail       SQS.1  medium  Queues are encrypted
pass       HA.2   high    Proxies span zones

exceptions
  S3.9  Requests are on record
    s3.BucketV2 static: they are not
      Nobody asks.
    s3.BucketV2 logs: they are not
    s3.BucketV2 more-logs: they are not
      They are elsewhere.

failed
  SQS.1  Queues are encrypted
    sqs.Queue dead: it is not
    To mend it: Turn it on.

1 fail, 1 exception, 1 pass, 0 not applicable, of 3 controls
`, out.String())
}

func TestControlsForPrograms(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, plan.WriteControlsJSON(&out, &offline.Recording{Project: "ha-web", Stack: "test"}, results[1:2]))
	assert.Equal(t, `{
  "project": "ha-web",
  "stack": "test",
  "counts": {
    "fail": 1
  },
  "controls": [
    {
      "id": "SQS.1",
      "title": "Queues are encrypted",
      "severity": "medium",
      "types": [
        "aws:sqs/queue:Queue"
      ],
      "remedy": "Turn it on",
      "status": "fail",
      "findings": [
        {
          "resource": "aws:sqs/queue:Queue::dead",
          "fault": "it is not"
        }
      ]
    }
  ]
}
`, out.String())
}

// A program whose settings are right, and whose code is not.
func TestFailedControlEndsWithStatusThree(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{
		"Pulumi.yaml": "name: ha-web",
		"Pulumi.dev.yaml": `config:
  aws:region: us-east-1
  ha-web:environment: development
  ha-web:network: {availabilityZones: [us-east-1a, us-east-1b]}
`,
	} {
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	}
	queue := func(encrypted bool) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			var made pulumi.CustomResourceState
			return ctx.RegisterResource("aws:sqs/queue:Queue", "dead", pulumi.Map{"sqsManagedSseEnabled": pulumi.Bool(encrypted)}, &made)
		}
	}
	for encrypted, want := range map[bool]int{true: plan.ExitOK, false: plan.ExitFailed} {
		for _, format := range []string{"tree", "json"} {
			var stdout, stderr bytes.Buffer
			assert.Equal(t, want, plan.Command(queue(encrypted), []string{"plan", "-controls", "-format", format}, &stdout, &stderr))
			assert.Equal(t, !encrypted, bytes.Contains(stdout.Bytes(), []byte("it is not")))
			assert.Empty(t, stderr.String())
		}
	}
}
