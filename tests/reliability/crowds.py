"""Many requests of one host at once, as many as it takes."""

from collections.abc import Iterable, Iterator
from itertools import islice

from flattr_host.browsers.process import HostProcess, Message
from tests.reliability.homes import TIMEOUT


def ends(host: HostProcess, requests: Iterable[Message], at_once: int) -> Iterator[Message]:
    """The final answer to each request, as they come; ``at_once`` are under way."""
    waiting = iter(requests)
    under_way = 0
    while True:
        for request in islice(waiting, at_once - under_way):
            host.send(request)
            under_way += 1
        if not under_way:
            return
        message = host.receive(TIMEOUT)
        if message["type"] != "status":
            under_way -= 1
            yield message
