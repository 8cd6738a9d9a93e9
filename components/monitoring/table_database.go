package monitoring

import (
	"fmt"

	"ha-web/internal/settings/database"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// database is a metric of the database.
func (b *builder) database(name, stat string) series {
	return series{namespace: "AWS/RDS", name: name, stat: stat, dimensions: []dimension{
		{"DBInstanceIdentifier", b.args.Database.Identifier},
	}}
}

// proxy is a metric of RDS Proxy.
func (b *builder) proxy(name, stat string) series {
	return series{namespace: "AWS/RDS", name: name, stat: stat, dimensions: []dimension{
		{"ProxyName", b.args.Database.ProxyName},
	}}
}

const gib = 1 << 30 // bytes, the unit of memory and storage in metrics of RDS

func percent(share int) float64 { return float64(share) / 100 }

func (b *builder) databaseAlarms() []alarm {
	settings := b.args.Database.Settings
	memory, _ := database.MemoryGiB(settings.InstanceClass)
	alarms := []alarm{
		{
			role: "database-connections", page: databasePage, panel: connectionPanel,
			metrics: []series{b.database("DatabaseConnections", "Maximum")}, period: 60, breaches: 3, periods: 5,
			comparison: above, threshold: percent(b.settings.Thresholds.ConnectionsPercent) * float64(settings.Connections()), missing: missing,
			consequence: "The database has almost reached its maximum of connections: it is about to refuse more.",
		},
		{
			role: "database-load", panel: loadPanel,
			metrics: []series{b.database("CPUUtilization", "Average").named("database")}, period: 300, breaches: 3, periods: 3,
			comparison: above, threshold: float64(b.settings.Thresholds.DatabaseLoadPercent), missing: missing,
			consequence: "The CPU of the database is busy: every request that needs it slows down.",
		},
		{
			role: "database-memory", panel: memoryPanel,
			metrics: []series{b.database("FreeableMemory", "Minimum")}, period: 300, breaches: 3, periods: 3,
			comparison: below, threshold: percent(b.settings.Thresholds.FreeMemoryPercent) * memory * gib, missing: missing,
			bound:       fmt.Sprintf("below %g GiB", percent(b.settings.Thresholds.FreeMemoryPercent)*memory),
			consequence: "The database runs out of memory: it swaps, and may restart.",
		},
	}
	if database.Burstable(settings.InstanceClass) {
		alarms = append(alarms, creditAlarms("database", float64(b.settings.Thresholds.CPUCredits),
			b.database("CPUCreditBalance", "Minimum"), b.database("CPUSurplusCreditsCharged", "Maximum"))...)
	}
	return alarms
}

// freeStorage is the least free storage in bytes, as a share of what the database instance has now: RDS storage autoscaling adds to it.
func (b *builder) freeStorage() pulumi.Float64Input {
	share := percent(b.settings.Thresholds.FreeStoragePercent)
	return b.args.Database.AllocatedGiB.ToIntOutput().ApplyT(func(allocated int) float64 {
		return share * float64(allocated) * gib
	}).(pulumi.Float64Output)
}

// storageAlarms watch the volume of the database.
func (b *builder) storageAlarms(rules map[string]pulumi.StringInput) []alarm {
	seconds := float64(b.settings.Thresholds.DatabaseLatencyMilliseconds) / 1000
	alarms := []alarm{
		{
			role: "database-storage", page: databasePage, panel: storagePanel,
			metrics: []series{b.database("FreeStorageSpace", "Minimum")}, period: 300, breaches: 3, periods: 3,
			comparison: below, limit: b.freeStorage(), missing: breaching,
			bound:       fmt.Sprintf("below %d %%", b.settings.Thresholds.FreeStoragePercent),
			consequence: "The volume of the database is almost full: when it is, the database stops.",
		},
		{
			role: storageRule, page: databasePage,
			metrics: []series{matched(rules[storageRule])}, period: 300, breaches: 1, periods: 1,
			comparison: above, missing: notBreaching,
			consequence: "RDS says that the volume of the database is full, or that it cannot grow.",
		},
		{
			role: "database-read-latency", panel: diskPanel,
			metrics: []series{b.database("ReadLatency", "Average")}, period: 60, breaches: 5, periods: 5,
			comparison: above, threshold: seconds, missing: missing,
			consequence: "The database reads from its volume slowly: requests wait for it.",
		},
		{
			role: "database-write-latency", panel: diskPanel,
			metrics: []series{b.database("WriteLatency", "Average")}, period: 60, breaches: 5, periods: 5,
			comparison: above, threshold: seconds, missing: missing,
			consequence: "The database writes to its volume slowly: requests that save something wait for it.",
		},
		{
			role: "database-disk-queue", panel: queuePanel,
			metrics: []series{b.database("DiskQueueDepth", "Average")}, period: 60, breaches: 5, periods: 5,
			comparison: above, threshold: float64(b.settings.Thresholds.DiskQueueDepth), missing: missing,
			consequence: "More reads and writes wait for the volume of the database than it keeps up with.",
		},
	}
	// gp3 volumes have no burst balance, but small instances have one for the traffic to their volumes (Amazon EC2 user guide,
	// "Amazon EBS-optimized instance types").
	for _, each := range []struct{ role, metric, what string }{
		{"database-io-balance", "EBSIOBalance%", "reads and writes"},
		{"database-throughput-balance", "EBSByteBalance%", "throughput"},
	} {
		alarms = append(alarms, alarm{
			role: each.role, panel: balancePanel,
			metrics: []series{b.database(each.metric, "Minimum")}, period: 300, breaches: 3, periods: 3,
			comparison: below, threshold: 20, missing: missing,
			consequence: "The database instance has almost used up its burst of " + each.what + ": its volume is about to slow down.",
		})
	}
	return alarms
}

func (b *builder) proxyAlarms() []alarm {
	settings := b.args.Database.Settings
	if !settings.Proxy.Enabled {
		return nil
	}
	pool := percent(settings.Proxy.MaxConnectionsPercent) * float64(settings.Connections())
	return []alarm{
		{
			role: "proxy-borrow-latency", page: databasePage, panel: borrowPanel,
			metrics: []series{b.proxy("DatabaseConnectionsBorrowLatency", "Average")}, period: 60, breaches: 3, periods: 5,
			comparison: above, threshold: float64(b.settings.Thresholds.BorrowMilliseconds) * 1000, missing: notBreaching, // microseconds
			consequence: "Requests wait for a connection to the database: the proxy has none left.",
		},
		{
			// A failover refuses connections for a minute or two, and a rotation logins with the password before: neither lasts.
			role: "proxy-logins", page: databasePage, panel: loginPanel,
			metrics: []series{
				b.proxy("ClientConnectionsSetupFailedAuth", "Sum").as("clients"), b.proxy("DatabaseConnectionsSetupFailed", "Sum").as("connections"),
			},
			expression: "FILL(clients, 0) + FILL(connections, 0)", period: 60, breaches: 5, periods: 10,
			comparison: above, missing: notBreaching,
			consequence: "Logins keep failing, of the application at the proxy or of the proxy at the database: a wrong password, or no route.",
		},
		{
			role: "proxy-pinned", panel: pinnedPanel,
			metrics: []series{b.proxy("DatabaseConnectionsCurrentlySessionPinned", "Sum")}, period: 60, breaches: 5, periods: 5,
			comparison: above, threshold: percent(b.settings.Thresholds.PinnedPercent) * pool, missing: notBreaching,
			consequence: "Many connections of the proxy serve one client only: a growing fleet may find none free.",
		},
	}
}
