"""What should be there so that browsers find the host. Pure: rows and facts in, values out."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from .table import Family, Platform, Row, resolve

#: For the person who runs it, or for everybody on the machine.
Scope = Literal["user", "system"]

MANIFEST_MODE = 0o644  # a browser in another account may read it

#: What browsers give their own profile folders, and what everybody has to be able to enter.
FOLDER_MODES: Mapping[Scope, int] = {"user": 0o700, "system": 0o755}
LAUNCHER_MODES: Mapping[Scope, int] = {"user": 0o700, "system": 0o755}

#: Where the keys of the rows' ``registry`` lie.
HIVES: Mapping[Scope, str] = {"user": "HKCU", "system": "HKLM"}


class Machine(msgspec.Struct, frozen=True):
    """What detection needs to know: paths are absolute, with ``/`` between their parts."""

    platform: Platform
    home: str
    config_home: str
    program_files: str = ""
    folders: frozenset[str] = frozenset()  # those of the rows' `here` that exist
    programs: frozenset[str] = frozenset()  # those of the rows' `programs` that are in PATH

    def path(self, of_a_row: str) -> str:
        """A path of a row, absolute."""
        places = {
            "~": self.home,
            "$XDG_CONFIG_HOME": self.config_home,
            "$PROGRAMFILES": self.program_files,
        }
        return resolve(of_a_row, places)


class Host(msgspec.Struct, frozen=True):
    """What is to be registered.

    *templates* are the manifests of ``manifests/*.json`` as decoded JSON; *extensions* the ids that
    may start the host; *script* the launcher's content, or none where *launcher* is there already.
    *manifests* is the folder of those manifests that a registry names.
    """

    launcher: str
    script: bytes | None
    templates: Mapping[Family, Mapping[str, Any]]
    extensions: Mapping[Family, str]
    scope: Scope = "user"
    manifests: str = ""

    @property
    def name(self) -> str:
        """The native-messaging host's name, which is also its manifests' file name."""
        return str(self.templates["gecko"]["name"])


class Presence(msgspec.Struct, frozen=True):
    """A browser that is on this machine, and how one knows."""

    row: Row
    why: str


class File(msgspec.Struct, frozen=True):
    """A file that should be there: *content* in bytes, *mode* as in chmod."""

    path: str
    content: bytes
    mode: int
    reason: str
    family: Family | None = None
    browsers: tuple[str, ...] = ()
    private: bool = False  # nobody else may look into its folder


class Value(msgspec.Struct, frozen=True):
    """The default value that a registry *key* should have: the path of a manifest."""

    key: str
    data: str
    reason: str
    browsers: tuple[str, ...] = ()


def present(rows: Iterable[Row], machine: Machine) -> list[Presence]:
    """The browsers of *rows* that are on *machine*, in the table's order."""
    found = []
    for row in rows:
        if row.platform != machine.platform:
            continue
        folder = next((f for f in row.here if machine.path(f) in machine.folders), None)
        program = next((p for p in row.programs if p in machine.programs), None)
        if folder or program:
            found.append(Presence(row, f"{folder} is there" if folder else f"{program} is in PATH"))
    return found


def asked_for(folder: str, family: Family, platform: Platform) -> Presence:
    """A browser that the person knows and the table does not: it looks into *folder*."""
    row = Row(folder, family, platform, "reported", user_dirs=(folder,), system_dirs=(folder,))
    return Presence(row, "you named its folder")


def folders(row: Row, scope: Scope) -> tuple[str, ...]:
    """Where a browser looks for the manifests of *scope*, in its order."""
    return row.user_dirs if scope == "user" else row.system_dirs


def wanted(
    browsers: Iterable[Presence], machine: Machine, host: Host
) -> tuple[list[File], list[Value]]:
    """What makes *host* known to *browsers*: the launcher, a manifest a folder, registry values."""
    files: dict[str, File] = {}
    values: dict[str, Value] = {}
    for browser in browsers:
        row = browser.row
        for folder in folders(row, host.scope):
            path = f"{machine.path(folder)}/{host.name}.json"
            files[path] = _shared(files.get(path), path, browser, host)
        for key in row.registry:
            path = f"{host.manifests}/{row.family}/{host.name}.json"
            files[path] = _shared(files.get(path), path, browser, host)
            value = Value(_key(key, host), _backslashed(path), browser.why, (row.name,))
            values[value.key] = _with(values.get(value.key), value)
    if host.script is None:
        return list(files.values()), list(values.values())
    mode, is_private = LAUNCHER_MODES[host.scope], host.scope == "user"
    launcher = File(
        host.launcher, host.script, mode, "what browsers will start", private=is_private
    )
    return [launcher, *files.values()], list(values.values())


def _shared(before: File | None, path: str, browser: Presence, host: Host) -> File:
    """The manifest at *path*, for the browsers that share it and one more."""
    family = browser.row.family
    others, reasons = (before.browsers, f"{before.reason}; ") if before else ((), "")
    why = f"{reasons}{browser.why}"
    names = (*others, browser.row.name)
    return File(path, manifest(host, family), MANIFEST_MODE, why, family, names)


def _with(before: Value | None, value: Value) -> Value:
    if not before:
        return value
    names, why = (*before.browsers, *value.browsers), f"{before.reason}; {value.reason}"
    return Value(value.key, value.data, why, names)


def _key(of_a_row: str, host: Host) -> str:
    return f"{HIVES[host.scope]}\\{of_a_row}\\{host.name}"


def _backslashed(path: str) -> str:
    """As Windows writes paths; some of its programs take no other."""
    return path.replace("/", "\\")


def manifest(host: Host, family: Family) -> bytes:
    """The manifest of *family* as the bytes of a JSON file.

    The template is filled in as a value and not as text, so that no path can break the JSON.
    """

    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(item) for item in value]
        if value == "{launcher}":
            return host.launcher
        if isinstance(value, str):
            return value.replace("{extension}", host.extensions[family])
        return value

    filled = {key: fill(value) for key, value in host.templates[family].items()}
    return msgspec.json.format(msgspec.json.encode(filled), indent=2) + b"\n"


def launcher_script(interpreter: str, home: str | None, callers: Iterable[str]) -> bytes:
    """The POSIX shell script that browsers start.

    *interpreter* is absolute, so nothing is looked for in PATH (a desktop's differs from a
    terminal's); ``-I`` keeps the environment's and the folder's Python modules out; ``exec`` leaves
    one process, which gets the browser's signals; the browser's arguments are passed on. *home* is
    put in because a browser started from a menu does not know the terminal's ``FLATTR_HOST_HOME``.
    *callers* are the extensions that the host talks with, see :mod:`flattr_host.native.callers`.
    """
    lines = ["#!/bin/sh", "# Browsers start this. `flattr-host register` wrote it and rewrites it."]
    if home is not None:
        lines.append(f"export FLATTR_HOST_HOME={shlex.quote(home)}")
    code = f"from flattr_host.native import main; raise SystemExit(main({tuple(callers)!a}))"
    lines.append(f'exec {shlex.quote(interpreter)} -I -c {shlex.quote(code)} "$@"')
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def interpreter_of(script: bytes) -> str | None:
    """The Python that a launcher starts; None for what is no launcher of ours."""
    last = script.decode("utf-8", "surrogateescape").rstrip("\n").rpartition("\n")[2]
    try:
        words = shlex.split(last)
    except ValueError:
        return None
    return words[1] if len(words) > 2 and words[0] == "exec" and words[2] == "-I" else None
