"""What several commands have in common: errors in words, and ``--json``."""

import sys
from typing import NoReturn

import click

from .. import settings

#: For what says several things.
json_lines_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
#: For what says one thing.
json_option = click.option("--json", "as_json", is_flag=True, help="As one JSON object.")


def fail(message: str, code: int = 1) -> NoReturn:
    """Ends the program with this on stderr."""
    click.secho(printable(message), fg="red", err=True)
    sys.exit(code)


def with_place(message: str, code: str) -> str:
    """The message of an error, with what only a terminal may show: where the settings lie."""
    if code == settings.InvalidSettings.code:
        return f"{message} They lie in {settings.settings_path()}."
    return message


def printable(text: str) -> str:
    """Titles and servers' sentences come from strangers, and could steer the terminal."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
