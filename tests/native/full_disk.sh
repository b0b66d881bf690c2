# A disk of 600 KiB, full, and then with room again. Arguments: the command, a folder.
mount -t tmpfs -o size=600k none "$2" || exit
export FLATTR_HOST_HOME="$2"
mkdir "$2/config"
echo "undo_seconds = 0" > "$2/config/settings.toml"
"$1" flattr https://github.com/smgt/other >/dev/null
dd if=/dev/zero of="$2/fill" bs=1k status=none 2>/dev/null
"$1" flattr https://github.com/smgt/flattr 2>&1
echo "with room again:"
rm "$2/fill"
"$1" flattr https://github.com/smgt/flattr 2>&1
