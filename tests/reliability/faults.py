"""Flattrs that waited for a server, delivered to it over a network that breaks all the time."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.reliability.crowds import ends
from tests.reliability.homes import Home, ask, flattrs
from tests.reliability.judging import flattr
from tests.reliability.proxy import MIX, NO_BULK, SILENCES, Fault, Proxy
from tests.reliability.serving import Port, Server, connect, make_ledger

#: As many as a host takes at once, less one.
_AT_ONCE = 60

#: The pause after a pass that sent nothing, in seconds.
_PAUSE = 1.0

#: For one message of a host whose server may be silent, again and again.
_PATIENCE = 600.0

#: The connections are refused for a while after every so many passes, in seconds.
_PASSES_TO_REFUSAL = 25
_REFUSED_SECONDS = 0.5


@dataclass
class Delivery:
    """What came of it: how many flattrs there are, and what it took."""

    asked: int
    kept: int = 0
    arrived: int = 0
    different: int = 0
    waiting: int = -1
    states: Counter[str] = field(default_factory=Counter)
    stops: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    passes: int = 0
    refusals: int = 0
    queued_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def is_exact(self) -> bool:
        """Whether each arrived exactly once, and the outbox says so."""
        counts = {self.asked, self.kept, self.arrived, self.different, self.states["settled"]}
        return counts == {self.asked} and self.waiting == 0


def deliver(
    folder: Path, number: int, *, has_bulk: bool, share: float, silences: int = 0
) -> Delivery:
    """Has ``number`` flattrs wait, then delivers them.

    With ``has_bulk`` a hundred in a call. ``share`` of the calls meet with a fault, from 0 to 1;
    besides, there are about so many ``silences`` of each kind in ``number`` calls.
    """
    delivery = Delivery(number)
    home, ledger = Home(folder / "home"), folder / "served" / "ledger.sqlite3"
    token = make_ledger(ledger)
    with (
        closing(Port()) as port,
        Proxy(port.number, has_bulk=has_bulk) as proxy,
        Server(ledger, port.number, found_at=proxy.port) as server,
    ):
        connect(home, server, token, undo_seconds="0")
        proxy.close()
        _queue(home, delivery)
        proxy.open()
        proxy.faults = _weighed(share, silences * 10_000 // number)
        _send(home, proxy, delivery)
        delivery.injected = proxy.injected
    urls = flattrs(ledger)
    delivery.arrived, delivery.different = len(urls), len(set(urls) & set(_urls(number)))
    return delivery


def _weighed(share: float, silences: int) -> list[Fault]:
    factor = share * 10_000 / sum(fault.often for fault in MIX)
    mix = [fault._replace(often=round(fault.often * factor)) for fault in MIX]
    return [*(fault._replace(often=silences) for fault in SILENCES), *mix]


def _urls(number: int) -> list[str]:
    return [f"https://github.com/smgt/thing-{one:05}" for one in range(number)]


def _queue(home: Home, delivery: Delivery) -> None:
    """Nobody listens at the server's port: all of them are kept."""
    begun = time.monotonic()
    with home.start() as host:
        requests = (flattr(url, url) for url in _urls(delivery.asked))
        delivery.kept = sum("kept" in end for end in ends(host, requests, _AT_ONCE))
    delivery.queued_seconds = time.monotonic() - begun


def _send(home: Home, proxy: Proxy, delivery: Delivery) -> None:
    begun, waiting = time.monotonic(), delivery.asked
    with home.start() as host:
        while waiting:
            delivery.passes += 1
            is_refused = not delivery.passes % _PASSES_TO_REFUSAL
            if is_refused:
                proxy.close()
                delivery.refusals += 1
            request = {"id": "send", "type": "outbox_send", "now": True}
            told = ask(host, request, timeout=_PATIENCE)
            assert told.end, "the host has ended, or is silent"
            delivery.stops[told.code] += 1
            waiting = told.end["waiting"]
            if is_refused:
                time.sleep(_REFUSED_SECONDS)
                proxy.open()
            elif told.code == "rate_limit_exceeded":
                time.sleep(_PAUSE)
        delivery.waiting = waiting
        delivery.seconds = time.monotonic() - begun
        for page in range(1, delivery.asked // 1000 + 2):
            told = ask(host, {"id": "all", "type": "outbox", "count": 1000, "page": page})
            delivery.states.update(entry["state"] for entry in told.entries)


def table(delivery: Delivery) -> Iterator[str]:
    """What the network did, as a table in Markdown."""
    yield "| The network | How often |"
    yield "| --- | --- |"
    known: list[Fault] = [*MIX, *SILENCES]
    for name in ["passed on", NO_BULK.name, *(fault.name for fault in known)]:
        yield f"| {name} | {delivery.injected[name]} |"
    yield f"| connections refused for {_REFUSED_SECONDS} s | {delivery.refusals} |"
    yield f"| **calls that it saw** | {delivery.injected.total()} |"
