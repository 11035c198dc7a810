# Runs a command as a container would: as user 1000 without capabilities, the whole file system read-only but for /data and the named folders, and an empty
# /tmp. Usage, as root: unshare --mount sh as-container.sh ROOT FOLDER... -- COMMAND...
set -eu
root=$1
shift
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
writable="$root/data"
while :; do
  mount --bind "$writable" "$writable"
  mount -o remount,bind,rw "$writable"
  [ "$1" != -- ] || break
  writable=$1
  shift
done
shift
mount -o remount,bind,ro /
exec setpriv --reuid 1000 --regid 1000 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
