"""Callers that send or read one byte at a time, or not at all, and all at once: others go on."""

import asyncio
import contextlib
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flattr_host.connections import Connections, Limits, network_of
from flattr_host.ledger import Store, rest, server
from flattr_host.ledger.service import MAX_CONNECTIONS, Service
from tests.conftest import Home
from tests.ledger.served import Served
from tests.raw import GOOD, Reply, connect, is_ended, receive, send

LIMITS = Limits(total=12, of_address=8, waiting=1.0, writing=2.0)

#: Later than every deadline above is kept, and long before the real ones.
LATE = 6.0


CHUNKED = "Transfer-Encoding: chunked"
FLATTR = (
    b"POST /rest/v2/flattr HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer %s\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s"
)


class Running:
    """A served ledger in this process; ``port`` is where it listens."""

    def __init__(self, service: Service, port: int) -> None:
        self.service, self.port = service, port

    async def send(self, data: bytes, **options: Any) -> Reply:
        return await asyncio.to_thread(send, self.port, data, **options)

    async def seconds_to_end(self, connection: socket.socket) -> float:
        """How long the server lets a connection be."""
        begun = time.monotonic()
        assert await asyncio.to_thread(is_ended, connection, LATE)
        return time.monotonic() - begun


@contextlib.asynccontextmanager
async def running(path: Path, limits: Limits = LIMITS) -> AsyncIterator[Running]:
    listening = server.listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    store = Store(str(path / "served.sqlite3"))
    service = Service(store, f"http://127.0.0.1:{port}", rate_limit=0)
    service.connections = Connections(limits)
    async with server.running(listening, service):
        yield Running(service, port)
    await asyncio.to_thread(service.close)


@pytest.fixture
def place(tmp_path: Path, flattr_home: Home) -> Path:
    assert flattr_home
    return tmp_path


@contextlib.contextmanager
def dripping(connection: socket.socket, data: bytes) -> Iterator[None]:
    """Sends a byte every tenth of a second, in a task of its own."""

    async def drip() -> None:
        with contextlib.suppress(OSError):
            for byte in data * 1000:
                connection.send(bytes([byte]))
                await asyncio.sleep(0.1)

    task = asyncio.get_running_loop().create_task(drip())
    try:
        yield
    finally:
        task.cancel()


@pytest.mark.parametrize("begin", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST / HTTP/1.1\r\n"])
async def test_a_head_that_does_not_end_is_given_up(place: Path, begin: bytes) -> None:
    async with running(place) as served:
        with connect(served.port) as slow:
            slow.sendall(begin)
            with dripping(slow, b"X-More: x\r\n" if begin else b""):
                assert 0.9 < await served.seconds_to_end(slow) < 3


async def test_between_two_requests_too(place: Path) -> None:
    async with running(place) as served:
        with connect(served.port) as slow:
            for _ in range(3):
                slow.sendall(GOOD.replace(b"HOST", b"127.0.0.1"))
                assert (await asyncio.to_thread(receive, slow)).status == 200
                await asyncio.sleep(0.5)
            slow.sendall(b"GET")
            assert await served.seconds_to_end(slow) < 3


async def test_a_body_that_does_not_end_is_given_up(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "BODY_SECONDS", 0.7)
    paths = ("/rest/v2/flattr", "/sign-in", "/oauth/token", "/oauth/revoke")
    async with running(place) as served, asyncio.TaskGroup() as all_at_once:
        for path in paths:
            for length, part in (("Content-Length: 999", b"x"), (CHUNKED, b"1\r\nx\r\n")):
                head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}\r\n\r\n"
                all_at_once.create_task(drip_a_body(served, head.encode(), part))


async def drip_a_body(served: Running, head: bytes, part: bytes) -> None:
    with connect(served.port, timeout=LATE) as slow:
        slow.sendall(head)
        with dripping(slow, part):
            begun = time.monotonic()
            assert (await asyncio.to_thread(receive, slow)).status == 408
            assert 0.6 < time.monotonic() - begun < 3
            assert await served.seconds_to_end(slow) < LATE


async def test_an_answer_that_nobody_reads_is_given_up(place: Path) -> None:
    """Sent one after the other, and none of the answers read: not kept for them without bounds."""
    many = GOOD.replace(b"HOST", b"127.0.0.1") * 100
    async with running(place) as served:
        with socket.socket() as deaf:
            # Before it connects: where a window shrinks later, what acknowledges is dropped.
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", served.port))
            deaf.setblocking(False)
            ended, sent, begun = False, 0, time.monotonic()
            while not ended and time.monotonic() - begun < 3 * LATE:
                try:
                    sent += deaf.send(many)
                except BlockingIOError:
                    await asyncio.sleep(0.02)
                except OSError:
                    ended = True
                await asyncio.sleep(0)
        assert ended
        assert (await served.send(GOOD)).status == 200


async def test_who_keeps_us_waiting_longest_makes_room(place: Path) -> None:
    async with running(place, LIMITS._replace(waiting=60)) as served:
        with contextlib.ExitStack() as opened:
            idle = [opened.enter_context(connect(served.port)) for _ in range(LIMITS.of_address)]
            for connection in idle:
                await asyncio.sleep(0.02)
                connection.sendall(b"GET / HT")
            idle[0].sendall(b"TP/1.1\r\nHost: 127.0.0.1\r\n\r\n")  # that one no longer does
            assert (await asyncio.to_thread(receive, idle[0])).status == 200
            assert (await served.send(GOOD)).status == 200
            assert is_ended(idle[1], 1)
            assert not any(is_ended(connection, 0.05) for connection in (idle[0], *idle[2:]))


async def test_addresses_are_bounded_apart_and_together(place: Path) -> None:
    async with running(place, LIMITS._replace(waiting=60)) as served:
        with contextlib.ExitStack() as opened:

            def some(source: str) -> list[socket.socket]:
                return [
                    opened.enter_context(connect(served.port, source=source)) for _ in range(30)
                ]

            open_ones: Callable[[list[socket.socket]], int]
            open_ones = lambda found: sum(not is_ended(it, 0.02) for it in found)  # noqa: E731
            first = some("127.0.0.2")
            await asyncio.sleep(0.2)
            assert await asyncio.to_thread(open_ones, first) == LIMITS.of_address
            second = some("127.0.0.3")
            await asyncio.sleep(0.2)
            assert await asyncio.to_thread(open_ones, second) == LIMITS.of_address
            left = await asyncio.to_thread(open_ones, first)
            assert left == LIMITS.total - LIMITS.of_address
            assert (await served.send(GOOD)).status == 200


async def test_who_is_being_answered_keeps_the_place(place: Path) -> None:
    """Where all are being answered, one more has to come again."""
    async with running(place, LIMITS._replace(total=2)) as served:
        accounts = served.service.accounts
        accounts.add_user("alice", None)
        body = b"url=https%3A%2F%2Fgithub.com%2Fsmgt"
        token = accounts.add_token("alice", frozenset({"flattr"})).encode()
        flattr = FLATTR % (token, len(body), body)
        with contextlib.closing(sqlite3.connect(place / "served.sqlite3")) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")  # so that an answer takes its time
            two = [asyncio.create_task(served.send(flattr)) for _ in range(2)]
            await asyncio.sleep(1.5 * LIMITS.waiting)
            assert (await served.send(GOOD)).status == 0
            other.execute("ROLLBACK")
            assert sorted([(await one).status for one in two]) == [200, 403]
        assert (await served.send(GOOD)).status == 200


def test_a_good_caller_among_many_bad_ones(tmp_path: Path, flattr_home: Home) -> None:
    """The real command, with its real limits."""
    assert flattr_home
    beginnings = [b"", b"GET / HTTP/1.1\r\nX: ", b"POST /oauth/token HTTP/1.1\r\nHost: HOST\r\n"
                  b"Content-Length: 500\r\n\r\nx"]  # fmt: skip
    with Served(tmp_path / "served.sqlite3") as served, contextlib.ExitStack() as opened:
        bad = []
        for number in range(700):
            source = f"127.0.0.{10 + number % 8}" if number >= 200 else "127.0.0.1"
            bad.append(opened.enter_context(connect(served.port, source=source)))
            begin = beginnings[number % 3].replace(b"HOST", b"127.0.0.1:%d" % served.port)
            bad[-1].sendall(begin)
        seconds = []
        for _ in range(50):
            begun = time.monotonic()
            assert send(served.port, GOOD).status == 200
            seconds.append(time.monotonic() - begun)
        assert sorted(seconds)[-2] < 0.5
        open_ones = sum(not is_ended(connection, 0.001) for connection in bad)
        assert 0 < open_ones <= MAX_CONNECTIONS


def test_callers_are_told_apart_by_their_network() -> None:
    same = {network_of(f"2001:db8:1:2::{number:x}") for number in (1, 2, 0xFFFF)}
    assert same == {"2001:db8:1:2::/64"}
    assert network_of("2001:db8:1:3::1") not in same
    assert [network_of(it) for it in ("192.0.2.1", "", "evil\r\nX: y")] == [
        "192.0.2.1", "unknown", "unknown",
    ]  # fmt: skip
