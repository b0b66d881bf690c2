"""What registering would do, and why. Pure: rows and facts in, a list of actions out.

Two steps, because what is to be looked at on the disk depends on the rows: :func:`wanted` says
which files there should be; the caller looks at each (:func:`facts.look`); :func:`decide` compares.
"""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from .table import Family, Platform, Row, resolve

MANIFEST_MODE = 0o644  # a browser in another account of the same person may read it
FOLDER_MODE = 0o700  # what browsers give their own profile folders
LAUNCHER_MODE = 0o700

Verb = Literal["make", "write", "mode", "keep", "refuse", "remove"]


class Machine(msgspec.Struct, frozen=True):
    """What detection needs to know: paths are absolute, with ``/`` between their parts."""

    platform: Platform
    home: str
    config_home: str
    folders: frozenset[str] = frozenset()  # those of the rows' `here` that exist
    programs: frozenset[str] = frozenset()  # those of the rows' `programs` that are in PATH

    def path(self, of_a_row: str) -> str:
        """A path of a row, absolute."""
        return resolve(of_a_row, {"~": self.home, "$XDG_CONFIG_HOME": self.config_home})


class Host(msgspec.Struct, frozen=True):
    """What is to be registered.

    *templates* are the manifests of ``manifests/*.json`` as decoded JSON; *extensions* the ids that
    may start the host; *script* the launcher's content, or none where *launcher* is there already.
    """

    launcher: str
    script: bytes | None
    templates: Mapping[Family, Mapping[str, Any]]
    extensions: Mapping[Family, str]

    @property
    def name(self) -> str:
        """The native-messaging host's name, which is also its manifests' file name."""
        return str(self.templates["gecko"]["name"])


class File(msgspec.Struct, frozen=True):
    """A file that should be there: *content* in bytes, *mode* as in chmod."""

    path: str
    content: bytes
    mode: int
    reason: str
    family: Family | None = None
    browsers: tuple[str, ...] = ()
    private: bool = False  # nobody else may look into its folder


class Found(msgspec.Struct, frozen=True):
    """What there is at a file's path. Owners are names of other users, empty for oneself."""

    kind: Literal["absent", "file", "link", "folder", "other"] = "absent"
    content: bytes | None = None  # None: cannot be read
    mode: int = 0
    owner: str = ""
    missing: tuple[str, ...] = ()  # the folders to make first, from the top
    folder: str = ""  # the lowest folder that exists
    folder_owner: str = ""
    folder_mode: int = FOLDER_MODE
    writable: bool = True  # a file can be made in that folder
    ours: bool = False  # the content is what we wrote there, by the receipt


class Action(msgspec.Struct, frozen=True):
    """One thing to do, or not to do.

    ``make`` a folder, ``write`` a file, correct its ``mode``, ``keep`` it because it is right (with
    its *content* if it is the person's own), ``refuse`` to touch it, or ``remove`` it. *reason*
    completes the sentence for a person.
    """

    verb: Verb
    path: str
    reason: str
    content: bytes = b""
    mode: int = 0


class Presence(msgspec.Struct, frozen=True):
    """A browser that is on this machine, and how one knows."""

    row: Row
    why: str


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


def wanted(browsers: Iterable[Presence], machine: Machine, host: Host) -> list[File]:
    """The files that make *host* known to *browsers*: the launcher, then one manifest a folder."""
    files: dict[str, File] = {}
    for browser in browsers:
        row = browser.row
        for folder in row.user_dirs:
            path = f"{machine.path(folder)}/{host.name}.json"
            content = manifest(host, row.family)
            names = (*(files[path].browsers if path in files else ()), row.name)
            why = f"{files[path].reason}; {browser.why}" if path in files else browser.why
            files[path] = File(path, content, MANIFEST_MODE, why, row.family, names)
    if host.script is None:
        return list(files.values())
    launcher = File(
        host.launcher, host.script, LAUNCHER_MODE, "what browsers will start", private=True
    )
    return [launcher, *files.values()]


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


def decide(files: Iterable[File], found: Mapping[str, Found]) -> list[Action]:
    """What to do so that *files* are there, given what was *found* at each one's path.

    A file that is right already is kept, even if it is a link or belongs to somebody else; a link
    or somebody else's file that is wrong is refused, not overwritten.
    """
    actions: list[Action] = []
    made: set[str] = set()
    for file in files:
        there = found[file.path]
        folders = [folder for folder in there.missing if folder not in made]
        step = _file(file, there)
        if step.verb != "refuse":
            made.update(folders)
            actions += [Action("make", f, _for(file), mode=FOLDER_MODE) for f in folders]
            if file.private and not there.missing and there.folder_mode & 0o077:
                actions.append(Action("mode", there.folder, "for you alone", mode=FOLDER_MODE))
        actions.append(step)
    return actions


def _file(file: File, there: Found) -> Action:
    right = there.kind in ("file", "link") and there.content == file.content
    runs = not file.mode & 0o100 or bool(there.mode & 0o100)
    if right and runs and (not there.mode & 0o022 or there.kind == "link" or there.owner):
        own = there.kind == "file" and not there.owner
        return Action("keep", file.path, "right already", file.content if own else b"")
    why_not = _refusal(there)
    if why_not:
        return Action("refuse", file.path, why_not)
    if right:
        return Action(
            "mode", file.path, "others could change it, or it does not run", mode=file.mode
        )
    reason = f"{_for(file)} ({file.reason})"
    if there.kind == "file":
        theirs = "another installation's, or one changed by hand"
        reason += f"; replaces {'an earlier one of ours' if there.ours else theirs}"
    return Action("write", file.path, reason, file.content, file.mode)


def _for(file: File) -> str:
    return f"for {', '.join(file.browsers)}" if file.browsers else "for the host"


def _refusal(there: Found) -> str:
    """Why this path is not to be touched, and what to do; empty if it may be."""
    if there.kind == "link":
        return (
            "is a symbolic link, so something else manages it; remove the link and register again"
        )
    if there.kind in ("folder", "other"):
        return "is not a file; move it away and register again"
    if there.owner:
        return f"belongs to {there.owner}; have {there.owner} remove it, and register again"
    if there.folder_owner:
        whose, folder = there.folder_owner, there.folder
        return (
            f"would go into {folder}, which belongs to {whose}; register as {whose}, without sudo"
        )
    if not there.writable:
        return f"cannot be written, since {there.folder} is read-only for you"
    return ""


def describe(actions: Iterable[Action]) -> str:
    """The plan for a person, one action a line."""
    words = {
        "make": "make folder",
        "write": "write",
        "mode": "set mode of",
        "keep": "keep",
        "refuse": "leave alone",
        "remove": "remove",
    }
    lines = []
    for action in actions:
        mode = f" {action.mode:04o}" if action.mode else ""
        lines.append(f"{words[action.verb]}{mode} {action.path}: {action.reason}")
    return "\n".join(lines)
