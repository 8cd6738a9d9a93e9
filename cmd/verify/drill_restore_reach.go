package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"ha-web/internal/poll"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// restoreSteps are what has to be done until someone reads the data of the copy. The report has the seconds that each took.
var restoreSteps = []struct {
	figure string
	do     func(*restore, context.Context) (done bool, seen string, err error)
}{
	{"available", (*restore).available},
	{"password", (*restore).password},
	{"reached", (*restore).reach},
	{"counted", (*restore).count},
}

func (o *restore) recovered(ctx context.Context) (bool, string, error) {
	for o.step < len(restoreSteps) {
		step := restoreSteps[o.step]
		done, seen, err := step.do(o, ctx)
		if err != nil || !done {
			return false, seen, err
		}
		now := time.Now()
		o.note(step.figure, "%.1f s: %s", now.Sub(o.last).Seconds(), seen)
		o.step, o.last, o.seen = o.step+1, now, seen
	}
	return true, o.seen, nil
}

func (o *restore) available(ctx context.Context) (bool, string, error) {
	found, err := o.find(ctx)
	if err != nil || found == nil {
		return false, o.name + " is not there yet", err
	}
	o.copy = found
	status := aws.ToString(found.DBInstanceStatus)
	return status == available, o.name + " is " + status, nil
}

// password has RDS generate a password for the copy: a restored PostgreSQL or MySQL keeps that of the original, which may have
// rotated since (Amazon RDS API reference, RestoreDBInstanceToPointInTime, ManageMasterUserPassword). The copy's secret has the key of
// AWS for secrets, so that reading it takes no right to the key of the stack.
func (o *restore) password(ctx context.Context) (bool, string, error) {
	if !o.managed {
		_, err := o.aws.disturb.databases.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{
			DBInstanceIdentifier: &o.name, ManageMasterUserPassword: aws.Bool(true), ApplyImmediately: aws.Bool(true),
		})
		if err != nil {
			return false, "no password yet", err
		}
		o.managed = true
	}
	found, err := o.find(ctx)
	if err != nil || found == nil {
		return false, o.name + " is gone", err
	}
	o.copy = found
	secret := found.MasterUserSecret
	if secret == nil || aws.ToString(secret.SecretStatus) != "active" || aws.ToString(found.DBInstanceStatus) != available {
		state := "none"
		if secret != nil {
			state = aws.ToString(secret.SecretStatus)
		}
		return false, fmt.Sprintf("%s is %s, its secret is %s", o.name, aws.ToString(found.DBInstanceStatus), state), nil
	}
	value, err := o.aws.disturb.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: secret.SecretArn})
	if err != nil {
		return false, "no password yet", err
	}
	if o.login, err = parseLogin(aws.ToString(value.SecretString)); err != nil {
		return false, "no password yet", fmt.Errorf("secret %s: %w", aws.ToString(secret.SecretArn), err)
	}
	return true, "a secret of its own", nil
}

// reach connects to the copy, through an instance and over TLS. The tunnel takes a while, and so does the new password.
func (o *restore) reach(ctx context.Context) (bool, string, error) {
	if o.tunnel == nil {
		if err := o.open(); err != nil {
			return false, "no tunnel", err
		}
	}
	err := o.reader.Ping(ctx)
	if err == nil {
		return true, "through " + o.through, nil
	}
	if ended, printed := o.tunnel.Ended(); ended {
		_ = o.disconnect()
		return false, "the tunnel has ended: " + printed, nil
	}
	return false, oneLine("not reached yet: " + err.Error()), nil
}

func (o *restore) open() error {
	endpoint := o.copy.Endpoint
	if endpoint == nil || endpoint.Address == nil || endpoint.Port == nil {
		return fmt.Errorf("database %s has no endpoint", o.name)
	}
	opened, err := openTunnel(o.options.tunnel, passage{o.outputs.region, o.through, *endpoint.Address, *endpoint.Port})
	if err != nil {
		return err
	}
	o.tunnel = opened
	o.reader, err = connectDatabase(connection{
		engine: o.outputs.DatabaseEngine, name: o.outputs.DatabaseName, login: o.login, host: *endpoint.Address, address: opened.Address(),
	})
	if err != nil {
		return errors.Join(err, o.disconnect()) // a tunnel without a reader would be taken for both
	}
	return nil
}

func (o *restore) count(ctx context.Context) (bool, string, error) {
	found, err := o.reader.Count(ctx, o.options.count)
	if errors.Is(err, errNoTable) {
		return false, "", poll.Permanent(err)
	}
	if err != nil {
		return false, oneLine("cannot count: " + err.Error()), nil
	}
	o.counted = &found
	if o.options.count != "" {
		return true, fmt.Sprintf("%d rows in table %s", found.rows, o.options.count), nil
	}
	return true, fmt.Sprintf("%d rows in %d tables", found.rows, found.tables), nil
}

// disconnect closes the connection and the tunnel.
func (o *restore) disconnect() error {
	if o.reader != nil {
		_ = o.reader.Close()
		o.reader = nil
	}
	if o.tunnel == nil {
		return nil
	}
	if err := o.tunnel.Close(); err != nil {
		return err
	}
	o.tunnel = nil
	return nil
}

// lookPath finds programs. It is a variable for tests.
var lookPath = exec.LookPath

// passable refuses where nothing leads to a copy.
func (o *restore) passable(ctx context.Context) error {
	if o.outputs.DatabaseProxyEnabled && !o.outputs.DatabaseOperators {
		return refuse("set database.operators: true and run pulumi up: docs/recovery.md, \"Reach a restored copy\"",
			"nobody reaches a restored database: database.operators is false")
	}
	if o.outputs.DatabaseEngine == "" || o.outputs.DatabaseName == "" {
		return refuse("run pulumi up", "databaseEngine and databaseName are not among the outputs")
	}
	if o.options.tunnel == "" {
		for _, program := range []string{"aws", "session-manager-plugin"} {
			if _, err := lookPath(program); err != nil {
				return refuse("install the AWS CLI and the Session Manager plugin, or give another command with -tunnel", "there is no %s", program)
			}
		}
	}
	fleet, err := o.readFleet(ctx)
	if err != nil {
		return err
	}
	if len(fleet.healthy) == 0 {
		return refuse(targetsRemedy, "%v", fleet)
	}
	o.through = fleet.healthy[0]
	return nil
}
