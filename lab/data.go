//go:build lab && linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"ha-web/lab/database"
	"ha-web/lab/endpoint"
	"ha-web/tests/deployed"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

const (
	// promoteAfter is how long the primary is silent before the standby takes over: AWS says 60 to 120 seconds.
	promoteAfter = 8 * time.Second
	// switchover is how long nothing answers in a failover on request.
	switchover = 4 * time.Second
)

// data is the database of the stack, with its proxy.
type data struct {
	lab *Lab

	mutex    sync.Mutex
	instance rdstypes.DBInstance
	cluster  *database.Cluster
	pooler   *database.Pooler
	working  sync.WaitGroup
}

// identifier is that of the database, "" before AWS has created it.
func (d *data) identifier() string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return aws.ToString(d.instance.DBInstanceIdentifier)
}

// available starts the database when AWS has created it.
func (d *data) available(ctx context.Context, change deployed.Change) error {
	d.mutex.Lock()
	started := d.instance.DBInstanceIdentifier != nil
	d.mutex.Unlock()
	if started {
		return nil
	}
	found, err := d.lab.cloud.databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &change.ID})
	if err != nil {
		return fmt.Errorf("database %s: %w", change.ID, err)
	}
	d.mutex.Lock()
	d.instance = found.DBInstances[0]
	d.mutex.Unlock()
	d.working.Go(func() {
		if err := d.start(ctx); err != nil && ctx.Err() == nil {
			d.lab.say("database: %v", err)
			d.lab.cancel()
		}
	})
	return nil
}

func (d *data) start(ctx context.Context) error {
	master, err := d.lab.cloud.login(ctx, *d.instance.MasterUserSecret.SecretArn)
	if err != nil {
		return err
	}
	name := *d.instance.Endpoint.Address
	identity, err := d.identity(name)
	if err != nil {
		return err
	}
	began := time.Now()
	cluster, err := database.Start(ctx, database.Options{
		Network: d.lab.network, Root: d.lab.root, Zones: [2]string(d.zones()), Addresses: [2]netip.Addr{databases[d.zones()[0]], databases[d.zones()[1]]},
		EndpointName: name, Port: int(*d.instance.Endpoint.Port), Identity: identity, Resolve: d.lab.resolve,
		User: master.Username, Password: master.Password, Name: *d.instance.DBName, PromoteAfter: promoteAfter,
		Say: func(line string) { d.lab.say("database: %s", line) },
	})
	if err != nil {
		return err
	}
	d.lab.say("the database runs after %s", seconds(time.Since(began)))
	d.mutex.Lock()
	d.cluster = cluster
	d.mutex.Unlock()
	for _, each := range cluster.Namespaces() {
		if err := d.lab.firewall.Join(ctx, each, each.Address, groupDatabase); err != nil {
			return err
		}
	}
	return d.startPooler(ctx, master)
}

// zones are those of the primary and of the standby.
func (d *data) zones() []string {
	first := aws.ToString(d.instance.AvailabilityZone)
	if first == zones[1] {
		return []string{zones[1], zones[0]}
	}
	return zones
}

// startPooler starts what is in the place of RDS Proxy, as soon as the proxy has its target.
func (d *data) startPooler(ctx context.Context, master login) error {
	proxy, pool, err := d.awaitProxy(ctx)
	if err != nil {
		return err
	}
	identity, err := d.identity(*proxy.Endpoint)
	if err != nil {
		return err
	}
	var places []database.PoolerNode
	for _, zone := range zones {
		places = append(places, database.PoolerNode{Zone: zone, Address: proxies[zone]})
	}
	pooler, err := database.StartPooler(ctx, database.PoolerOptions{
		Cluster: d.cluster, Nodes: places, EndpointName: *proxy.Endpoint, Identity: identity, Roots: d.lab.authority.PEM(),
		Resolve: d.lab.resolve, User: master.Username, Password: master.Password,
		Borrow: time.Duration(*pool.ConnectionBorrowTimeout) * time.Second, Connections: 100,
		Say: func(line string) { d.lab.say("proxy: %s", line) },
	})
	if err != nil {
		return err
	}
	d.mutex.Lock()
	d.pooler = pooler
	d.mutex.Unlock()
	for _, each := range pooler.Namespaces() {
		if err := d.lab.firewall.Join(ctx, each, each.Address, groupProxy); err != nil {
			return err
		}
	}
	d.lab.say("the proxy runs")
	return nil
}

func (d *data) awaitProxy(ctx context.Context) (rdstypes.DBProxy, rdstypes.ConnectionPoolConfigurationInfo, error) {
	for {
		proxies, err := d.lab.cloud.databases.DescribeDBProxies(ctx, &rds.DescribeDBProxiesInput{})
		if err != nil {
			return rdstypes.DBProxy{}, rdstypes.ConnectionPoolConfigurationInfo{}, fmt.Errorf("proxy: %w", err)
		}
		if len(proxies.DBProxies) == 1 && proxies.DBProxies[0].Status == rdstypes.DBProxyStatusAvailable {
			proxy := proxies.DBProxies[0]
			groups, err := d.lab.cloud.databases.DescribeDBProxyTargetGroups(ctx, &rds.DescribeDBProxyTargetGroupsInput{DBProxyName: proxy.DBProxyName})
			if err != nil {
				return rdstypes.DBProxy{}, rdstypes.ConnectionPoolConfigurationInfo{}, fmt.Errorf("proxy: %w", err)
			}
			if len(groups.TargetGroups) == 1 && groups.TargetGroups[0].ConnectionPoolConfig != nil {
				return proxy, *groups.TargetGroups[0].ConnectionPoolConfig, nil
			}
		}
		select {
		case <-ctx.Done():
			return rdstypes.DBProxy{}, rdstypes.ConnectionPoolConfigurationInfo{}, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// identity is a certificate for a name, and its key.
func (d *data) identity(name string) (database.Identity, error) {
	certificate, err := d.lab.authority.Certificate(name)
	if err != nil {
		return database.Identity{}, err
	}
	chain, key, err := endpoint.KeyPair(certificate)
	return database.Identity{Certificate: chain, Key: key}, err
}

// rebooting fails the database over as someone has asked AWS to.
func (d *data) rebooting(ctx context.Context, change deployed.Change) {
	if !change.Failover || change.ID != aws.ToString(d.instance.DBInstanceIdentifier) {
		return
	}
	d.working.Go(func() {
		if err := d.cluster.Failover(ctx, switchover); err != nil && ctx.Err() == nil {
			d.lab.say("failover: %v", err)
		}
	})
}

// rotated changes the password of the database to that of its secret. AWS does it in the other order.
func (d *data) rotated(ctx context.Context, change deployed.Change) error {
	if d.instance.MasterUserSecret == nil || change.ARN != *d.instance.MasterUserSecret.SecretArn {
		return nil
	}
	master, err := d.lab.cloud.login(ctx, change.ARN)
	if err != nil {
		return err
	}
	d.lab.say("the password changes")
	return errors.Join(d.cluster.SetPassword(ctx, master.Username, master.Password), d.pooler.LearnPassword(ctx, master.Username, master.Password))
}

// primary is the zone of the primary.
func (d *data) primary() string { return d.cluster.Primary() }

// redundant waits until there is a standby again.
func (d *data) redundant(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settlingTime)
	defer cancel()
	return d.cluster.Redundant(ctx)
}

const settlingTime = time.Minute

// measureDatabase publishes what RDS measures of the database.
func (l *Lab) measureDatabase(ctx context.Context) error {
	l.data.mutex.Lock()
	cluster := l.data.cluster
	l.data.mutex.Unlock()
	if cluster == nil || !cluster.Available() {
		return nil
	}
	found, err := cluster.Query(ctx, "select count(*) from pg_stat_activity where backend_type = 'client backend'")
	if err != nil {
		return nil // it fails over
	}
	var connections float64
	if _, err := fmt.Sscan(found[0][0], &connections); err != nil {
		return fmt.Errorf("connections of the database: %w", err)
	}
	dimensions := dimension("DBInstanceIdentifier", *l.data.instance.DBInstanceIdentifier)
	free := float64(*l.data.instance.AllocatedStorage) * (1 << 30) // the lab's database is small
	return l.put(ctx, "AWS/RDS", []types.MetricDatum{
		datum("DatabaseConnections", connections, dimensions), datum("FreeStorageSpace", free, dimensions),
	})
}

func (d *data) close() error {
	d.working.Wait()
	var faults []error
	if d.pooler != nil {
		faults = append(faults, d.pooler.Close())
	}
	if d.cluster != nil {
		faults = append(faults, d.cluster.Close())
	}
	return errors.Join(faults...)
}
