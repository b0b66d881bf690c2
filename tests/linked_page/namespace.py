"""A network and mounts of its own for a program, as anybody may have where user namespaces are
allowed. What names resolve to is up to the name server in there; whatever is written ends with it.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
MOUNT = """
mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/hosts" /etc/hosts
[ ! -e /etc/nsswitch.conf ] || mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf
shift && exec "$@"
"""
FILES = {
    "resolv.conf": "nameserver 127.0.0.1\n",
    "hosts": "127.0.0.1 localhost\n",
    "nsswitch.conf": "hosts: files dns\n",
}


def require() -> None:
    """Skips the test where there are no namespaces, and fails it in CI."""
    # The Debian package of unshare is essential; but not every machine lets it be used.
    if not shutil.which("unshare") or subprocess.run([*UNSHARE, "true"]).returncode:
        sentence = "no network namespaces here: unshare --user --map-root-user --net must work"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)


def inside(folder: Path, *program: str | Path) -> list[str]:
    """The command that starts a program in there; ``folder`` gets what is mounted."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return [*UNSHARE, "sh", "-e", "-c", MOUNT, "sh", *map(str, (folder, *program))]
