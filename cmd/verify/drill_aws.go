package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/arczonalshift"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// disturber is what drills change, and what shows it. No other verb changes anything.
type disturber struct {
	instances instanceDisturber
	groups    groupDisturber
	shifts    shiftDisturber
	databases databaseDisturber
	secrets   secretDisturber
}

type instanceDisturber interface {
	TerminateInstances(context.Context, *ec2.TerminateInstancesInput, ...func(*ec2.Options)) (*ec2.TerminateInstancesOutput, error)
}

type groupDisturber interface {
	UpdateAutoScalingGroup(context.Context, *autoscaling.UpdateAutoScalingGroupInput, ...func(*autoscaling.Options)) (
		*autoscaling.UpdateAutoScalingGroupOutput, error)
}

type shiftDisturber interface {
	arczonalshift.ListZonalShiftsAPIClient
	StartZonalShift(context.Context, *arczonalshift.StartZonalShiftInput, ...func(*arczonalshift.Options)) (
		*arczonalshift.StartZonalShiftOutput, error)
	CancelZonalShift(context.Context, *arczonalshift.CancelZonalShiftInput, ...func(*arczonalshift.Options)) (
		*arczonalshift.CancelZonalShiftOutput, error)
}

type databaseDisturber interface {
	RebootDBInstance(context.Context, *rds.RebootDBInstanceInput, ...func(*rds.Options)) (*rds.RebootDBInstanceOutput, error)
	RestoreDBInstanceToPointInTime(context.Context, *rds.RestoreDBInstanceToPointInTimeInput, ...func(*rds.Options)) (
		*rds.RestoreDBInstanceToPointInTimeOutput, error)
	ModifyDBInstance(context.Context, *rds.ModifyDBInstanceInput, ...func(*rds.Options)) (*rds.ModifyDBInstanceOutput, error)
	DeleteDBInstance(context.Context, *rds.DeleteDBInstanceInput, ...func(*rds.Options)) (*rds.DeleteDBInstanceOutput, error)
}

type secretDisturber interface {
	RotateSecret(context.Context, *secretsmanager.RotateSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.RotateSecretOutput, error)
	// GetSecretValue reads the password of a database that a drill has restored, and no other.
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

func newDisturber(loaded aws.Config) disturber {
	return disturber{
		instances: ec2.NewFromConfig(loaded),
		groups:    autoscaling.NewFromConfig(loaded),
		shifts:    arczonalshift.NewFromConfig(loaded),
		databases: rds.NewFromConfig(loaded),
		secrets:   secretsmanager.NewFromConfig(loaded),
	}
}

// historyAPI is what knows which alarms rang during a drill.
type historyAPI interface {
	cloudwatch.DescribeAlarmHistoryAPIClient
}

// eventsAPI is what knows when a failover was over.
type eventsAPI interface {
	rds.DescribeEventsAPIClient
}
