"""Flattrs that waited for a server, delivered to it over a network that breaks all the time."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from flattr_host.backend import BULK
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
    codes: set[str] = field(default_factory=set)
    stops: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    passes: int = 0
    refusals: int = 0
    queued_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def is_exact(self) -> bool:
        """Whether each arrived exactly once, and the outbox says so.

        Of a first try that the network sent twice, the second answer is "already flattred": true,
        and all that can be told.
        """
        counts = {self.asked, self.kept, self.arrived, self.different}
        told = self.states["settled"] + self.states["refused"]
        is_told = told == self.asked and self.codes <= {"flattr_once"}
        is_rare = self.states["refused"] <= self.injected["sent twice"] * BULK
        return counts == {self.asked} and self.waiting == 0 and is_told and is_rare


def deliver(
    folder: Path,
    number: int,
    *,
    has_bulk: bool,
    share: float,
    silences: int = 0,
    is_broken_at_once: bool = False,
) -> Delivery:
    """Has ``number`` flattrs wait, then delivers them.

    With ``has_bulk`` fifty in a call. ``share`` of the calls meet with a fault, from 0 to 1;
    besides, there are about so many ``silences`` of each kind in ``number`` calls. They wait since
    nobody listens; ``is_broken_at_once``: since the same faults befall their first try.
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
        faults = _weighed(share, silences * 10_000 // number)
        if is_broken_at_once:
            proxy.faults = faults
        else:
            proxy.close()
        _queue(home, delivery)
        if not is_broken_at_once:
            proxy.open()
            proxy.faults = faults
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
    """All of them are kept, but those whose first try went well."""
    begun = time.monotonic()
    with home.start() as host:
        requests = (flattr(url, url) for url in _urls(delivery.asked))
        for end in ends(host, requests, _AT_ONCE):
            is_told = end["type"] == "done" or end.get("code") == "flattr_once"
            delivery.kept += "kept" in end or is_told
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
            delivery.codes |= {entry["code"] for entry in told.entries if entry["code"]}


def table(delivery: Delivery) -> Iterator[str]:
    """What the network did, as a table in Markdown."""
    yield "| The network | How often |"
    yield "| --- | --- |"
    known: list[Fault] = [*MIX, *SILENCES]
    for name in ["passed on", NO_BULK.name, *(fault.name for fault in known)]:
        yield f"| {name} | {delivery.injected[name]} |"
    yield f"| connections refused for {_REFUSED_SECONDS} s | {delivery.refusals} |"
    yield f"| **calls that it saw** | {delivery.injected.total()} |"
