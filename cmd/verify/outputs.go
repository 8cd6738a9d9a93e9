package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"ha-web/internal/validate"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// outputs are the outputs of a stack that a rollout needs, by their names in docs/outputs.md.
type outputs struct {
	AutoScalingGroupName string `json:"autoScalingGroupName"`
	TargetGroupArn       string `json:"targetGroupArn"`

	region string // of TargetGroupArn
}

// readOutputs reads what pulumi stack output --json prints, from a file or, for -, from stdin.
func readOutputs(file string, stdin io.Reader) (*outputs, error) {
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("-outputs: %w", err)
		}
		defer opened.Close()
		stdin = opened
	}
	var out outputs
	if err := json.NewDecoder(stdin).Decode(&out); err != nil {
		return nil, fmt.Errorf("-outputs: must be what pulumi stack output --json prints: %w", err)
	}
	return &out, out.validate()
}

func (o *outputs) validate() error {
	var faults validate.Faults
	if o.AutoScalingGroupName == "" {
		faults.Add("autoScalingGroupName", "is not among the outputs: run pulumi up first, and name the right stack")
	}
	parsed, err := arn.Parse(o.TargetGroupArn)
	switch {
	case o.TargetGroupArn == "":
		faults.Add("targetGroupArn", "is not among the outputs: run pulumi up first, and name the right stack")
	case err != nil || parsed.Region == "":
		faults.Add("targetGroupArn", "must be an ARN with a region, got %q", o.TargetGroupArn)
	}
	o.region = parsed.Region
	return faults.Err()
}
