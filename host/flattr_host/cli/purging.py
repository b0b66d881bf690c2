"""``flattr-host unregister --purge``: what is one's own goes too, for good."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .. import log, paths
from ..account import record, secret_file

if TYPE_CHECKING:
    from ..browsers.words import Report

#: Behind a file's name: what SQLite keeps beside it, backups, damaged ones that were kept.
_BESIDE = ("", "-wal", "-shm", "-journal", ".version-*", ".damaged-*")


def what_goes() -> Iterator[str]:
    """A line for each thing that there is to remove."""
    account = record.read()
    if account:
        yield f"your account {account.username} at {account.host}: signed out, its token removed"
    for path in files():
        yield str(path)


def files() -> list[Path]:
    """Everything that flattr-host ever writes for a person, as far as it is there."""
    databases = paths.ledger_path(), paths.served_ledger_path(), paths.outbox_path()
    patterns = [f"{path}{beside}" for path in databases for beside in _BESIDE]
    patterns += [record.path(), secret_file.folder(), f"{log.path()}*"]
    names = "settings.toml", os.path.basename(paths.sites_path())
    patterns += [os.path.join(paths.config_dir(), name) for name in names]
    patterns.append(paths.browsers_path())
    found = (Path(pattern).parent.glob(Path(pattern).name) for pattern in patterns)
    return sorted({path for paths_found in found for path in paths_found})


def purge(report: "Report") -> int:
    """Removes it; the exit code. What cannot be removed is told, and the rest goes all the same."""
    code = _sign_out(report)
    for path in files():
        try:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        except OSError as error:
            said = f"Problem: {path} could not be removed: {error.strerror or error}."
            report.tell("purge", said, ok=False, path=str(path))
            code = 1
        else:
            report.tell("purge", f"Removed {path}.", path=str(path))
    for folder in (paths.config_dir(), paths.state_dir(), paths.data_dir()):
        with suppress(OSError):  # something of somebody else's is in it, or it is not there
            os.rmdir(folder)
    return code


def _sign_out(report: "Report") -> int:
    from ..account import connecting
    from ..account.errors import TokenUnavailable

    account = record.read()
    if account is None:
        return 0
    try:
        connecting.disconnect()
    except TokenUnavailable as trouble:
        report.tell("purge", trouble.detail, ok=False)
        return 1
    report.tell("purge", f"Signed out {account.username} at {account.host}.")
    return 0
