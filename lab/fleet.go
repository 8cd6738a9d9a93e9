//go:build lab && linux

package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"ha-web/lab/host"
	"ha-web/lab/metadata"
	"ha-web/lab/network"
	"ha-web/tests/deployed"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// fleet are the machines that run as instances of the Auto Scaling group do.
type fleet struct {
	lab      *Lab
	mutex    sync.Mutex
	group    string                       // its name
	machines map[string]*machine          // by instance ID
	taken    map[netip.Addr]chan struct{} // addresses, with what is closed when they are free again
	started  sync.WaitGroup               // boots under way
}

// machine is an instance.
type machine struct {
	id, zone string
	address  netip.Addr
	launched time.Time

	network  *network.Namespace
	metadata *http.Server
	host     *host.Host
	cancel   context.CancelFunc // ends the boot
	booted   chan struct{}      // closed when the user data has run, or failed to
	ran      time.Duration      // from its launch until its user data had run; read after booted, as failed
	failed   error
	ending   bool // its group terminates it
}

// start boots an instance in the background: what else the emulator tells must not wait for it.
func (f *fleet) start(ctx context.Context, change deployed.Change) error {
	address, err := netip.ParseAddr(change.Address)
	if err != nil {
		return fmt.Errorf("instance %s: %w", change.ID, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	m := &machine{id: change.ID, zone: change.Zone, address: address, launched: time.Now(), cancel: cancel, booted: make(chan struct{})}
	f.mutex.Lock()
	f.machines[m.id], f.group = m, change.Group
	f.mutex.Unlock()
	f.lab.say("instance %s of launch template version %s starts in %s", m.id, change.Version, m.zone)
	f.started.Go(func() {
		defer close(m.booted)
		if m.failed = f.boot(ctx, m, change); m.failed != nil && ctx.Err() == nil {
			f.lab.say("instance %s: %v", m.id, m.failed)
		}
	})
	return nil
}

// boot starts a machine and runs the user data of its launch template, which is what cloud-init does on AWS.
func (f *fleet) boot(ctx context.Context, m *machine, change deployed.Change) error {
	launched, err := f.lab.cloud.template(ctx, change.Template, change.Version)
	if err != nil {
		return err
	}
	if err := f.take(ctx, m.address); err != nil {
		return err
	}
	if m.network, err = f.lab.network.Attach(ctx, m.id, m.address, m.zone); err != nil {
		return err
	}
	if err := f.lab.firewall.Join(ctx, m.network, m.address, groupApp); err != nil {
		return err
	}
	if err := f.serveMetadata(ctx, m, launched.profile); err != nil {
		return err
	}
	files := map[string]host.File{
		userData:                             {Content: launched.userData, Mode: 0o700},
		"/usr/bin/docker":                    {Content: docker, Mode: 0o755},
		"/etc/systemd/system/docker.service": {Content: dockerService, Mode: 0o644},
	}
	maps.Copy(files, agentFiles())
	if m.host, err = host.Boot(ctx, f.lab.root, m.network, host.Options{
		CA: f.lab.authority.PEM(), DiskMiB: diskMiB, Files: files, Binds: map[string]string{agentFolder + "/bin/agent": f.lab.agent},
	}); err != nil {
		return err
	}
	return f.runUserData(ctx, m)
}

// take waits until an address is free. The emulator gives it to the next instance at once, and AWS only when the instance before
// has shut down.
func (f *fleet) take(ctx context.Context, address netip.Addr) error {
	for {
		f.mutex.Lock()
		free := f.taken[address]
		if free == nil {
			f.taken[address] = make(chan struct{})
			f.mutex.Unlock()
			return nil
		}
		f.mutex.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *fleet) give(address netip.Addr) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if free := f.taken[address]; free != nil {
		close(free)
		delete(f.taken, address)
	}
}

const (
	userData = "/var/lib/cloud/instance/scripts/part-001" // where cloud-init puts it
	bootLog  = "/var/log/cloud-init-output.log"
	diskMiB  = 512
)

// What machines have in the place of Docker.
var (
	//go:embed machine/docker
	docker []byte
	//go:embed machine/docker.service
	dockerService []byte
)

func (f *fleet) runUserData(ctx context.Context, m *machine) error {
	log, err := os.Create(m.host.Path(bootLog))
	if err != nil {
		return err
	}
	defer log.Close()
	command := m.host.Command(ctx, userData)
	command.Stdout, command.Stderr = log, log
	if err := command.Run(); err != nil {
		printed, _ := os.ReadFile(m.host.Path(bootLog))
		return fmt.Errorf("user data: %w\n%s", err, printed)
	}
	m.ran = time.Since(m.launched)
	f.lab.say("instance %s has booted, %s after its launch", m.id, seconds(m.ran))
	return nil
}

func (f *fleet) serveMetadata(ctx context.Context, m *machine, profile string) error {
	if err := m.network.AddAddress(ctx, metadataAddress); err != nil {
		return err
	}
	on, err := m.network.Listen("tcp", netip.AddrPortFrom(metadataAddress, 80).String())
	if err != nil {
		return err
	}
	role, err := f.lab.cloud.role(ctx, profile)
	if err != nil {
		return errors.Join(err, on.Close())
	}
	m.metadata = &http.Server{Handler: metadata.New(metadata.Instance{
		ID: m.id, Region: region, Zone: m.zone, Account: account, Address: m.address, Launched: m.launched,
		Profile: profile, Role: role.name,
		Credentials: func(ctx context.Context) (aws.Credentials, error) { return f.lab.credentials(ctx, role.arn, m.id) },
	})}
	go m.metadata.Serve(on) //nolint:errcheck // it ends with the machine
	return nil
}

// end stops the machine of an instance that is gone: as systemctl poweroff does, if its group has terminated it, or else from
// one moment to the next.
func (f *fleet) end(ctx context.Context, id string) {
	f.mutex.Lock()
	m := f.machines[id]
	delete(f.machines, id)
	f.mutex.Unlock()
	if m == nil {
		return
	}
	f.started.Go(func() {
		if m.ending { // else the load balancer has to notice by itself
			f.lab.balancer.ended(id)
		}
		m.cancel()
		<-m.booted
		err := errors.Join(m.stop(ctx), f.lab.firewall.Leave(ctx, m.address))
		f.give(m.address)
		if err != nil && ctx.Err() == nil {
			f.lab.say("instance %s: %v", id, err)
		}
		f.lab.say("instance %s is gone", id)
	})
}

// stopping is how long a machine has to shut down: longer than the application has to drain.
const stopping = time.Minute

func (m *machine) stop(ctx context.Context) error {
	var faults []error
	if m.host != nil && m.ending {
		bound, cancel := context.WithTimeout(ctx, stopping)
		faults = append(faults, m.host.Shutdown(bound))
		cancel()
	} else if m.host != nil {
		faults = append(faults, m.host.PowerOff())
	}
	return errors.Join(append(faults, m.close())...)
}

func (m *machine) close() error {
	var faults []error
	if m.host != nil {
		faults = append(faults, m.host.Close())
	}
	if m.metadata != nil {
		faults = append(faults, m.metadata.Close())
	}
	if m.network != nil {
		faults = append(faults, m.network.Close())
	}
	return errors.Join(faults...)
}

// terminating notes that the group ends an instance, whose machine will have time to shut down.
func (f *fleet) terminating(id string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if m := f.machines[id]; m != nil {
		m.ending = true
	}
}

func (f *fleet) machine(id string) *machine {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.machines[id]
}

// all returns the machines that run, by the time of their launch and then by ID.
func (f *fleet) all() []*machine {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return slices.SortedFunc(maps.Values(f.machines), func(a, b *machine) int {
		if order := a.launched.Compare(b.launched); order != 0 {
			return order
		}
		return strings.Compare(a.id, b.id)
	})
}

func (f *fleet) close() error {
	f.started.Wait()
	var faults []error
	for _, m := range f.all() {
		faults = append(faults, m.close())
	}
	return errors.Join(faults...)
}
