"""``flattr-host register``, ``unregister`` and ``try``: what install.py leaves to the program."""

import signal
import sys
from typing import TYPE_CHECKING, Literal

import click

from .common import json_lines_option

if TYPE_CHECKING:  # every command imports this module
    from ..browsers.table import Family
    from ..browsers.words import Style

_system_option = click.option(
    "--system", is_flag=True, help="For everybody on this computer; needs root."
)
_quiet_option = click.option("--quiet", is_flag=True, help="Say only what is wrong.")


def _style(quiet: bool, as_json: bool) -> "Style":
    return "json" if as_json else "quiet" if quiet else "words"


@click.command("register")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@_system_option
@click.option(
    "--manifest-dir",
    "folders",
    multiple=True,
    metavar="DIR",
    help="Also for a browser that looks into DIR; with --family. Remembered.",
)
@click.option(
    "--family",
    type=click.Choice(["gecko", "chromium"]),
    help="What that browser is: of Firefox's family (gecko) or of Chromium's.",
)
@click.option("--interpreter", default="", hidden=True)  # install.py's plan of what is not yet made
@_quiet_option
@json_lines_option
def register_command(
    dry_run: bool,
    system: bool,
    folders: tuple[str, ...],
    family: "Family | None",
    interpreter: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make every browser on this machine find flattr-host."""
    from ..browsers import register
    from ..browsers.words import Report

    if folders and family is None:
        raise click.UsageError("--manifest-dir needs --family gecko or --family chromium.")
    named = tuple((family, folder) for folder in folders if family)
    order = register.Order("system" if system else "user", named, interpreter)
    report = Report(style=_style(quiet, as_json))
    sys.exit(register.register(order, report, dry_run=dry_run))


@click.command("unregister")
@_system_option
@click.option("--purge", is_flag=True, help="Also remove ledger, settings, log and token.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask before that.")
@_quiet_option
@json_lines_option
def unregister_command(
    system: bool, purge: bool, is_sure: bool, quiet: bool, as_json: bool
) -> None:
    """Remove exactly what "register" wrote. Your ledger and your settings stay."""
    from ..browsers import register
    from ..browsers.words import Report
    from .purging import purge as purge_all

    report = Report(style=_style(quiet, as_json))
    if purge and system:
        raise click.UsageError("--purge is for your own ledger and settings, not --system.")
    if purge and not is_sure and not _is_confirmed():
        report.tell("purge", "Nothing was removed.", ok=False)
        sys.exit(1)
    code = register.unregister("system" if system else "user", report)
    sys.exit(purge_all(report) if purge and not code else code)


def _is_confirmed() -> bool:
    """Whether the person, having seen what that means, types yes."""
    from .purging import what_goes

    click.echo("This removes for good:", err=True)
    for said in what_goes():
        click.echo(f"  {said}", err=True)
    answer = str(click.prompt("Type “yes” to go on", default="no", show_default=False, err=True))
    return answer.strip().lower() == "yes"


@click.command("try")
@click.argument("url", required=False)
@click.option("--browser", type=click.Choice(["chromium", "firefox"]), help="In a real browser.")
@json_lines_option
def try_command(
    url: str | None, browser: Literal["chromium", "firefox"] | None, as_json: bool
) -> None:
    """Flattr URL in a temporary place, to see how it works. Nothing of yours is touched."""
    from ..browsers import trial

    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, lambda received, _: sys.exit(128 + received))  # and clean up
    sys.exit(trial.run(url or trial.DEFAULT_URL, browser, as_json))
