package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// databaseChecks are those of the database, its backups, its password and its proxy.
var databaseChecks = []check{
	{"database-available", "The database is in a status in which it serves.", aboutDatabase(databaseServes)},
	{"database-standby", "The database has a standby in a second zone.", about((*live).askDatabase, databaseStandby)},
	{"database-zones", "The subnets of the database are in at least two zones.", aboutDatabase(databaseZones)},
	{"database-encrypted", "The storage of the database is encrypted.", aboutDatabase(databaseEncrypted)},
	{"database-private", "The database is not publicly accessible.", aboutDatabase(databasePrivate)},
	{"database-protected", "The database has deletion protection.", about((*live).askDatabase, databaseProtected)},
	{"database-backups", "Automated backups are on, and the database can be restored to a time less than 15 minutes ago.", aboutDatabase(databaseBackups)},
	{"database-maintenance", "AWS forces no maintenance of the database within seven days; what else waits is shown.", databaseMaintenance},
	{"database-room", "The storage of the database has at least 20 percent free, or left to grow.", databaseRoom},
	{"database-rotation", "The password of the database rotates on schedule, and the last rotation finished.", databaseRotation},
	{"proxy-available", "RDS Proxy is available.", aboutProxy(func(_ context.Context, _ *live, proxy *databases.DBProxy) finding {
		return proxyServes(proxy)
	})},
	{"proxy-targets", "RDS Proxy reaches the database of the stack, and nothing else.", aboutProxy(proxyTargets)},
}

func aboutDatabase(judge func(*databases.DBInstance) finding) func(context.Context, *live) finding {
	return about((*live).askDatabase, func(_ *live, found *databases.DBInstance) finding { return judge(found) })
}

// aboutProxy is a check that a stack without RDS Proxy skips.
func aboutProxy(judge func(context.Context, *live, *databases.DBProxy) finding) func(context.Context, *live) finding {
	return func(ctx context.Context, l *live) finding {
		if !l.outputs.DatabaseProxyEnabled {
			return skip("database.proxy.enabled is false")
		}
		found, err := l.proxy()
		if err != nil {
			return unanswered(err)
		}
		return judge(ctx, l, found)
	}
}

func proxyTargets(ctx context.Context, l *live, proxy *databases.DBProxy) finding {
	targets, err := readProxyTargets(ctx, l.aws.databases, aws.ToString(proxy.DBProxyName))
	if err != nil {
		return unanswered(err)
	}
	return proxyConnects(targets, l.outputs.DatabaseIdentifier)
}

func databaseMaintenance(ctx context.Context, l *live) finding {
	found, err := l.database()
	if err != nil {
		return unanswered(err)
	}
	actions, err := readMaintenance(ctx, l.aws.databases, aws.ToString(found.DBInstanceArn))
	if err != nil {
		return unanswered(err)
	}
	return databasePending(found, actions)
}

func databaseRoom(ctx context.Context, l *live) finding {
	found, err := l.database()
	if err != nil {
		return unanswered(err)
	}
	free, err := readFreeBytes(ctx, l.aws.metrics, l.outputs.DatabaseIdentifier)
	if err != nil {
		return unanswered(err)
	}
	return databaseStorage(found, free)
}

func databaseRotation(ctx context.Context, l *live) finding {
	found, err := l.database()
	if err != nil {
		return unanswered(err)
	}
	secret, err := l.aws.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &l.outputs.DatabaseSecretArn})
	if err != nil {
		return unanswered(err)
	}
	return rotation(found, secret)
}
