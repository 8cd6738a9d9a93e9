package monitoring

import (
	"fmt"
	"strconv"

	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// budget tells the notices when a month is about to cost more than it may, and when most of that is spent.
func (b *builder) budget() error {
	if b.args.Budget.MonthlyUSD == 0 {
		return nil
	}
	var notifications budgets.BudgetNotificationArray
	for _, each := range []struct {
		kind    string
		percent int
	}{{"FORECASTED", b.args.Budget.ForecastPercent}, {"ACTUAL", b.args.Budget.ActualPercent}} {
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
		AccountId:     component.Optional(b.main.place.Account), // which a provider need not know by itself
		Name:          pulumi.String(b.plan.prefix),
		BudgetType:    pulumi.String("COST"),
		TimeUnit:      pulumi.String("MONTHLY"),
		LimitAmount:   pulumi.String(strconv.Itoa(b.args.Budget.MonthlyUSD)),
		LimitUnit:     pulumi.String("USD"),
		Notifications: notifications,
		Tags:          b.Tags(name),
	}
	if b.args.Budget.Tag != "" {
		args.CostFilters = budgets.BudgetCostFilterArray{budgets.BudgetCostFilterArgs{
			Name: pulumi.String("TagKeyValue"), Values: pulumi.ToStringArray([]string{"user:" + b.args.Budget.Tag}),
		}}
	}
	if _, err := budgets.NewBudget(b.ctx, name, args, b.Options()...); err != nil {
		return fmt.Errorf("creating budget %s: %w", name, err)
	}
	return nil
}
