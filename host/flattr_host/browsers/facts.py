"""What the plan needs to know about this machine, looked up."""

import base64
import binascii
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from .. import paths
from . import resources, table
from .plan import Found
from .receipt import Receipt
from .table import Family, Platform, Row, Table
from .wanted import Host, Machine, Scope, launcher_script

_LAUNCHER = "flattr-native-host"
_MOST_READ = 1_000_000  # bytes of a file at a manifest's place; ours have under a thousand


class FactsError(Exception):
    """Something that registering rests on is not there; the text is a sentence."""


def platform() -> Platform:
    """The platform whose rows hold here."""
    if sys.platform == "darwin":
        return "macos"
    if sys.platform == "win32":
        return "windows"
    return "bsd" if "bsd" in sys.platform or sys.platform.startswith("dragonfly") else "linux"


def browsers() -> Table:
    """The table that travels with the program, with the person's own rows.

    Raises :exc:`flattr_host.browsers.table.TableError`.
    """
    return table.load(resources.manifests() / "browsers.toml", Path(paths.browsers_path()))


def data_folder(scope: Scope) -> str:
    """Where the launcher and the receipt of *scope* lie."""
    return paths.data_dir() if scope == "user" else paths.system_data_dir()


def machine(rows: Iterable[Row], receipt: Receipt) -> Machine:
    """Which of the folders and programs of *rows* are here, by HOME, XDG_CONFIG_HOME and PATH.

    A folder that we made and that holds nothing but manifests is no sign of a browser.
    """
    home = _slashed(os.path.expanduser("~"))
    config = _slashed(os.environ.get("XDG_CONFIG_HOME", ""))
    programs = _slashed(os.environ.get("PROGRAMFILES", "C:/Program Files"))
    config = config if os.path.isabs(config) else f"{home}/.config"
    bare = Machine(platform(), home, config, programs)
    here = [row for row in rows if row.platform == bare.platform]
    folders = {bare.path(folder) for row in here for folder in row.here}
    programs_here = {program for row in here for program in row.programs}
    return msgspec.structs.replace(
        bare,
        folders=frozenset(f for f in folders if os.path.isdir(f) and not _only_ours(f, receipt)),
        programs=frozenset(p for p in programs_here if shutil.which(p)),
    )


def _only_ours(folder: str, receipt: Receipt) -> bool:
    if folder not in receipt.folders:
        return False
    inside = {f"{folder}/{name}" for name in os.listdir(folder)}
    return inside <= set(receipt.folders)


def host(data: str, home: str | None, scope: Scope = "user", interpreter: str = "") -> Host:
    """The host to register: the one that belongs to the running interpreter, or to *interpreter*.

    *data* is the data folder that the launcher goes into, *home* the ``FLATTR_HOST_HOME`` that the
    host is to have whoever starts it. Raises :exc:`FactsError`.
    """
    interpreter = interpreter or sys.executable or ""
    if not os.path.isabs(interpreter):
        raise FactsError(
            "Python cannot tell where its own program is, so no browser could start it."
        )
    if scope == "system":
        _check_for_all(interpreter)
    extensions = extension_ids()
    callers = f"chrome-extension://{extensions['chromium']}/", extensions["gecko"]
    script: bytes | None = launcher_script(interpreter, home, callers)
    launcher = f"{data}/launcher/{_LAUNCHER}"
    if platform() == "windows":
        launcher, script = str(Path(interpreter).with_name(f"{_LAUNCHER}.exe")), None
    try:
        launcher.encode()
    except UnicodeEncodeError:
        raise FactsError(
            f"The folder {os.fsencode(data)!r} has a name that is not UTF-8, and no manifest can "
            "say it. Set FLATTR_HOST_HOME to another folder."
        ) from None
    templates: dict[Family, dict[str, Any]] = {
        "gecko": _json(resources.manifests() / "gecko.json"),
        "chromium": _json(resources.manifests() / "chromium.json"),
    }
    return Host(launcher, script, templates, extensions, scope, f"{_slashed(data)}/manifests")


def _check_for_all(interpreter: str) -> None:
    """Everybody has to be able to start it, and nobody but root to change it.

    Raises :exc:`FactsError`. The folders above count too, and those of what a link leads to.
    """
    if sys.platform == "win32":
        return
    library = os.path.dirname(os.__file__)
    for place in (interpreter, os.path.realpath(interpreter), library, str(resources.PACKAGE)):
        for path in (place, *map(str, Path(place).parents)):
            about = os.stat(path)
            is_shared = about.st_mode & 0o022 and not about.st_mode & stat.S_ISVTX
            wrong = "is closed to other users" if not about.st_mode & stat.S_IXOTH else ""
            wrong = "can be changed by others than root" if about.st_uid or is_shared else wrong
            if wrong:
                raise FactsError(
                    f"This flattr-host runs from {place}, and {path} {wrong}. Install it for "
                    "everybody by a Python of the system: sudo /usr/bin/python3 install.py --system"
                )


def extension_ids() -> dict[Family, str]:
    """The extension's id in each family, from ``extension/manifest.json``.

    Firefox takes the id as written there. Chromium derives it from the public key: the first 32
    hex digits of the SHA-256 of its DER bytes, with 0-f written a-p
    (https://developer.chrome.com/docs/extensions/reference/manifest/key).
    """
    path = resources.extension() / "manifest.json"
    manifest = _json(path)
    try:
        gecko = str(manifest["browser_specific_settings"]["gecko"]["id"])
        digest = hashlib.sha256(base64.b64decode(manifest["key"], validate=True)).hexdigest()
    except (KeyError, TypeError, binascii.Error) as error:
        raise FactsError(
            f"The extension's manifest {path} lacks its id or key ({error})."
        ) from error
    return {"gecko": gecko, "chromium": "".join(chr(ord("a") + int(c, 16)) for c in digest[:32])}


def _json(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FactsError(f"A part of flattr-host cannot be read: {path} ({error}).") from error


def look(path: str, receipt: Receipt) -> Found:
    """What there is at *path*, without following a link at its end, and at its folder."""
    missing, folder = _missing_folders(path)
    about = os.stat(folder)
    writable = os.access(folder, os.W_OK | os.X_OK)
    found = Found(
        missing=missing,
        folder=folder,
        folder_owner=_other(about.st_uid) if about.st_uid else "",  # root's /tmp is for all
        folder_mode=stat.S_IMODE(about.st_mode),
        writable=writable,
    )
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return found
    except OSError:  # a folder that may not be searched
        return msgspec.structs.replace(found, writable=False)
    return _occupied(path, status, found, receipt)


def _occupied(path: str, status: os.stat_result, found: Found, receipt: Receipt) -> Found:
    owner, content = _other(status.st_uid), None
    is_link = stat.S_ISLNK(status.st_mode)
    try:
        target = os.stat(path) if is_link else status
        if stat.S_ISREG(target.st_mode) and target.st_size <= _MOST_READ:
            content = Path(path).read_bytes()
    except OSError:
        target = status
    kinds = {stat.S_IFLNK: "link", stat.S_IFREG: "file", stat.S_IFDIR: "folder"}
    fields = msgspec.structs.asdict(found) | {
        "kind": kinds.get(stat.S_IFMT(status.st_mode), "other"),
        "content": content,
        "mode": stat.S_IMODE(target.st_mode),
        "owner": owner,
        "ours": content is not None and receipt.wrote(path, content),
    }
    return Found(**fields)


def _missing_folders(path: str) -> tuple[tuple[str, ...], str]:
    """The folders above *path* that do not exist, from the top, and the lowest one that does."""
    missing: list[str] = []
    folder = os.path.dirname(path)
    while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    return tuple(missing), folder


def _other(uid: int) -> str:
    """The name of the user *uid*, empty if that is the person who runs this."""
    if sys.platform == "win32" or uid == os.getuid():
        return ""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user with number {uid}"


def _slashed(path: str) -> str:
    return path.replace("\\", "/") if sys.platform == "win32" else path
