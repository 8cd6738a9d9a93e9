package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

var rotationDrill = drill{
	name: "rotation", title: "Rotate the password of the database",
	does: "Rotates the password of the database, as its schedule does.",
	goal: "rotated", reached: "The password has changed.",
	promise: "No request fails, or it succeeds when it is sent once more.",
	actions: []string{"secretsmanager:RotateSecret"},
	deep:    true, retry: true, timeout: 20 * time.Minute, after: time.Minute,
	begin: func(t *trial) operation { return &rotate{trial: t} },
}

// rotate changes the password of the database.
type rotate struct {
	*trial
	before string // version of the secret in use
}

func (o *rotate) prepare(ctx context.Context) (string, error) {
	if _, err := o.steadyFleet(ctx); err != nil {
		return "", err
	}
	found, err := o.availableDatabase(ctx)
	if err != nil {
		return "", err
	}
	secret, err := o.readSecret(ctx)
	if err != nil {
		return "", err
	}
	if judged := rotation(found, secret); judged.status != statusPass {
		return "", refuseFailure(judged)
	}
	if o.before = currentVersion(secret); o.before == "" {
		return "", refuse("docs/runbook.md, secret-rotation-failed", "no version of the secret is AWSCURRENT")
	}
	if found.MasterUserSecret != nil && aws.ToString(found.MasterUserSecret.SecretStatus) == "rotating" {
		return "", refuse("wait until it is done", "the password is being rotated now")
	}
	return fmt.Sprintf("rotate the password of database %s, in secret %s.", o.outputs.DatabaseIdentifier, o.outputs.DatabaseSecretArn), nil
}

func (t *trial) readSecret(ctx context.Context) (*secretsmanager.DescribeSecretOutput, error) {
	found, err := t.aws.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &t.outputs.DatabaseSecretArn})
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", t.outputs.DatabaseSecretArn, err)
	}
	return found, nil
}

// currentVersion returns the version of a secret that is in use.
func currentVersion(secret *secretsmanager.DescribeSecretOutput) string {
	for version, labels := range secret.VersionIdsToStages {
		if slices.Contains(labels, "AWSCURRENT") {
			return version
		}
	}
	return ""
}

func (o *rotate) act(ctx context.Context) error {
	_, err := o.aws.disturb.secrets.RotateSecret(ctx, &secretsmanager.RotateSecretInput{SecretId: &o.outputs.DatabaseSecretArn})
	return err
}

func (o *rotate) recovered(ctx context.Context) (bool, string, error) {
	secret, err := o.readSecret(ctx)
	if err != nil {
		return false, "", err
	}
	found, err := readDatabase(ctx, o.aws.databases, o.outputs.DatabaseIdentifier)
	if err != nil {
		return false, "", err
	}
	connects, err := o.proxyConnects(ctx)
	if err != nil {
		return false, "", err
	}
	state := "active"
	if found.MasterUserSecret != nil {
		state = aws.ToString(found.MasterUserSecret.SecretStatus)
	}
	pending, current := pendingVersion(secret), currentVersion(secret)
	said := "the secret is " + state
	switch {
	case pending != "":
		said += ", version " + pending + " is AWSPENDING"
	case current == o.before:
		said += ", with the version it had before"
	default:
		said += ", with version " + current
	}
	if o.outputs.DatabaseProxyEnabled {
		said += "; proxy: " + connects.seen
	}
	return current != "" && current != o.before && pending == "" && state == "active" && connects.status == statusPass, said, nil
}

// judge counts a request that failed at first and succeeded when it was sent once more, as one that was retried.
func (o *rotate) judge(m measured) []claim {
	var claims []claim
	for _, each := range m.paths {
		text, seen := "No request to %s fails.", fmt.Sprintf("%d of %d failed.", each.Failed, each.Sent)
		if each.Target == o.options.deep {
			text = "No request to %s fails twice."
			seen = fmt.Sprintf("%d of %d failed twice, %d once.", each.Failed, each.Sent, each.Retried)
		}
		claims = append(claims, claim{fmt.Sprintf(text, each.Target), each.Failed == 0, seen})
	}
	return claims
}
