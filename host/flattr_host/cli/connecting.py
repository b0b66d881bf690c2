"""``flattr-host config``, ``login``, ``logout`` and ``whoami``: which server, and who is there."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import msgspec

from .. import paths, settings
from ..api.errors import FlattrError, Unauthorized
from ..native.errors import sentence
from ..settings import DEFAULTS, EMBEDDED, Settings
from ..undo import UndoGate
from .common import fail, json_lines_option, json_option, printable, with_place

if TYPE_CHECKING:
    from ..account.record import Account

_NAMES = Settings.__struct_fields__
_EMBEDDED_WORDS = "The ledger on this computer, no account needed."

_name_argument = click.argument("name", type=click.Choice(_NAMES), metavar="NAME")


@contextmanager
def _errors_in_words() -> Iterator[None]:
    try:
        yield
    except FlattrError as error:
        message = with_place(sentence(error, is_flattr=False), error.code)
        fail(message, 4 if error.code == "cancelled" else 1)


@contextmanager
def _talking_to_a_server() -> Iterator[None]:
    """Errors in words, and no connection left behind."""
    from ..api import transport

    try:
        with _errors_in_words():
            yield
    finally:
        transport.close()


@click.group("config", invoke_without_command=True)
@json_lines_option
@click.pass_context
def config_group(context: click.Context, as_json: bool) -> None:
    """Show the settings, or change them. docs/settings.md tells what each means."""
    if context.invoked_subcommand:
        return
    with _errors_in_words():
        mine = settings.load()
    for name in _NAMES:
        value, is_default = getattr(mine, name), getattr(mine, name) == getattr(DEFAULTS, name)
        if as_json:
            row = {"name": name, "value": value, "is_default": is_default}
            click.echo(msgspec.json.encode(row))
        else:
            click.echo(f"{name} = {_shown(value)}{'  (default)' if is_default else ''}")


@config_group.command("get")
@_name_argument
def config_get(name: str) -> None:
    """Print one setting; a list with one value a line."""
    with _errors_in_words():
        value = getattr(settings.load(), name)
    for one in value if isinstance(value, tuple) else [value]:
        click.echo(one if isinstance(one, str) else _shown(one))


@config_group.command("set")
@_name_argument
@click.argument("values", nargs=-1, required=True, metavar="VALUE…")
def config_set(name: str, values: tuple[str, ...]) -> None:
    """Change one setting; a list takes several values."""
    value = _typed(name, values)
    before = _settings_if_right()
    with _errors_in_words():
        after = settings.change(**{name: value})
    _tell_change(before, after, name)


@config_group.command("unset")
@click.argument("name")
def config_unset(name: str) -> None:
    """Bring one setting back to its default, or remove a name that is none."""
    before = _settings_if_right()
    if before and name not in _NAMES:  # with that in it the file would not be right
        raise click.UsageError(f"There is no setting {name}; there are {', '.join(_NAMES)}.")
    with _errors_in_words():
        after = settings.change(**{name: None})
    _tell_change(before, after, name)


@config_group.command("path")
def config_path() -> None:
    """Print where the settings lie."""
    click.echo(settings.settings_path())


def _settings_if_right() -> Settings | None:
    """None: there is a mistake, which may be the one that is about to be mended."""
    try:
        return settings.load()
    except settings.InvalidSettings:
        return None


def _typed(name: str, values: tuple[str, ...]) -> Any:
    """What was typed, as the setting's own type."""
    is_list = isinstance(getattr(DEFAULTS, name), tuple)
    if not is_list and len(values) != 1:
        raise click.UsageError(f"{name} takes one value.")
    typed = {name: values if is_list else values[0]}
    try:
        value = getattr(msgspec.convert(typed, Settings, strict=False), name)
    except msgspec.ValidationError:
        raise click.UsageError(settings.mistake(name)) from None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _tell_change(before: Settings | None, after: Settings, name: str) -> None:
    if name not in _NAMES:
        click.echo(f"{name} is removed.")
        return
    new, old = getattr(after, name), getattr(before, name, None)
    if new == old:
        click.echo(f"{name} is {_shown(new)}, as before.")
    else:
        was = f" It was {_shown(old)}." if before else ""
        click.echo(f"{name} is {_shown(new)} now.{was}")
    if name == "api_url":
        if new != old and new != EMBEDDED and not _account(new):
            click.echo("No account is connected there yet: `flattr-host login` connects one.")
        _tell_other_account(new)


def _tell_other_account(api_url: str) -> None:
    """Where flattrs go elsewhere, whoever is connected may think that they are signed out."""
    from ..account import record

    account = record.read()
    if account and account.api_url != api_url:
        who = printable(f"{account.api_url} as {account.username}")
        click.echo(f"You are still signed in at {who}; `flattr-host logout` ends that.")


def _shown(value: Any) -> str:
    """A value as it would stand in the file."""
    if isinstance(value, float):
        return f"{value:g}"
    return msgspec.json.encode(value).decode()


@click.command("login")
@click.argument("server", required=False)
@click.option("--client-id", help="What the server knows flattr-host as, if you registered it.")
@click.option("--client-secret-stdin", is_flag=True, help="Read the secret that goes with it.")
@click.option("--token-stdin", is_flag=True, help="Read a token that you have, from stdin.")
@click.option("--no-browser", is_flag=True, help="Only print the address to open.")
def login_command(
    server: str | None,
    client_id: str | None,
    client_secret_stdin: bool,
    token_stdin: bool,
    no_browser: bool,
) -> None:
    """Connect your account on SERVER, or on the one that is set. Ctrl-C cancels.

    You sign in on the server's own page, in the browser. With --token-stdin the token is one line
    of stdin; in a terminal it is asked for and not shown.
    """
    from ..account import connecting
    from ..outbox.entries import Recipient
    from ..outbox.outbox import mend

    with _talking_to_a_server():
        mine = _settings_for(server, client_id)
        if client_secret_stdin:
            _keep_client_secret(mine, token_stdin)
        if token_stdin:
            account = connecting.connect_with_token(mine, _line_of_stdin("Token"))
        else:
            account = _sign_in(mine, no_browser)
    mend(paths.outbox_path(), Recipient(account.api_url, account.username))
    who = printable(f"{account.api_url} as {account.username}")
    click.secho(f"Connected to {who}.", fg="green")
    click.echo(_place_in_words(account))


def _settings_for(server: str | None, client_id: str | None) -> Settings:
    from ..account import connecting, oauth

    mine = settings.load()
    if server:
        mine = oauth.settings_for(connecting.api_url_of(server), mine)
    if mine.api_url == EMBEDDED:
        raise click.UsageError("No server is set. Say which one: flattr-host login SERVER")
    if client_id:
        mine = msgspec.structs.replace(mine, client_id=_typed("client_id", (client_id,)))
    return mine


def _keep_client_secret(mine: Settings, token_stdin: bool) -> None:
    from ..account import connecting
    from ..api.secret import Secret

    if token_stdin:
        raise click.UsageError("--client-secret-stdin is not needed where there is a token.")
    if mine.client_id == DEFAULTS.client_id:
        raise click.UsageError("--client-secret-stdin goes with --client-id.")
    text = _line_of_stdin("Client secret (empty: forget it)")
    connecting.keep_client_secret(mine.client_id, mine.api_url, Secret(text) if text else None)


def _sign_in(mine: Settings, no_browser: bool) -> "Account":
    from ..account import connecting

    def show(url: str) -> None:
        click.echo(f"Sign in and agree here, within 10 minutes. Ctrl-C ends the waiting.\n{url}")
        if not no_browser and not _open_browser(url):
            click.echo("No browser could be opened; open the address above yourself.")

    gate = UndoGate()

    def cancel(*_: object) -> None:
        gate.cancel()

    before = signal.signal(signal.SIGINT, cancel)
    try:
        return connecting.connect(mine, show, gate)
    finally:
        signal.signal(signal.SIGINT, before)


def _open_browser(url: str) -> bool:
    import webbrowser

    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def _line_of_stdin(what: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(what, default="", hide_input=True, show_default=False)).strip()
    return sys.stdin.readline(8192).strip()


def _place_in_words(account: "Account") -> str:
    if account.token_place == "keyring":  # noqa: S105 - a place
        return "The token lies in this computer's keyring, as flattr-host."
    from ..account import secret_file

    return (
        f"The token lies in {secret_file.path()}, which only you can read: this computer has no"
        " keyring that could be used."
    )


@click.command("logout")
def logout_command() -> None:
    """Sign out: remove the token here, and tell the server that it is not used any more."""
    from ..account import connecting, record

    account = record.read()
    with _talking_to_a_server():
        connecting.disconnect()
    if account:
        click.echo(f"Signed out of {account.api_url}. The token is removed from this computer.")
    else:
        click.echo("No account was connected.")


@click.command("whoami")
@json_option
def whoami_command(as_json: bool) -> None:
    """Tell whose flattrs these are: asks the server, if one is set."""
    with _errors_in_words():
        api_url = settings.load().api_url
        username = None if api_url == EMBEDDED else _ask_who(api_url)
    account = _account(api_url)
    place, scope = (account.token_place, account.scope or None) if account else (None, None)
    if as_json:
        row = {"api_url": api_url, "username": username, "token_place": place, "scope": scope}
        click.echo(msgspec.json.encode(row))
    elif username is None:
        click.echo(_EMBEDDED_WORDS)
        _tell_other_account(api_url)
    else:
        click.echo(printable(f"{username} at {api_url}"))
        if account:
            click.echo(_place_in_words(account))
        if scope:
            click.echo(printable(f"Its scope is: {scope}."))


def _ask_who(api_url: str) -> str:
    from ..account.connected import Connections
    from ..account.connecting import forget_refused

    with _talking_to_a_server():
        backend, account = Connections().open(api_url, lambda _: None)
        try:
            return backend.user().username
        except Unauthorized as error:
            raise forget_refused(account, error) from None


def _account(api_url: str) -> "Account | None":
    from ..account import record

    account = record.read()
    return account if account and account.api_url == api_url else None
