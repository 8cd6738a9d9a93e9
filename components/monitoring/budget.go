package monitoring

import (
	"fmt"
	"strconv"

	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// budget sends notices when the forecast or the actual cost of a month approaches its limit.
func (b *builder) budget() error {
	if b.settings.Budget.MonthlyUSD == 0 {
		return nil
	}
	var notifications budgets.BudgetNotificationArray
	for _, each := range []struct {
		kind    string
		percent int
	}{{"FORECASTED", b.settings.Budget.ForecastPercent}, {"ACTUAL", b.settings.Budget.ActualPercent}} {
		notifications = append(notifications, budgets.BudgetNotificationArgs{
			NotificationType:       pulumi.String(each.kind),
			ComparisonOperator:     pulumi.String("GREATER_THAN"),
			Threshold:              pulumi.Float64(each.percent),
			ThresholdType:          pulumi.String("PERCENTAGE"),
			SubscriberSnsTopicArns: pulumi.StringArray{b.main.notices.ARN},
		})
	}
	name := b.Name("budget")
	args := &budgets.BudgetArgs{
		AccountId:     component.Optional(b.main.place.Account), // a provider that skips requesting its account ID does not know it
		Name:          pulumi.String(b.prefix),
		BudgetType:    pulumi.String("COST"),
		TimeUnit:      pulumi.String("MONTHLY"),
		LimitAmount:   pulumi.String(strconv.Itoa(b.settings.Budget.MonthlyUSD)),
		LimitUnit:     pulumi.String("USD"),
		Notifications: notifications,
		Tags:          b.Tags(name),
	}
	if b.settings.Budget.Tag != "" {
		args.CostFilters = budgets.BudgetCostFilterArray{budgets.BudgetCostFilterArgs{
			Name: pulumi.String("TagKeyValue"), Values: pulumi.ToStringArray([]string{"user:" + b.settings.Budget.Tag}),
		}}
	}
	if _, err := budgets.NewBudget(b.ctx, name, args, b.Options()...); err != nil {
		return fmt.Errorf("creating budget %s: %w", name, err)
	}
	return nil
}
