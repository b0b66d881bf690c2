"""From a request to its statuses and its one final answer."""

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import __version__, log, paths, settings
from ..api.errors import FlattrError
from ..undo import UndoGate
from .errors import sentence, sentences
from .messages import (
    PROTOCOL,
    Answer,
    AnyRequest,
    Cancel,
    CancelDone,
    Discover,
    Done,
    Error,
    FlattrRequest,
    Flattrs,
    Hello,
    HelloDone,
    Id,
)

if TYPE_CHECKING:
    from ..ledger import Ledger, Store


class Exchange:
    """One request under way: how to send its statuses, and how to take it back."""

    def __init__(self, request: AnyRequest, send: Callable[[Answer], None]) -> None:
        self.request = request
        self.send = send
        self.gate = UndoGate()

    @property
    def is_quick(self) -> bool:
        """Whether the answer needs neither the ledger nor the person."""
        return not isinstance(self.request, FlattrRequest | Flattrs)


class Service:
    """Answers requests. What it needs from the disk is opened when a request first needs it."""

    def __init__(self) -> None:
        self._opening = threading.Lock()
        self._store: Store | None = None

    def answer(self, exchange: Exchange, find: Callable[[Id], Exchange | None]) -> Done | Error:
        """The final answer to a request, after its statuses were sent. Never raises.

        ``find`` gives another request that is under way.
        """
        request_id = exchange.request.id
        try:
            return self._answer(exchange, find)
        except FlattrError as error:
            log.write(f"refused {error.code}")
            return Error(request_id, error.code, sentence(error), error.detail)
        except Exception:
            log.write_defect()
            return Error(request_id, "internal_error", sentences()["internal_error"])

    def _answer(self, exchange: Exchange, find: Callable[[Id], Exchange | None]) -> Done | Error:
        request = exchange.request
        if isinstance(request, Hello):
            return _hello(request)
        if isinstance(request, Cancel):
            other = find(request.request)
            is_flattr = other is not None and isinstance(other.request, FlattrRequest)
            return CancelDone(request.id, bool(other and is_flattr and other.gate.cancel()))

        from . import flattr_answers  # here, since a hello should not wait for the main job

        if isinstance(request, Discover):
            return flattr_answers.discover(request)
        if isinstance(request, FlattrRequest):
            return flattr_answers.flattr(request, exchange.send, self._open_ledger, exchange.gate)
        return flattr_answers.flattrs(request, exchange.send, self._open_ledger())

    def close(self) -> None:
        """Closes what was opened."""
        if self._store:
            self._store.close()

    def _open_ledger(self) -> "Ledger":
        """The ledger, for the person as the settings have them now."""
        from ..ledger import Ledger, Person, Store  # SQLite, which most requests do not need

        mine = settings.load()
        with self._opening:
            if not self._store:
                self._store = Store(os.path.join(paths.data_dir(), "ledger.sqlite3"))
        return Ledger(self._store, Person(own_usernames=mine.own_usernames, means=mine.means))


def _hello(request: Hello) -> HelloDone | Error:
    version = min(PROTOCOL[1], request.protocol[1])
    if version < max(PROTOCOL[0], request.protocol[0]):
        code = "unsupported_protocol"
        return Error(request.id, code, sentences()[code])
    return HelloDone(request.id, version, __version__)
