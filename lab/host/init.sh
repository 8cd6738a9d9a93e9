# Prepares the mounts of a host in its new namespaces, then becomes systemd. It is process 1: init.sh ROOT HOSTNAME [SOURCE TARGET]...
set -eu
root=$1 name=$2
shift 2

mount --make-rprivate /
hostname "$name"
while [ $# -gt 0 ]; do
  if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$(dirname "$root$2")" && touch "$root$2"; fi
  mount --bind "$1" "$root$2"
  shift 2
done

# Kernel settings outside of namespaces are read-only, because they apply to the whole machine.
mount -t proc proc "$root/proc"
for path in sys sys/net sysrq-trigger; do
  if [ -e "$root/proc/$path" ]; then mount --bind "$root/proc/$path" "$root/proc/$path"; fi
done
for path in sys sysrq-trigger; do
  if [ -e "$root/proc/$path" ]; then mount -o remount,bind,ro "$root/proc/$path"; fi
done
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"

mount -t tmpfs -o mode=755,size=1m tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for stream in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${stream%:*}" "$root/dev/${stream#*:}"; done
mount -t tmpfs -o mode=755,size=128m tmpfs "$root/run"
mount -t tmpfs -o mode=1777,size=256m tmpfs "$root/tmp"

cd "$root"
pivot_root . mnt
exec chroot . /bin/sh -c 'umount -l /mnt && exec setpriv --bounding-set=-sys_module,-sys_rawio,-sys_time -- \
  env -i container=lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin LANG=C.UTF-8 /sbin/init'
