package tests

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ha-web/components/webtier"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These tests run the very script that a launch template boots instances with, in a folder that stands for the disk, with
// stand-ins for what an instance has and this machine has not. Each writes down how it was called.

// standIns are programs by name. CALLS is the list of calls, BOOT_ROOT the disk.
var standIns = map[string]string{
	// The metadata service of IMDSv2, and the application on this machine.
	"curl": `
url=; for each; do case $each in http*) url=$each ;; esac; done
case "$*" in
*/latest/api/token) [[ "$*" == *"-X PUT"* && "$*" == *"X-aws-ec2-metadata-token-ttl-seconds: "* ]] && printf TOKEN ;;
*"X-aws-ec2-metadata-token: TOKEN "*/meta-data/placement/availability-zone) printf us-east-1b ;;
*"X-aws-ec2-metadata-token: TOKEN "*/meta-data/instance-id) printf i-0123456789abcdef0 ;;
*http://127.0.0.1:*)
  if [[ -e $BOOT_ROOT/app.pid ]]; then exec python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1])' "$url"; fi
  grep -q "^docker run" "$CALLS" ;;
*) exit 22 ;;
esac`,
	"dnf": `
echo "dnf $*" >>"$CALLS"
if [[ -n ${FAIL_DNF:-} && "$*" == *"$FAIL_DNF"* ]]; then
  [[ $(grep -c "$FAIL_DNF" "$CALLS") -gt ${FAIL_TIMES:-100} ]] || exit 1
fi`,
	"docker": `
: "$HOME" # where it keeps its login
if [[ $1 == login ]]; then echo "docker $* <<< $(cat)" >>"$CALLS"; else echo "docker $*" >>"$CALLS"; fi`,
	"aws":                         `echo "aws $*" >>"$CALLS"; echo PASSWORD`,
	"amazon-cloudwatch-agent-ctl": `echo "amazon-cloudwatch-agent-ctl $*" >>"$CALLS"`,
	// Of systemd: starts the service as its unit says.
	"systemctl": `
echo "systemctl $*" >>"$CALLS"
[[ "$*" == "enable --now app" ]] || exit 0
set -- $(sed -n 's/^ExecStart=//p' "$BOOT_ROOT/etc/systemd/system/app.service")
if [[ $1 == /usr/bin/docker ]]; then shift; exec docker "$@"; fi
program=$1 script=$2
(
  env -i $(cat "$BOOT_ROOT/etc/app/environment") "$program" "$BOOT_ROOT$script" >>"$BOOT_ROOT/var/log/app.log" 2>&1 &
  echo $! >"$BOOT_ROOT/app.pid"
  status=0; wait $! || status=$?
  echo $status >"$BOOT_ROOT/app.status"
) >/dev/null 2>&1 &
while [[ ! -s $BOOT_ROOT/app.pid ]]; do sleep 0.01; done`,
}

// instance is what a script made of a disk.
type instance struct {
	t     *testing.T
	disk  string
	said  string
	calls []string
}

// boot runs the user data of a web tier.
func boot(t *testing.T, args *webtier.Args, environment ...string) (*instance, error) {
	t.Helper()
	for _, tool := range []string{"bash", "/usr/bin/python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skipf("cannot run the boot script: %v", err)
		}
	}
	script := userData(t, record(t, newWebTier(args)))
	got := &instance{t: t, disk: t.TempDir()}
	programs, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	require.NoError(t, os.WriteFile(calls, nil, 0o600))
	for name, body := range standIns {
		body = "#!/bin/bash\nset -eu\n" + strings.TrimPrefix(body, "\n") + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(programs, name), []byte(body), 0o700))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(got.disk, "var/log"), 0o700))

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-c", script) // cloud-init runs it as a file; what it is called is nowhere used
	command.Env = append(environment, "PATH="+programs+":/usr/bin:/bin", "BOOT_ROOT="+got.disk, "BOOT_PAUSE=0", "CALLS="+calls)
	output, err := command.CombinedOutput()
	got.said = string(output)
	called, readErr := os.ReadFile(calls)
	require.NoError(t, readErr)
	got.calls = strings.Split(strings.TrimSpace(string(called)), "\n")
	t.Cleanup(got.end)
	return got, err
}

// end stops the application, if it was started and still runs, and waits for the last that it writes.
func (i *instance) end() {
	pid := i.pid()
	if pid == 0 {
		return
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	assert.Eventually(i.t, func() bool { return i.status() != "" }, 10*time.Second, 10*time.Millisecond, "still runs")
}

// status returns the exit status of the application, "" as long as it runs.
func (i *instance) status() string {
	content, err := os.ReadFile(filepath.Join(i.disk, "app.status"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// file returns a file of the disk.
func (i *instance) file(path string) string {
	content, err := os.ReadFile(filepath.Join(i.disk, path))
	require.NoError(i.t, err)
	return string(content)
}

// pid returns the process of the application, 0 where none was started.
func (i *instance) pid() int {
	content, err := os.ReadFile(filepath.Join(i.disk, "app.pid"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	require.NoError(i.t, err)
	return pid
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listening.Close()
	return listening.Addr().(*net.TCPAddr).Port
}

func TestBootStartsTheHelloService(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	args := fullWebTier(func(s *webtier.Settings) { s.Container, s.Port = "", port })
	got, err := boot(t, args)
	require.NoError(t, err, got.said)
	assert.Regexp(t, `boot: the application answers [0-9]+ seconds after the start of the machine`, got.said)
	assert.Equal(t, []string{
		"systemctl daemon-reload", "systemctl enable --now app",
		"dnf install -y -q amazon-cloudwatch-agent logrotate rsyslog",
		"systemctl daemon-reload", "systemctl enable logrotate.timer", "systemctl restart logrotate.timer", "systemctl enable --now rsyslog",
		"amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:" + got.disk + "/opt/aws/amazon-cloudwatch-agent/etc/app.json",
		"systemctl enable --now heartbeat.timer",
	}, got.calls, "no pip, no packages before the service runs")
	assert.Equal(t, `[Unit]
Description=Application
Wants=network-online.target
After=network-online.target amazon-cloudwatch-agent.service
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/bin/python3 /usr/local/lib/app/hello.py
EnvironmentFile=/etc/app/environment
DynamicUser=yes
ProtectHome=yes
PrivateDevices=yes
NoNewPrivileges=yes
Restart=always
RestartSec=2
TimeoutStopSec=45
StandardOutput=append:/var/log/app.log
StandardError=append:/var/log/app.log

[Install]
WantedBy=multi-user.target
`, got.file("/etc/systemd/system/app.service"))

	site := fmt.Sprintf("http://127.0.0.1:%d", port)
	assert.Equal(t, `200 {"status": "ok"}`, get(t, http.MethodGet, site+"/health"))
	assert.Equal(t, `200 {"message": "Hello from the web tier", "zone": "us-east-1b", "instance": "i-0123456789abcdef0"}`,
		get(t, http.MethodGet, site+"/?from=test"))
	assert.Equal(t, `404 {"message": "Not found"}`, get(t, http.MethodGet, site+"/admin"))
	assert.Equal(t, `200 `, get(t, http.MethodHead, site+"/health"))
	checkWholeAnswers(t, port)
	checkGracefulEnd(t, got, port)
}

// checkWholeAnswers checks that each answer on a connection arrives as a whole. One that the service writes in two parts arrives in
// two, 40 ms apart: TCP holds the second back until the client acknowledges the first, and the client delays that.
func checkWholeAnswers(t *testing.T, port int) {
	t.Helper()
	connection, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	require.NoError(t, err)
	defer connection.Close()
	require.NoError(t, connection.SetDeadline(time.Now().Add(20*time.Second)))
	buffer := make([]byte, 4096)
	for range 50 {
		_, err := io.WriteString(connection, "GET /health HTTP/1.1\r\nHost: test\r\n\r\n")
		require.NoError(t, err)
		n, err := connection.Read(buffer)
		require.NoError(t, err)
		require.Regexp(t, `(?s)^HTTP/1.1 200 OK\r\n.*\r\n\r\n\{"status": "ok"\}\n$`, string(buffer[:n]))
	}
}

// get returns the status and the body of an answer.
func get(t *testing.T, method, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return fmt.Sprintf("%d %s", response.StatusCode, strings.TrimSpace(string(body)))
}

// checkGracefulEnd checks that the service, told to stop, answers what it has begun to read, and nobody else, and ends.
func checkGracefulEnd(t *testing.T, got *instance, port int) {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	connection, err := net.DialTimeout("tcp", address, time.Second)
	require.NoError(t, err)
	defer connection.Close()
	_, err = io.WriteString(connection, "GET / HTTP/1.1\r\nHost: test\r\n")
	require.NoError(t, err)
	time.Sleep(50 * time.Millisecond) // it has begun to read

	require.NoError(t, syscall.Kill(got.pid(), syscall.SIGTERM))
	require.Eventually(t, func() bool {
		another, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			another.Close()
		}
		return err != nil
	}, 2*time.Second, 10*time.Millisecond, "still takes connections")
	_, err = io.WriteString(connection, "\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.True(t, response.Close, "and says that it is the last answer")
	require.Eventually(t, func() bool { return got.status() != "" }, 5*time.Second, 20*time.Millisecond, "does not end")
	assert.Equal(t, "0", got.status())
}

func TestBootGivesTheApplicationNamesAndNoValues(t *testing.T) {
	t.Parallel()
	args := fullWebTier()
	args.Secrets["o-quote"] = pulumi.String(`it's $(reboot) "here" \n`)
	args.Settings.Environment = map[string]string{"MOTTO": "it's 100% $(reboot) \"free\" # or `so`", "FLAGS": "ssm:/campus/flags", "EMPTY": ""}
	got, err := boot(t, args)
	require.NoError(t, err, got.said)
	assert.Equal(t, `PORT=8080
DRAIN_SECONDS=30
AWS_REGION=us-east-1
PARAMETER_PREFIX=/web/test
O_QUOTE_SECRET_ARN=it's $(reboot) "here" \n
OIDC_SECRET_ARN=oidc-arn
SMTP_SECRET_ARN=smtp-arn
EMPTY=
FLAGS=/campus/flags
MOTTO=it's 100% $(reboot) "free" # or `+"`so`"+`
AVAILABILITY_ZONE=us-east-1b
INSTANCE_ID=i-0123456789abcdef0
`, got.file("/etc/app/environment"))
}

func TestBootRunsTheContainer(t *testing.T) {
	t.Parallel()
	args := fullWebTier()
	got, err := boot(t, args)
	require.NoError(t, err, got.said)
	const registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
	run := "docker run --rm --name app --network host --env-file /etc/app/environment " +
		"--security-opt no-new-privileges --log-driver none " + args.Settings.Container
	assert.Equal(t, []string{
		"dnf install -y -q docker", "systemctl enable --now docker",
		"aws ecr get-login-password --region eu-west-1",
		"docker login --username AWS --password-stdin " + registry + " <<< PASSWORD",
		"docker pull --quiet " + args.Settings.Container,
		"docker logout " + registry, // no password stays behind
		"systemctl daemon-reload", "systemctl enable --now app", run,
	}, got.calls[:9])
	unit := got.file("/etc/systemd/system/app.service")
	for _, line := range []string{
		"Requires=docker.service", "After=docker.service", "ExecStart=/usr/bin/" + run,
		"ExecStartPre=-/usr/bin/docker rm --force app", "ExecStop=/usr/bin/docker stop -t 30 app", "Restart=always", "TimeoutStopSec=45",
	} {
		assert.Contains(t, unit, "\n"+line+"\n")
	}
	assert.NoFileExists(t, filepath.Join(got.disk, "usr/local/lib/app/hello.py"))
}

func TestBootPullsPublicImagesWithoutALogin(t *testing.T) {
	t.Parallel()
	args := webTierArgs(func(s *webtier.Settings) { s.Container = "ghcr.io/example/moodle@sha256:" + strings.Repeat("0a", 32) })
	got, err := boot(t, args)
	require.NoError(t, err, got.said)
	calls := strings.Join(got.calls, "\n")
	assert.Contains(t, calls, "docker pull --quiet "+args.Settings.Container)
	assert.NotContains(t, calls, "docker login")
	assert.NotContains(t, calls, "docker logout")
	assert.NotContains(t, calls, "aws ")
}

func TestBootShipsTheLogs(t *testing.T) {
	t.Parallel()
	got, err := boot(t, fullWebTier())
	require.NoError(t, err, got.said)
	var config struct {
		Logs struct {
			Collected struct {
				Files struct {
					List []map[string]string `json:"collect_list"`
				} `json:"files"`
			} `json:"logs_collected"`
		} `json:"logs"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.file("/opt/aws/amazon-cloudwatch-agent/etc/app.json")), &config))
	file := func(path, stream string) map[string]string {
		return map[string]string{"file_path": path, "log_group_name": "/web/test/app", "log_stream_name": "{instance_id}/" + stream}
	}
	assert.Equal(t, []map[string]string{
		file("/var/log/app.log", "app"), file("/var/log/messages", "system"), file("/var/log/cloud-init-output.log", "boot"),
	}, config.Logs.Collected.Files.List)
}

// Rotation by size acts when logrotate runs.
func TestBootKeepsTheLogFromFillingTheDisk(t *testing.T) {
	t.Parallel()
	got, err := boot(t, fullWebTier())
	require.NoError(t, err, got.said)
	assert.Contains(t, got.file("/etc/logrotate.d/app"), "/var/log/app.log {\n  daily\n  maxsize 50M\n")
	assert.Equal(t, "[Timer]\nOnCalendar=\nOnCalendar=hourly\nAccuracySec=1m\n", got.file("/etc/systemd/system/logrotate.timer.d/hourly.conf"))
	reloaded, restarted := slices.Index(got.calls, "systemctl daemon-reload"), slices.Index(got.calls, "systemctl restart logrotate.timer")
	assert.Less(t, reloaded, restarted)
	assert.Contains(t, got.calls, "systemctl enable logrotate.timer")
}

// Alarms watch the metrics by the name of the group, and heartbeats by that and the zone.
func TestBootSendsMetrics(t *testing.T) {
	t.Parallel()
	got, err := boot(t, fullWebTier())
	require.NoError(t, err, got.said)
	var config struct{ Metrics map[string]any }
	require.NoError(t, json.Unmarshal([]byte(got.file("/opt/aws/amazon-cloudwatch-agent/etc/app.json")), &config))
	assert.Equal(t, map[string]any{
		"namespace":              "CWAgent",
		"append_dimensions":      map[string]any{"AutoScalingGroupName": "${aws:AutoScalingGroupName}", "InstanceId": "${aws:InstanceId}"},
		"aggregation_dimensions": []any{[]any{"AutoScalingGroupName"}, []any{"AutoScalingGroupName", "AvailabilityZone"}},
		"metrics_collected": map[string]any{
			// Without those of single instances, which nobody looks at and everyone would pay for.
			"statsd": map[string]any{"service_address": "127.0.0.1:18125", "drop_original_metrics": []any{"heartbeat"}},
			"mem":    map[string]any{"measurement": []any{"mem_used_percent"}},
			"disk":   map[string]any{"measurement": []any{"used_percent"}, "resources": []any{"/"}},
		},
	}, config.Metrics)
}

func TestBootServesWithoutItsLogs(t *testing.T) {
	t.Parallel()
	got, err := boot(t, fullWebTier(), "FAIL_DNF=amazon-cloudwatch-agent")
	require.NoError(t, err, got.said)
	assert.Contains(t, got.said, "boot: attempt 5 of 5 failed: dnf install -y -q amazon-cloudwatch-agent logrotate rsyslog")
	assert.Contains(t, got.said, "boot: logs and metrics stay on the instance")
	assert.NotContains(t, strings.Join(got.calls, "\n"), "systemctl enable --now rsyslog")
}

func TestBootTriesAgain(t *testing.T) {
	t.Parallel()
	got, err := boot(t, fullWebTier(), "FAIL_DNF=docker", "FAIL_TIMES=2")
	require.NoError(t, err, got.said)
	assert.Equal(t, []string{"dnf install -y -q docker", "dnf install -y -q docker", "dnf install -y -q docker"}, got.calls[:3])
}

func TestBootFailsAloud(t *testing.T) {
	t.Parallel()
	got, err := boot(t, fullWebTier(), "FAIL_DNF=docker")
	require.Error(t, err)
	assert.Contains(t, got.said, "boot: attempt 5 of 5 failed: dnf install -y -q docker\nboot: gave up, with status 1\n")

	port := freePort(t)
	got, err = boot(t, webTierArgs(func(s *webtier.Settings) { s.BootSeconds, s.Port, s.HealthCheck.Path = 1, port, "/nowhere" }))
	require.Error(t, err)
	assert.Contains(t, got.said, fmt.Sprintf("boot: the application does not answer at port %d, /nowhere: see /var/log/app.log", port))
	assert.Contains(t, strings.Join(got.calls, "\n"), "amazon-cloudwatch-agent-ctl", "its logs are wanted all the more")
}
