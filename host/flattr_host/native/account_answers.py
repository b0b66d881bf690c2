"""The answers to ``account``, ``connect`` and ``disconnect``."""

from collections.abc import Callable

from .. import settings
from ..account import record
from ..undo import UndoGate
from .messages import AccountDone, AccountRequest, Answer, Connect, Disconnect, Status


def answer(
    request: AccountRequest | Connect | Disconnect, send: Callable[[Answer], None], gate: UndoGate
) -> AccountDone:
    """How it is with the account after what was asked for was done."""
    if isinstance(request, Connect):
        _connect(request, send, gate)
    elif isinstance(request, Disconnect):
        from ..account import connecting

        connecting.disconnect()
    return _account(request)


def _account(request: AccountRequest | Connect | Disconnect) -> AccountDone:
    api_url = settings.load().api_url
    account = record.read()
    if not account or account.api_url != api_url:
        return AccountDone(request.id, api_url, None, None)
    return AccountDone(request.id, api_url, account.username, account.token_place)


def _connect(request: Connect, send: Callable[[Answer], None], gate: UndoGate) -> None:
    from ..account import connecting, oauth  # HTTP, which ``account`` is told without

    mine = settings.load()
    if request.api_url == settings.EMBEDDED:
        connecting.use_embedded()
        return
    message = "Sign in on your Flattr server, in the browser."
    connecting.connect(
        oauth.settings_for(connecting.api_url_of(request.api_url), mine),
        lambda url: send(Status(request.id, "authorize", message, url=url)),
        gate,
    )
