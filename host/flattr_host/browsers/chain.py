"""What a browser needs to start the host, link by link, and the first one that fails. Pure.

The links are those that a browser follows: its sandbox, the manifest that it finds, what that says,
the program that it names, the Python that this starts, and what an administrator forbids. Starting
the host is the last one, and left to the caller. How each browser looks was tried or read in its
source (docs/installing.md).
"""

import os
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from .plan import Found
from .table import Confinement, Family, Row
from .wanted import Host, Machine

REGISTER = "Run `flattr-host register`."


class Program(msgspec.Struct, frozen=True):
    """What there is where a manifest says that the program is."""

    kind: Literal["absent", "file", "other"] = "absent"
    is_executable: bool = False
    is_on_noexec: bool = False  # the file system is mounted so
    script: bytes | None = None  # what it says, if it is a launcher
    interpreter: str | None = None  # the Python that a launcher starts
    has_interpreter: bool = True  # and whether that is there


class Policy(msgspec.Struct, frozen=True):
    """What an administrator wrote for a browser: the file or key, and its values."""

    source: str
    values: Mapping[str, Any]


class Seen(msgspec.Struct, frozen=True):
    """What one browser meets with.

    *places* are the manifests' paths in the order in which it looks, with what is there; the
    first *own* of them are the person's own, the others are for all users. *programs* are by the
    paths that those manifests name.
    """

    row: Row
    places: tuple[tuple[str, Found], ...] = ()
    own: int = 0
    programs: Mapping[str, Program] = {}
    policies: tuple[Policy, ...] = ()
    confinement: Confinement | None = None
    can_work: bool = True  # what the sandbox `needs` is there
    is_allowed: bool = False  # its `override` is


class Broken(msgspec.Struct, frozen=True):
    """The first link that fails: what is wrong, and what to do, each a sentence."""

    message: str
    next: str
    can_fix: bool = False  # `flattr-host register` does it


class Whole(msgspec.Struct, frozen=True):
    """No link fails: the manifest through which the browser starts the host."""

    manifest: str


def first_broken(seen: Seen, host: Host) -> Broken | Whole:
    """The first failing link of one browser, or the manifest that it uses."""
    confined = _confined(seen)
    if confined:
        return confined
    used = _used(seen, host)
    if used is None:
        return _absent(seen)
    path, found = used
    broken = (
        _manifest(path, found, seen, host)
        or _program(path, found, seen, host)
        or _forbidden(path, seen, host)
    )
    return broken or Whole(path)


def _absent(seen: Seen) -> Broken:
    if not seen.places:
        return Broken(
            "Where it looks for programs like this is not known.",
            "If you know it: `flattr-host register --family … --manifest-dir …`.",
        )
    folder = os.path.dirname(seen.places[0][0])
    said = f"It does not know flattr-host: there is no manifest in {folder}."
    return Broken(said, REGISTER, True)


def _confined(seen: Seen) -> Broken | None:
    confinement = seen.confinement
    if confinement is None or (confinement.command and seen.can_work and seen.is_allowed):
        return None
    command = confinement.command.format(app=seen.row.app)
    lacks = confinement.needs and not seen.can_work
    message = f"{confinement.says}{' That package is not installed.' if lacks else ''}"
    return Broken(message, f"Allow it: {command}" if command else "")


def _used(seen: Seen, host: Host) -> tuple[str, Found] | None:
    """The manifest that the browser takes.

    Chromium takes the first that exists, however bad; Firefox the first that it can use.
    """
    there = [(path, found) for path, found in seen.places if found.kind != "absent"]
    if seen.row.family == "gecko":
        for path, found in there:
            if not _mistake(found, "gecko", host):
                return path, found
    return there[0] if there else None


def _manifest(path: str, found: Found, seen: Seen, host: Host) -> Broken | None:
    """What is wrong with the manifest itself, and whether it hides one that is right."""
    mistake = _mistake(found, seen.row.family, host)
    if not mistake:
        return None
    others = [(p, f) for p, f in seen.places if p != path and f.kind != "absent"]
    hidden = [p for p, f in others if not _mistake(f, seen.row.family, host)]
    hides = f" It hides {hidden[0]}, which is right." if hidden else ""
    is_mine = path in [p for p, _ in seen.places[: seen.own]]
    if found.kind == "link" or found.owner:
        whose = f"It belongs to {found.owner}" if found.owner else "It is a link"
        return Broken(f"{path} {mistake}.{hides} {whose}.", f"Have it removed, then: {REGISTER}")
    fix = REGISTER if is_mine else "Run `sudo flattr-host register --system`, or remove it."
    return Broken(f"{path} {mistake}.{hides}", fix, is_mine)


def _mistake(found: Found, family: Family, host: Host) -> str:
    """Why a browser of *family* does not use what was found; empty if it does."""
    if found.content is None:
        return "cannot be read"
    try:
        manifest = msgspec.json.decode(found.content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "is not JSON, or begins with a byte order mark"
    if family == "gecko" and "allowed_origins" in manifest and "allowed_extensions" in manifest:
        return "has both allow lists, which Firefox refuses"
    if manifest.get("name") != host.name:
        return f"names the host {manifest.get('name')!r} and not {host.name!r}"
    for field in ("description", "path"):
        if not isinstance(manifest.get(field), str) or not manifest[field]:
            return f"has no {field}"
    if manifest.get("type") != "stdio":
        return "is not of type “stdio”"
    key = "allowed_extensions" if family == "gecko" else "allowed_origins"
    ours = host.extensions[family]
    ours = ours if family == "gecko" else f"chrome-extension://{ours}/"
    if ours not in (manifest.get(key) or ()):
        return f"does not let this extension in (its {key} lack {ours})"
    return ""


def program_of(found: Found) -> str:
    """The path of the program that a manifest names; empty for what is no manifest."""
    try:
        manifest = msgspec.json.decode(found.content or b"", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    path = manifest.get("path")
    return path if isinstance(path, str) else ""


def _program(path: str, found: Found, seen: Seen, host: Host) -> Broken | None:
    """What is wrong with the program that the manifest names."""
    name = program_of(found)
    if not os.path.isabs(name) and seen.row.platform != "windows":
        return Broken(f"{path} names {name!r}, which is no absolute path.", REGISTER, True)
    program = seen.programs.get(name, Program())
    if program.kind == "absent":
        return Broken(f"{path} leads to {name}, which is not there any more.", REGISTER, True)
    if program.kind == "other":
        return Broken(f"{name} is not a file.", f"Move it away, then: {REGISTER}")
    if program.is_on_noexec:
        return Broken(
            f"{name} lies on a file system that is mounted “noexec”, so nothing in it may start.",
            "Mount it without, or set FLATTR_HOST_HOME to a folder elsewhere and register again.",
        )
    if not program.is_executable:
        return Broken(f"{name} may not be executed.", REGISTER, True)
    if not program.has_interpreter:
        said = f"{name} starts {program.interpreter}, and that Python is gone or was moved."
        return Broken(said, REGISTER, True)
    if name == host.launcher and host.script is not None and program.script != host.script:
        return Broken(
            f"{name} starts another flattr-host than this one: it was written by an older "
            "version, or for another Python.",
            REGISTER,
            True,
        )
    return None


def _forbidden(path: str, seen: Seen, host: Host) -> Broken | None:
    is_own = path in [p for p, _ in seen.places[: seen.own]]
    for policy in seen.policies:
        why = _why_forbidden(policy.values, is_own, host, seen.row.family)
        if why:
            return Broken(f"{policy.source} {why}.", "Ask whoever administers this computer.")
    return None


def _why_forbidden(values: Mapping[str, Any], is_own: bool, host: Host, family: Family) -> str:
    """What a policy forbids; by the names that Chromium documents, which Firefox has taken over.

    https://chromeenterprise.google/policies/#NativeMessagingBlocklist and its neighbours.
    """
    if is_own and values.get("NativeMessagingUserLevelHosts") in (False, 0):
        return "forbids manifests of one person (NativeMessagingUserLevelHosts)"
    blocked = _texts(values.get("NativeMessagingBlocklist"))
    allowed = _texts(values.get("NativeMessagingAllowlist"))
    if blocked & {"*", host.name} and host.name not in allowed:
        return "forbids this host (NativeMessagingBlocklist)"
    ours = host.extensions[family]
    blocked = _texts(values.get("ExtensionInstallBlocklist"))
    if blocked & {"*", ours} and ours not in _texts(values.get("ExtensionInstallAllowlist")):
        return "forbids this extension (ExtensionInstallBlocklist)"
    settings = values.get("ExtensionSettings")
    settings = settings if isinstance(settings, dict) else {}
    setting = settings.get(ours, settings.get("*"))
    if isinstance(setting, dict) and setting.get("installation_mode") == "blocked":
        return "forbids this extension (ExtensionSettings)"
    return ""


def _texts(value: object) -> set[str]:
    return {one for one in value if isinstance(one, str)} if isinstance(value, list) else set()


def places(row: Row, machine: Machine, host: Host) -> tuple[list[str], int]:
    """Where a browser looks for manifests that are files, in its order; how many are one's own."""
    own = [f"{machine.path(folder)}/{host.name}.json" for folder in row.user_dirs]
    others = [f"{machine.path(folder)}/{host.name}.json" for folder in row.system_dirs]
    return own + others, len(own)
