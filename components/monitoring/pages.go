package monitoring

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// page is a composite alarm. Its role is also its heading in the runbook, above those of its members.
type page struct {
	role, consequence string
}

// The composite alarms.
const (
	redundancyPage = "redundancy"
	zonePage       = "zone"
	errorsPage     = "errors"
	databasePage   = "database"
	securityPage   = "security"
	cdnPage        = "cdn"
)

var pages = []page{
	{redundancyPage, "The site works, but has lost redundancy or room to grow, and does not recover by itself."},
	{zonePage, "One Availability Zone is ill: its instances, or the load balancer there."},
	{errorsPage, "Users get errors or wait: instances, load balancer or network fail their requests now."},
	{databasePage, "The database refuses work, or is about to: all requests that need it fail."},
	{securityPage, "The database password was read by someone who is not expected to read it."},
	{cdnPage, "Users get errors from CloudFront, or AWS WAF refuses their requests."},
}

// compositeAlarms creates an alarm for each page, so that one outage pages once. It returns their ARNs.
func (b *builder) compositeAlarms(members map[string]pulumi.StringArray) (pulumi.StringArray, error) {
	var arns pulumi.StringArray
	for _, each := range pages {
		if len(members[each.role]) == 0 {
			continue
		}
		at := b.regionOf(each)
		name := b.name(at, "page", each.role)
		created, err := cloudwatch.NewCompositeAlarm(b.ctx, name, &cloudwatch.CompositeAlarmArgs{
			AlarmName:        pulumi.String(b.physical(each.role)),
			AlarmDescription: pulumi.String(b.description(each.consequence, each.role)),
			AlarmRule:        anyInAlarm(members[each.role]),
			AlarmActions:     pulumi.StringArray{at.pages.ARN},
			OkActions:        pulumi.StringArray{at.pages.ARN},
			Tags:             b.Tags(name),
		}, b.optionsIn(at)...)
		if err != nil {
			return nil, fmt.Errorf("creating composite alarm %s: %w", name, err)
		}
		arns = append(arns, created.Arn)
	}
	return arns, nil
}

// anyInAlarm holds when one of the alarms is in ALARM. The names are outputs: CloudWatch requires that the alarms exist.
func anyInAlarm(names pulumi.StringArray) pulumi.StringOutput {
	return names.ToStringArrayOutput().ApplyT(func(names []string) string {
		rules := make([]string, len(names))
		for i, name := range names {
			rules[i] = fmt.Sprintf("ALARM(%q)", name)
		}
		return strings.Join(rules, " OR ")
	}).(pulumi.StringOutput)
}
