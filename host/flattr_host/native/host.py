"""The loop: requests in from the browser, each run on a thread of its own, its answers out.

Threads, not asyncio: stdin of a native host cannot be read with asyncio on Windows, SQLite is
synchronous, and a click should not wait for asyncio to be imported.
"""

import gc
import os
import threading
import time
from contextlib import nullcontext

import msgspec

from .. import log
from .answering import Exchange, Service
from .errors import sentences
from .framing import MAX_FRAME, FrameDecoder, FrameTooLarge, encode_frame
from .messages import (
    Answer,
    AnyRequest,
    BadRequest,
    Error,
    Flattrers,
    Flattrs,
    Id,
    ImageRequest,
    OutboxRequest,
    decode_request,
)
from .stdio import BrowserPipe

#: More requests than this at once are refused; a person with ten windows makes ten.
MAX_REQUESTS = 64

#: Images leave room for what was pressed, and pages of a history have many.
MAX_IMAGES = MAX_REQUESTS // 2

#: So many bytes of requests may be under way; in memory they can become four times as many.
MAX_BYTES = 2 * MAX_FRAME

#: How long the end of the stream may take, in seconds. Chromium kills a host after two.
CLOSING_SECONDS = 0.8


class Host:
    """One browser's connection, from its first byte to its last.

    ``is_allowed``: our extension started it. Anybody else's requests are all refused.
    """

    def __init__(self, browser: BrowserPipe, *, is_allowed: bool) -> None:
        self._browser = browser
        self._is_allowed = is_allowed
        self._service = Service()
        self._under_way: dict[Id, Exchange] = {}
        self._sizes: dict[Id, int] = {}
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        #: Lists are long, so there is one at a time in memory.
        self._listing = threading.Lock()

    def run(self) -> int:
        """Answers until the stream ends, and returns the exit code."""
        try:
            self._read_frames()
        finally:
            self._close()
        return 0

    def _read_frames(self) -> None:
        decoder = FrameDecoder()
        while data := self._browser.read():
            decoder.feed(data)
            try:
                while (payload := decoder.next_payload()) is not None:
                    self._receive(payload)
            except FrameTooLarge:
                self._refuse(None, "frame_too_large")
                return

    def _receive(self, payload: bytes) -> None:
        if not payload:
            self._refuse(None, "empty_frame")
            return
        try:
            request = decode_request(payload)
        except BadRequest as bad:
            self._refuse(bad.id, bad.code)
            return
        if not self._is_allowed:
            self._refuse(request.id, "caller_not_allowed")
            return
        exchange = Exchange(request, self._send)
        with self._lock:
            if request.id in self._under_way:
                problem = "duplicate_id"
            elif not exchange.is_quick and self._is_full(request, len(payload)):
                problem = "too_many_requests"  # but what is slow can be cancelled all the same
            else:
                problem = ""
                self._under_way[request.id] = exchange
                self._sizes[request.id] = len(payload)
        if problem:
            # An id that is in use is the other request's; its one final answer is yet to come.
            self._refuse(None if problem == "duplicate_id" else request.id, problem)
        else:
            self._start(exchange)

    def _is_full(self, request: AnyRequest, size: int) -> bool:
        """Whether one more request, of so many bytes, is too much."""
        most = MAX_IMAGES if isinstance(request, ImageRequest) else MAX_REQUESTS
        return len(self._under_way) >= most or sum(self._sizes.values()) + size > MAX_BYTES

    def _start(self, exchange: Exchange) -> None:
        if exchange.is_quick:
            self._answer(exchange)
            return
        thread = threading.Thread(target=self._answer, args=(exchange,), daemon=True)
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # the system has no more threads for us
            self._threads.discard(thread)
            self._forget(exchange)
            self._refuse(exchange.request.id, "too_many_requests")

    def _answer(self, exchange: Exchange) -> None:
        try:
            is_list = isinstance(exchange.request, Flattrs | Flattrers | OutboxRequest)
            with self._listing if is_list else nullcontext():
                final = self._service.answer(exchange, self._find)
            self._forget(exchange)  # before: the extension may use the id again at once
            self._send(final)
            gc.enable()  # see native.main
        finally:
            self._threads.discard(threading.current_thread())

    def _forget(self, exchange: Exchange) -> None:
        with self._lock:
            del self._under_way[exchange.request.id], self._sizes[exchange.request.id]

    def _find(self, request_id: Id) -> Exchange | None:
        with self._lock:
            return self._under_way.get(request_id)

    def _refuse(self, request_id: Id | None, code: str) -> None:
        if not self._is_allowed:
            code = "caller_not_allowed"  # what else is wrong does not matter
        log.write(f"refused {code}")
        self._send(Error(request_id, code, sentences()[code]))

    def _send(self, message: Answer) -> None:
        payload = msgspec.json.encode(message)
        if len(payload) > MAX_FRAME:
            code = "answer_too_large"
            payload = msgspec.json.encode(Error(message.id, code, sentences()[code]))
        try:
            self._browser.write(encode_frame(payload))
        except OSError:
            log.write("the browser no longer reads")  # its end of file ends the loop

    def _close(self) -> None:
        """Undoes what waits, lets finish what is being written, and is done in time for it."""
        deadline = time.monotonic() + CLOSING_SECONDS
        with self._lock:
            exchanges = list(self._under_way.values())
        for exchange in exchanges:
            exchange.gate.abandon()
        for thread in list(self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))
        late = len(self._threads)
        log.write(f"closed, {len(exchanges)} under way, {late} late")
        closing = threading.Thread(target=self._service.close, daemon=True)
        if not late:
            closing.start()
            closing.join(max(0.1, deadline - time.monotonic()))
        if late or closing.is_alive():
            os._exit(0)  # not to be kept by a slow disk; SQLite has all of a flattr, or none of it
