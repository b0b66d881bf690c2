"""Looks at each browser that is here, and tries the host as each of them starts it."""

import os
import plistlib
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from .. import __version__
from . import chain, facts, receipt, register, registry
from .chain import Broken, Policy, Program, Seen, Whole
from .plan import Found
from .process import HostError
from .receipt import Receipt
from .register import Order, Survey
from .table import Family, Row
from .wanted import HIVES, Host, Presence, interpreter_of

_MOST_READ = 1_000_000  # bytes of a policy
_MOST_OF_A_SCRIPT = 65_536  # bytes; our launcher has some hundred


class Diagnosis(msgspec.Struct, frozen=True):
    """How it is with one browser. *ok*: the host answered as it starts it."""

    browser: str
    ok: bool
    message: str
    next: str = ""
    can_fix: bool = False


def diagnose(order: Order) -> Iterator[Diagnosis]:
    """One for each browser that is here, as it is found. Changes nothing.

    Raises what :func:`register.in_words` tells.
    """
    known = receipt.load(facts.data_folder(order.scope))
    surveyed = register.survey(order, known)
    said: dict[str, tuple[bool, str]] = {}
    for browser in surveyed.browsers:
        yield _one(browser, surveyed, known, said)
    if not surveyed.browsers:
        yield Diagnosis("none", False, "No browser was found.", "Start yours once.")


def _one(
    browser: Presence, surveyed: Survey, known: Receipt, said: dict[str, tuple[bool, str]]
) -> Diagnosis:
    row = browser.row
    seen = see(row, surveyed, known)
    link = chain.first_broken(seen, surveyed.host)
    if isinstance(link, Broken):
        return Diagnosis(row.name, False, link.message, link.next, link.can_fix)
    if link.manifest not in said:  # several browsers share one
        said[link.manifest] = _answer(link, row.family, surveyed.host)
    ok, message = said[link.manifest]
    if not ok:
        return Diagnosis(row.name, False, message, link.next, link.can_fix)
    if seen.confinement:
        says = f" {seen.confinement.says}" if seen.confinement.asks else ""
        message += f"{says} Whether its sandbox lets it can only be seen in the browser."
    return Diagnosis(row.name, True, message)


def _answer(link: Whole, family: Family, host: Host) -> tuple[bool, str]:
    """Starts the host through a manifest as the browser does: whether it answers, and what."""
    try:
        answer = register.hello(link.manifest, family, host)
    except HostError as error:
        return False, f"The host does not answer: {error}"
    if answer.get("type") != "done":
        return False, f"The host refuses to talk: {answer.get('message', answer.get('code'))}"
    version = answer.get("host_version")
    if version != __version__:
        return False, f"The host that it starts is version {version}; this is {__version__}."
    return True, f"Starts flattr-host {version} by {link.manifest}."


def see(row: Row, surveyed: Survey, known: Receipt) -> Seen:
    """All that one browser meets with on this machine."""
    machine, host = surveyed.machine, surveyed.host
    paths, own = chain.places(row, machine, host)
    if row.registry:
        paths, own = _named_in_registry(row, host.name)
    places = tuple((path, _look(path, known)) for path in paths)
    confinement = surveyed.confinements.get(row.confinement)
    seen = Seen(
        row,
        places,
        own,
        programs={name: look_at(name) for name in _programs(places, row)},
        policies=tuple(_policies(row, surveyed)),
        confinement=confinement,
    )
    if confinement is None:
        return seen
    needs, override = confinement.needs, confinement.override
    return msgspec.structs.replace(
        seen,
        can_work=not needs or any(os.path.exists(machine.path(need)) for need in needs),
        is_allowed=override is not None
        and override[1] in _text(machine.path(override[0].format(app=row.app))),
    )


def _look(path: str, known: Receipt) -> Found:
    """What there is; nothing where even the drive is missing that the registry names."""
    try:
        return facts.look(path, known)
    except OSError:
        return Found()


def _programs(places: tuple[tuple[str, Found], ...], row: Row) -> set[str]:
    """The programs that the manifests name; a relative one is no browser's to start."""
    named = {chain.program_of(path, found, row) for path, found in places}
    return {name for name in named if os.path.isabs(name)}


def _named_in_registry(row: Row, name: str) -> tuple[list[str], int]:
    """The manifests that the registry names, in the order in which browsers look; own ones."""
    place = registry.system_registry()
    named: list[str] = []
    own = 0
    for scope, hive in HIVES.items():
        keys = (f"{hive}\\{key}\\{name}" for key in row.registry)
        found = [data for data in (place.get(key) if place else None for key in keys) if data]
        named += found
        own += len(found) if scope == "user" else 0
    return named, own


def look_at(path: str) -> Program:
    """What there is where a manifest says that the program is."""
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode):
            return Program("other")
        is_on_noexec = _is_on_noexec(path)
    except (OSError, ValueError):  # the latter for a name with a NUL in it, which JSON can say
        return Program()
    script = _read(path) if about.st_size < _MOST_OF_A_SCRIPT else b""
    interpreter = interpreter_of(script) if script.startswith(b"#!/bin/sh\n") else None
    return Program(
        "file",
        is_executable=bool(about.st_mode & 0o111) and os.access(path, os.X_OK),
        is_on_noexec=is_on_noexec,
        script=script,
        interpreter=interpreter,
        has_interpreter=interpreter is None or os.access(interpreter, os.X_OK),
    )


def _is_on_noexec(path: str) -> bool:
    if sys.platform == "win32":
        return False
    return bool(os.statvfs(path).f_flag & getattr(os, "ST_NOEXEC", 0))


def _policies(row: Row, surveyed: Survey) -> Iterator[Policy]:
    for place in row.policies:
        if registry.is_key(place):
            yield Policy(place, _values_of(place))
            continue
        path = Path(surveyed.machine.path(place))
        files = sorted(path.glob("*.json")) if os.path.isdir(path) else [path]
        for file in files:
            values = _read_policy(file)
            if values:
                yield Policy(str(file), values)


def _values_of(key: str) -> dict[str, object]:
    """The values of a policy key; none where it is not there or closed to us."""
    place = registry.system_registry()
    try:
        return place.values(key) if place else {}
    except OSError:
        return {}


def _read_policy(path: Path) -> dict[str, Any]:
    """The values of a policy file; none where it is not there or says nothing readable.

    Firefox has them one level lower than the others.
    """
    try:
        if path.stat().st_size > _MOST_READ:
            return {}
        text = path.read_bytes()
        read = plistlib.loads(text) if path.suffix == ".plist" else msgspec.json.decode(text)
    except Exception:  # plistlib lets out whatever its parsers come up with
        return {}
    values = read.get("policies", read) if isinstance(read, dict) else {}
    return values if isinstance(values, dict) else {}


def _text(path: str) -> str:
    return _read(path).decode("utf-8", "replace")


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
