"""A temporary place in which a host is registered for one trial."""

import contextlib
import os
import tempfile
from collections.abc import Iterator

import msgspec

from ..files import write
from . import facts, wanted
from .table import Family


class Place(msgspec.Struct, frozen=True):
    """A temporary home of everything: *root* for whoever wants more, *home* for the host."""

    root: str
    home: str
    what: wanted.Host

    def register(self, folder: str, family: Family) -> str:
        """Write the manifest of *family* into *folder*, and return its path."""
        os.makedirs(folder, mode=wanted.FOLDER_MODES["user"], exist_ok=True)
        path = f"{folder}/{self.what.name}.json"
        write(path, wanted.manifest(self.what, family), wanted.MANIFEST_MODE)
        return path


@contextlib.contextmanager
def place() -> Iterator[Place]:
    """A temporary place with the launcher in it; removed at the end, even if files are in use."""
    with tempfile.TemporaryDirectory(prefix="flattr-host-", ignore_cleanup_errors=True) as root:
        home = f"{root}/home"
        host = facts.host(f"{home}/data", home)
        if host.script is not None:
            os.makedirs(os.path.dirname(host.launcher), mode=wanted.FOLDER_MODES["user"])
            write(host.launcher, host.script, wanted.LAUNCHER_MODES["user"])
        yield Place(root, home, host)
