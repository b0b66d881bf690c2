"""The same for the server: it is killed at each step of a flattr that a host has sent it."""

import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from tests.reliability.crash import Point, Result, points, spread
from tests.reliability.homes import Home, ask, damages, flattrs
from tests.reliability.judging import Trial, aftermath, damage, flattr
from tests.reliability.serving import Port, Server, connect, make_ledger
from tests.reliability.tracing import KILLED

NAME = "server, which is killed itself"

#: So many servers run at once.
_AT_ONCE = 3


class _Place(NamedTuple):
    """A port, a home that is connected to it, and the ledger to serve there; both to be copied."""

    port: int
    template: Home
    ledger: Path


def crash_server(folder: Path, most: int | None = None) -> Result:
    """Kills at every point of a server's flattr, or at ``most``."""
    result = Result(NAME)
    places: SimpleQueue[_Place] = SimpleQueue()
    with ExitStack() as stack:
        for number in range(_AT_ONCE):
            port = stack.enter_context(closing(Port()))
            places.put(_place(folder / str(number), port.number))
        place = places.get()
        result.steps, at_start = _rehearsed(place)
        places.put(place)
        chosen = spread(
            [point for point in points(result.steps) if point.number > at_start[point.step]], most
        )
        result.steps -= at_start
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for point, (is_killed, wrong) in zip(
                chosen, pool.map(partial(_tried, places), chosen), strict=True
            ):
                result.kills[point.step] += is_killed
                result.verdicts[point] = wrong
    return result


def _place(folder: Path, port: int) -> _Place:
    ledger = folder / "template" / "ledger.sqlite3"
    template = Home(folder / "template" / "home")
    token = make_ledger(ledger)
    with Server(ledger, port) as server:
        connect(template, server, token, undo_seconds="0")
    return _Place(port, template, ledger)


def _rehearsed(place: _Place) -> tuple[Counter[str], Counter[str]]:
    """The server's steps of each kind up to its end, and those before it was ready."""
    home, server = _copies(place, "rehearsal")
    log = home.path.with_name("rehearsal.steps")
    assert server.start([str(log)])
    at_start = Counter(log.read_text().split())
    host = home.start()
    assert ask(host, flattr(_url(home))).is_done
    assert server.stop() == 0
    host.close()
    return Counter(log.read_text().split()), at_start


def _tried(places: "SimpleQueue[_Place]", point: Point) -> tuple[bool, list[str]]:
    """Whether the server was killed there, and what is wrong after it is up again."""
    place = places.get()
    try:
        home, server = _copies(place, "-".join(point.arguments))
        server.start([str(home.path.with_suffix(".steps")), *point.arguments])
        host = home.start()
        trial = Trial(home, {_url(home): ask(host, flattr(_url(home)))})
        trial.is_killed = server.stop() == KILLED
        server.start()
        wrong = aftermath(trial, lambda url: len(flattrs(server.ledger, url)), host)
        host.close()
        server.stop()
    finally:
        places.put(place)
    wrong += damage(home) + [f"damaged {one}" for one in damages(server.ledger)]
    if not wrong:
        shutil.rmtree(home.path.parent)
    return trial.is_killed, wrong


def _copies(place: _Place, name: str) -> tuple[Home, Server]:
    folder = place.ledger.parent.with_name(name)
    shutil.copytree(place.ledger.parent, folder)
    return Home(folder / "home"), Server(folder / place.ledger.name, place.port)


def _url(home: Home) -> str:
    return f"https://github.com/smgt/{home.path.parent.name}"
