"""``flattr-host``: what the button does, for a person in a terminal.

Exit codes: 0 done; 1 refused or failed, with the reason on stderr; 2 a mistake in the command
line; 3 nothing there that can be flattred; 4 undone by the person; 5 kept, to be sent later.
"""

import io
import sys

import click

from .. import __version__
from .connecting import config_group, login_command, logout_command, whoami_command
from .doctor import doctor_command
from .flattring import discover_command, flattr_command, flattrs_command
from .installing import register_command, try_command, unregister_command
from .keeping import ledger_group
from .outbox import outbox_group
from .serving import apps_group, serve_command, tokens_group, users_group


def main() -> None:
    """The command ``flattr-host``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # letters that the terminal does not have
    try:
        commands(prog_name="flattr-host")
    except OSError as error:
        sys.exit(f"What there is to say could not be written: {error.strerror}.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flattr-host")
def commands() -> None:
    """The Flattr button: find out what can be flattred, and flattr it."""


for _command in (
    flattr_command,
    discover_command,
    flattrs_command,
    outbox_group,
    ledger_group,
    doctor_command,
    config_group,
    login_command,
    logout_command,
    whoami_command,
    register_command,
    unregister_command,
    try_command,
    serve_command,
    users_group,
    tokens_group,
    apps_group,
):
    commands.add_command(_command)
