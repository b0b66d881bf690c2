"""``flattr-host unregister --purge``: what is one's own goes too, for good."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .. import log, paths, settings
from ..account import record, secret_file
from ..files import aside

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
    patterns += [settings.settings_path(), paths.sites_path(), paths.browsers_path()]
    patterns += [aside(pattern) for pattern in patterns]  # left where a write was interrupted
    found = (Path(pattern).parent.glob(Path(pattern).name) for pattern in patterns)
    return sorted({path for paths_found in found for path in paths_found})


def purge(report: "Report") -> int:
    """Removes it; the exit code. What cannot be removed is told, and the rest goes all the same."""
    code = _sign_out(report)
    for path in files():
        try:
            _remove(path)
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


def _remove(path: Path) -> None:
    """Only that one folder with all that is in it; any other in a file's place is not our doing."""
    is_folder = path.is_dir() and not path.is_symlink()
    if is_folder and path == Path(secret_file.folder()):
        shutil.rmtree(path)
    else:
        path.unlink()


def _sign_out(report: "Report") -> int:
    from ..account import connecting
    from ..account.errors import TokenUnavailable

    account, code = record.read(), 0
    for step in (connecting.disconnect, _forget_client_secret):
        try:
            step()
        except TokenUnavailable as trouble:
            report.tell("purge", trouble.detail, ok=False)
            code = 1
    if account and not code:
        report.tell("purge", f"Signed out {account.username} at {account.host}.")
    return code


def _forget_client_secret() -> None:
    """That of an application of one's own may lie in the keyring. Raises ``TokenUnavailable``."""
    from ..account import connecting

    with suppress(settings.InvalidSettings):
        mine = settings.load()
        if mine.client_id != settings.DEFAULTS.client_id:
            connecting.keep_client_secret(mine.client_id, mine.api_url, None)
