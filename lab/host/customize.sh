# Customizes a root file system of Debian for hosts of the lab: customize.sh ROOT
set -eu
root=$1
in_root() { chroot "$root" "$@"; }

# Hosts start only what their role needs.
services=$(in_root systemctl list-unit-files --state=enabled --no-legend --type=service,timer,path | awk '{print $1}')
# shellcheck disable=SC2086 # one word for each unit
in_root systemctl disable --quiet $services
in_root systemctl set-default --quiet multi-user.target
# Hosts have no hardware, consoles or logins, and the root is complete.
in_root systemctl mask --quiet \
  console-getty.service getty.target systemd-logind.service systemd-update-utmp.service systemd-sysctl.service \
  systemd-firstboot.service systemd-sysusers.service systemd-update-done.service systemd-hwdb-update.service \
  systemd-journal-catalog-update.service ldconfig.service systemd-remount-fs.service systemd-networkd-wait-online.service \
  systemd-tmpfiles-setup-dev.service systemd-tmpfiles-setup-dev-early.service run-lock.mount \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount

: >"$root/etc/machine-id" # each host creates its own
echo 'LANG=C.UTF-8' >"$root/etc/default/locale"

# Trusted certificates where OpenSSL looks by default, and where Amazon Linux has them.
bundle=/etc/ssl/certs/ca-certificates.crt
mkdir -p "$root/etc/pki/tls/certs" "$root/etc/pki/ca-trust/extracted/pem" "$root/usr/lib/ssl"
ln -sf $bundle "$root/usr/lib/ssl/cert.pem"
ln -sf $bundle "$root/etc/pki/tls/certs/ca-bundle.crt"
ln -sf $bundle "$root/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"

# The log files of rsyslog on Amazon Linux 2023.
cat >"$root/etc/rsyslog.conf" <<'EOF'
module(load="imuxsock")
$FileCreateMode 0600
*.info;mail.none;authpriv.none;cron.none /var/log/messages
authpriv.* /var/log/secure
EOF

rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*.log "$root"/var/log/apt
