"""``flattr-host doctor``: is all that this program needs there, and right?

It changes nothing, unless ``--fix`` asks it to repair what is flattr-host's own.
"""

import os
import shlex
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from .. import paths, settings
from .common import json_lines_option, printable

if TYPE_CHECKING:  # every command imports this module
    from ..examining import Fault


class Finding(msgspec.Struct, frozen=True):
    """What one check found. ``next``: what to do, where ``ok`` is false.

    ``can_fix``: ``--fix`` does that.
    """

    check: str
    ok: bool
    message: str
    next: str = ""
    can_fix: bool = False


def _settings() -> Iterator[Finding]:
    path = settings.settings_path()
    try:
        settings.load()
    except settings.InvalidSettings as mistake:
        yield Finding("settings", False, f"{path}: {mistake}", "Mend it; docs/settings.md helps.")
        return
    yield Finding("settings", True, path if os.path.exists(path) else "None set: the defaults.")


def _sites() -> Iterator[Finding]:
    from .. import own_sites

    path = paths.sites_path()
    try:
        own_sites.rules_for(settings.DEFAULTS)
    except settings.InvalidSettings as mistake:
        yield Finding("sites", False, f"{path}: {mistake}", "Mend it; docs/sites.md helps.")
        return
    yield Finding("sites", True, path if os.path.exists(path) else "None of your own.")


def _folder() -> Iterator[Finding]:
    """The data folder: for its person alone, and to be written to."""
    path = paths.data_dir()
    quoted = shlex.quote(path)
    try:
        found = os.stat(path)
    except FileNotFoundError:
        yield Finding("data folder", True, f"{path} is not there yet: your first flattr makes it.")
        return
    except OSError as error:
        yield Finding("data folder", False, f"{path}: {error.strerror}.", "Give yourself access.")
        return
    if not stat.S_ISDIR(found.st_mode):
        yield Finding("data folder", False, f"{path} is no folder.", "Move what is there away.")
    elif not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        said = f"{path} cannot be read and written."
        yield Finding("data folder", False, said, f"Make it yours: chmod u+rwx {quoted}")
    elif sys.platform != "win32" and found.st_mode & 0o077:
        said = f"{path} can be opened by others."
        yield Finding("data folder", False, said, f"Close it to them: chmod go= {quoted}", True)
    else:
        yield Finding("data folder", True, path)


def _ledgers() -> Iterator[Finding]:
    yield from ledger_findings("ledger", paths.ledger_path())
    if os.path.exists(paths.served_ledger_path()):
        yield from ledger_findings("served ledger", paths.served_ledger_path())


def ledger_findings(check: str, path: str) -> Iterator[Finding]:
    """What is wrong with the ledger at ``path``, or that nothing is."""
    from ..ledger.checking import ledger_faults

    which = {paths.ledger_path(): "", paths.served_ledger_path(): " --served"}
    chosen = which.get(path, f" --ledger {shlex.quote(path)}")
    advice = f"`flattr-host ledger recover{chosen}` saves what can be read, and keeps the rest."
    return _of_file(check, path, ledger_faults, advice)


def _outbox() -> Iterator[Finding]:
    from ..outbox.checking import outbox_faults

    path = paths.outbox_path()
    advice = (
        f"Close your browsers and move it away, with {os.path.basename(path)}-wal. Flattrs that"
        " still waited in it are lost: look at your history, and flattr again what is missing."
    )
    return _of_file("outbox", path, outbox_faults, advice)


def _of_file(
    check: str, path: str, faults_of: "Callable[[str], list[Fault]]", advice: str
) -> Iterator[Finding]:
    from ..examining import is_without_file

    if not os.path.lexists(path) and not is_without_file(path):
        yield Finding(check, True, "None yet: your first flattr makes it.")
        return
    found = faults_of(path)
    for fault in found:
        is_last = fault is found[-1]
        what_next = advice if fault.is_damage and is_last else ""
        yield Finding(check, False, f"{path}: {fault.message}", what_next)
    if not found:
        yield Finding(check, True, path)


def _token() -> Iterator[Finding]:
    """Whether the token of the connected account can be read where it lies."""
    from ..account import record

    account = record.read()
    if account is None:
        yield Finding("account", True, "None connected: the ledger on this computer is used.")
        return
    from ..account import token_store
    from ..account.errors import TokenUnavailable

    who = f"{account.username} at {account.host}"
    try:
        token = token_store.load(account.api_url, account.token_place)
    except TokenUnavailable as trouble:
        said = f"The token of {who} cannot be read: {trouble.detail}"
        yield Finding("account", False, said, "Your flattrs for it wait until then.")
        return
    if token is None:
        said = f"The token of {who} is gone from the {account.token_place}."
        yield Finding("account", False, said, "Connect anew: `flattr-host login`.")
    else:
        yield Finding("account", True, f"{who}; its token is in the {account.token_place}.")


def _browsers() -> Iterator[Finding]:
    """Each browser that is here, up to the host's answer as that browser starts it."""
    from ..browsers import diagnosis, register
    from ..browsers.words import Report

    found: list[Finding] = []

    def look(_: Report) -> int:
        for one in diagnosis.diagnose(register.Order()):
            name = f"browser {one.browser}"
            found.append(Finding(name, one.ok, one.message, one.next, one.can_fix))
        return 0

    def trouble(message: str, /, *, err: bool = False) -> None:  # noqa: ARG001 - is always one
        found.append(Finding("browsers", False, message))

    register.in_words(look, Report(trouble))
    yield from found


#: Each looks at one thing, changes nothing, and says for each part of it whether it is right.
CHECKS: tuple[Callable[[], Iterable[Finding]], ...] = (
    _settings,
    _sites,
    _folder,
    _ledgers,
    _outbox,
    _token,
    _browsers,
)


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Repair what is flattr-host's own, then check again.")
@json_lines_option
def doctor_command(fix: bool, as_json: bool) -> None:
    """Check settings, folders, files and browsers, and say what to do where something is wrong.

    It ends by starting the program as each browser here does. Nothing is changed without --fix.
    Exit codes: 0 all is well, 1 something is not.
    """
    if fix and any(finding.can_fix for finding in _all()):
        _repair()
    sys.exit(show(_all(), as_json))


def _all() -> Iterator[Finding]:
    for check in CHECKS:
        yield from check()


def _repair() -> None:
    """Registers anew, and closes the data folder to others: both can be done again and again."""
    from contextlib import suppress

    from ..browsers import register
    from ..browsers.words import Report

    with suppress(OSError):  # what cannot be repaired is found again
        os.chmod(paths.data_dir(), 0o700)
    register.register(report=Report(style="quiet"))


def show(findings: Iterable[Finding], as_json: bool) -> int:
    """Shows what was found, as it is found; the exit code."""
    code = 0
    for finding in findings:
        code = code if finding.ok else 1
        if as_json:
            click.echo(msgspec.json.encode(finding))
            continue
        mark = click.style("ok   ", fg="green") if finding.ok else click.style("wrong", fg="red")
        click.echo(f"{mark} {finding.check}: {printable(finding.message)}")
        if finding.next:
            click.echo(f"      {printable(finding.next)}")
    return code
