"""The worlds in which hosts are killed: where the flattr goes, and what the person does."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Literal

from flattr_host.browsers.process import HostProcess
from tests.reliability.homes import Home, Told, ask, flattrs, is_killed, set_clock, states_left
from tests.reliability.judging import Trial, flattr
from tests.reliability.serving import Port, Server, connect, make_ledger

#: So long before the end of a month, or after it, it surely is that month or the next, in seconds.
_FROM_MONTH = 2 * 3600.0

#: So many seconds later nobody has a lease any more.
LEASES_ARE_OVER = 60.0

#: So many flattrs wait where what waits is sent.
_WAITING = 3

#: So many hosts run at once.
_AT_ONCE = 8

Deed = Literal["flattr", "undo", "leave", "retry"]


@dataclass
class World:
    """One kind of trial. Each is made in a copy of ``template``.

    ``server`` is what it is connected to; None: the ledger on its own computer.
    ``next_month``: the host is not started again before another month has begun.
    """

    name: str
    template: Home
    deed: Deed = "flattr"
    server: Server | None = None
    next_month: bool = False
    _made: Iterator[int] = field(default_factory=count)

    def homes(self, number: int) -> list[Home]:
        """So many homes, for one trial each."""
        folder = self.template.path.parent
        homes = [self.template.copy(folder / f"{next(self._made):04}") for _ in range(number)]
        if self.deed == "retry":
            assert self.server
            self.server.stop()
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(_let_wait, homes))
            self.server.start()
        return homes

    def attempt(self, home: Home, tracing: Sequence[str]) -> Trial:
        """The person does it, while the host is traced, until all is over or it is killed."""
        trial = Trial(home)
        host = home.start(tracing)
        url = _url(home)
        if self.deed == "flattr":
            trial.told[url] = ask(host, flattr(url))
        elif self.deed == "leave":
            trial.told[url] = ask(host, flattr(url), {"undo": HostProcess.hang_up})
        elif self.deed == "undo":
            trial.told[url] = ask(host, flattr(url), {"undo": _undo})
            trial.is_undone = True
            trial.is_taken_back = trial.told[url].code == "cancelled"
        else:
            ask(host, {"id": "send", "type": "outbox_send", "now": True})
            told = Told(["sending"])  # for each, when it was asked for
            trial.told = dict.fromkeys(_urls(home), told)
        trial.is_killed = is_killed(host)
        trial.left = states_left(home)
        return trial

    def later(self, is_real: bool) -> bool:
        """Time goes by; whether a clock did that, so that nobody need wait."""
        has_moved = self.next_month or not is_real
        if has_moved and self.template.clock:
            unix = _to_end_of_month() + _FROM_MONTH if self.next_month else 0.0
            set_clock(self.template.clock, unix, LEASES_ARE_OVER)
        return has_moved

    def counter(self, home: Home) -> Callable[[str], int]:
        """How many flattrs of a URL there are."""
        ledger = self.server.ledger if self.server else home.ledger
        return lambda url: len(flattrs(ledger, url))


def _to_end_of_month() -> float:
    """Seconds until this month (UTC) ends."""
    now = datetime.now(UTC)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return ((first + timedelta(days=32)).replace(day=1) - now).total_seconds()


def _undo(host: HostProcess) -> None:
    host.send({"id": "undo", "type": "cancel", "request": "flattr"})


def _url(home: Home) -> str:
    return f"https://github.com/smgt/thing-{home.path.name}"


def _urls(home: Home) -> list[str]:
    return [f"{_url(home)}-{number}" for number in range(_WAITING)]


def _let_wait(home: Home) -> None:
    """Flattrs that are kept, since nobody listens at the server's port."""
    host = home.start()
    for url in _urls(home):
        assert "kept" in (ask(host, flattr(url)).end or {})
    host.close()


@contextmanager
def embedded(
    folder: Path, name: str, undo_seconds: float, deed: Deed = "flattr", next_month: bool = False
) -> Iterator[World]:
    """Flattrs go into the ledger on this computer."""
    template = Home(folder / "template", folder / "clock")
    template.set(undo_seconds=str(undo_seconds))
    set_clock(folder / "clock", _to_end_of_month() - _FROM_MONTH if next_month else 0.0)
    yield World(name, template, deed, None, next_month)


@contextmanager
def served(
    folder: Path, name: str, deed: Deed = "flattr", next_month: bool = False
) -> Iterator[World]:
    """Flattrs go to a server; it is not there while those are asked for that are to wait."""
    template = Home(folder / "template", folder / "clock")
    template.path.mkdir(parents=True)
    set_clock(folder / "clock", _to_end_of_month() - _FROM_MONTH if next_month else 0.0)
    ledger = folder / "served" / "ledger.sqlite3"
    token = make_ledger(ledger)
    with closing(Port()) as port, Server(ledger, port.number, template.clock) as server:
        connect(template, server, token, undo_seconds="0")
        yield World(name, template, deed, server, next_month)
