package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

var restoreDrill = drill{
	name: "restore", title: "Restore the database",
	does: "Restores the database to the latest possible time as a second one, which nothing uses, gives it a password, connects to it " +
		"through an instance, counts its rows, and deletes it.",
	goal: "read", reached: "The data of the copy can be read.",
	promise: "The database can be restored to a time less than 15 minutes ago, into the same network, encrypted and private, and people " +
		"reach it there.",
	actions: []string{
		"kms:CreateGrant", "kms:DescribeKey", "rds:AddTagsToResource", "rds:DeleteDBInstance", "rds:ModifyDBInstance",
		"rds:RestoreDBInstanceToPointInTime", "secretsmanager:CreateSecret", "secretsmanager:GetSecretValue", "secretsmanager:TagResource",
		"ssm:StartSession", "ssm:TerminateSession",
	},
	timeout: 2 * time.Hour, after: 0,
	begin: func(t *trial) operation { return &restore{trial: t, mark: rand.Text()} },
}

// restore restores the database beside the stack.
type restore struct {
	*trial
	mark    string // in a tag of the copy: what has it may be deleted
	source  *databases.DBInstance
	name    string // of the copy
	began   time.Time
	copy    *databases.DBInstance
	created bool
	missing int // how often in a row the copy was not there, though it was created

	through string // the instance
	managed bool   // RDS was asked for a password
	login   login
	tunnel  tunnel
	reader  reader
	counted *counted

	step int       // how many of restoreSteps are done
	last time.Time // when the last of them was
	seen string    // of the copy then
}

// markTag is the tag that distinguishes the copy of a drill.
const markTag = "ha-web:drill"

func (o *restore) prepare(ctx context.Context) (string, error) {
	var err error
	if o.source, err = o.availableDatabase(ctx); err != nil {
		return "", err
	}
	if found := databaseBackups(o.source); found.status != statusPass {
		return "", refuseFailure(found)
	}
	if err := o.passable(ctx); err != nil {
		return "", err
	}
	o.name = copyName(o.outputs.DatabaseIdentifier, time.Now())
	switch there, err := o.find(ctx); {
	case err != nil:
		return "", err
	case there != nil:
		return "", refuse("wait for a minute", "database %s is there already", o.name)
	}
	return fmt.Sprintf("restore database %s to %s as %s, a %s in one zone, give it a password, reach it through instance %s, count "+
		"its rows, and delete it again. It costs as much as the database without a standby while it is there.", o.outputs.DatabaseIdentifier, o.source.LatestRestorableTime.UTC().Format(time.RFC3339), o.name,
		aws.ToString(o.source.DBInstanceClass), o.through), nil
}

// longestIdentifier is how long the identifier of a database may be (Amazon RDS API reference, RestoreDBInstanceToPointInTime).
const longestIdentifier = 63

func copyName(source string, at time.Time) string {
	suffix := "-drill-" + at.UTC().Format("200601021504")
	return strings.TrimRight(source[:min(len(source), longestIdentifier-len(suffix))], "-") + suffix
}

// find returns the copy, nil where there is none.
func (o *restore) find(ctx context.Context) (*databases.DBInstance, error) {
	found, err := o.aws.databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &o.name})
	if _, gone := errors.AsType[*databases.DBInstanceNotFoundFault](err); gone || err == nil && len(found.DBInstances) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", o.name, err)
	}
	return &found.DBInstances[0], nil
}

func (o *restore) act(ctx context.Context) error {
	o.changed(change{
		what: "creation of database " + o.name, back: o.remove,
		byHand: func() string {
			return fmt.Sprintf("aws rds delete-db-instance --region %s --db-instance-identifier %s --skip-final-snapshot --delete-automated-backups",
				o.outputs.region, o.name)
		},
	})
	o.changed(change{
		what:   "tunnel through " + o.through,
		back:   func(context.Context) (bool, error) { err := o.disconnect(); return err == nil, err },
		byHand: func() string { return "end the processes of the tunnel on this machine" },
	})
	o.began = time.Now()
	o.last = o.began
	_, err := o.aws.disturb.databases.RestoreDBInstanceToPointInTime(ctx, o.likeSource())
	o.created = err == nil
	return err
}

// likeSource is the request for a copy of the database, in its network. Without groups, AWS takes the default ones.
func (o *restore) likeSource() *rds.RestoreDBInstanceToPointInTimeInput {
	in := &rds.RestoreDBInstanceToPointInTimeInput{
		SourceDBInstanceIdentifier: &o.outputs.DatabaseIdentifier, TargetDBInstanceIdentifier: &o.name, UseLatestRestorableTime: aws.Bool(true),
		DBInstanceClass: o.source.DBInstanceClass, MultiAZ: aws.Bool(false), PubliclyAccessible: aws.Bool(false), DeletionProtection: aws.Bool(false),
		CopyTagsToSnapshot: o.source.CopyTagsToSnapshot, AutoMinorVersionUpgrade: o.source.AutoMinorVersionUpgrade,
		EngineLifecycleSupport: o.source.EngineLifecycleSupport, VpcSecurityGroupIds: securityGroupsOf(o.source),
		Tags: []databases.Tag{{Key: aws.String(markTag), Value: &o.mark}},
	}
	if group := subnetGroupOf(o.source); group != "" {
		in.DBSubnetGroupName = &group
	}
	if group := parameterGroupOf(o.source); group != "" {
		in.DBParameterGroupName = &group
	}
	for _, each := range o.source.TagList {
		if !strings.HasPrefix(aws.ToString(each.Key), "aws:") {
			in.Tags = append(in.Tags, each)
		}
	}
	return in
}

// remove deletes the copy and waits until it is gone. AWS may refuse to delete it before it is available.
func (o *restore) remove(ctx context.Context) (bool, error) {
	found, err := o.find(ctx)
	if err != nil {
		return false, err
	}
	if found == nil {
		// One that was just created may not show at once.
		o.missing++
		return !o.created || o.missing > 1, nil
	}
	o.missing = 0
	if !o.isCopy(found) {
		return true, nil // it is someone else's
	}
	if aws.ToString(found.DBInstanceStatus) == "deleting" {
		return false, nil
	}
	_, err = o.aws.disturb.databases.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{
		DBInstanceIdentifier: &o.name, SkipFinalSnapshot: aws.Bool(true), DeleteAutomatedBackups: aws.Bool(true),
	})
	return false, err
}

func (o *restore) isCopy(found *databases.DBInstance) bool {
	return slices.ContainsFunc(found.TagList, func(each databases.Tag) bool {
		return aws.ToString(each.Key) == markTag && aws.ToString(each.Value) == o.mark
	})
}
