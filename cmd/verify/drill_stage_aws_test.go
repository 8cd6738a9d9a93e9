package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	zonal "github.com/aws/aws-sdk-go-v2/service/arczonalshift"
	zonaltypes "github.com/aws/aws-sdk-go-v2/service/arczonalshift/types"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// What AWS does on a stage where a drill changes something that it undoes.

func (s *stage) ListZonalShifts(_ context.Context, in *zonal.ListZonalShiftsInput, _ ...func(*zonal.Options)) (*zonal.ListZonalShiftsOutput, error) {
	out := &zonal.ListZonalShiftsOutput{}
	for _, each := range s.shifts {
		if *in.ResourceIdentifier == "alb" && each.Status == in.Status {
			out.Items = append(out.Items, each)
		}
	}
	return out, s.main.ask("ListZonalShifts")
}

// StartZonalShift may shift and yet not answer.
func (s *stage) StartZonalShift(ctx context.Context, in *zonal.StartZonalShiftInput, _ ...func(*zonal.Options)) (*zonal.StartZonalShiftOutput, error) {
	if !sleep(ctx, s.slow) {
		return nil, ctx.Err()
	}
	err := s.change("StartZonalShift", fmt.Sprintf("%s %s %s", *in.ResourceIdentifier, *in.AwayFrom, *in.ExpiresIn))
	if err == nil || errors.Is(err, errLost) {
		s.shifts = append(s.shifts, zonaltypes.ZonalShiftSummary{
			ZonalShiftId: aws.String(fmt.Sprintf("shift-%d", len(s.shifts)+1)), AwayFrom: in.AwayFrom, Comment: in.Comment, Status: zonaltypes.ZonalShiftStatusActive,
		})
	}
	if err != nil {
		return nil, err
	}
	return &zonal.StartZonalShiftOutput{ZonalShiftId: s.shifts[len(s.shifts)-1].ZonalShiftId}, nil
}

func (s *stage) CancelZonalShift(_ context.Context, in *zonal.CancelZonalShiftInput, _ ...func(*zonal.Options)) (*zonal.CancelZonalShiftOutput, error) {
	if err := s.change("CancelZonalShift", *in.ZonalShiftId); err != nil {
		return nil, err
	}
	for i := range s.shifts {
		if *s.shifts[i].ZonalShiftId == *in.ZonalShiftId {
			s.shifts[i].Status = zonaltypes.ZonalShiftStatusCanceled
		}
	}
	return &zonal.CancelZonalShiftOutput{}, nil
}

func (s *stage) UpdateAutoScalingGroup(_ context.Context, in *autoscaling.UpdateAutoScalingGroupInput, _ ...func(*autoscaling.Options)) (
	*autoscaling.UpdateAutoScalingGroupOutput, error) {
	if err := s.change("UpdateAutoScalingGroup", *in.AutoScalingGroupName+" "+*in.VPCZoneIdentifier); err != nil {
		return nil, err
	}
	s.main.group.VPCZoneIdentifier = in.VPCZoneIdentifier
	return &autoscaling.UpdateAutoScalingGroupOutput{}, nil
}

func (s *stage) RotateSecret(_ context.Context, in *secretsmanager.RotateSecretInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.RotateSecretOutput, error) {
	return &secretsmanager.RotateSecretOutput{}, s.change("RotateSecret", *in.SecretId)
}

func (s *stage) RestoreDBInstanceToPointInTime(_ context.Context, in *rds.RestoreDBInstanceToPointInTimeInput, _ ...func(*rds.Options)) (
	*rds.RestoreDBInstanceToPointInTimeOutput, error) {
	if err := s.change("RestoreDBInstanceToPointInTime", *in.TargetDBInstanceIdentifier); err != nil {
		return nil, err
	}
	made := *s.data.database
	made.DBInstanceIdentifier, made.DBInstanceStatus, made.TagList = in.TargetDBInstanceIdentifier, aws.String("creating"), in.Tags
	s.asked, s.copies[*in.TargetDBInstanceIdentifier] = in, &made
	return &rds.RestoreDBInstanceToPointInTimeOutput{}, nil
}

// ModifyDBInstance has a secret made, half a minute later.
func (s *stage) ModifyDBInstance(_ context.Context, in *rds.ModifyDBInstanceInput, _ ...func(*rds.Options)) (*rds.ModifyDBInstanceOutput, error) {
	how := map[bool]string{true: " with a password of its own, now"}[aws.ToBool(in.ManageMasterUserPassword) && aws.ToBool(in.ApplyImmediately)]
	if err := s.change("ModifyDBInstance", *in.DBInstanceIdentifier+how); err != nil {
		return nil, err
	}
	made := s.copies[*in.DBInstanceIdentifier]
	made.DBInstanceStatus = aws.String("resetting-master-credentials")
	made.MasterUserSecret = &databases.MasterUserSecret{SecretArn: aws.String("arn:copy"), SecretStatus: aws.String("creating")}
	s.at(time.Since(s.acted)+30*time.Second, func() {
		made.DBInstanceStatus, made.MasterUserSecret.SecretStatus = aws.String("available"), aws.String("active")
	})
	return &rds.ModifyDBInstanceOutput{}, nil
}

// copyPassword is that of the copy, which must not appear anywhere.
const copyPassword = "s3cret-of-the-copy"

func (s *stage) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (
	*secretsmanager.GetSecretValueOutput, error) {
	if *in.SecretId != "arn:copy" {
		return nil, errors.New("reads a secret that is not the copy's: " + *in.SecretId)
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(`{"username":"appuser","password":"` + copyPassword + `"}`)}, s.main.ask("GetSecretValue")
}

// DeleteDBInstance refuses, as AWS does, what is being created.
func (s *stage) DeleteDBInstance(_ context.Context, in *rds.DeleteDBInstanceInput, _ ...func(*rds.Options)) (*rds.DeleteDBInstanceOutput, error) {
	found := s.copies[*in.DBInstanceIdentifier]
	if *found.DBInstanceStatus == "creating" {
		return nil, &databases.InvalidDBInstanceStateFault{Message: aws.String("it is being created")}
	}
	how := map[bool]string{true: " with its backups, without a snapshot"}[aws.ToBool(in.SkipFinalSnapshot) && aws.ToBool(in.DeleteAutomatedBackups)]
	if err := s.change("DeleteDBInstance", *in.DBInstanceIdentifier+how); err != nil {
		return nil, err
	}
	found.DBInstanceStatus = aws.String("deleting")
	s.at(time.Since(s.acted)+30*time.Second, func() { delete(s.copies, *in.DBInstanceIdentifier) })
	return &rds.DeleteDBInstanceOutput{}, nil
}

// errLost is an answer that did not arrive, to something that was done.
var errLost = errors.New("connection reset by peer")
