package main

import (
	"cmp"
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
	does: "Restores the database to the latest possible time as a second one, which nothing uses, looks at it, and deletes it.",
	goal: "restored", reached: "The copy is available.",
	promise: "The database can be restored to a time less than 15 minutes ago, into the same network, encrypted and private.",
	actions: []string{
		"kms:CreateGrant", "kms:DescribeKey", "rds:AddTagsToResource", "rds:DeleteDBInstance", "rds:RestoreDBInstanceToPointInTime",
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
	o.name = copyName(o.outputs.DatabaseIdentifier, time.Now())
	switch there, err := o.find(ctx); {
	case err != nil:
		return "", err
	case there != nil:
		return "", refuse("wait for a minute", "database %s is there already", o.name)
	}
	return fmt.Sprintf("restore database %s to %s as %s, a %s in one zone, and delete that again. It costs as much as the database "+
		"without a standby while it is there.", o.outputs.DatabaseIdentifier, o.source.LatestRestorableTime.UTC().Format(time.RFC3339), o.name,
		aws.ToString(o.source.DBInstanceClass)), nil
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
	o.began = time.Now()
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

func securityGroupsOf(d *databases.DBInstance) []string {
	var groups []string
	for _, each := range d.VpcSecurityGroups {
		groups = append(groups, aws.ToString(each.VpcSecurityGroupId))
	}
	slices.Sort(groups)
	return groups
}

func subnetGroupOf(d *databases.DBInstance) string {
	if d.DBSubnetGroup == nil {
		return ""
	}
	return aws.ToString(d.DBSubnetGroup.DBSubnetGroupName)
}

func parameterGroupOf(d *databases.DBInstance) string {
	if len(d.DBParameterGroups) == 0 {
		return ""
	}
	return aws.ToString(d.DBParameterGroups[0].DBParameterGroupName)
}

func (o *restore) recovered(ctx context.Context) (bool, string, error) {
	found, err := o.find(ctx)
	if err != nil || found == nil {
		return false, o.name + " is not there yet", err
	}
	o.copy = found
	status := aws.ToString(found.DBInstanceStatus)
	return status == available, o.name + " is " + status, nil
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

func (o *restore) judge(m measured) []claim {
	age := o.began.Sub(*o.source.LatestRestorableTime)
	o.note("recovery point", "%v before the drill, at %s", age.Round(time.Second), o.source.LatestRestorableTime.UTC().Format(time.RFC3339))
	claims := []claim{{
		fmt.Sprintf("The database can be restored to less than %v ago.", oldestRestore), age < oldestRestore, fmt.Sprintf("To %v ago.", age.Round(time.Second)),
	}}
	if o.copy == nil || !m.strength.done {
		return claims
	}
	groups := strings.Join(securityGroupsOf(o.copy), ", ")
	same := func(text, has, wants string) {
		claims = append(claims, claim{text, has == wants, cmp.Or(has, "none") + "."})
	}
	claims = append(claims,
		claim{"The copy is encrypted.", aws.ToBool(o.copy.StorageEncrypted), cmp.Or(aws.ToString(o.copy.KmsKeyId), "no key") + "."},
		claim{"The copy is private.", !aws.ToBool(o.copy.PubliclyAccessible), map[bool]string{true: "It has a public address.", false: "It has no public address."}[aws.ToBool(o.copy.PubliclyAccessible)]})
	same("The copy has the security groups of the database.", groups, strings.Join(securityGroupsOf(o.source), ", "))
	same("The copy has the DB subnet group of the database.", subnetGroupOf(o.copy), subnetGroupOf(o.source))
	same("The copy has the parameter group of the database.", parameterGroupOf(o.copy), parameterGroupOf(o.source))
	same("The copy has the engine and version of the database.", engineOf(o.copy), engineOf(o.source))
	return claims
}

func engineOf(d *databases.DBInstance) string {
	return aws.ToString(d.Engine) + " " + aws.ToString(d.EngineVersion)
}
