"""Registering the host with the browsers that are here, and taking it back: the whole, in words."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from .. import paths
from ..files import locked
from . import apply as doing
from . import facts, plan, receipt, registry, resources, table, wanted, words
from .apply import Outcome
from .plan import Action, FoundValue
from .process import HostError, HostProcess, command, command_line
from .receipt import Receipt
from .table import Confinement, Family
from .wanted import FOLDER_MODES, File, Host, Machine, Presence, Scope
from .words import Report

HELLO = {"id": "1", "type": "hello", "protocol": [1, 1], "extension": "register"}
_HELLO_TIMEOUT = 10.0  # seconds; a cold disk and a slow machine, not a slow host

_TROUBLES = (table.TableError, facts.FactsError, receipt.ReceiptError)


class Order(msgspec.Struct, frozen=True):
    """What is asked for.

    *manifest_dirs* are folders of browsers that the table does not know. *interpreter*: the Python
    of the host, where that is not the running one.
    """

    scope: Scope = "user"
    manifest_dirs: tuple[tuple[Family, str], ...] = ()
    interpreter: str = ""


class Survey(NamedTuple):
    """What the plan rests on: all that is known of this machine, its browsers and the host."""

    machine: Machine
    host: Host
    browsers: list[Presence]
    confinements: dict[str, Confinement]
    files: list[File]
    values: list[wanted.Value]


def register(order: Order = Order(), report: Report | None = None, *, dry_run: bool = False) -> int:  # noqa: B008 - immutable
    """Tell every browser that is here where the host is, start it once, and say what to do next.

    Returns the exit code: 0 if each browser found has what it needs and the host answers, else 1.
    With *dry_run* only the plan is told. Never raises for what can be wrong on a machine.
    """
    work = _dry_run if dry_run else _register
    return in_words(lambda told: work(order, told), report or Report())


def in_words(work: Callable[[Report], int], report: Report) -> int:
    """The exit code of *work*; 1, and a sentence, for what can be wrong on a machine."""
    try:
        return work(report)
    except _TROUBLES as trouble:
        report.tell("trouble", str(trouble), ok=False)
    except BrokenPipeError:  # whoever read what we say has gone; click knows what to do
        raise
    except OSError as error:
        where = error.filename or paths.data_dir()
        said = f"{os.fsdecode(where)} cannot be used: {error.strerror or error}."
        report.tell("trouble", said, ok=False)
    return 1


def survey(order: Order, known: Receipt) -> Survey:
    """All that the plan rests on, and the doctor too. Raises what :func:`in_words` tells."""
    browsers_table = facts.browsers()
    machine = facts.machine(browsers_table, known)
    browsers = wanted.present(browsers_table, machine)
    browsers += [
        wanted.asked_for(folder, family, machine.platform)
        for folder, family in {**known.manifest_dirs, **named_folders(order)}.items()
    ]
    home = os.environ.get("FLATTR_HOST_HOME") if order.scope == "user" else None
    folder = facts.data_folder(order.scope)
    home = os.path.abspath(home) if home else None
    host = facts.host(folder, home, order.scope, order.interpreter)
    files, values = wanted.wanted(browsers, machine, host)
    return Survey(machine, host, browsers, dict(browsers_table.confinements), files, values)


def named_folders(order: Order) -> dict[str, Family]:
    """The folders that the person names, absolute, with their family."""
    return {os.path.abspath(folder): family for family, folder in order.manifest_dirs}


def planned(surveyed: Survey, known: Receipt) -> list[Action]:
    """What to do so that all of it is there."""
    found = {file.path: facts.look(file.path, known) for file in surveyed.files}
    actions = plan.decide(surveyed.files, found, surveyed.host.scope)
    place = registry.system_registry()
    values = {}
    for value in surveyed.values if place else ():
        data = place.get(value.key) if place else None
        values[value.key] = FoundValue(data, known.set_value(value.key, data))
    return actions + plan.decide_values(surveyed.values if place else (), values)


def _check_person(scope: Scope, report: Report) -> None:
    """Root registers for everybody only where that was asked for, and for itself not in silence.

    Raises :exc:`facts.FactsError`.
    """
    if sys.platform == "win32":  # it asks itself
        return
    is_root = os.getuid() == 0
    person = os.environ.get("SUDO_USER") or os.environ.get("DOAS_USER")
    if scope == "system" and not is_root:
        raise facts.FactsError("Only root can register for everybody: run this with sudo.")
    if scope == "user" and is_root and person and person != "root":
        raise facts.FactsError(
            f"This would register for root and not for {person}. Run it without sudo, or, for "
            "everybody on this computer, with --system."
        )
    if scope == "user" and is_root:
        said = "You are root, so this is for root's own browsers; --system is for everybody's."
        report.tell("person", said)


def _dry_run(order: Order, report: Report) -> int:
    _check_person(order.scope, report)
    known = receipt.load(facts.data_folder(order.scope))
    surveyed = survey(order, known)
    for action in planned(surveyed, known):
        report.tell("plan", plan.describe([action]), action=action.verb, path=action.path)
    place = receipt.place(facts.data_folder(order.scope))
    said = f"write 0600 {place}: so that exactly this can be removed again"
    report.tell("plan", said, action="write", path=place)
    _tell_unseen(surveyed, report)
    return 0


def _register(order: Order, report: Report) -> int:
    _check_person(order.scope, report)
    folder = facts.data_folder(order.scope)
    made = doing.ensure_data_folder(folder, FOLDER_MODES[order.scope])
    try:
        with locked(folder):
            outcomes, surveyed = _write(order, folder, made)
    except (*_TROUBLES, OSError):
        doing.remove_folders(made)
        raise
    for outcome in outcomes:
        if outcome.failure or outcome.action.verb != "make":  # a folder is no news, a file is
            _tell(outcome, words.outcome, report)
    failed = {outcome.action.path for outcome in outcomes if outcome.failure}
    well = [file for file in surveyed.files if file.path not in failed]
    answers = _try_hosts(well, surveyed.host, report)
    if answers:
        _next_steps(surveyed, well, report)
    _tell_unseen(surveyed, report)
    return 0 if answers and not failed else 1


def _write(order: Order, folder: str, made: list[str]) -> tuple[list[Outcome], Survey]:
    """Plan and apply, with a receipt that is true before, between and after."""
    known = receipt.load(folder)
    known.folders += [path for path in made if path not in known.folders]
    known.manifest_dirs |= named_folders(order)
    surveyed = survey(order, known)
    actions = planned(surveyed, known)
    known = doing.intend(known, actions)
    doing.save(folder, known)
    outcomes = doing.apply(actions, registry.system_registry())
    doing.save(folder, doing.settle(known, outcomes))
    return outcomes, surveyed


def _tell(outcome: Outcome, wording: Callable[[Action, str], str], report: Report) -> None:
    action, failure = outcome.action, outcome.failure
    said = wording(action, failure)
    report.tell("action", said, ok=not failure, action=action.verb, path=action.path)


def _try_hosts(files: Iterable[File], host: Host, report: Report) -> bool:
    """Start the host through one manifest of each family, as that browser does."""
    seen: set[str] = set()
    well = True
    for file in files:
        if file.family is None or file.family in seen:
            continue
        seen.add(file.family)
        name = file.browsers[0]
        try:
            answer = hello(file.path, file.family, host)
        except HostError as error:
            well = False
            said = f"The host does not answer as {name} starts it: {error}"
            report.tell("hello", said, ok=False, browser=name)
        else:
            ok = answer.get("type") == "done"
            well = well and ok
            said = f"Started it as {name} does: {words.greeting(answer)}"
            report.tell("hello", said, ok=ok, browser=name)
    return well and bool(seen)


def hello(manifest_path: str, family: Family, host: Host) -> dict[str, object]:
    """Start the program of the manifest as a browser of *family* would for our extension.

    Returns the answer to ``hello``.

    ``FLATTR_HOST_HOME`` is left out, since a browser started from a menu does not have it.
    Raises :exc:`flattr_host.browsers.process.HostError`.
    """
    env = {name: value for name, value in os.environ.items() if name != "FLATTR_HOST_HOME"}
    _, (program, *_) = command(manifest_path)
    argv = command_line(program, manifest_path, family, host.extensions[family])
    with HostProcess(argv=argv, family=family, env=env) as process:
        *_, last = process.request(HELLO, _HELLO_TIMEOUT)
    return last


def _next_steps(surveyed: Survey, files: Iterable[File], report: Report) -> None:
    """What the person does now, for each browser that was found; alike for those of a family."""
    folder = resources.extension_to_load()
    report.tell("next", "Now load the extension:")
    reached = {name for file in files for name in file.browsers}
    rows = [one.row for one in surveyed.browsers if not one.row.confinement]
    for family, how in _HOW.items():
        names = [row.name for row in rows if row.family == family and row.name in reached]
        if names:
            said = f"  {', '.join(names)}: {how(folder)}"
            report.tell("next", said, browsers=names, extension=str(folder))


_HOW: dict[Family, Callable[[Path], str]] = {
    "gecko": lambda folder: (
        "open about:debugging#/runtime/this-firefox, choose “Load Temporary Add-on…”, then "
        f"{folder / 'manifest.json'} (it stays until the browser is closed). Pin the button: click "
        "the puzzle piece, then the cog beside flattr-host, then “Pin to Toolbar”."
    ),
    "chromium": lambda folder: (
        "open chrome://extensions, turn on “Developer mode”, choose “Load unpacked”, then "
        f"{folder}. Pin the button: click the puzzle piece, then the pin beside flattr-host."
    ),
}


def _tell_unseen(surveyed: Survey, report: Report) -> None:
    """Browsers that what was written does not reach: none at all, those of a sandbox, no folder."""
    if not surveyed.browsers:
        said = "No browser was found. Start yours once, then run this again."
        report.tell("browser", said, ok=False)
    for browser in surveyed.browsers:
        row = browser.row
        confinement = surveyed.confinements.get(row.confinement)
        if confinement:
            said = f"{row.name}: {confinement.says}"
            command = confinement.command.format(app=row.app)
            said += f" The command for that: {command}" if command else ""
            ok = confinement.asks
            report.tell("browser", said, ok=ok, browser=row.name, command=command)
        elif not row.registry and not wanted.folders(row, surveyed.host.scope):
            whose = "one person" if surveyed.host.scope == "user" else "all users"
            said = f"{row.name}: it has no place that is known for {whose}."
            report.tell("browser", said, ok=False, browser=row.name)


def unregister(scope: Scope = "user", report: Report | None = None) -> int:
    """Remove exactly what :func:`register` wrote, and say what stays.

    Returns the exit code: 0 if nothing of ours is left with the browsers, else 1.
    """
    return in_words(lambda told: _unregister(scope, told), report or Report())


def _unregister(scope: Scope, report: Report) -> int:
    folder = facts.data_folder(scope)
    if not os.path.isdir(folder):
        report.tell("done", "Nothing is registered.")
        return 0
    with locked(folder):
        known = receipt.load(folder)
        if known.is_empty:
            doing.clear_away(folder)
            report.tell("done", "Nothing is registered.")
            return 0
        outcomes, rest = doing.remove(known, registry.system_registry())
        for outcome in outcomes:
            _tell(outcome, words.removal, report)
        return _finish(folder, rest)


def _finish(folder: str, rest: Receipt) -> int:
    """Drop the receipt and the folders that it alone held, or keep what is left of it."""
    if rest.files or rest.registry:
        doing.save(folder, rest)
        return 1
    with contextlib.suppress(FileNotFoundError):
        os.unlink(receipt.place(folder))
    doing.remove_folders(rest.folders)
    return 0
