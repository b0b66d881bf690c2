"""Registering the host with the browsers that are here, and taking it back: the whole, in words."""

import contextlib
import os
from collections.abc import Callable, Iterable

from .. import paths
from ..files import locked
from . import apply as doing
from . import facts, plan, receipt, resources, table, words
from .apply import Outcome
from .plan import Action, File, Presence
from .process import HostError, HostProcess
from .receipt import Receipt
from .words import Echo, say

HELLO = {"id": "1", "type": "hello", "protocol": [1, 1], "extension": "register"}
_HELLO_TIMEOUT = 10.0  # seconds; a cold disk and a slow machine, not a slow host

_TROUBLES = (table.TableError, facts.FactsError, receipt.ReceiptError)


def register(*, echo: Echo = say, dry_run: bool = False) -> int:
    """Tell every browser that is here where the host is, start it once, and say what to do next.

    Returns the exit code: 0 if each browser found has what it needs and the host answers, else 1.
    With *dry_run* only the plan is printed. Never raises for what can be wrong on a machine.
    """
    if facts.platform() == "windows":
        echo("Registering on Windows is not built yet; nothing was done.", err=True)
        return 1
    return _in_words(_dry_run if dry_run else _register, echo)


def _in_words(work: Callable[[Echo], int], echo: Echo) -> int:
    """The exit code of *work*; 1, and a sentence, for what can be wrong on a machine."""
    try:
        return work(echo)
    except _TROUBLES as trouble:
        echo(str(trouble), err=True)
    except BrokenPipeError:  # whoever read what we say has gone; click knows what to do
        raise
    except OSError as error:
        echo(f"{paths.data_dir()} cannot be used: {error.strerror or error}.", err=True)
    return 1


def _dry_run(echo: Echo) -> int:
    echo(plan.describe(_plan(receipt.load())[0]))
    return 0


def _plan(known: Receipt) -> tuple[list[Action], list[File], list[Presence]]:
    rows = table.load(resources.manifests() / "browsers.toml")
    machine = facts.machine(rows, known)
    browsers = plan.present(rows, machine)
    home = os.environ.get("FLATTR_HOST_HOME")
    host = facts.host(paths.data_dir(), os.path.abspath(home) if home else None)
    files = plan.wanted(browsers, machine, host)
    found = {file.path: facts.look(file.path, known) for file in files}
    return plan.decide(files, found), files, browsers


def _register(echo: Echo) -> int:
    made = doing.ensure_data_folder(paths.data_dir())
    try:
        with locked(paths.data_dir()):
            outcomes, files, browsers = _write(made)
    except (*_TROUBLES, OSError):
        doing.remove_folders(made)
        raise
    for outcome in outcomes:
        if outcome.failure or outcome.action.verb != "make":  # a folder is no news, a file is
            echo(_line(outcome), err=bool(outcome.failure))
    if not browsers:
        echo("No browser was found. Start yours once, then run this again.", err=True)
        return 1
    failed = {outcome.action.path for outcome in outcomes if outcome.failure}
    well = [file for file in files if file.path not in failed]
    answers = _try_hosts(well, echo)
    if answers:
        _next_steps(well, echo)
    return 0 if answers and not failed else 1


def _write(made: list[str]) -> tuple[list[Outcome], list[File], list[Presence]]:
    """Plan and apply, with a receipt that is true before, between and after."""
    known = receipt.load()
    known.folders += [folder for folder in made if folder not in known.folders]
    actions, files, browsers = _plan(known)
    known = doing.intend(known, actions)
    doing.save(known)
    outcomes = doing.apply(actions)
    doing.save(doing.settle(known, outcomes))
    return outcomes, files, browsers


def _line(outcome: Outcome) -> str:
    action = outcome.action
    if outcome.failure:
        return f"Problem: {action.path} {outcome.failure}."
    done = {"write": "Wrote", "mode": "Set mode of", "keep": "Kept"}
    return f"{done[action.verb]} {action.path}: {action.reason}."


def _try_hosts(files: Iterable[File], echo: Echo) -> bool:
    """Start the host through one manifest of each family, as that browser does."""
    seen: set[str] = set()
    well = True
    for file in files:
        if file.family is None or file.family in seen:
            continue
        seen.add(file.family)
        try:
            answer = hello(file.path)
        except HostError as error:
            well = False
            echo(f"The host does not answer as {file.browsers[0]} starts it: {error}", err=True)
        else:
            well = well and answer.get("type") == "done"
            echo(f"Started it as {file.browsers[0]} does: {words.greeting(answer)}")
    return well and bool(seen)


def hello(manifest_path: str) -> dict[str, object]:
    """Start the host of the manifest as its browser would, and return its answer to ``hello``.

    ``FLATTR_HOST_HOME`` is left out, since a browser started from a menu does not have it.
    Raises :exc:`flattr_host.browsers.process.HostError`.
    """
    env = {name: value for name, value in os.environ.items() if name != "FLATTR_HOST_HOME"}
    with HostProcess(manifest_path, env=env) as host:
        *_, last = host.request(HELLO, _HELLO_TIMEOUT)
    return last


def _next_steps(files: Iterable[File], echo: Echo) -> None:
    folder = resources.extension_to_load()
    names: dict[str, list[str]] = {"gecko": [], "chromium": []}
    for file in files:
        if file.family:
            known = names[file.family]
            known += [name for name in file.browsers if name not in known]
    echo("Now load the extension:")
    if names["gecko"]:
        echo(
            f"  {', '.join(names['gecko'])}: open about:debugging#/runtime/this-firefox, choose "
            f"“Load Temporary Add-on…”, then {folder / 'manifest.json'} (until the browser is "
            "closed). Its button is in the toolbar, or behind the puzzle piece there."
        )
    if names["chromium"]:
        echo(
            f"  {', '.join(names['chromium'])}: open chrome://extensions, turn on “Developer "
            f"mode”, choose “Load unpacked”, then {folder}. Its button is behind the puzzle piece "
            "in the toolbar, where a pin keeps it in sight."
        )


def unregister(*, echo: Echo = say) -> int:
    """Remove exactly what :func:`register` wrote, and say what stays.

    Returns the exit code: 0 if nothing of ours is left with the browsers, else 1.
    """
    return _in_words(_unregister, echo)


def _unregister(echo: Echo) -> int:
    known = receipt.load()
    if not known.files and not known.folders:
        echo("Nothing is registered.")
        return 0
    with locked(paths.data_dir()):
        outcomes, rest = doing.remove(known)
        for outcome in outcomes:
            echo(_removal(outcome), err=bool(outcome.failure))
        return _finish(rest)


def _finish(rest: Receipt) -> int:
    """Drop the receipt and the folders that it alone held, or keep what is left of it."""
    if rest.files:
        doing.save(rest)
        return 1
    with contextlib.suppress(FileNotFoundError):
        os.unlink(receipt.place())
    doing.remove_folders(rest.folders)
    return 0


def _removal(outcome: Outcome) -> str:
    if outcome.failure:
        return f"Problem: {outcome.action.path} {outcome.failure}."
    if outcome.action.verb == "keep":
        return f"Left {outcome.action.path}: it {outcome.action.reason}."
    return f"Removed {outcome.action.path}."
