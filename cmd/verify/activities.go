package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"ha-web/internal/validate"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

const activitiesUsage = `usage: verify activities [flags]

Print what the Auto Scaling group did, the newest first: when, how it ended, which instance, and why, or why it failed. AWS
keeps six weeks of it.

  -outputs FILE         outputs of the stack, as pulumi stack output --json prints them (default -, stdin)
  -stack PROJECT/STACK  read the outputs from the SSM parameter /PROJECT/STACK/outputs instead
  -max NUMBER           how many activities (default 20)

Exit status: 0, 1 where AWS did not answer, 2 for a wrong command line or outputs.
`

type activitiesAPI interface {
	autoscaling.DescribeScalingActivitiesAPIClient
}

// askingTime is how long activities may take to read.
const askingTime = time.Minute

type activitiesOptions struct {
	source checkOptions
	most   int
}

func activitiesVerb(ctx context.Context, args []string, s streams) int {
	options, err := parseActivities(args)
	if err != nil {
		return wrong(s, err, activitiesUsage)
	}
	ctx, cancel := context.WithTimeout(ctx, askingTime)
	defer cancel()
	found, err := options.read(ctx, s.in)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitUsage
	}
	aws, err := connect(ctx, found.region)
	if err == nil {
		var activities []scaling.Activity
		if activities, err = readActivities(ctx, aws.activities, found.AutoScalingGroupName, options.most); err == nil {
			err = writeActivities(s.out, activities)
		}
	}
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitNot
	}
	return exitOK
}

func parseActivities(args []string) (activitiesOptions, error) {
	var o activitiesOptions
	flags := flag.NewFlagSet("activities", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.source.outputs, "outputs", "", "")
	flags.StringVar(&o.source.stack, "stack", "", "")
	flags.IntVar(&o.most, "max", 20, "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var faults validate.Faults
	if flags.NArg() > 0 {
		faults.Add(flags.Arg(0), "is one argument too many")
	}
	if o.source.outputs != "" && o.source.stack != "" {
		faults.Add("-stack", "must not be given with -outputs: both say where the outputs are")
	}
	if o.most < 1 {
		faults.Add("-max", "must be 1 or more, got %d", o.most)
	}
	return o, faults.Err()
}

// read returns the outputs, of which the group and its region are enough.
func (o activitiesOptions) read(ctx context.Context, stdin io.Reader) (*outputs, error) {
	if o.source.stack != "" {
		return readParameter(ctx, o.source.stack)
	}
	return readOutputs(cmp.Or(o.source.outputs, "-"), stdin)
}

func readActivities(ctx context.Context, api activitiesAPI, group string, most int) ([]scaling.Activity, error) {
	var activities []scaling.Activity
	pages := autoscaling.NewDescribeScalingActivitiesPaginator(api, &autoscaling.DescribeScalingActivitiesInput{
		AutoScalingGroupName: &group, MaxRecords: aws.Int32(int32(min(most, 100))),
	})
	for pages.HasMorePages() && len(activities) < most {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("activities of %s: %w", group, err)
		}
		activities = append(activities, page.Activities...)
	}
	return activities[:min(most, len(activities))], nil
}

// width is how many columns a line has at most.
const width = 120

func writeActivities(out io.Writer, activities []scaling.Activity) error {
	if len(activities) == 0 {
		_, err := fmt.Fprintln(out, "no activity in six weeks")
		return err
	}
	column := 0
	for _, each := range activities {
		column = max(column, len(each.StatusCode))
	}
	for _, each := range activities {
		line := fmt.Sprintf("%-20s  %-*s  %-19s  %s", aws.ToTime(each.StartTime).UTC().Format(time.RFC3339), column, each.StatusCode,
			cmp.Or(instanceID.FindString(aws.ToString(each.Description)), "-"), why(each))
		if _, err := fmt.Fprintln(out, shorten(line, width)); err != nil {
			return err
		}
	}
	return nil
}

var (
	instanceID = regexp.MustCompile(`\bi-[0-9a-f]+\b`)
	// clause is a part of a cause: each begins with a time.
	clause = regexp.MustCompile(`At \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ `)
)

// why returns the reason of an activity: why it failed, or the first clause of its cause, without its time. The further clauses
// repeat it in other words.
func why(activity scaling.Activity) string {
	if message := aws.ToString(activity.StatusMessage); message != "" {
		return oneLine(message)
	}
	for _, each := range clause.Split(oneLine(aws.ToString(activity.Cause)), -1) {
		if each = strings.Trim(each, " ."); each != "" {
			return each
		}
	}
	return oneLine(aws.ToString(activity.Description))
}

// shorten cuts a text to a number of characters.
func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-3]) + "..."
}
