//go:build lab && linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"ha-web/lab/database"
	"ha-web/tests/deployed"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// copyAddresses are of databases that were restored beside that of the stack, in its data subnets. There is one at a time.
var copyAddresses = perZone("10.0.21.20", "10.0.22.20")

// copyService is the address of a copy in the network of AWS itself.
var copyService = netip.MustParseAddr("198.18.0.20")

// copies are databases that were restored beside that of the stack.
type copies struct {
	lab *Lab

	mutex   sync.Mutex
	running map[string]*restored
	working sync.WaitGroup
}

// restored is one of them.
type restored struct {
	stop context.CancelFunc
	done chan struct{} // closed when it has ended
}

// start starts a copy when AWS has restored it, with the data that the primary has then.
func (c *copies) start(ctx context.Context, id string) error {
	found, err := c.lab.cloud.databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &id})
	if err != nil {
		return fmt.Errorf("database %s: %w", id, err)
	}
	own, stop := context.WithCancel(ctx)
	each := &restored{stop, make(chan struct{})}
	c.mutex.Lock()
	c.running[id] = each
	c.mutex.Unlock()
	c.working.Go(func() {
		defer close(each.done)
		if err := c.run(own, found.DBInstances[0]); err != nil && own.Err() == nil {
			c.lab.say("database %s: %v", id, err)
		}
	})
	return nil
}

// run keeps a copy until its context ends.
func (c *copies) run(ctx context.Context, instance rdstypes.DBInstance) error {
	name, zone := *instance.Endpoint.Address, aws.ToString(instance.AvailabilityZone)
	identity, err := c.lab.data.identity(name)
	if err != nil {
		return err
	}
	began := time.Now()
	running, err := c.restore(ctx, database.CopyOptions{
		Zone: zone, Address: copyAddresses[zone], ServiceAddress: copyService, EndpointName: name, Identity: identity,
	})
	if err != nil {
		return err
	}
	c.lab.say("database %s is restored after %s", *instance.DBInstanceIdentifier, seconds(time.Since(began)))
	err = c.join(ctx, running, instance)
	if err == nil {
		err = c.keepPassword(ctx, running, *instance.DBInstanceIdentifier)
	}
	undone := context.WithoutCancel(ctx)
	return errors.Join(err, c.lab.firewall.Leave(undone, copyAddresses[zone]), running.Close())
}

// restore copies the database, again while that fails: the backups of RDS are in Amazon S3, but these data come from the primary, which
// may fail over meanwhile.
func (c *copies) restore(ctx context.Context, o database.CopyOptions) (*database.Copy, error) {
	for attempt := 1; ; attempt++ {
		running, err := c.lab.data.cluster.Copy(ctx, o)
		if err == nil || ctx.Err() != nil || attempt == restoreAttempts {
			return running, err
		}
		c.lab.say("once more: %v", err)
		select {
		case <-ctx.Done():
		case <-time.After(restorePause):
		}
	}
}

const (
	restoreAttempts = 5
	restorePause    = 5 * time.Second
)

// join puts a copy into the security group of the database, if AWS did. In any other group of the stack nothing may reach it.
func (c *copies) join(ctx context.Context, running *database.Copy, instance rdstypes.DBInstance) error {
	if !slices.Equal(groupIDs(instance), groupIDs(c.lab.data.instance)) {
		c.lab.say("database %s is in other security groups than that of the stack: nothing reaches it", *instance.DBInstanceIdentifier)
		return running.Namespace().Cut(ctx)
	}
	return c.lab.firewall.Join(ctx, running.Namespace(), running.Namespace().Address, groupDatabase)
}

func groupIDs(instance rdstypes.DBInstance) []string {
	var ids []string
	for _, each := range instance.VpcSecurityGroups {
		ids = append(ids, aws.ToString(each.VpcSecurityGroupId))
	}
	slices.Sort(ids)
	return ids
}

// keepPassword gives the master user the password that RDS has generated for it, as soon as there is one.
func (c *copies) keepPassword(ctx context.Context, running *database.Copy, id string) error {
	known := ""
	for {
		found, err := c.lab.cloud.databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &id})
		if err == nil && found.DBInstances[0].MasterUserSecret != nil {
			master, err := c.lab.cloud.login(ctx, *found.DBInstances[0].MasterUserSecret.SecretArn)
			if err != nil {
				return err
			}
			if master.Password != known {
				if err := running.SetPassword(ctx, master.Username, master.Password); err != nil {
					return err
				}
				known = master.Password
				c.lab.say("database %s has a password of its own", id)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// end ends a copy that was deleted.
func (c *copies) end(id string) {
	c.mutex.Lock()
	each := c.running[id]
	delete(c.running, id)
	c.mutex.Unlock()
	if each != nil {
		each.stop()
	}
}

// databaseAvailable starts a database when AWS has created it: that of the stack, or a copy of it.
func (l *Lab) databaseAvailable(ctx context.Context, change deployed.Change) error {
	if known := l.data.identifier(); known != "" && known != change.ID {
		return l.copies.start(ctx, change.ID)
	}
	return l.data.available(ctx, change)
}

func (c *copies) close() {
	c.mutex.Lock()
	for _, each := range c.running {
		each.stop()
	}
	c.mutex.Unlock()
	c.working.Wait()
}
