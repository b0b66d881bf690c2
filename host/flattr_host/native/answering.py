"""From a request to its statuses and its one final answer."""

import sys
import threading
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from .. import __version__, log, paths, settings
from ..api.errors import FlattrError, Unauthorized
from ..own_sites import rules_for
from ..undo import UndoGate
from .errors import sentence, sentences
from .messages import (
    PROTOCOL,
    AccountRequest,
    Answer,
    AnyRequest,
    Cancel,
    CancelDone,
    ChangeSettings,
    Connect,
    Disconnect,
    Discover,
    Done,
    Error,
    FlattrDone,
    Flattrers,
    FlattrRequest,
    Flattrs,
    Hello,
    HelloDone,
    Id,
    ImageRequest,
    OutboxRemove,
    OutboxRequest,
    OutboxSend,
    OutboxTold,
    ProtocolError,
    SettingsRequest,
    Status,
)

if TYPE_CHECKING:
    from ..account.connected import Connections
    from ..account.record import Account
    from ..api.objects import Lookup
    from ..backend import Backend
    from ..flattring import Means
    from ..ledger import Ledger, Store
    from ..outbox.entries import Recipient
    from ..outbox.outbox import Outbox
    from .lookups import Lookups


#: After these errors nothing that was looked up holds: the account has gone, or a thing has.
_OUTDATED = frozenset(("unauthorized", "not_connected", "not_found"))


class Exchange:
    """One request under way: how to send its statuses, and how to take it back."""

    def __init__(self, request: AnyRequest, send: Callable[[Answer], None]) -> None:
        self.request = request
        self.gate = UndoGate()
        #: Whose token it was done with, once it was.
        self.account: Account | None = None
        self._send = send
        self._sending = threading.Lock()
        self._has_ended = False

    def send(self, status: Answer) -> None:
        """Sends a status; not after the end, when what was cancelled may still be at work."""
        with self._sending:
            if not self._has_ended:
                self._send(status)

    def end(self) -> None:
        """From now on there are no more statuses."""
        with self._sending:
            self._has_ended = True

    @property
    def is_quick(self) -> bool:
        """Whether the answer needs neither the ledger, nor a server, nor the person."""
        return isinstance(self.request, Hello | Discover | Cancel | AccountRequest)


class Service:
    """Answers requests. What it needs from the disk is opened when a request first needs it."""

    def __init__(self) -> None:
        self._opening = threading.Lock()
        self._store: Store | None = None
        self._outbox: Outbox | None = None
        self._connections: Connections | None = None
        self._lookups: Lookups | None = None

    def answer(self, exchange: Exchange, find: Callable[[Id], Exchange | None]) -> Done | Error:
        """The final answer to a request, after its statuses were sent. Never raises.

        ``find`` gives another request that is under way.
        """
        request_id = exchange.request.id
        is_flattr = isinstance(exchange.request, FlattrRequest)
        try:
            return self._answer(exchange, find)
        except FlattrError as error:
            error = self.heed(exchange, error)
            message = sentence(error, is_flattr=is_flattr)
            return Error(request_id, error.code, message, error.detail)
        except Exception:
            log.write_defect()
            code = "internal_error"
            return Error(request_id, code, sentences(is_flattr=is_flattr)[code])
        finally:
            exchange.end()

    def heed(self, exchange: Exchange, error: FlattrError) -> FlattrError:
        """What an error means for what we know; the error to tell."""
        if isinstance(error, Unauthorized) and exchange.account:
            from ..account import connecting  # OAuth, which most requests do not need

            error = connecting.forget_refused(exchange.account, error)
        if error.code in _OUTDATED:
            self._lookups = None
        log.write(f"refused {error.code}")
        return error

    def _answer(self, exchange: Exchange, find: Callable[[Id], Exchange | None]) -> Done | Error:
        request = exchange.request
        if isinstance(request, Hello):
            return _hello(request)
        if isinstance(request, Cancel):
            other = find(request.request)
            can_be = other is not None and isinstance(other.request, FlattrRequest | Connect)
            return CancelDone(request.id, bool(other and can_be and other.gate.cancel()))
        if isinstance(request, AccountRequest | Connect | Disconnect):
            return self._answer_account(exchange, request)
        if isinstance(request, SettingsRequest | ChangeSettings):
            from . import settings_answers

            return settings_answers.answer(request)
        if isinstance(request, ImageRequest):
            from ..linked_page import image  # aiohttp, for pictures that few want to see
            from .messages import ImageDone

            api_url = settings.load().api_url
            own = None if api_url == settings.EMBEDDED else api_url
            data = image.read(request.url, own, lambda: exchange.gate.is_cancelled)
            return ImageDone(request.id, data)

        return self._answer_flattring(exchange, request)

    def _answer_account(
        self, exchange: Exchange, request: AccountRequest | Connect | Disconnect
    ) -> Done:
        from . import account_answers

        try:
            done = account_answers.answer(request, exchange.send, exchange.gate)
            if isinstance(request, Connect) and done.username:
                from ..outbox.entries import Recipient
                from ..outbox.outbox import mend

                mend(paths.outbox_path(), Recipient(done.api_url, done.username))
            return done
        finally:
            if not isinstance(request, AccountRequest):
                self._lookups = None

    def _answer_flattring(
        self,
        exchange: Exchange,
        request: Discover
        | FlattrRequest
        | Flattrs
        | Flattrers
        | OutboxRequest
        | OutboxSend
        | OutboxTold
        | OutboxRemove,
    ) -> Done | Error:
        from . import flattr_answers  # here, since a hello should not wait for the main job

        mine, heed = settings.load(), partial(self.heed, exchange)
        if isinstance(request, Discover):
            return flattr_answers.discover(request, rules_for(mine))
        if isinstance(request, OutboxRequest | OutboxSend | OutboxTold | OutboxRemove):
            from . import outbox_answers

            means, has_gone = self._means(exchange, mine), lambda: exchange.gate.is_cancelled
            return outbox_answers.answer(request, exchange.send, means, heed, has_gone)
        if isinstance(request, FlattrRequest):
            means = self._means(exchange, mine)
            answer = flattr_answers.flattr(request, exchange.send, means, exchange.gate, heed)
            if isinstance(answer, FlattrDone) and exchange.account:
                answer.message += f", at {exchange.account.host} as {exchange.account.username}"
            return answer
        backend = self._open_backend(exchange, mine)
        return flattr_answers.flattrs(request, exchange.send, backend)

    def close(self) -> None:
        """Closes what was opened."""
        for file in (self._store, self._outbox):
            if file:
                file.close()
        transport = sys.modules.get("flattr_host.api.transport")
        if transport:  # loaded, so there may be connections; it is not loaded to be closed
            transport.close()

    def _means(self, exchange: Exchange, mine: settings.Settings) -> "Means":
        """What a flattr is made with, for the person as the settings have them now."""
        from ..flattring import Means

        open_backend = cache(lambda: self._open_backend(exchange, mine))
        # The same all the time: what is still under way when they are forgotten, because the person
        # signed out, must not be remembered among those of whoever comes next.
        lookups = cache(self._open_lookups)
        request = exchange.request
        is_yes = isinstance(request, FlattrRequest) and request.confirm is not None

        def look_up(url: str) -> "Lookup":
            backend = open_backend()
            if exchange.account is None:
                return backend.lookup(url)  # SQLite is as fast as remembering, and always right
            # A yes is to what is so now, not to what was so when the person last asked.
            return lookups().ask(exchange.account, backend.lookup, url, anew=is_yes)

        rules = rules_for(mine)
        return Means(
            rules,
            mine.read_links,
            mine.undo_seconds,
            look_up,
            open_backend,
            lambda: self._recipient(exchange, mine),
            self._open_outbox,
        )

    def _recipient(self, exchange: Exchange, mine: settings.Settings) -> "Recipient":
        """Whose the flattrs of now are. Raises ``NotConnected``."""
        from ..outbox.entries import Recipient

        if mine.api_url == settings.EMBEDDED:
            return Recipient(settings.EMBEDDED, "")
        if not exchange.account:
            self._open_backend(exchange, mine)
        account = exchange.account
        return Recipient(mine.api_url, account.username if account else "")

    def _open_outbox(self) -> "Outbox":
        from ..outbox.outbox import Outbox  # SQLite

        with self._opening:
            self._outbox = self._outbox or Outbox(paths.outbox_path())
            return self._outbox

    def _open_lookups(self) -> "Lookups":
        from .lookups import Lookups  # with the account's record, which the ledger has none of

        with self._opening:
            self._lookups = self._lookups or Lookups()
            return self._lookups

    def _open_backend(self, exchange: Exchange, mine: settings.Settings) -> "Backend":
        """The ledger, or the server with the account's token."""
        if mine.api_url == settings.EMBEDDED:
            return self._open_ledger(mine)
        from ..account.connected import Connections  # aiohttp, which the ledger does not need

        with self._opening:
            self._connections = self._connections or Connections()
        backend, exchange.account = self._connections.open(
            mine.api_url, lambda seconds: exchange.send(_waiting(exchange.request.id, seconds))
        )
        return backend

    def _open_ledger(self, mine: settings.Settings) -> "Ledger":
        """The ledger, for the person as the settings have them."""
        from ..ledger import Ledger, Person, Store  # SQLite, which most requests do not need

        with self._opening:
            if not self._store:
                self._store = Store(paths.ledger_path())
        person = Person(own_usernames=mine.own_usernames, means=mine.means)
        return Ledger(self._store, person, rules=rules_for(mine))


def _waiting(request_id: Id, seconds: float) -> Status:
    message = f"Your Flattr server takes no more requests for now: waiting {seconds:.0f} seconds."
    return Status(request_id, "waiting", message, seconds=seconds)


def _hello(request: Hello) -> HelloDone | Error:
    version = min(PROTOCOL[1], request.protocol[1])
    if version < max(PROTOCOL[0], request.protocol[0]):
        code = "unsupported_protocol"
        return ProtocolError(
            request.id, code, sentences()[code], protocol=PROTOCOL, host_version=__version__
        )
    return HelloDone(request.id, version, __version__)
