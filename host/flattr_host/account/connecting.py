"""Connecting an account in the browser, or with a token that the person has; and signing out."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace

from .. import settings
from ..api import transport
from ..api.client import without
from ..api.errors import (
    AnswerLost,
    ApiError,
    BadAnswer,
    FlattrError,
    ServerError,
    ServerTrouble,
    Unauthorized,
    Unreachable,
)
from ..api.remote import RemoteBackend
from ..api.secret import Secret
from ..settings import EMBEDDED, Settings
from ..undo import UndoGate
from . import oauth, record, token_store
from .errors import ConnectingCancelled, ConnectingFailed, NotConnected, TokenUnavailable
from .loopback import RedirectReceiver
from .oauth import Client, Granted
from .record import Account

#: Seconds that the person has for signing in.
SIGNING_IN = 600
#: Seconds that the server has for hearing that the token is not used any more.
REVOKING = 3.0


def api_url_of(server: str) -> str:
    """The API's address of a server, from what a person types: ``example.org`` will do.

    Raises ``ConnectingFailed`` for what is no such address.
    """
    url = server.strip().rstrip("/")
    if "://" not in url:
        url = ("http://" if settings.is_api_url("http://" + url) else "https://") + url
    if not url.endswith("/rest/v2"):
        url += "/rest/v2"
    if not settings.is_api_url(url):
        raise ConnectingFailed(
            "This is no address of a server: it must begin with https:// (http:// only for this"
            " computer), and have no user name, no ? and no #."
        )
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{place.lower()}{slash}{path}"


def connect(mine: Settings, open_url: Callable[[str], None], gate: UndoGate) -> Account:
    """Has the person sign in with the browser, and keeps the token. Takes up to 10 minutes.

    ``mine`` is what :func:`oauth.settings_for` the server gives; ``open_url`` is given the address
    to open. Until all is done ``gate`` can be cancelled, and whatever was connected before stays.
    Raises ``ConnectingFailed``, ``ConnectingCancelled``, ``TokenUnavailable``, ``InvalidSettings``.
    """
    api_url = mine.api_url
    places = oauth.endpoints(mine)
    client = Client(mine.client_id, client_secret(mine.client_id, api_url))
    state = oauth.new_state()
    receiver, redirect_uri = transport.run(_listen(state))
    exchange = oauth.Exchange(client, redirect_uri, state)
    title, text, is_trouble = "Not connected", "Something went wrong. Try it again.", True
    gate.when_cancelled(receiver.give_up)
    try:
        with _trouble_in_words():
            _check_reachable(receiver, api_url)
            open_url(exchange.authorize_url(places.authorize_url))
            request = exchange.token_request(_redirected(receiver))
            grant = _redeem(receiver, places.token_url, client, *request)
            account = _keep_or_revoke(mine, client, grant, gate)
        title, is_trouble = "Connected", False
        text = f"You can flattr as {account.username} now. You can close this tab."
        return account
    except FlattrError as error:
        text = error.detail or text
        raise
    finally:
        transport.run(receiver.close(title, text, is_trouble=is_trouble))


def connect_with_token(mine: Settings, token: str) -> Account:
    """Keeps a token that the person has, once the server took it. Raises as :func:`connect`."""
    with _trouble_in_words():
        return _keep(mine, Granted(oauth.checked_token(token), ""), UndoGate())


def keep_client_secret(client_id: str, api_url: str, secret: Secret | None) -> None:
    """Keeps the secret that an application was registered with, for the next :func:`connect`.

    None removes it. Raises ``TokenUnavailable``.
    """
    name = _secret_name(client_id, api_url)
    if secret:
        token_store.save(name, secret)
    else:
        token_store.remove_everywhere(name)


def use_embedded() -> None:
    """Signs out, and uses the ledger on this computer. Raises as :func:`disconnect`."""
    disconnect()
    if settings.load().api_url != EMBEDDED:
        settings.change(api_url=None)


def disconnect() -> None:
    """Signs out: removes the token here, then tells the server, whatever that says to it.

    Raises ``TokenUnavailable`` where the token may still lie in its place, signed out all the same.
    """
    account = record.read()
    if not account:
        return
    token = _token_of(account)
    is_removed = _forget(account)
    if token:
        _revoke(Client(account.client_id, _client_secret(account)), account.api_url, token)
    if not is_removed:
        raise TokenUnavailable(
            "You are signed out here, but the token could not be removed from the"
            f" {account.token_place}: remove what is named flattr-host there yourself."
        )


def forget_refused(account: Account, error: Unauthorized) -> FlattrError:
    """Signs out where the server no longer takes the token; what to tell the person.

    Only who does so is told of it: for everybody else nobody is connected any more.
    """
    if record.read() != account:
        return NotConnected()
    try:
        _forget(account)
    except TokenUnavailable as trouble:
        return trouble
    return error


def _forget(account: Account) -> bool:
    """Whether nothing is left of it. It is not connected any more in any case."""
    if not record.remove(account):
        return True  # another was connected meanwhile, whose token must stay
    try:
        token_store.remove(account.api_url, account.token_place)
    except TokenUnavailable:
        return False
    return True


def _check_reachable(receiver: RedirectReceiver, api_url: str) -> None:
    """Is anybody there? If not, we tell it, and not an error page of the browser."""
    with suppress(BadAnswer):
        transport.run(receiver.unless_given_up(transport.request("GET", api_url + "/")))


async def _listen(state: str) -> tuple[RedirectReceiver, str]:
    receiver = RedirectReceiver(state)
    try:
        return receiver, await receiver.open()
    except OSError as error:
        raise ConnectingFailed(
            f"No port of this computer could be opened: {error.strerror}."
        ) from error


def _redirected(receiver: RedirectReceiver) -> Mapping[str, str]:
    try:
        redirected = transport.run(receiver.wait(SIGNING_IN))
    except TimeoutError:
        raise ConnectingFailed("Nobody signed in within 10 minutes.") from None
    if redirected is None:
        raise ConnectingCancelled
    return redirected


def _redeem(
    receiver: RedirectReceiver, token_url: str, client: Client, headers: dict[str, str], form: bytes
) -> Granted:
    asking = transport.request("POST", token_url, headers=headers, body=form)
    reply = transport.run(receiver.unless_given_up(asking))
    if reply.status >= 500:
        raise ServerError(f"Its status is {reply.status}.")
    for secret in oauth.secrets_in(client, form):  # a server may repeat what it does not like
        reply = replace(reply, body=without(secret, reply.body))
    return oauth.granted(transport.decode_json(reply))


def _keep_or_revoke(mine: Settings, client: Client, grant: Granted, gate: UndoGate) -> Account:
    try:
        return _keep(mine, grant, gate)
    except FlattrError:
        _revoke(client, mine.api_url, grant.token)  # nobody will use it
        raise


def _keep(mine: Settings, grant: Granted, gate: UndoGate) -> Account:
    """Asks the server whose token it is, then makes it the connected account's."""
    api_url = mine.api_url
    username = RemoteBackend(api_url, grant.token).user().username
    if not gate.pass_after(0):
        raise ConnectingCancelled
    before = record.read()
    token_before = _token_of(before) if before else None
    if before and before.api_url == api_url:
        record.remove(before)  # whatever happens now, nobody is taken for who was there before
    try:
        place = token_store.save(api_url, grant.token)
    except TokenUnavailable:
        if before:
            record.write(before)
        raise
    account = Account(api_url, username, place, grant.scope, mine.client_id, time.time_ns())
    try:
        _remember(mine, account)
    except FlattrError:
        with suppress(TokenUnavailable):
            token_store.remove(api_url, place)
        raise
    if before:
        _clear_away(before, token_before, account, grant.token)
    return account


def _remember(mine: Settings, account: Account) -> None:
    """The settings first: what is clicked from now on must not go to what was set before."""
    changes: dict[str, object] = {"client_id": mine.client_id}
    if mine.client_id == settings.DEFAULTS.client_id:
        changes["client_id"] = None
    if settings.load().api_url != account.api_url:
        # The pages for signing in that were set belong to the server that was set.
        changes |= {"api_url": account.api_url, "authorize_url": None, "token_url": None}
    settings.change(**changes)
    try:
        record.write(account)
    except OSError as error:
        raise ConnectingFailed(f"It could not be written down: {error.strerror}.") from error


def _clear_away(before: Account, token_before: Secret | None, now: Account, token: Secret) -> None:
    """Removes and revokes the token that was used before."""
    if (before.api_url, before.token_place) != (now.api_url, now.token_place):
        with suppress(TokenUnavailable):
            token_store.remove(before.api_url, before.token_place)
    if token_before and token_before.reveal() != token.reveal():
        client = Client(before.client_id, _client_secret(before))
        _revoke(client, before.api_url, token_before)


def _token_of(account: Account) -> Secret | None:
    with suppress(TokenUnavailable):
        return token_store.load(account.api_url, account.token_place)
    return None


def _client_secret(account: Account) -> Secret | None:
    with suppress(TokenUnavailable):
        return client_secret(account.client_id, account.api_url)
    return None


def client_secret(client_id: str, api_url: str) -> Secret | None:
    """The secret of a registered application, None for a public one.

    Raises ``TokenUnavailable``.
    """
    if client_id == settings.DEFAULTS.client_id:
        return None  # known to every server of ours, and public
    return token_store.find(_secret_name(client_id, api_url))


def _secret_name(client_id: str, api_url: str) -> str:
    return f"{client_id}@{api_url}"


def _revoke(client: Client, api_url: str, token: Secret) -> None:
    """Best effort: the server may be gone, or know no revocation."""
    url = oauth.revoke_url(api_url)
    if url:
        headers, body = oauth.revocation_request(client, token)
        with suppress(ServerTrouble):
            transport.run(
                transport.request("POST", url, headers=headers, body=body, timeout=REVOKING)
            )


_TROUBLE_IN_WORDS: dict[type[FlattrError], str] = {
    Unreachable: "The server could not be reached.",
    AnswerLost: "The server did not answer.",
    ServerError: "The server failed; try again later.",
    Unauthorized: "The server does not take the token.",
}


@contextmanager
def _trouble_in_words() -> Iterator[None]:
    """What a server can do wrong, as what it means here: nothing was flattred by it anyway."""
    try:
        yield
    except (ServerTrouble, ApiError) as error:
        words = _TROUBLE_IN_WORDS.get(type(error), "The server's answer is none that is known.")
        raise ConnectingFailed(" ".join(filter(None, (words, error.detail)))) from None
