package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watching "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarms are those of a stack in all its regions.
type alarms struct {
	prefix string // of their names; what follows is their section of the runbook
	metric []watching.MetricAlarm
	pages  []watching.CompositeAlarm
}

// pagesOf are the composite alarms that each stack has: docs/runbook.md describes them.
func pagesOf(o *outputs) []string {
	if o.CDNEnabled {
		return []string{"cdn", "database", "errors", "redundancy", "security", "zone"}
	}
	return []string{"database", "errors", "redundancy", "security", "zone"}
}

func (l *live) describeAlarms(ctx context.Context) (*alarms, error) {
	found := &alarms{prefix: validate.ToLabel(l.outputs.stack()) + "-"}
	regions := []services{l.aws}
	if l.outputs.edgeApart() {
		regions = append(regions, l.edge)
	}
	for _, each := range regions {
		pages := cloudwatch.NewDescribeAlarmsPaginator(each.alarms, &cloudwatch.DescribeAlarmsInput{
			AlarmNamePrefix: &found.prefix,
			// Without, AWS leaves out composite ones.
			AlarmTypes: []watching.AlarmType{watching.AlarmTypeMetricAlarm, watching.AlarmTypeCompositeAlarm},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("alarms: %w", err)
			}
			found.metric = append(found.metric, page.MetricAlarms...)
			found.pages = append(found.pages, page.CompositeAlarms...)
		}
	}
	l.keepOwn(found)
	return found, nil
}

// keepOwn leaves out the alarms of another stack whose name begins with the name of this one, such as prod-2: they notify topics of
// theirs only.
func (l *live) keepOwn(found *alarms) {
	other := func(actions []string) bool {
		return len(actions) > 0 && !slices.ContainsFunc(actions, l.ownTopic)
	}
	found.metric = slices.DeleteFunc(found.metric, func(a watching.MetricAlarm) bool { return other(a.AlarmActions) })
	found.pages = slices.DeleteFunc(found.pages, func(a watching.CompositeAlarm) bool { return other(a.AlarmActions) })
}

// ownTopic says whether an action is a topic of the stack. The topics of CloudFront's alarms have the same names in us-east-1.
func (l *live) ownTopic(action string) bool {
	parsed, err := arn.Parse(action)
	if err != nil {
		return false
	}
	parsed.Region = l.outputs.region
	return slices.Contains([]string{l.outputs.AlarmTopicArn, l.outputs.NoticeTopicArn}, parsed.String())
}

// named is a name in the rule of a composite alarm.
var named = regexp.MustCompile(`ALARM\("([^"]+)"\)`)

func alarmsPresent(_ context.Context, l *live) finding {
	found, err := l.alarms()
	if err != nil {
		return unanswered(err)
	}
	there := map[string]bool{}
	for _, each := range found.metric {
		there[aws.ToString(each.AlarmName)] = true
	}
	for _, each := range found.pages {
		there[aws.ToString(each.AlarmName)] = true
	}
	var missing []string
	for _, page := range pagesOf(l.outputs) {
		if !there[found.prefix+page] {
			missing = append(missing, found.prefix+page)
		}
	}
	for _, page := range found.pages {
		for _, member := range named.FindAllStringSubmatch(aws.ToString(page.AlarmRule), -1) {
			if !there[member[1]] {
				missing = append(missing, member[1])
			}
		}
	}
	if len(missing) > 0 {
		return fail("run pulumi up --refresh, which creates them again", "missing: %s", strings.Join(missing, ", "))
	}
	return pass("%d metric alarms and %d composite alarms", len(found.metric), len(found.pages))
}

func alarmsEnabled(_ context.Context, l *live) finding {
	found, err := l.alarms()
	if err != nil {
		return unanswered(err)
	}
	if len(found.metric)+len(found.pages) == 0 {
		return skip("there is no alarm: alarms-present")
	}
	var faults, disabled []string
	judge := func(name *string, enabled *bool, actions []string) {
		if !aws.ToBool(enabled) {
			disabled = append(disabled, aws.ToString(name))
			faults = append(faults, "actions disabled: "+aws.ToString(name))
		}
		if len(actions) == 0 {
			faults = append(faults, "no action: "+aws.ToString(name))
		}
	}
	for _, each := range found.metric {
		judge(each.AlarmName, each.ActionsEnabled, each.AlarmActions)
	}
	for _, each := range found.pages {
		judge(each.AlarmName, each.ActionsEnabled, each.AlarmActions)
	}
	remedy := "run pulumi up --refresh, which restores the actions"
	if len(disabled) > 0 {
		remedy = "aws cloudwatch enable-alarm-actions --alarm-names " + strings.Join(disabled, " ")
	}
	return failures(faults, remedy, pass("%d alarms have actions, which are enabled", len(found.metric)+len(found.pages)))
}

func alarmsQuiet(_ context.Context, l *live) finding {
	found, err := l.alarms()
	if err != nil {
		return unanswered(err)
	}
	var all, loud, unsure int
	var faults, sections []string
	judge := func(name *string, state watching.StateValue) {
		all++
		switch state {
		case watching.StateValueAlarm:
			loud++
			faults = append(faults, aws.ToString(name))
			sections = append(sections, strings.TrimPrefix(aws.ToString(name), found.prefix))
		case watching.StateValueInsufficientData:
			unsure++
		}
	}
	for _, each := range found.metric {
		judge(each.AlarmName, each.StateValue)
	}
	for _, each := range found.pages {
		judge(each.AlarmName, each.StateValue)
	}
	switch {
	case all == 0:
		return skip("there is no alarm: alarms-present")
	case loud > 0:
		return fail("follow docs/runbook.md: "+strings.Join(sections, ", "), "in ALARM: %s", strings.Join(faults, ", "))
	}
	return pass("none of %d alarms is in ALARM; %d have no data yet", all, unsure)
}
