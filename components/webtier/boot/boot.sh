#!/bin/bash
# Makes an application server of a new instance with Amazon Linux 2023. Cloud-init runs it once, as root; what it says is in
# /var/log/cloud-init-output.log.
#
# The launch template sets, before this line: PORT, HEALTH_PATH, BOOT_SECONDS, DRAIN_SECONDS, LOG_GROUP, APP_ENVIRONMENT
# and, of the application, CONTAINER, REGISTRY and REGISTRY_REGION, or else HELLO_SERVICE.
# shellcheck disable=SC2317 # retry calls functions by their names
set -euo pipefail
export HOME=${HOME:-/root} # cloud-init need not set it, and docker keeps its login there
export PATH=$PATH:/opt/aws/amazon-cloudwatch-agent/bin

ROOT=${BOOT_ROOT:-}    # a folder in place of /, for tests
PAUSE=${BOOT_PAUSE:-2} # seconds
METADATA=http://169.254.169.254/latest
STATSD_PORT=18125 # of the CloudWatch agent. Not StatsD's usual 8125: agents of others, such as Datadog's, take that one

say() { echo "boot: $*" >&2; }
ended() { (($1 == 0)) || say "gave up, with status $1"; }
trap 'ended $?' EXIT

# retry repeats what needs the network: in its first seconds an instance may have none.
retry() {
  local attempt
  for attempt in 1 2 3 4 5; do
    "$@" && return
    say "attempt $attempt of 5 failed: $*"
    sleep $((attempt * PAUSE))
  done
  return 1
}

# write makes a file of what it reads.
write() {
  mkdir -p "$(dirname "$ROOT$1")"
  cat >"$ROOT$1"
}

# The token is IMDSv2's: without one, the instance does not answer.
metadata_token() { curl -fsS -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$METADATA/api/token"; }
metadata() { curl -fsS -m 5 -H "X-aws-ec2-metadata-token: $TOKEN" "$METADATA/meta-data/$1"; }

# The environment of the application: names and ARNs. Whoever needs the value of a secret asks Secrets Manager for it.
write_environment() {
  write /etc/app/environment <<EOF_ENVIRONMENT
${APP_ENVIRONMENT}AVAILABILITY_ZONE=$ZONE
INSTANCE_ID=$INSTANCE
EOF_ENVIRONMENT
}

log_in() {
  aws ecr get-login-password --region "$REGISTRY_REGION" | docker login --username AWS --password-stdin "$REGISTRY"
}

# The image is pulled once, by its digest. Restarts need neither the registry nor a login, and none is left behind.
install_container() {
  retry dnf install -y -q docker
  systemctl enable --now docker
  if [[ -n $REGISTRY ]]; then retry log_in; fi
  retry docker pull --quiet "$CONTAINER"
  if [[ -n $REGISTRY ]]; then docker logout "$REGISTRY"; fi
  write_unit <<EOF_SERVICE
Requires=docker.service
After=docker.service

[Service]
ExecStartPre=-/usr/bin/docker rm --force app
ExecStart=/usr/bin/docker run --rm --name app --network host --env-file /etc/app/environment --security-opt no-new-privileges --log-driver none $CONTAINER
ExecStop=/usr/bin/docker stop -t $DRAIN_SECONDS app
EOF_SERVICE
}

install_hello() {
  write /usr/local/lib/app/hello.py <<<"$HELLO_SERVICE"
  write_unit <<EOF_SERVICE

[Service]
ExecStart=/usr/bin/python3 /usr/local/lib/app/hello.py
EnvironmentFile=/etc/app/environment
DynamicUser=yes
ProtectHome=yes
PrivateDevices=yes
NoNewPrivileges=yes
EOF_SERVICE
}

# write_unit makes the service of what it reads, and of what all have in common. At shutdown, systemd stops in the opposite order:
# the agent still ships what the application says while it stops.
write_unit() {
  {
    cat <<EOF_UNIT
[Unit]
Description=Application
Wants=network-online.target
After=network-online.target amazon-cloudwatch-agent.service
StartLimitIntervalSec=0
EOF_UNIT
    cat
    cat <<EOF_UNIT
Restart=always
RestartSec=2
TimeoutStopSec=$((DRAIN_SECONDS + 15))
StandardOutput=append:/var/log/app.log
StandardError=append:/var/log/app.log

[Install]
WantedBy=multi-user.target
EOF_UNIT
  } | write /etc/systemd/system/app.service
}

# write_heartbeat has the instance request its own health check path every minute and, if it answers, send a sample to CloudWatch
# through the agent. Samples stop where the application, the instance, its network or its zone does: the load balancer's count of
# healthy targets cannot show a zone, because each of its nodes counts the targets of all zones.
write_heartbeat() {
  write /usr/local/lib/app/heartbeat <<EOF_HEARTBEAT
set -euo pipefail
curl -fsS -m 5 -o /dev/null $(printf %q "http://127.0.0.1:$PORT$HEALTH_PATH")
printf %s 'heartbeat:1|c|#AvailabilityZone:$ZONE' >/dev/udp/127.0.0.1/$STATSD_PORT
EOF_HEARTBEAT
  # LogLevelMax: or systemd logs the start and the end of each run.
  write /etc/systemd/system/heartbeat.service <<EOF_UNIT
[Unit]
Description=Heartbeat of the application

[Service]
Type=oneshot
ExecStart=/bin/bash /usr/local/lib/app/heartbeat
DynamicUser=yes
LogLevelMax=notice
EOF_UNIT
  write /etc/systemd/system/heartbeat.timer <<EOF_TIMER
[Unit]
Description=Heartbeat of the application, every minute

[Timer]
OnCalendar=minutely
AccuracySec=1s

[Install]
WantedBy=timers.target
EOF_TIMER
}

# ship_logs sends logs, heartbeats, and the use of memory and disk to CloudWatch. Without the agent, an instance still serves.
ship_logs() {
  write /etc/logrotate.d/app <<EOF_ROTATE
/var/log/app.log {
  daily
  maxsize 50M
  rotate 3
  copytruncate
  compress
  missingok
}
EOF_ROTATE
  # Once a day, which is the default, a loud application can fill the disk.
  write /etc/systemd/system/logrotate.timer.d/hourly.conf <<EOF_TIMER
[Timer]
OnCalendar=
OnCalendar=hourly
AccuracySec=1m
EOF_TIMER
  local config=/opt/aws/amazon-cloudwatch-agent/etc/app.json
  write $config <<EOF_AGENT
{
  "logs": {
    "logs_collected": {
      "files": {
        "collect_list": [
          {"file_path": "/var/log/app.log", "log_group_name": "$LOG_GROUP", "log_stream_name": "{instance_id}/app"},
          {"file_path": "/var/log/messages", "log_group_name": "$LOG_GROUP", "log_stream_name": "{instance_id}/system"},
          {"file_path": "/var/log/cloud-init-output.log", "log_group_name": "$LOG_GROUP", "log_stream_name": "{instance_id}/boot"}
        ]
      }
    }
  },
  "metrics": {
    "namespace": "CWAgent",
    "append_dimensions": {"AutoScalingGroupName": "\${aws:AutoScalingGroupName}", "InstanceId": "\${aws:InstanceId}"},
    "aggregation_dimensions": [["AutoScalingGroupName"], ["AutoScalingGroupName", "AvailabilityZone"]],
    "metrics_collected": {
      "statsd": {"service_address": "127.0.0.1:$STATSD_PORT", "drop_original_metrics": ["heartbeat"]},
      "mem": {"measurement": ["mem_used_percent"]},
      "disk": {"measurement": ["used_percent"], "resources": ["/"]}
    }
  }
}
EOF_AGENT
  write_heartbeat
  # rsyslog writes /var/log/messages, which Amazon Linux 2023 has no more by itself.
  retry dnf install -y -q amazon-cloudwatch-agent logrotate rsyslog &&
    systemctl daemon-reload &&
    systemctl enable logrotate.timer &&
    systemctl restart logrotate.timer &&
    systemctl enable --now rsyslog &&
    amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c "file:$ROOT$config" &&
    systemctl enable --now heartbeat.timer
}

wait_for_app() {
  local deadline=$((SECONDS + BOOT_SECONDS))
  until curl -fs -m 5 -o /dev/null "http://127.0.0.1:$PORT$HEALTH_PATH"; do
    if ((SECONDS >= deadline)); then return 1; fi
    sleep 1
  done
}

TOKEN=$(retry metadata_token)
ZONE=$(retry metadata placement/availability-zone)
INSTANCE=$(retry metadata instance-id)

write_environment
if [[ -n ${CONTAINER:-} ]]; then install_container; else install_hello; fi
systemctl daemon-reload
systemctl enable --now app

{ ship_logs || say "logs and metrics stay on the instance"; } &
status=0
if wait_for_app; then
  read -r uptime _ </proc/uptime
  say "the application answers ${uptime%.*} seconds after the start of the machine"
else
  say "the application does not answer at port $PORT, $HEALTH_PATH: see /var/log/app.log"
  status=1
fi
wait
exit $status
