"""What the parts of a served ledger have in common."""

import asyncio
import ipaddress
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, ParamSpec, TypeVar
from urllib.parse import urlsplit

from aiohttp import web

from .. import log
from ..connections import Connections, Limits, network_of
from ..discovery.rules import Rules
from .accounts import Accounts
from .ledger import Ledger, Person
from .rate_limit import RateLimiter
from .rows import Addresses
from .store import Store

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: Below this path is the API.
API_ROOT = "/rest/v2"

#: Connections at once, of all and of one address; a proxy of ours has the address of all.
MAX_CONNECTIONS, _MAX_OF_ADDRESS = 512, 128

#: Seconds that a request's head may take to arrive, and an answer to be read.
_HEAD_SECONDS, _READING_SECONDS = 30.0, 120.0

#: So many wrong tokens, codes and secrets an hour are answered to an address, with any rate limit.
WRONG_SECRETS_AN_HOUR = 100

#: A host name or an address, and a port: no user name, nothing that parsers read differently.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

Lane = Literal["short", "write", "search"]

#: Threads for what is soon over, for writes (which take turns anyway, and may have to wait for
#: another process), and for searches, which look at everything that there is.
_LANES: dict[Lane, int] = {"short": 8, "write": 32, "search": 1}


class Service:
    """One ledger, served. ``base_url`` is where callers find it, with no slash at the end.

    ``rate_limit`` is the number of calls an hour, 0 for no limit. ``is_behind_proxy`` tells that
    the last address in ``X-Forwarded-For`` is the caller's, written by a proxy of ours.
    """

    def __init__(
        self, store: Store, base_url: str, *, rate_limit: int, is_behind_proxy: bool = False
    ) -> None:
        self.base_url = base_url
        self.addresses = Addresses(f"{base_url}{API_ROOT}", base_url)
        self._rules = Rules(server=base_url)
        self.accounts = Accounts(store)
        self.limiter = RateLimiter(rate_limit) if rate_limit else None
        self._wrong_secrets = RateLimiter(WRONG_SECRETS_AN_HOUR)
        of_address = MAX_CONNECTIONS if is_behind_proxy else _MAX_OF_ADDRESS
        self.connections = Connections(
            Limits(MAX_CONNECTIONS, of_address, _HEAD_SECONDS, _READING_SECONDS)
        )
        self._store = store
        self._host = urlsplit(base_url).hostname
        self._is_behind_proxy = is_behind_proxy
        self._lanes = {
            lane: ThreadPoolExecutor(size, f"ledger {lane}") for lane, size in _LANES.items()
        }

    @property
    def is_https(self) -> bool:
        """Whether callers come over TLS."""
        return self.base_url.startswith("https:")

    def ledger(self, person: Person | None) -> Ledger:
        """The ledger as that person's, or nobody's."""
        return Ledger(self._store, person, addresses=self.addresses, rules=self._rules)

    async def on_thread(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """``work(…)``, which may wait for the disk, without anybody else waiting for it."""
        return await self.in_lane("short", work, *args, **kwargs)

    async def in_lane(
        self, lane: Lane, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """As :meth:`on_thread`; what waits in one lane keeps nobody in another waiting."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._lanes[lane], lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Ends the threads, after what they are at, and closes the ledger."""
        for threads in self._lanes.values():
            threads.shutdown()
        self._store.close()

    def caller_address(self, request: web.Request) -> str:
        """The IP address that a request came from; an IPv6 network counts as one."""
        address = request.remote or ""
        if self._is_behind_proxy:
            forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
            address = forwarded.rpartition(",")[2].strip() or address
        return network_of(address)

    def count_wrong_secret(self, address: str) -> None:
        """One more token, code or secret that is none. Raises ``RateLimitExceeded``.

        What is right is taken from every address: 256 bits are not guessed, and a guesser keeps
        nobody out who shares the address.
        """
        if not self._wrong_secrets.count(address).remaining:
            log.write(f"{WRONG_SECRETS_AN_HOUR} wrong tokens, codes or secrets from {address}")

    def is_its_host(self, host: str) -> bool:
        """Whether a ``Host`` header names this server.

        An address does: what makes a browser call it by another *name* may be a page that got its
        own name to point here (DNS rebinding).
        """
        if not _HOST.fullmatch(host):
            return False
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in (self._host, "localhost"):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True
