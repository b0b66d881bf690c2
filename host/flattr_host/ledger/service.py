"""What the parts of a served ledger have in common."""

import asyncio
import ipaddress
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, ParamSpec, TypeVar
from urllib.parse import urlsplit

from aiohttp import web

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
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return "unknown"
        if parsed.version == 6:
            return str(ipaddress.ip_network((parsed, 64), strict=False))
        return str(parsed)

    def is_its_host(self, host: str) -> bool:
        """Whether a ``Host`` header names this server.

        An address does: what makes a browser call it by another *name* may be a page that got its
        own name to point here (DNS rebinding).
        """
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
