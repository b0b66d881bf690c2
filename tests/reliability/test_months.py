"""A retry never makes a second flattr, whatever calendars and clocks do in between."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from flattr_host.browsers.process import Message
from tests.reliability.homes import Home, Told, ask, flattrs, set_clock
from tests.reliability.judging import flattr, gesture_of
from tests.reliability.proxy import Fault, Proxy
from tests.reliability.serving import Port, Server, connect, make_ledger

NOVEMBER = datetime(2027, 11, 20, 12, tzinfo=UTC)
DECEMBER = datetime(2027, 12, 5, 12, tzinfo=UTC)
MONTH_END = datetime(2027, 12, 1, tzinfo=UTC)
YEAR_END = datetime(2028, 1, 1, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)

URL = "https://github.com/smgt/november"
UNHEARD = Fault("reset, unheard", 10_000, 1, lambda _: b"", "reset")
LOST = Fault("reset, lost", 10_000, 0, lambda _: b"", "reset")
SILENT = Fault("silence", 10_000, 1, lambda _: b"", "silence")

Whose = Literal["both", "person"]


class Stage:
    """A person with a clock, a server with another, and a network between them."""

    def __init__(self, folder: Path, server: Server, proxy: Proxy) -> None:
        self.home = Home(folder / "home", folder / "clock")
        self.proxy = proxy
        self._server = server
        self._server_clock = folder / "server_clock"

    def set(self, now: datetime, whose: Whose = "both", monotonic: float = 0.0) -> None:
        ahead = now.timestamp() - time.time()
        set_clock(self.home.path.with_name("clock"), ahead, monotonic)
        if whose == "both":
            set_clock(self._server_clock, ahead)

    def flattr(self, *faults: Fault) -> Told:
        """The person flattrs it, over a network with these faults."""
        return self._ask(flattr(URL), *faults)

    def send(self) -> Told:
        """What is due is sent, over a network that works."""
        return self._ask({"id": "send", "type": "outbox_send"})

    def state(self) -> str:
        """How it stands in the outbox."""
        (entry,) = self._ask({"id": "page", "type": "outbox"}).entries
        return str(entry["state"])

    def _ask(self, request: Message, *faults: Fault) -> Told:
        self.proxy.faults = faults
        with self.home.start() as host:
            return ask(host, request)

    def arrived(self) -> int:
        return flattrs(self._server.ledger).count(URL)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    ledger = tmp_path / "served" / "ledger.sqlite3"
    token = make_ledger(ledger)
    clock = tmp_path / "server_clock"
    set_clock(clock, 0.0)
    with (
        closing(Port()) as port,
        Proxy(port.number) as proxy,
        Server(ledger, port.number, clock, found_at=proxy.port) as server,
    ):
        stage = Stage(tmp_path, server, proxy)
        stage.set(NOVEMBER)
        connect(stage.home, server, token, undo_seconds="0")
        yield stage


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (NOVEMBER, NOVEMBER + DAY),
        (NOVEMBER, DECEMBER),
        (MONTH_END - MINUTE, MONTH_END + MINUTE),
        (YEAR_END - MINUTE, YEAR_END + MINUTE),
        (NOVEMBER, NOVEMBER.replace(year=2028)),
    ],
)
@pytest.mark.parametrize(("fault", "arrived"), [(UNHEARD, 1), (LOST, 0)])
def test_a_retry_is_the_same_flattr(
    stage: Stage, first: datetime, then: datetime, fault: Fault, arrived: int
) -> None:
    stage.set(first)
    kept = stage.flattr(fault)
    assert kept.code == "answer_lost"
    assert stage.arrived() == arrived
    stage.set(then)
    sent = stage.send()
    assert sent.end
    assert (sent.end["sent"], sent.end["waiting"]) == (1, 0), sent
    assert stage.arrived() == 1
    assert stage.state() == "settled"


def test_a_flattr_of_another_month_by_another_hand_is_no_try_of_ours(stage: Stage) -> None:
    stage.set(NOVEMBER - 10 * DAY)
    assert stage.flattr().is_done
    stage.set(DECEMBER)
    request = flattr(URL) | {"gesture": "another-gesture"}
    assert stage._ask(request, LOST).code == "answer_lost"
    stage.set(YEAR_END + 5 * DAY)
    sent = stage.send()
    assert sent.end
    assert sent.end["sent"] == 1
    assert stage.arrived() == 2


@pytest.mark.parametrize(
    ("fault", "jump"),
    [
        *((UNHEARD, days * DAY) for days in (-400, -31, -1, 1, 31, 400)),
        *((LOST, days * DAY) for days in (-31, 31)),
    ],
)
def test_the_persons_clock_jumps(stage: Stage, jump: timedelta, fault: Fault) -> None:
    assert stage.flattr(fault).code == "answer_lost"
    stage.set(NOVEMBER + MINUTE)
    stage.set(NOVEMBER + MINUTE + jump, "person")
    sent = stage.send()
    assert sent.end
    assert (sent.end["sent"], sent.end["waiting"]) == (1, 0), sent
    assert stage.arrived() == 1
    assert stage.state() == "settled"


@pytest.mark.parametrize("jump", [-400 * DAY, -31 * DAY, 31 * DAY, 400 * DAY])
def test_the_clock_was_wrong_at_the_first_try(stage: Stage, jump: timedelta) -> None:
    stage.set(NOVEMBER + jump, "person")
    assert stage.flattr(UNHEARD).code == "answer_lost"
    stage.set(DECEMBER)
    sent = stage.send()
    assert sent.end
    assert (sent.end["sent"], sent.end["waiting"]) == (1, 0), sent
    assert stage.arrived() == 1


@pytest.mark.parametrize("uptime", [5.0, 10_000_000.0])
def test_a_lease_of_before_the_machines_last_start_is_over(stage: Stage, uptime: float) -> None:
    stage.proxy.faults = [SILENT]
    host = stage.home.start()
    host.send(flattr(URL))
    while host.receive().get("state") != "sending":
        pass
    while not stage.arrived():
        time.sleep(0.05)
    host.process.kill()
    host.close()
    still = stage.send()
    assert still.end
    assert (still.end["sent"], still.end["waiting"]) == (0, 1)  # its lease is not over yet
    stage.set(NOVEMBER + MINUTE, monotonic=uptime - time.monotonic())
    sent = stage.send()
    assert sent.end
    assert (sent.end["sent"], sent.end["waiting"]) == (1, 0), sent
    assert stage.arrived() == 1


def test_a_grace_period_of_before_the_machines_last_start_was_cut_off(stage: Stage) -> None:
    stage.home.set(api_url='"embedded"', undo_seconds="30")
    host = stage.home.start()
    host.send(flattr(URL))
    while host.receive().get("state") != "undo":
        pass
    host.process.kill()
    host.close()
    stage.set(NOVEMBER + MINUTE, monotonic=5.0 - time.monotonic())
    with stage.home.start() as host:
        told = ask(host, {"id": "page", "type": "outbox"})
    (entry,) = told.entries
    assert (entry["gesture"], entry["state"]) == (gesture_of(URL), "interrupted")
    assert entry["is_news"]
    assert flattrs(stage.home.ledger) == []
