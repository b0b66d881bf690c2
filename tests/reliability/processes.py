"""Four browsers of one person, each with a host process: one outbox, one ledger, no quarrel."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from flattr_host.browsers.process import HostProcess, Message
from tests.reliability.crowds import ends
from tests.reliability.homes import Home, damages, flattrs
from tests.reliability.judging import flattr

HOSTS = 4

#: So many requests of each host are under way at once.
_AT_ONCE = 8


@dataclass
class Crowd:
    """What came of it: ``ends`` counts the answers, by "done" or the error's code."""

    asked: int
    things: int
    ends: Counter[str] = field(default_factory=Counter)
    arrived: int = 0
    different: int = 0
    damages: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_exact(self) -> bool:
        """Whether each thing was flattred once, and all others were told that it was."""
        expected = Counter(done=self.things, flattr_once=self.asked - self.things)
        is_once = self.arrived == self.different == self.things
        return +self.ends == +expected and is_once and not self.damages


def crowd(folder: Path, number: int, *, same: bool) -> Crowd:
    """Has each host make ``number`` flattrs at the same time; of the ``same`` things, or not."""
    home = Home(folder / "home")
    home.set(undo_seconds="0")
    result = Crowd(number * HOSTS, number if same else number * HOSTS)
    begun = time.monotonic()
    with ExitStack() as stack, ThreadPoolExecutor(HOSTS) as pool:
        hosts = [stack.enter_context(home.start()) for _ in range(HOSTS)]
        requests = [_requests(host, number, same=same) for host in range(HOSTS)]
        for of_host in pool.map(_ends, hosts, requests):
            result.ends.update(of_host)
        result.seconds = time.monotonic() - begun
    urls = flattrs(home.ledger)
    result.arrived, result.different = len(urls), len(set(urls))
    result.damages = damages(home.ledger) + damages(home.outbox)
    return result


def _requests(host: int, number: int, *, same: bool) -> list[Message]:
    """The flattrs of one host; a gesture is of one browser alone, whatever it flattrs."""
    return [
        flattr(f"https://github.com/smgt/{'' if same else f'{host}-'}{one:05}", f"{host} {one}")
        | {"gesture": f"gesture-{host}-{one:05}"}
        for one in range(number)
    ]


def _ends(host: HostProcess, requests: list[Message]) -> Counter[str]:
    return Counter(str(end.get("code", end["type"])) for end in ends(host, requests, _AT_ONCE))
