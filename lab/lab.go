//go:build lab && linux

package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"ha-web/lab/database"
	"ha-web/lab/endpoint"
	"ha-web/lab/filter"
	"ha-web/lab/host"
	"ha-web/lab/names"
	"ha-web/lab/network"
	"ha-web/tests/deployed"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"
)

const (
	// scale is the factor of AWS's waiting times: health checks, grace periods, warm-ups, deregistration delays, periods of
	// alarms, TTLs. What processes take, they take.
	scale = 0.2

	stackName = "lab"
	siteName  = "learn.example.edu" // domain.name of the stack file
	zoneName  = "example.edu"

	// recordTTL is that of AWS's records of load balancers, databases and proxies, which nobody can change: 60 seconds for a
	// load balancer, 5 for a database.
	recordTTL = 1 * time.Second
)

// The security groups of the stack, as the plan names them.
const (
	groupBalancer  = "alb"
	groupApp       = "app"
	groupProxy     = "proxy"
	groupDatabase  = "db"
	groupEndpoints = "endpoints"
)

// suite builds, deploys and ends what the lab needs of the project.
var suite = deployed.Suite{Project: "..", Required: "LAB_REQUIRED", Deadline: 100 * time.Minute}

// Lab is a stack with its data plane.
type Lab struct {
	t       *testing.T
	ctx     context.Context // ends with the lab
	cancel  context.CancelFunc
	began   time.Time
	stack   *deployed.Stack
	control deployed.Control
	cloud   cloud
	outputs auto.OutputMap

	root      string // of all machines
	agent     string // of all machines, in the place of the CloudWatch agent
	network   *network.Network
	firewall  *filter.Firewall
	resolvers []*names.Server // the VPC's, and that of everyone else
	authority *endpoint.Authority
	keys      endpoint.Keys
	private   *endpoint.Endpoint // in the VPC, which instances ask
	client    *network.Namespace
	endpoints []*network.Namespace
	images    images
	admin     aws.Credentials // of those who run verify
	trust     string          // file with the certificate authority
	site      *http.Client    // of someone outside

	fleet    *fleet
	balancer *frontDoor
	data     *data
	copies   *copies
	pager    pager

	printing sync.Mutex
}

// start brings the stack up, with its data plane. All of it ends with the test.
func start(t *testing.T) *Lab {
	t.Helper()
	l := &Lab{t: t, began: time.Now()}
	ctx, cancel := context.WithCancel(suite.Context(t))
	l.ctx, l.cancel = ctx, cancel
	t.Cleanup(cancel)
	require.NoError(t, errors.Join(host.Sweep(ctx), database.Sweep())) // what an earlier run has left that was killed
	var err error
	l.root, err = host.Root(ctx, func(line string) { l.say("%s", line) })
	require.NoError(t, err)
	l.agent, err = suite.Build("agent", "./lab/machine/agent")
	require.NoError(t, err)
	l.fleet = &fleet{lab: l, machines: map[string]*machine{}, taken: map[netip.Addr]chan struct{}{}}
	l.balancer = &frontDoor{lab: l, networks: map[string]*network.Namespace{}, shifted: map[string]bool{}, lost: map[string]bool{}}
	l.data = &data{lab: l}
	l.copies = &copies{lab: l, running: map[string]*restored{}}

	_, l.stack = suite.Deploy(t, deployed.Options{
		Name: stackName, File: "testdata/Pulumi.lab.yaml", Corrections: []string{"corrections"},
		Environment: []string{
			fmt.Sprintf("LOCALCLOUD_TIME_SCALE=%g", scale), "LOCALCLOUD_TARGETS=external", "LOCALCLOUD_ALARMS=on",
		},
	})
	l.control, l.cloud = deployed.Control{Emulator: l.stack.Emulator}, newCloud(l.stack.Emulator)
	_, err = l.cloud.zones.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String(zoneName), CallerReference: aws.String("lab")})
	require.NoError(t, err)
	l.connect()
	l.follow()
	l.outputs = l.stack.Update(ctx, t)
	return l
}

// say prints a line with the seconds since the start of the lab.
func (l *Lab) say(format string, args ...any) {
	l.printing.Lock()
	defer l.printing.Unlock()
	fmt.Printf("%7.1f  %s\n", time.Since(l.began).Seconds(), fmt.Sprintf(format, args...))
}

// connect builds what is there before the stack: the network, DNS, the AWS APIs, the registry and a client.
func (l *Lab) connect() {
	l.t.Helper()
	var err error
	l.authority, err = endpoint.NewAuthority()
	require.NoError(l.t, err)
	l.network, err = network.New(l.ctx, "lab", zones)
	require.NoError(l.t, err)
	l.t.Cleanup(func() { l.check(l.network.Close()) })
	l.readRules()
	inside := l.resolver(vpcResolver)
	outside := l.resolver(internetResolver)
	l.resolvers = []*names.Server{inside, outside}
	l.serveAPI(inside, outside)
	l.serveRegistry()
	l.client = l.attach("client", clientAddress, "", internetResolver)
	l.admin = aws.Credentials{AccessKeyID: "AKIALABADMIN", SecretAccessKey: "lab"}
	l.keys.Add(l.admin.AccessKeyID, l.admin.SecretAccessKey, "", time.Time{})
	l.trust = filepath.Join(l.t.TempDir(), "ca.pem")
	require.NoError(l.t, os.WriteFile(l.trust, l.authority.PEM(), 0o600))
	l.site = &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{
		DialContext: l.dial, DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: l.authority.Pool()},
	}}
}

// resolve has every DNS server answer with the addresses of a name.
func (l *Lab) resolve(name string, addresses ...netip.Addr) {
	for _, server := range l.resolvers {
		server.Set(name, addresses...)
	}
}

// serve serves HTTPS at the address of a place, until the test is over.
func (l *Lab) serve(place *network.Namespace, certificate tls.Certificate, handler http.Handler) {
	l.t.Helper()
	on, err := place.Listen("tcp", netip.AddrPortFrom(place.Address, 443).String())
	require.NoError(l.t, err)
	server := &http.Server{
		Handler: handler, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}, ReadHeaderTimeout: time.Minute,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go server.ServeTLS(on, "", "") //nolint:errcheck // it ends with the test
	l.t.Cleanup(func() { l.check(server.Close()) })
}

// group is the Auto Scaling group.
func (l *Lab) group(ctx context.Context) (scaling.AutoScalingGroup, error) {
	return l.cloud.group(ctx, l.fleet.group)
}

// alarm returns the state of an alarm.
func (l *Lab) alarm(t *testing.T, name string) string {
	t.Helper()
	found, err := l.cloud.metrics.DescribeAlarms(l.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
	require.NoError(t, err)
	require.Len(t, found.MetricAlarms, 1)
	return string(found.MetricAlarms[0].StateValue)
}

// noticed is how long AWS takes to see that a zone does not answer, and to take its nodes out of DNS.
var noticed = scaled(60)

// loseZone cuts a zone off from everything else. AWS notices some time later.
func (l *Lab) loseZone(zone string) error {
	l.say("zone %s is cut off", zone)
	l.balancer.cut(zone, true)
	time.AfterFunc(noticed, func() { l.balancer.setLost(zone, true) })
	return l.network.CutZone(l.ctx, zone)
}

// regainZone connects a zone again.
func (l *Lab) regainZone(zone string) error {
	l.say("zone %s is back", zone)
	l.balancer.cut(zone, false)
	time.AfterFunc(noticed, func() { l.balancer.setLost(zone, false) })
	return l.network.RestoreZone(l.ctx, zone)
}

// attach makes a place in the network, which asks a resolver.
func (l *Lab) attach(name string, address netip.Addr, zone string, resolver netip.Addr) *network.Namespace {
	l.t.Helper()
	l.network.Resolver = resolver
	place, err := l.network.Attach(l.ctx, name, address, zone)
	l.network.Resolver = vpcResolver
	require.NoError(l.t, err)
	return place
}

// resolver starts a DNS server.
func (l *Lab) resolver(address netip.Addr) *names.Server {
	l.t.Helper()
	place := l.attach("dns-"+address.String(), address, "", address)
	on, err := place.ListenPacket("udp", netip.AddrPortFrom(address, 53).String())
	require.NoError(l.t, err)
	server := names.Serve(on, nil, recordTTL)
	l.t.Cleanup(func() { l.check(server.Close()) })
	return server
}

// readRules reads security groups and network ACLs from the plan of the stack.
func (l *Lab) readRules() {
	l.t.Helper()
	program, err := suite.Program()
	require.NoError(l.t, err)
	command := exec.CommandContext(l.ctx, program, "plan", "-stack", stackName, "-format", "json")
	command.Dir = l.stack.Folder
	document, err := command.Output()
	require.NoError(l.t, err)
	rules, err := filter.Read(document, filter.Options{})
	require.NoError(l.t, err)
	l.firewall = filter.NewFirewall(rules)
	require.NoError(l.t, l.network.Filter(l.ctx, rules.ACLs()))
}

// services of AWS that have interface endpoints in the VPC, and those that have none.
var (
	privateServices = []string{"ssm", "ssmmessages", "ec2messages", "secretsmanager", "logs", "monitoring"}
	publicServices  = []string{"sts", "ec2", "autoscaling", "elasticloadbalancing", "rds", "sns", "arc-zonal-shift", "iam", "s3"}
)

// serveAPI gives the emulator the names that AWS's APIs have, with TLS and checked signatures.
func (l *Lab) serveAPI(inside, outside *names.Server) {
	l.t.Helper()
	var all []string
	for _, service := range append(privateServices, publicServices...) {
		all = append(all, service+"."+region+".amazonaws.com")
	}
	for _, zone := range zones {
		place := l.attach("endpoint-"+zone, endpoints[zone], zone, vpcResolver)
		require.NoError(l.t, l.firewall.Join(l.ctx, place, endpoints[zone], groupEndpoints))
		l.endpoints = append(l.endpoints, place)
	}
	l.private = l.answer(all, l.endpoints...)
	l.answer(all, l.attach("aws", internetAWS, "", internetResolver))
	for i, name := range all {
		outside.Set(name, internetAWS)
		if i < len(privateServices) {
			inside.Set(name, inOrder(endpoints)...)
		} else {
			inside.Set(name, internetAWS)
		}
	}
}

// answer answers for AWS services at places.
func (l *Lab) answer(services []string, places ...*network.Namespace) *endpoint.Endpoint {
	l.t.Helper()
	certificate, err := l.authority.Certificate(services...)
	require.NoError(l.t, err)
	emulator, err := url.Parse(l.stack.Emulator)
	require.NoError(l.t, err)
	answering := endpoint.New(endpoint.Settings{Region: region, Emulator: emulator, Certificate: certificate, Keys: &l.keys})
	l.t.Cleanup(func() { l.check(answering.Close()) })
	for _, place := range places {
		on, err := place.Listen("tcp", netip.AddrPortFrom(place.Address, 443).String())
		require.NoError(l.t, err)
		go func() {
			if err := answering.Serve(on); err != nil {
				l.say("AWS APIs: %v", err)
			}
		}()
	}
	return answering
}

// close ends what has run, and fails the test where something does not end.
func (l *Lab) close() {
	l.copies.close()
	l.check(errors.Join(l.fleet.close(), l.balancer.close(), l.data.close()))
}

func (l *Lab) check(err error) {
	if err != nil {
		l.t.Errorf("closing the lab: %v", err)
	}
}

// credentials of the role of an instance, which the instance signs its requests with.
func (l *Lab) credentials(ctx context.Context, roleARN, session string) (aws.Credentials, error) {
	found, err := l.cloud.tokens.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &roleARN, RoleSessionName: &session})
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("role %s: %w", roleARN, err)
	}
	c := found.Credentials
	l.keys.Add(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken, *c.Expiration)
	return aws.Credentials{
		AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken,
		CanExpire: true, Expires: *c.Expiration,
	}, nil
}
