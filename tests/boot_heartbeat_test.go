package tests

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ha-web/components/webtier"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// beat runs the script of the heartbeat once, as its service does.
func (i *instance) beat() (string, error) {
	command := exec.CommandContext(i.t.Context(), "bash", filepath.Join(i.disk, "usr/local/lib/app/heartbeat"))
	output, err := command.CombinedOutput()
	return string(output), err
}

// listenAsAgent listens where the CloudWatch agent of an instance listens for StatsD. Another run of these tests may do so as well,
// for a moment.
func listenAsAgent(t *testing.T) net.PacketConn {
	t.Helper()
	var agent net.PacketConn
	require.Eventually(t, func() bool {
		var err error
		agent, err = net.ListenPacket("udp", "127.0.0.1:18125")
		return err == nil
	}, 20*time.Second, 50*time.Millisecond, "port 18125 is taken")
	t.Cleanup(func() { agent.Close() })
	return agent
}

// received returns the next datagram, or "" where none arrives.
func received(t *testing.T, agent net.PacketConn) string {
	t.Helper()
	require.NoError(t, agent.SetReadDeadline(time.Now().Add(time.Second)))
	buffer := make([]byte, 1024)
	n, _, err := agent.ReadFrom(buffer)
	if err != nil {
		return ""
	}
	return string(buffer[:n])
}

func TestBootSendsAHeartbeatWhileTheApplicationAnswers(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"curl", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	port := freePort(t)
	got, err := boot(t, fullWebTier(func(s *webtier.Settings) { s.Container, s.Port = "", port }))
	require.NoError(t, err, got.said)

	agent := listenAsAgent(t)
	said, err := got.beat()
	require.NoError(t, err, said)
	assert.Equal(t, "heartbeat:1|c|#AvailabilityZone:us-east-1b", received(t, agent))

	require.NoError(t, syscall.Kill(got.pid(), syscall.SIGKILL))
	require.Eventually(t, func() bool { return got.status() != "" }, 5*time.Second, 10*time.Millisecond)
	said, err = got.beat()
	require.Error(t, err, "the service fails, so that systemctl --failed lists it")
	assert.Contains(t, said, "curl: (7)")
	assert.Empty(t, received(t, agent), "a sample without an answer")
}

// An error page, as of an application that is not ready, is no answer; whatever is in the path reaches the application as it is.
func TestBootSendsNoHeartbeatForAnErrorPage(t *testing.T) {
	t.Parallel()
	const path = "/up?a=$(date)&b=`date`;$HOME%25"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	asked := make(chan string, 10)
	var status atomic.Int64
	status.Store(http.StatusOK)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			asked <- r.RequestURI
			w.WriteHeader(int(status.Load()))
		},
	)}}
	server.Start()
	defer server.Close()
	got, err := boot(t, fullWebTier(func(s *webtier.Settings) {
		s.Port, s.HealthCheck.Path = listener.Addr().(*net.TCPAddr).Port, path
	}))
	require.NoError(t, err, got.said)

	agent := listenAsAgent(t)
	said, err := got.beat()
	require.NoError(t, err, said)
	assert.Equal(t, path, <-asked)
	assert.NotEmpty(t, received(t, agent))
	status.Store(http.StatusServiceUnavailable)
	said, err = got.beat()
	require.Error(t, err)
	assert.Contains(t, said, "503")
	assert.Empty(t, received(t, agent))
}

func TestBootSendsTheHeartbeatEveryMinute(t *testing.T) {
	t.Parallel()
	got, err := boot(t, fullWebTier())
	require.NoError(t, err, got.said)
	assert.Equal(t, `[Unit]
Description=Heartbeat of the application

[Service]
Type=oneshot
ExecStart=/bin/bash /usr/local/lib/app/heartbeat
DynamicUser=yes
LogLevelMax=notice
`, got.file("/etc/systemd/system/heartbeat.service"))
	assert.Equal(t, `[Unit]
Description=Heartbeat of the application, every minute

[Timer]
OnCalendar=minutely
AccuracySec=1s

[Install]
WantedBy=timers.target
`, got.file("/etc/systemd/system/heartbeat.timer"))
	assert.Equal(t, "systemctl enable --now heartbeat.timer", got.calls[len(got.calls)-1], "the agent listens before")
}
