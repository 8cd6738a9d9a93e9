//go:build lab && linux

package php_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ha-web/lab/host"
	"ha-web/lab/network"
	"ha-web/lab/php"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	instanceAddress = netip.MustParseAddr("10.0.11.11")
	servicesAddress = netip.MustParseAddr("10.0.12.5")
	databaseAddress = netip.MustParseAddr("10.0.21.6")
)

// hello is the application before Moodle comes, as far as the playbook looks at it.
const hello = `[Service]
ExecStart=/usr/bin/python3 -m http.server 8080
StandardOutput=append:/var/log/app.log
StandardError=append:/var/log/app.log
[Install]
WantedBy=multi-user.target
`

// TestInstall runs the playbook on a machine, and fails what Moodle needs.
func TestInstall(t *testing.T) {
	if err := host.Check(); err != nil {
		need(t, err.Error())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Minute) // of which the root takes most, the first time
	defer cancel()
	folder, err := os.MkdirTemp("/tmp", "php-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(folder, 0o755))
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(folder)) })
	certificate := newCertificate(t, folder)
	database := startServer(t, folder)
	root, err := host.Root(ctx, func(message string) { t.Log(message) })
	require.NoError(t, err)
	n, err := network.New(ctx, fmt.Sprintf("p%d", os.Getpid()), []string{"a"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.Close()) })

	attach := func(name string, address netip.Addr) *network.Namespace {
		s, err := n.Attach(ctx, name, address, "a")
		require.NoError(t, err)
		return s
	}
	instance, services := attach("web", instanceAddress), attach("aws", servicesAddress)
	require.NoError(t, instance.AddAddress(ctx, netip.MustParseAddr("169.254.169.254")))
	aws := newCloud(t, certificate, listenIn(t, instance, "169.254.169.254:80"), listenIn(t, services, servicesAddress.String()+":443"))
	aws.set(func(c *cloud) {
		c.domain, c.host, c.port, c.password = "amazonaws.com", databaseHost, 5432, database.password
	})
	forward(t, listenIn(t, attach("db", databaseAddress), databaseAddress.String()+":5432"), database.port)

	authority, err := os.ReadFile(filepath.Join(folder, "root.pem"))
	require.NoError(t, err)
	h, err := host.Boot(ctx, root, instance, host.Options{CA: authority, Files: map[string]host.File{
		"/etc/hosts": {Content: fmt.Appendf(nil, "127.0.0.1 localhost\n%s ssm.%[3]s.amazonaws.com secretsmanager.%[3]s.amazonaws.com\n%[2]s %[4]s\n",
			servicesAddress, databaseAddress, region, databaseHost)},
		"/etc/app/environment":            {Content: []byte("PORT=8080\nAWS_REGION=" + region + "\nPARAMETER_PREFIX=/web/test\n")},
		"/etc/systemd/system/app.service": {Content: []byte(hello)},
	}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, h.Close()) })
	require.NoError(t, h.Command(ctx, "systemctl", "enable", "--now", "app").Run())
	started := time.Now()
	require.NoError(t, php.Install(ctx, h, php.Options{Example: example, Host: "site.lab", Scheme: "http", Workers: 4, ConnectSeconds: 5}))
	t.Logf("installed in %v", time.Since(started).Round(time.Second))
	t.Cleanup(func() {
		if t.Failed() {
			said, _ := h.Command(context.WithoutCancel(ctx), "tail", "-n", "40", "/var/log/app.log").CombinedOutput()
			t.Log(string(said))
		}
	})

	w := &installed{client: &http.Client{Transport: &http.Transport{DialContext: services.DialContext}, Timeout: 30 * time.Second}}
	checkPages(t, w)
	asked, err := h.Command(ctx, "curl", "-fsS", "-m", "5", "-o", "/dev/null", "http://127.0.0.1:8080/health").CombinedOutput()
	assert.NoError(t, err, "the heartbeat of the boot script asks this: %s", asked)
	checkRestart(ctx, t, w, h)
	database.kill()
	unavailable(t, w.get(t, page))
	assert.Equal(t, http.StatusOK, w.get(t, "/moodle-health").status, "or the whole fleet would be replaced")
	database.start(t)
	works(t, w.get(t, page))
	cron, err := h.Command(ctx, "sudo", "-u", "moodle", "php", "/srv/moodle/public/admin/cli/cron.php").CombinedOutput()
	assert.NoError(t, err, string(cron))
}

// installed is the site on a machine.
type installed struct{ client *http.Client }

func (w *installed) get(t *testing.T, path string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://%s:8080%s", instanceAddress, path), nil)
	require.NoError(t, err)
	response, err := w.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{status: response.StatusCode, header: response.Header, body: string(body)}
}

func checkPages(t *testing.T, w *installed) {
	t.Helper()
	works(t, w.get(t, page))
	assert.Equal(t, `{"page":"front"}`, strings.TrimSpace(w.get(t, "/").body))
	assert.Equal(t, `{"page":"router","path":"\/course\/5"}`, strings.TrimSpace(w.get(t, "/course/5?a=b").body))
	assert.Equal(t, `{"status": "ok"}`, strings.TrimSpace(w.get(t, "/moodle-health").body))
	assert.Equal(t, http.StatusNotFound, w.get(t, "/.complete").status)
}

// checkRestart checks that nginx and php-fpm start again after a crash, before a health check could notice.
func checkRestart(ctx context.Context, t *testing.T, w *installed, h *host.Host) {
	t.Helper()
	for _, unit := range []string{"php-fpm", "nginx"} {
		require.NoError(t, h.Command(ctx, "systemctl", "kill", "--signal", "KILL", unit).Run())
		killed := time.Now()
		require.Eventually(t, func() bool {
			connection, err := w.client.Get(fmt.Sprintf("http://%s:8080/moodle-health", instanceAddress))
			if err != nil {
				return false
			}
			connection.Body.Close()
			return connection.StatusCode == http.StatusOK
		}, 20*time.Second, 50*time.Millisecond, "%s does not start again", unit)
		t.Logf("%s answers %v after its end", unit, time.Since(killed).Round(100*time.Millisecond))
	}
}

func listenIn(t *testing.T, s *network.Namespace, address string) net.Listener {
	t.Helper()
	listener, err := s.Listen("tcp", address)
	require.NoError(t, err)
	return listener
}

// forward passes connections on to a port of this machine.
func forward(t *testing.T, listener net.Listener, port int) {
	t.Helper()
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer from.Close()
				to, err := net.Dial("tcp", fmt.Sprintf("localhost:%d", port))
				if err != nil {
					return
				}
				go func() {
					_, _ = io.Copy(to, from)
					to.Close()
				}()
				_, _ = io.Copy(from, to)
			}()
		}
	}()
}
