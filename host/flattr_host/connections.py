"""Bounds on a server's connections: how many there are, and how long each may keep us waiting.

aiohttp bounds the size of what it reads; time and number are bounded here, below HTTP, so that who
sends a head or reads an answer one byte at a time holds a socket, and not the server. Where there
are too many connections, the one that has kept us waiting longest makes room: a person's browser
sends its request as soon as it is connected, so that it is never theirs while somebody dawdles.
"""

import asyncio
import ipaddress
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

#: How often deadlines are looked at, in seconds.
_LOOK_SECONDS = 0.5


class Limits(NamedTuple):
    """``total`` connections, ``of_address`` from one address. Seconds: ``waiting`` from the opening
    or an answer to the end of the next request's head, ``writing`` for an answer to be read.
    """

    total: int
    of_address: int
    waiting: float
    writing: float


class Connections:
    """The connections of one server. For the event loop's thread alone."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: dict[asyncio.BaseTransport, _Connection] = {}
        self._look: asyncio.TimerHandle | None = None

    def bounded(self, make: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """A protocol factory like ``make``, whose connections are within the limits."""
        return lambda: _Connection(self, make)

    @contextmanager
    def answering(self, transport: asyncio.BaseTransport | None) -> Iterator[None]:
        """While a request is answered, its caller keeps nobody waiting."""
        with self._turn(transport, is_waiting=False):
            yield

    @contextmanager
    def waiting(self, transport: asyncio.BaseTransport | None) -> Iterator[None]:
        """While a body is read in the middle of :meth:`answering`, the caller does."""
        with self._turn(transport, is_waiting=True):
            yield

    @contextmanager
    def _turn(self, transport: asyncio.BaseTransport | None, *, is_waiting: bool) -> Iterator[None]:
        connection = self._open.get(transport) if transport else None
        if connection:
            connection.wait(is_waiting)
        try:
            yield
        finally:
            if connection:
                connection.wait(not is_waiting)

    def add(self, connection: "_Connection") -> bool:
        """Takes a connection in; False if there is no room, not even by ending another."""
        same = [it for it in self._open.values() if it.address == connection.address]
        for others, most in (
            (same, self._limits.of_address),
            (self._open.values(), self._limits.total),
        ):
            if len(others) >= most and not _end_slowest(others):
                return False
        self._open[connection.transport] = connection
        self._look = self._look or asyncio.get_running_loop().call_later(
            _LOOK_SECONDS, self._end_late
        )
        return True

    def remove(self, connection: "_Connection") -> None:
        """A connection has ended."""
        self._open.pop(connection.transport, None)

    def _end_late(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in list(self._open.values()):
            is_written = not connection.transport.get_write_buffer_size()
            most = self._limits.waiting if is_written else self._limits.writing
            if connection.is_waiting and loop.time() - connection.since > most:
                connection.end()
        self._look = loop.call_later(_LOOK_SECONDS, self._end_late) if self._open else None


class _Connection(asyncio.Protocol):
    """One connection: what ``make`` makes, and since when its other end keeps us waiting."""

    transport: asyncio.Transport

    def __init__(self, connections: Connections, make: Callable[[], asyncio.Protocol]) -> None:
        self._connections = connections
        self._make = make
        self._inner: asyncio.Protocol | None = None
        self.address = ""
        self.is_waiting, self.since = True, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Passed on, if there is room for it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's, for mypy
        self.transport = transport
        peer = transport.get_extra_info("peername") or ("",)
        self.address = network_of(str(peer[0]))
        self.wait(True)
        if not self._connections.add(self):
            transport.abort()
            return
        self._inner = self._make()
        self._inner.connection_made(transport)

    def wait(self, is_waiting: bool) -> None:
        """From now on we wait for the other end, or it waits for us."""
        self.is_waiting, self.since = is_waiting, asyncio.get_running_loop().time()

    def end(self) -> None:
        """Ends the connection, whatever is under way on it."""
        self._connections.remove(self)
        self.transport.abort()  # not close(): that waits for the other end to read

    def data_received(self, data: bytes) -> None:
        """Passed on."""
        if self._inner:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Passed on."""
        return self._inner.eof_received() if self._inner else None

    def pause_writing(self) -> None:
        """Passed on."""
        if self._inner:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Passed on."""
        if self._inner:
            self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """Passed on."""
        self._connections.remove(self)
        if self._inner:
            self._inner.connection_lost(error)


def _end_slowest(connections: Collection[_Connection]) -> bool:
    """Ends the one that has kept us waiting longest; False if we keep all of them waiting."""
    slow = [connection for connection in connections if connection.is_waiting]
    if slow:
        min(slow, key=lambda connection: connection.since).end()
    return bool(slow)


def network_of(address: str) -> str:
    """An IP address as that of one caller: of IPv6, the network that a household is given.

    "unknown" for what is no address.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
