"""``flattr-host register``, ``unregister`` and ``try``: what install.py leaves to the program."""

import signal
import sys
from typing import Literal

import click

from .common import json_lines_option


@click.command("register")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
def register_command(dry_run: bool) -> None:
    """Make every browser on this machine find flattr-host."""
    from ..browsers import register

    sys.exit(register.register(dry_run=dry_run))


@click.command("unregister")
def unregister_command() -> None:
    """Remove exactly what "register" wrote. Your ledger and your settings stay."""
    from ..browsers import register

    sys.exit(register.unregister())


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
