package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watching "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// databasesAPI is what the checks of the database ask of RDS.
type databasesAPI interface {
	rds.DescribeDBInstancesAPIClient
	rds.DescribeDBProxiesAPIClient
	rds.DescribeDBProxyTargetsAPIClient
	rds.DescribePendingMaintenanceActionsAPIClient
}

// secretsAPI is what the checks of the password ask of Secrets Manager. None of them reads a value.
type secretsAPI interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (
		*secretsmanager.DescribeSecretOutput, error)
}

// readDatabase returns the database instance of the stack.
func readDatabase(ctx context.Context, api rds.DescribeDBInstancesAPIClient, identifier string) (*databases.DBInstance, error) {
	found, err := api.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &identifier})
	if _, gone := errors.AsType[*databases.DBInstanceNotFoundFault](err); gone || err == nil && len(found.DBInstances) == 0 {
		return nil, fmt.Errorf("database %s is not in this account and region", identifier)
	}
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", identifier, err)
	}
	return &found.DBInstances[0], nil
}

// readProxy returns the proxy whose endpoint is that of the stack.
func readProxy(ctx context.Context, api rds.DescribeDBProxiesAPIClient, endpoint string) (*databases.DBProxy, error) {
	pages := rds.NewDescribeDBProxiesPaginator(api, &rds.DescribeDBProxiesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("database proxies: %w", err)
		}
		for _, each := range page.DBProxies {
			if aws.ToString(each.Endpoint) == endpoint {
				return &each, nil
			}
		}
	}
	return nil, fmt.Errorf("no database proxy in this account and region has the endpoint %s", endpoint)
}

// readProxyTargets returns what a proxy connects to.
func readProxyTargets(ctx context.Context, api rds.DescribeDBProxyTargetsAPIClient, proxy string) ([]databases.DBProxyTarget, error) {
	var targets []databases.DBProxyTarget
	pages := rds.NewDescribeDBProxyTargetsPaginator(api, &rds.DescribeDBProxyTargetsInput{DBProxyName: &proxy})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("targets of database proxy %s: %w", proxy, err)
		}
		targets = append(targets, page.Targets...)
	}
	return targets, nil
}

// readMaintenance returns the maintenance that waits for a database.
func readMaintenance(ctx context.Context, api rds.DescribePendingMaintenanceActionsAPIClient, arn string) ([]databases.PendingMaintenanceAction, error) {
	found, err := api.DescribePendingMaintenanceActions(ctx, &rds.DescribePendingMaintenanceActionsInput{ResourceIdentifier: &arn})
	if err != nil {
		return nil, fmt.Errorf("maintenance of %s: %w", arn, err)
	}
	var actions []databases.PendingMaintenanceAction
	for _, each := range found.PendingMaintenanceActions {
		actions = append(actions, each.PendingMaintenanceActionDetails...)
	}
	return actions, nil
}

// readFreeBytes returns the least free storage of a database in the last quarter of an hour, nil where no metric says.
func readFreeBytes(ctx context.Context, api metricsAPI, identifier string) (*float64, error) {
	now := time.Now()
	found, err := api.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/RDS"), MetricName: aws.String("FreeStorageSpace"),
		Dimensions: []watching.Dimension{{Name: aws.String("DBInstanceIdentifier"), Value: &identifier}},
		StartTime:  aws.Time(now.Add(-15 * time.Minute)), EndTime: &now, Period: aws.Int32(60),
		Statistics: []watching.Statistic{watching.StatisticMinimum},
	})
	if err != nil {
		return nil, fmt.Errorf("metric FreeStorageSpace of %s: %w", identifier, err)
	}
	var least *float64
	for _, point := range found.Datapoints {
		if point.Minimum != nil && (least == nil || *point.Minimum < *least) {
			least = point.Minimum
		}
	}
	return least, nil
}
