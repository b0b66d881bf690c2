"""``flattr-host serve``, ``users``, ``tokens`` and ``apps``: a ledger for several people."""

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
import msgspec

from .. import paths
from ..ledger import Store
from ..ledger.accounts import LOOPBACK, SCOPES, Account, AccountError, Accounts, TokenRow
from ..ledger.rate_limit import CALLS_AN_HOUR
from .common import fail, json_lines_option, json_option
from .keeping import opened

if TYPE_CHECKING:
    from ..ledger.service import Service

_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to

_ORIGIN = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?", re.ASCII)

_ledger_option = click.option(
    "--ledger",
    "ledger",
    type=click.Path(dir_okay=False),
    help="The ledger's file. Default: served.sqlite3 in the data folder.",
)


def _with_accounts(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the accounts of ``--ledger``, which is there, as its first argument."""
    return _on_accounts(command, _existing)


def _with_new_accounts(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that begins a ledger, where there is none yet."""
    return _on_accounts(command, _existing_or_new)


def _on_accounts(
    command: Callable[..., None], path_of: Callable[[str | None], str]
) -> Callable[..., None]:
    @_ledger_option
    @wraps(command)
    def on_accounts(ledger: str | None, **given: Any) -> None:
        with _opened(path_of(ledger)) as store:
            command(Accounts(store), **given)

    return on_accounts


def _existing(ledger: str | None) -> str:
    """The path of the ledger, which is not made: its name may be mistyped."""
    if ledger is None:
        return paths.served_ledger_path()
    if not os.path.exists(ledger):
        add = f"flattr-host users add NAME --ledger {shlex.quote(ledger)}"
        fail(f"There is no ledger at {ledger}; `{add}` makes one.")
    return os.path.abspath(ledger)


def _existing_or_new(ledger: str | None) -> str:
    if ledger is None:
        return paths.served_ledger_path()
    path = os.path.abspath(ledger)
    if not os.path.isdir(os.path.dirname(path)):
        fail(f"There is no folder {os.path.dirname(path)}, so no ledger was made in it.")
    return path


@contextmanager
def _opened(path: str) -> Iterator[Store]:
    """The ledger; what goes wrong with its accounts is told in one sentence, too."""
    try:
        with opened(path) as store:
            yield store
    except AccountError as error:
        fail(str(error))


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True)
@_ledger_option
@click.option("--base-url", help="Where people find it, as https://flattr.example.")
@click.option(
    "--rate-limit",
    type=click.IntRange(0),
    default=CALLS_AN_HOUR,
    show_default=True,
    help="Calls an hour for each token, and each address without one. 0: no limit.",
)
@click.option(
    "--behind-proxy",
    is_flag=True,
    help="The last address in X-Forwarded-For is the caller's, written by a proxy of yours.",
)
@json_option
def serve_command(
    host: str,
    port: int,
    ledger: str | None,
    base_url: str | None,
    rate_limit: int,
    behind_proxy: bool,
    as_json: bool,
) -> None:
    """Serve a ledger over HTTP, to several people, until SIGTERM or Ctrl-C.

    It speaks the Flattr REST API v2. Over TLS only, if not to this machine alone: behind a reverse
    proxy, with --base-url. docs/server.md tells how.
    """
    from ..ledger import server
    from ..ledger.service import Service

    base_url, path = _checked_base_url(host, base_url), _existing(ledger)
    try:
        listening = server.listen(host, port)
    except OSError as error:
        fail(f"Nothing can listen at port {port} of {host}: {error.strerror or error}.")
    with _opened(path) as store:
        url = base_url or f"http://{f'[{host}]' if ':' in host else host}:{_port_of(listening)}"
        service = Service(store, url, rate_limit=rate_limit, is_behind_proxy=behind_proxy)
        ready = {"api_url": service.addresses.api_url, "url": url}
        line = _json(ready) if as_json else _ready_in_words(path, service)
        server.serve(listening, service, lambda: click.echo(line))


def _port_of(listening: Any) -> int:
    return int(listening.getsockname()[1])


def _ready_in_words(path: str, service: "Service") -> str:
    url, api_url = service.base_url, service.addresses.api_url
    reach = " (only this computer can reach it)" if urlsplit(url).hostname in LOOPBACK else ""
    return f"flattr-host serves {path} at {url}{reach}; the API is at {api_url}"


def _checked_base_url(host: str, base_url: str | None) -> str | None:
    if base_url is None and host in _WILDCARDS:
        raise click.UsageError(
            f'"{host}" is no address that anybody could open; say with --base-url which one is.'
        )
    if base_url is not None and not _ORIGIN.fullmatch(base_url := base_url.rstrip("/")):
        raise click.UsageError("--base-url is a scheme and a host, as https://flattr.example.")
    is_local = host in LOOPBACK and (not base_url or urlsplit(base_url).hostname in LOOPBACK)
    if not is_local and not (base_url or "").startswith("https:"):
        click.secho(
            "Passwords and tokens will cross the network as plain text: whoever is on the way can"
            " read them, and `flattr-host login` refuses such a server. Put a reverse proxy with"
            " TLS before it, and name its https address with --base-url.",
            fg="yellow",
            err=True,
        )
    return base_url


@click.group("users")
def users_group() -> None:
    """The people who may use a served ledger."""


def _amount(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    """Hundredths, of an amount as 5 or 2.50."""
    if text is None:
        return None
    try:
        hundredths = Decimal(text) * 100
        if 0 <= hundredths < 2**53 and hundredths == int(hundredths):
            return int(hundredths)
    except ArithmeticError:  # no number, or NaN
        pass
    raise click.BadParameter(f"{text} is no amount: write it as 5 or 2.50, with no sign before it.")


_means_option = click.option(
    "--means", metavar="AMOUNT", callback=_amount, help="What they have a month. Else not counted."
)
_no_means_option = click.option(
    "--no-means", is_flag=True, help="They cannot flattr: each is refused with no_means."
)
_password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from stdin, one line."
)


@users_group.command("add")
@click.argument("name")
@_means_option
@_no_means_option
@click.option("--hide-flattrs", is_flag=True, help="Nobody else sees what they flattr.")
@_password_option
@click.option("--no-password", is_flag=True, help="They can only use tokens that you give them.")
@_with_new_accounts
def users_add(
    accounts: Accounts,
    name: str,
    means: int | None,
    no_means: bool,
    hide_flattrs: bool,
    password_stdin: bool,
    no_password: bool,
) -> None:
    """Give somebody an account. The password is asked for."""
    if no_password and password_stdin:
        raise click.UsageError("--no-password and --password-stdin exclude each other.")
    password = None if no_password else _password(password_stdin)
    accounts.add_user(name, password, _means(means, no_means), hide_flattrs)
    click.echo(f"{name} has an account.")


def _means(means: int | None, no_means: bool) -> int | None:
    if means is not None and no_means:
        raise click.UsageError("--means and --no-means exclude each other.")
    return 0 if no_means else means


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask for the password: --password-stdin.")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return answer


@users_group.command("list")
@json_lines_option
@_with_accounts
def users_list(accounts: Accounts, as_json: bool) -> None:
    """Show who has an account."""
    users = accounts.users()
    for user in users:
        click.echo(_json(user) if as_json else _user_in_words(user))
    if not users and not as_json:
        click.echo('Nobody has an account yet: "users add" gives one.')


def _user_in_words(user: Account) -> str:
    means = "not counted" if user.means is None else f"{user.means / 100:.2f} a month"
    said = [f"means {means}", f"{user.flattrs} flattr{'' if user.flattrs == 1 else 's'}"]
    if user.hides_flattrs:
        said.append("hidden")
    if not user.has_password:
        said.append("no password")
    return f"{user.username}  ({', '.join(said)})"


@users_group.command("password")
@click.argument("name")
@_password_option
@_with_accounts
def users_password(accounts: Accounts, name: str, password_stdin: bool) -> None:
    """Give somebody a new password. Their tokens stay: "tokens revoke" ends those."""
    accounts.set_password(name, _password(password_stdin))
    click.echo(f"{name} has a new password.")


@users_group.command("set")
@click.argument("name")
@_means_option
@_no_means_option
@click.option("--uncounted-means", is_flag=True, help="Their means are not counted any more.")
@click.option("--hide-flattrs/--show-flattrs", default=None, help="Who sees what they flattr.")
@_with_accounts
def users_set(
    accounts: Accounts,
    name: str,
    means: int | None,
    no_means: bool,
    uncounted_means: bool,
    hide_flattrs: bool | None,
) -> None:
    """Change what somebody has, or shows."""
    if sum((means is not None, no_means, uncounted_means)) > 1:
        raise click.UsageError("--means, --no-means and --uncounted-means exclude each other.")
    changes: dict[str, Any] = {}
    if uncounted_means or no_means or means is not None:
        changes["means"] = _means(means, no_means)
    if hide_flattrs is not None:
        changes["hides_flattrs"] = hide_flattrs
    if not changes:
        raise click.UsageError("Say what to change.")
    accounts.change_user(name, **changes)
    click.echo(f"{name} is changed.")


@click.group("tokens")
def tokens_group() -> None:
    """What programs use a served ledger with, as somebody."""


@tokens_group.command("add")
@click.argument("name")
@click.option("--scope", default="flattr", show_default=True, help=f"Of: {' '.join(SCOPES)}.")
@_with_accounts
def tokens_add(accounts: Accounts, name: str, scope: str) -> None:
    """Make a token for NAME, and print it, this once, alone on stdout."""
    token = accounts.add_token(name, frozenset(scope.replace(",", " ").split()))
    click.echo(f"A token of {name}, with the scope {scope}. It is not shown again:", err=True)
    click.echo(token)


@tokens_group.command("list")
@click.argument("name", required=False)
@json_lines_option
@_with_accounts
def tokens_list(accounts: Accounts, name: str | None, as_json: bool) -> None:
    """Show the tokens, of NAME or of all; not what they are, which is not stored."""
    if name and name.lower() not in (user.username.lower() for user in accounts.users()):
        fail(f"There is no user {name}.")
    tokens = accounts.tokens(name)
    for token in tokens:
        click.echo(_json(token) if as_json else _token_in_words(token))
    if not tokens and not as_json:
        click.echo(f"{name} has no tokens." if name else "There are no tokens yet.")


def _token_in_words(token: TokenRow) -> str:
    state = "revoked" if token.revoked_at is not None else "valid"
    return f"{token.id}  {token.username}  {token.app or 'terminal'}  {token.scope}  {state}"


def _token_id(_context: click.Context, _parameter: click.Parameter, text: str) -> int:
    if re.fullmatch(r"[0-9]{1,18}", text):  # what SQLite can count to
        return int(text)
    raise click.BadParameter(f'{text} is no id of a token: "tokens list" shows them.')


@tokens_group.command("revoke")
@click.argument("token_id", metavar="ID", callback=_token_id)
@_with_accounts
def tokens_revoke(accounts: Accounts, token_id: int) -> None:
    """Make a token useless. "tokens list" shows the ids."""
    accounts.revoke_token(token_id)
    click.echo(f"Token {token_id} is revoked.")


@click.group("apps")
def apps_group() -> None:
    """The applications that people may allow to flattr on their behalf."""


@apps_group.command("add")
@click.argument("name")
@click.option("--redirect-uri", required=True, help="Where it takes people back to.")
@click.option("--public", is_flag=True, help="It can keep no secret, and uses PKCE instead.")
@json_option
@_with_new_accounts
def apps_add(accounts: Accounts, name: str, redirect_uri: str, public: bool, as_json: bool) -> None:
    """Register an application, and print its client id and its secret, this once."""
    app, secret = accounts.add_app(name, redirect_uri, confidential=not public)
    made = {"client_id": app.client_id} | ({} if public else {"client_secret": secret})
    if as_json:
        click.echo(_json(made))
        return
    for what, value in made.items():
        click.echo(f"{what}: {value}")


@apps_group.command("list")
@json_lines_option
@_with_accounts
def apps_list(accounts: Accounts, as_json: bool) -> None:
    """Show the applications."""
    for app in accounts.apps():
        kind = "confidential" if app.confidential else "public"
        words = f"{app.client_id}  {app.name}  {app.redirect_uri}  {kind}"
        click.echo(_json(app) if as_json else words)


@apps_group.command("remove")
@click.argument("client_id")
@_with_accounts
def apps_remove(accounts: Accounts, client_id: str) -> None:
    """Remove an application, and every token that people let it have."""
    accounts.remove_app(client_id)
    click.echo(f"The application {client_id} is removed, and its tokens are useless.")


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
