// Package database runs a database as Amazon RDS does in a Multi-AZ deployment, and a pooler in the place of RDS Proxy.
//
// A cluster is PostgreSQL on two hosts in two zones: a primary, and a standby that has each commit before the client hears of it. One
// name leads to the primary. Clients must use TLS, as with rds.force_ssl. A control plane watches both machines from outside of all
// zones. When the primary is silent for Options.PromoteAfter, it takes the primary's power, promotes the standby, and moves the name.
// When the standby is silent for Options.AloneAfter, commits no longer wait for it. A machine that was lost starts again from a base
// backup once it can be reached.
//
// Replication and the control plane have a network of their own, as at AWS: security groups and network ACLs do not apply to it, and
// the loss of a zone does. No promotion loses a commit that was acknowledged: the standby takes over only while commits wait for
// it, and only after the old primary was fenced.
//
// # What differs from RDS
//
//   - Replication is PostgreSQL's own, of its log. RDS replicates blocks of the volume. A failover there ends with a crash recovery,
//     which takes longer the more was written since the last checkpoint. Here, the standby has replayed all but the last records.
//   - A client that cancels a commit which waits for the standby is told that it was committed, with a warning (PostgreSQL's
//     documentation of synchronous_commit). Such a commit may be lost. So may one of a session that waits while a lost standby is given
//     up, if the primary is lost, too, before the standby has caught up. RDS does not say what it does then.
//   - All delays of the control plane are parameters. AWS says 60 to 120 seconds for a failover, and not how they are spent.
//   - A failover kills the old primary, so clients see their connections end, and after that nothing answers at its address. A lost
//     zone is silent. How RDS fences a host is not documented.
//   - A standby always starts again with an empty disk. At RDS, a host that comes back has its volume.
//   - fsync is off. What PostgreSQL has written survives the end of its processes, not that of this machine.
//   - rdsadmin is the superuser, as in RDS. rds_superuser has only some of the rights that it has in RDS.
//
// # What differs between PgBouncer and RDS Proxy
//
//   - RDS Proxy decides for each client, statement by statement, whether it can share a connection, or pins it. A pooler of this
//     package does one or the other with all clients: Multiplexed, where session state such as SET, advisory locks, temporary tables or
//     LISTEN is lost or leaks to others instead of pinning the client, or Pinned. Both follow named prepared statements: RDS Proxy pins
//     because of them.
//   - A pinned client gives its connection back when it leaves. PgBouncer then runs DISCARD ALL, RDS Proxy resets it in its own way.
//   - While the primary is gone, the control plane pauses the pooler, and ends the clients that use a connection of the database.
//     All others wait for PoolerOptions.Borrow. RDS Proxy monitors the database itself. Between the moment a primary dies and the
//     moment the control plane is sure of it (0.6 seconds where connections are refused, about 3 where nothing answers, none in a
//     failover on request), PgBouncer refuses statements that need a new connection, where RDS Proxy may wait.
//   - When the primary is back, the nodes do not hear their clients until they have connected to it: some milliseconds.
//   - A client that waited too long gets FATAL "query_wait_timeout" (SQLSTATE 08P01), and loses its connection. RDS Proxy has another
//     text. Do not test for either.
//   - PgBouncer looks for expired waits every third of a second, so that they may end that much late.
//   - RDS Proxy accepts a client and checks its password without the database. PgBouncer does so only after its first connection to the
//     database has succeeded: until then, the first clients wait for that.
//   - LearnPassword takes the place of RDS Proxy's own look at the secret, which happens within minutes, or after a failed login.
//   - It knows no IAM authentication, and only the users that it was told of.
//   - RDS Proxy closes clients after 24 hours, and connections of the database when they are idle. PgBouncer's own limits apply here.
//   - Connections to the database are shared out evenly between the nodes. RDS Proxy moves the shares.
//   - A node follows the primary by what the control plane says, under the database's name, which it verifies, and not by DNS. RDS Proxy
//     does not depend on DNS, either.
//   - Its nodes never fail by themselves, are not replaced, and do not scale. A node in a zone that is cut off serves clients in
//     its zone, which wait in vain.
package database
