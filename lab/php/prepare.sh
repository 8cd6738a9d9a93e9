# Gives a machine of the lab the names that PHP and nginx have on Amazon Linux 2023, where Debian has others.
set -eu

version=$(ls /etc/php)
ln -sf "/usr/sbin/php-fpm$version" /usr/sbin/php-fpm
mkdir -p /etc/php.d
for kind in cli fpm; do ln -sf /etc/php.d/99-moodle.ini "/etc/php/$version/$kind/conf.d/"; done

# As the package php8.4-fpm has it.
cat >/etc/systemd/system/php-fpm.service <<'UNIT'
[Unit]
Description=The PHP FastCGI Process Manager
After=network.target

[Service]
Type=notify
ExecStart=/usr/sbin/php-fpm --nodaemonize --fpm-config /etc/php-fpm.conf
ExecReload=/bin/kill -USR2 $MAINPID
PrivateTmp=true
RuntimeDirectory=php-fpm
RuntimeDirectoryMode=0755

[Install]
WantedBy=multi-user.target
UNIT

getent passwd nginx >/dev/null || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin nginx
chown -R nginx /var/lib/nginx
