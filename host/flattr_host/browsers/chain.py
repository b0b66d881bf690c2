"""What a browser needs to start the host, link by link, and the first one that fails. Pure.

The links are those that a browser follows: its sandbox, the manifest that it finds, what that says,
the program that it names, the Python that this starts, and what an administrator forbids. Starting
the host is the last one, and left to the caller. How each browser looks was tried or read in its
source (docs/installing.md).
"""

import ntpath
import os
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from .plan import Found, refusal
from .table import Confinement, Family, Row
from .wanted import Host, Machine

REGISTER = "Run `flattr-host register`."
_FOR_ALL = "Run `sudo flattr-host register --system`."
_ASK = "Ask whoever administers this computer."

#: What each policy does to us, by the names that Chromium documents and Firefox has taken over:
#: https://chromeenterprise.google/policies/#NativeMessagingBlocklist and its neighbours.
_FORBIDS = {
    "NativeMessagingUserLevelHosts": "forbids manifests of one person",
    "NativeMessagingBlocklist": "forbids this host",
    "ExtensionInstallBlocklist": "forbids this extension",
    "ExtensionSettings": "forbids this extension",
}


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
    paths that those manifests name (:func:`program_of`). *policies* are in the order in which the
    browser reads them.
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
    """No link fails: the *manifest* through which the browser starts the host.

    The rest is what to do should the host not answer, as in :class:`Broken`.
    """

    manifest: str
    next: str = ""
    can_fix: bool = False


def first_broken(seen: Seen, host: Host) -> Broken | Whole:
    """The first failing link of one browser, or the manifest that it uses."""
    confined = _confined(seen)
    if confined:
        return confined
    seen = _heeded(seen)
    used = _used(seen, host)
    if used is None:
        return _absent(seen)
    path, found = used
    broken = (
        _manifest(path, found, seen, host)
        or _program(path, found, seen, host)
        or _forbidden(path, seen, host)
    )
    return broken or _whole(path, found, seen, host)


def _whole(path: str, found: Found, seen: Seen, host: Host) -> Whole:
    if program_of(path, found, seen.row) == host.launcher:
        said = "The log may say more; `flattr-host register` writes everything anew."
        return Whole(path, said, True)
    anew = _anew("", path, found, seen)
    return Whole(path, anew.next, anew.can_fix)


def _absent(seen: Seen) -> Broken:
    if seen.row.registry:
        said = "the registry names no manifest"
        if seen.places:
            said = f"the registry names {seen.places[0][0]}, which is not there"
        return Broken(f"It does not know flattr-host: {said}.", REGISTER, True)
    if not seen.places:
        return Broken(
            "Where it looks for programs like this is not known.",
            "If you know it: `flattr-host register --family … --manifest-dir …`.",
        )
    path, found = seen.places[0]
    said = f"It does not know flattr-host: there is no manifest in {os.path.dirname(path)}."
    return _anew(said, path, found, seen)


def _anew(message: str, path: str, found: Found, seen: Seen) -> Broken:
    """What a new manifest mends, if registering may write one where the browser looks first."""
    if seen.row.registry:  # where it gets a new value, whatever the old one names
        return Broken(message, REGISTER, True)
    if not seen.own:
        return Broken(message, _FOR_ALL)
    why_not = refusal(found) if _is_own(path, seen) else ""
    if why_not:
        return Broken(message, f"{path} {why_not}.")
    return Broken(message, REGISTER, True)


def _is_own(path: str, seen: Seen) -> bool:
    return path in [own for own, _ in seen.places[: seen.own]]


def _confined(seen: Seen) -> Broken | None:
    confinement = seen.confinement
    if confinement is None or confinement.asks:
        return None
    if confinement.command and seen.can_work and seen.is_allowed:
        return None
    command = confinement.command.format(app=seen.row.app)
    lacks = confinement.needs and not seen.can_work
    message = f"{confinement.says}{' That package is not installed.' if lacks else ''}"
    return Broken(message, f"Allow it: {command}" if command else "")


def _heeded(seen: Seen) -> Seen:
    """Without manifests of one person, where those are forbidden and there are others to look at.

    With none but the person's own, that they are forbidden is what has to be said.
    """
    others = seen.places[seen.own :]
    is_forbidden = any(_forbids_own(policy.values) for policy in seen.policies)
    if not is_forbidden or all(found.kind == "absent" for _, found in others):
        return seen
    return msgspec.structs.replace(seen, places=others, own=0)


def _used(seen: Seen, host: Host) -> tuple[str, Found] | None:
    """The manifest that the browser takes.

    Chromium takes the first that exists, however bad; Firefox the first that it can use. On Windows
    both take the first that the registry names, be it there or not.
    """
    places = seen.places[:1] if seen.row.registry else seen.places
    there = [(path, found) for path, found in places if found.kind != "absent"]
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
    return _anew(f"{path} {mistake}.{hides}", path, found, seen)


def _mistake(found: Found, family: Family, host: Host) -> str:
    """Why a browser of *family* does not use what was found; empty if it does."""
    if found.content is None:
        return "cannot be read"
    manifest = _decoded(found)
    if manifest is None:
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
    if ours not in _texts(manifest.get(key)):
        return f"does not let this extension in (its {key} lack {ours})"
    return ""


def _decoded(found: Found) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(found.content or b"", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def program_of(manifest: str, found: Found, row: Row) -> str:
    """The path of the program that the *manifest* names; empty for what is no manifest.

    On Windows it may be relative to the manifest.
    """
    path = (_decoded(found) or {}).get("path")
    if not isinstance(path, str) or not path:
        return ""
    return ntpath.join(ntpath.dirname(manifest), path) if row.platform == "windows" else path


def _program(path: str, found: Found, seen: Seen, host: Host) -> Broken | None:
    """What is wrong with the program that the manifest names."""
    name = program_of(path, found, seen.row)
    if not os.path.isabs(name) and seen.row.platform != "windows":
        said = f"{path} names {name!r}, which is no absolute path."
        return _anew(said, path, found, seen)
    wrong = _wrong_with(path, name, seen.programs.get(name, Program()), host)
    if wrong is None or name == host.launcher:
        return wrong
    return _anew(wrong.message, path, found, seen)  # it will name our launcher instead


def _wrong_with(path: str, name: str, program: Program, host: Host) -> Broken | None:
    """The same, as if it was our launcher, which registering writes anew."""
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
    """What an administrator forbids.

    Chromium reads all files as one, in which the last one counts that sets a policy; Firefox reads
    one of them, and which that is depends on where it is installed.
    """
    is_chromium = seen.row.family == "chromium"
    readings = [seen.policies] if is_chromium else [(policy,) for policy in seen.policies]
    for reading in readings:
        values = {name: value for policy in reading for name, value in policy.values.items()}
        name = _forbidding(values, _is_own(path, seen), host, seen.row.family)
        if name:
            source = [policy.source for policy in reading if name in policy.values][-1]
            return Broken(f"{source} {_FORBIDS[name]} ({name}).", _ASK)
    return None


def _forbidding(values: Mapping[str, Any], is_own: bool, host: Host, family: Family) -> str:
    """The name of the policy that forbids it; empty if none does."""
    if is_own and _forbids_own(values):
        return "NativeMessagingUserLevelHosts"
    blocked = _texts(values.get("NativeMessagingBlocklist"))
    if blocked & {"*", host.name} and host.name not in _texts(
        values.get("NativeMessagingAllowlist")
    ):
        return "NativeMessagingBlocklist"
    ours = host.extensions[family]
    blocked = _texts(values.get("ExtensionInstallBlocklist"))
    if blocked & {"*", ours} and ours not in _texts(values.get("ExtensionInstallAllowlist")):
        return "ExtensionInstallBlocklist"
    settings = _object(values.get("ExtensionSettings"))
    setting = settings.get(ours, settings.get("*"))
    if isinstance(setting, dict) and setting.get("installation_mode") == "blocked":
        return "ExtensionSettings"
    return ""


def _forbids_own(values: Mapping[str, Any]) -> bool:
    return values.get("NativeMessagingUserLevelHosts") in (False, 0)


def _texts(value: object) -> set[str]:
    return {one for one in value if isinstance(one, str)} if isinstance(value, list) else set()


def _object(value: object) -> dict[str, Any]:
    """A policy that is an object; the registry has such a one as JSON in a text."""
    if isinstance(value, str):
        return _decoded(Found(content=value.encode("utf-8", "surrogatepass"))) or {}
    return value if isinstance(value, dict) else {}


def places(row: Row, machine: Machine, host: Host) -> tuple[list[str], int]:
    """Where a browser looks for manifests that are files, in its order; how many are one's own."""
    own = [f"{machine.path(folder)}/{host.name}.json" for folder in row.user_dirs]
    others = [f"{machine.path(folder)}/{host.name}.json" for folder in row.system_dirs]
    return own + others, len(own)
