package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// disturber is what drills change. No other verb changes anything.
type disturber struct {
	instances instanceDisturber
	databases databaseDisturber
}

type instanceDisturber interface {
	TerminateInstances(context.Context, *ec2.TerminateInstancesInput, ...func(*ec2.Options)) (*ec2.TerminateInstancesOutput, error)
}

type databaseDisturber interface {
	RebootDBInstance(context.Context, *rds.RebootDBInstanceInput, ...func(*rds.Options)) (*rds.RebootDBInstanceOutput, error)
}

// historyAPI is what knows what happened during a drill.
type historyAPI interface {
	cloudwatch.DescribeAlarmHistoryAPIClient
}

type eventsAPI interface {
	rds.DescribeEventsAPIClient
}
