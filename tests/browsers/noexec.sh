# A data folder on a disk where nothing may start. Arguments: the command, a folder.
mount -t tmpfs -o noexec,size=1m none "$2" || exit
export FLATTR_HOST_HOME="$2"
"$1" register >/dev/null 2>&1
exec "$1" doctor --json
