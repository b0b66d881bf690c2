"""A network between a host and its server that breaks in each way that networks break in."""

import asyncio
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from random import Random
from types import TracebackType
from typing import Any, Literal, NamedTuple

_LOOPBACK = "127.0.0.1"

#: Closing a socket with this sends a reset: what is not delivered yet is lost.
_RESET = struct.pack("ii", 1, 0)

Ending = Literal["none", "reset", "close", "silence"]


def _whole(answer: bytes) -> bytes:
    return answer


def _none(_answer: bytes) -> bytes:
    return b""


def _half(answer: bytes) -> bytes:
    head, end, body = answer.partition(b"\r\n\r\n")
    return head + end + body[: len(body) // 2]


def _half_head(answer: bytes) -> bytes:
    return answer[:30]


def _instead(status: str, body: str, *headers: str) -> Callable[[bytes], bytes]:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body]
    text = "\r\n".join(lines).encode()
    return lambda _answer: text


_PAGE = "<!doctype html><title>Welcome</title><p>Please agree to the terms of this café's Wi-Fi."
_HTML = "Content-Type: text/html"
_JSON = "Content-Type: application/json"
_TOO_MANY = '{"error": "rate_limit_exceeded", "error_description": "Too many calls"}'
_NO_CALLS_LEFT = (
    "X-RateLimit-Limit: 1000",
    "X-RateLimit-Remaining: 0",
    "X-RateLimit-Current: 1000",
    "X-RateLimit-Reset: 1",
)


class Fault(NamedTuple):
    """One way to break.

    It happens ``often`` in 10,000 calls. The request reaches the server ``forwards`` times, after
    so many ``seconds``; ``answer`` makes of its answers' last one what is sent back; then
    ``ending``.
    """

    name: str
    often: int
    forwards: int
    answer: Callable[[bytes], bytes] = _whole
    ending: Ending = "none"
    seconds: float = 0.0


#: What is left of 10,000 is passed on as it is. "lost" faults come before the request reaches the
#: server, "unheard" ones after it did.
MIX = (
    Fault("late answer", 100, 1, seconds=0.1),
    Fault("reset, lost", 150, 0, _none, "reset"),
    Fault("reset, unheard", 150, 1, _none, "reset"),
    Fault("closed, lost", 100, 0, _none, "close"),
    Fault("closed, unheard", 100, 1, _none, "close"),
    Fault("reset in the answer's head", 100, 1, _half_head, "reset"),
    Fault("reset in the answer's body", 150, 1, _half, "reset"),
    Fault("truncated answer", 150, 1, _half, "close"),
    Fault("500, lost", 80, 0, _instead("500 Internal Server Error", "", _HTML)),
    Fault("500, unheard", 80, 1, _instead("500 Internal Server Error", _PAGE, _HTML)),
    Fault("502, lost", 80, 0, _instead("502 Bad Gateway", "", _HTML)),
    Fault("502, unheard", 80, 1, _instead("502 Bad Gateway", _PAGE, _HTML)),
    Fault("503 with Retry-After, lost", 80, 0, _instead("503 Busy", "", "Retry-After: 1")),
    Fault("503, unheard", 80, 1, _instead("503 Busy", "")),
    Fault("429, lost", 10, 0, _instead("429 Too Many", _TOO_MANY, _JSON, *_NO_CALLS_LEFT)),
    Fault("403 of the rate limit", 10, 0, _instead("403 No", _TOO_MANY, _JSON, *_NO_CALLS_LEFT)),
    Fault("web page, lost", 80, 0, _instead("200 OK", _PAGE, _HTML)),
    Fault("web page, unheard", 80, 1, _instead("200 OK", _PAGE, _HTML)),
    Fault("404 page, lost", 80, 0, _instead("404 Not Found", _PAGE, _HTML)),
    Fault("404 page, unheard", 80, 1, _instead("404 Not Found", _PAGE, _HTML)),
    Fault("redirect, lost", 50, 0, _instead("302 Found", _PAGE, "Location: https://wifi.example/")),
    Fault("other JSON, lost", 80, 0, _instead("200 OK", '{"status": "ok"}', _JSON)),
    Fault("no HTTP, lost", 80, 0, lambda _: b"SSH-2.0-OpenSSH_9.2\r\n", "close"),
    Fault("no HTTP, unheard", 80, 1, lambda _: b"\x16\x03\x01\x00\xff" * 20, "close"),
    Fault("sent twice", 150, 2),
)

#: Each of these takes as long as a client waits (``TOTAL_TIMEOUT``).
SILENCES = (
    Fault("silence, lost", 1, 0, _none, "silence"),
    Fault("silence, unheard", 1, 1, _none, "silence"),
)

PASSED = Fault("passed on", 0, 1)
NO_BULK = Fault("no such call", 0, 0, _instead("404 Not Found", '{"error": "not_found"}', _JSON))


class Proxy:
    """Between a port of its own and that of a server, in a thread, from enter to exit.

    It does what is in ``faults``, at random by their weights, and nothing for none. ``injected``
    counts what it did. It refuses connections while it is not :meth:`open`. Without ``has_bulk``
    it stands before a server that has no ``POST /flattr/bulk``.
    """

    def __init__(self, server_port: int, *, has_bulk: bool = True) -> None:
        self.faults: Sequence[Fault] = ()
        self.injected: Counter[str] = Counter()
        self._server_port = server_port
        self._has_bulk = has_bulk
        self._random = Random(1)  # noqa: S311 - the same faults in every run
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._accepting: asyncio.Server | None = None
        self.port = 0

    def open(self) -> None:
        """From now on connections are accepted."""
        self._run(self._open())

    def close(self) -> None:
        """From now on connections are refused; those that are open stay."""
        self._run(self._close())

    def __enter__(self) -> "Proxy":
        self._thread.start()
        self.open()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _open(self) -> None:
        self._accepting = await asyncio.start_server(self._serve, _LOOPBACK, self.port)
        self.port = self._accepting.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._accepting:
            self._accepting.close()
            self._accepting = None

    async def _end(self) -> None:
        await self._close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            ending: Ending = "none"
            while ending == "none":
                request = await _message(reader)
                fault = self._chosen(request)
                self.injected[fault.name] += 1
                ending = fault.ending
                writer.write(await self._answer(request, fault))
                await writer.drain()
            if ending == "silence":
                await reader.read()  # until the client has had enough
            if ending == "reset":
                sock: socket.socket = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.close()

    def _chosen(self, request: bytes) -> Fault:
        if not self._has_bulk and b"/flattr/bulk" in request[:100]:
            return NO_BULK
        number = self._random.randrange(10_000)
        for fault in self.faults:
            number -= fault.often
            if number < 0:
                return fault
        return PASSED

    async def _answer(self, request: bytes, fault: Fault) -> bytes:
        await asyncio.sleep(fault.seconds)
        answers = [await self._forwarded(request) for _ in range(fault.forwards)]
        return fault.answer(answers[-1] if answers else b"")

    async def _forwarded(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(_LOOPBACK, self._server_port)
        try:
            writer.write(request)
            return await _message(reader)
        finally:
            writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer, from its first to its last byte."""
    head = await reader.readuntil(b"\r\n\r\n")
    _, _, length = head.lower().partition(b"content-length: ")
    return head + await reader.readexactly(int(length.partition(b"\r\n")[0] or 0))
