"""The event loop that HTTP runs on, with a thread of its own, and what its requests share."""

import asyncio
import concurrent.futures
import socket
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from .. import __version__
from .errors import AnswerLost

#: At most so many requests are under way at once; the others wait.
MAX_REQUESTS = 4
#: Seconds a connection is kept for the next request. Servers close idle ones after 5 s and more,
#: and one that does so while a POST is on its way leaves it unclear whether that arrived.
KEEPALIVE = 4.0
#: Seconds that :func:`close` waits for connections to end in good order.
CLOSING = 0.3

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"flattr-host/{__version__} (+https://github.com/flattr-host/flattr-host)",
}

_T = TypeVar("_T")


class Resolver(AbstractResolver):
    """``getaddrinfo`` on daemon threads: those of asyncio's own keep a process from ending."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """What aiohttp asks for; an OSError where there is nothing."""
        if host == "localhost":  # it is this machine, whatever a name server says (RFC 6761, 6.3)
            known = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
            return [_resolved(host, address, port, family) for family, address in known]
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[Any] | OSError] = loop.create_future()
        threading.Thread(
            target=_look_up, args=(host, port, family, loop, found), daemon=True
        ).start()
        infos = await found
        if isinstance(infos, OSError):
            raise infos
        return [_resolved(host, info[4][0], port, info[0]) for info in infos]

    async def close(self) -> None:
        """Nothing is held."""


def _look_up(
    host: str,
    port: int,
    family: socket.AddressFamily,
    loop: asyncio.AbstractEventLoop,
    found: "asyncio.Future[list[Any] | OSError]",
) -> None:
    infos: list[Any] | OSError
    try:
        infos = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    except OSError as error:
        infos = error
    except UnicodeError:
        infos = OSError("the name is too long")

    def tell() -> None:
        if not found.done():
            found.set_result(infos)

    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(tell)


def _resolved(host: str, address: str, port: int, family: int) -> ResolveResult:
    return {
        "hostname": host,
        "host": address,
        "port": port,
        "family": family,
        "proto": socket.IPPROTO_TCP,
        "flags": socket.AI_NUMERICHOST,
    }


class Pool:
    """What the requests of the process share. Made on the loop."""

    def __init__(self) -> None:
        self.slots = asyncio.Semaphore(MAX_REQUESTS)
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # the slots are the limit: waiting for one is no trouble with the server
                keepalive_timeout=KEEPALIVE,
                resolver=Resolver(),
            ),
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )


class _Network:
    """The event loop, and its thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.pool: Pool | None = None
        # Every request's outcome is raised where it was asked for; what asyncio would print besides
        # may hold what was sent.
        self.loop.set_exception_handler(lambda loop, context: None)  # noqa: ARG005
        self._thread = threading.Thread(target=self._work, name="network", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        self.loop.run_forever()
        self.loop.close()

    def close(self) -> None:
        closing = asyncio.run_coroutine_threadsafe(self._end(), self.loop)
        with suppress(concurrent.futures.TimeoutError):
            closing.result(CLOSING)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(0.1)

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self.pool:
            await self.pool.session.close()


_starting = threading.Lock()
_network: _Network | None = None


def pool() -> Pool:
    """What the requests of the running loop share; it must be the one of :func:`run`."""
    network = _network
    if network is None or network.loop is not asyncio.get_running_loop():
        raise RuntimeError("a request is to be run by transport.run")
    network.pool = network.pool or Pool()
    return network.pool


def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Runs ``coroutine`` on the process's event loop; returns or raises its outcome.

    From any thread but the loop's own. A KeyboardInterrupt while it waits cancels the coroutine;
    :func:`close` cancels it too, and then ``AnswerLost`` is raised.
    """
    global _network
    with _starting:
        _network = _network or _Network()
        future = asyncio.run_coroutine_threadsafe(coroutine, _network.loop)
    try:
        return future.result()
    except concurrent.futures.CancelledError:
        pass
    except BaseException:
        future.cancel()
        raise
    raise AnswerLost("This program was ended before the answer came.")


def close() -> None:
    """Breaks off what is under way and closes the connections, within half a second.

    A later :func:`run` starts anew.
    """
    global _network
    with _starting:
        network, _network = _network, None
    if network:
        network.close()
