//go:build lab && linux

package lab

import (
	_ "embed"
	"fmt"

	"ha-web/lab/host"
)

const agentFolder = "/opt/aws/amazon-cloudwatch-agent"

//go:embed machine/amazon-cloudwatch-agent-ctl
var agentControl []byte

// agentService starts the lab's agent. The interval is a minute in the time of the lab.
const agentService = `[Unit]
Description=In the place of the CloudWatch agent
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=` + agentFolder + `/bin/agent ` + agentFolder + `/etc/lab.json %v
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`

// heartbeatTimer has machines send their heartbeat once in a minute in the time of the lab.
const heartbeatTimer = `[Timer]
OnCalendar=
OnCalendar=*:*:0/%.0f
AccuracySec=100ms
`

// agentFiles are what a machine has in the place of the CloudWatch agent, which the boot script installs.
func agentFiles() map[string]host.File {
	return map[string]host.File{
		agentFolder + "/bin/amazon-cloudwatch-agent-ctl":      {Content: agentControl, Mode: 0o755},
		"/etc/systemd/system/amazon-cloudwatch-agent.service": {Content: fmt.Appendf(nil, agentService, period)},
		"/etc/systemd/system/heartbeat.timer.d/lab.conf":      {Content: fmt.Appendf(nil, heartbeatTimer, period.Seconds())},
	}
}
