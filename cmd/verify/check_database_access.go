package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

const rotateRemedy = "Once the database is available, rotate it: aws secretsmanager rotate-secret --secret-id %s. " +
	"docs/runbook.md, secret-rotation-failed"

// rotation checks that the password of the database is changed on schedule, as far as the secret and the database tell. A failed
// rotation leaves a version behind with the label AWSPENDING (AWS Secrets Manager user guide, "Rotation").
func rotation(found *databases.DBInstance, secret *secretsmanager.DescribeSecretOutput) finding {
	arn := aws.ToString(secret.ARN)
	remedy := fmt.Sprintf(rotateRemedy, arn)
	state := ""
	if found.MasterUserSecret != nil {
		state = aws.ToString(found.MasterUserSecret.SecretStatus)
	}
	next := secret.NextRotationDate
	switch {
	case secret.DeletedDate != nil:
		return fail("Restore it now: aws secretsmanager restore-secret --secret-id "+arn, "the secret is scheduled for deletion")
	case found.MasterUserSecret == nil || aws.ToString(found.MasterUserSecret.SecretArn) != arn:
		return fail("run pulumi up --refresh, so that outputs and parameters name the secret that RDS keeps", "the database has another secret than the outputs")
	case state == "impaired":
		return fail("Let RDS use the secret and its KMS key again (Amazon RDS user guide, \"Password management with Amazon RDS and AWS Secrets Manager\")",
			"RDS cannot rotate the secret: its status is impaired")
	case !aws.ToBool(secret.RotationEnabled):
		return fail("run pulumi up --refresh, which sets the schedule again", "rotation is off")
	case state == "rotating":
		return pass("it is being rotated now")
	case pendingVersion(secret) != "":
		return fail(remedy, "the last rotation did not finish: version %s is AWSPENDING", pendingVersion(secret))
	case next == nil:
		return fail("run pulumi up --refresh, which sets the schedule again", "rotation is on, without a next date")
	case next.Before(time.Now()):
		return fail(remedy, "rotation was due at %s", minute(*next))
	case secret.LastRotatedDate == nil:
		return pass("not rotated yet, next by %s", minute(*next))
	}
	return pass("last rotated %s, next by %s", minute(*secret.LastRotatedDate), minute(*next))
}

// pendingVersion returns a version of a secret that is not in use yet, "" where there is none.
func pendingVersion(secret *secretsmanager.DescribeSecretOutput) string {
	for _, version := range slices.Sorted(maps.Keys(secret.VersionIdsToStages)) {
		stages := secret.VersionIdsToStages[version]
		if slices.Contains(stages, "AWSPENDING") && !slices.Contains(stages, "AWSCURRENT") {
			return version
		}
	}
	return ""
}

func minute(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }

func proxyServes(proxy *databases.DBProxy) finding {
	if proxy.Status != databases.DBProxyStatusAvailable {
		return fail("Wait for modifying and reactivating, which take minutes. Otherwise aws logs tail /aws/rds/proxy/"+aws.ToString(proxy.DBProxyName),
			"%s is %s", aws.ToString(proxy.DBProxyName), proxy.Status)
	}
	return pass("%s is available", aws.ToString(proxy.DBProxyName))
}

// proxyRemedies say what to do where a proxy does not reach the database (Amazon RDS API reference, TargetHealth).
var proxyRemedies = map[databases.TargetHealthReason]string{
	databases.TargetHealthReasonAuthFailure: "Let the role of the proxy read the secret and its KMS key, and see that the secret has the password " +
		"of the database: docs/runbook.md, secret-rotation-failed",
	databases.TargetHealthReasonUnreachable:          "See whether the database is available, and let the proxy reach it by the security groups: pulumi up --refresh",
	databases.TargetHealthReasonPendingProxyCapacity: "Wait for the proxy to grow, a few minutes",
}

func proxyConnects(targets []databases.DBProxyTarget, database string) finding {
	var faults []string
	var reason databases.TargetHealthReason
	connected := false
	for _, each := range targets {
		health := cmp.Or(each.TargetHealth, &databases.TargetHealth{})
		if aws.ToString(each.RdsResourceId) != database {
			faults = append(faults, aws.ToString(each.RdsResourceId)+" is not the database of the stack")
		} else if health.State != databases.TargetStateAvailable {
			reason = health.Reason
			faults = append(faults, strings.TrimSpace(fmt.Sprintf("%s is %s %s %s", database, cmp.Or(health.State, "unknown"), health.Reason, aws.ToString(health.Description))))
		} else {
			connected = true
		}
	}
	if len(targets) == 0 {
		faults = []string{"the proxy has no target"}
	}
	remedy := cmp.Or(proxyRemedies[reason], "A failover is over in a minute or two. Otherwise run pulumi up --refresh; docs/runbook.md, proxy-borrow-latency")
	if len(faults) > 0 || !connected {
		return fail(remedy, "%s", strings.Join(faults, "; "))
	}
	return pass("%s is AVAILABLE", database)
}
