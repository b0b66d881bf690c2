"""How many calls an hour each caller has: as the API counts them, in the process's memory."""

import threading
import time
from collections.abc import Callable

from ..api.errors import RateLimitExceeded
from ..api.objects import RateLimit

#: What the API allowed in an hour.
CALLS_AN_HOUR = 1000

#: So many callers are counted apart in one hour; all others after them share one count.
MAX_CALLERS = 50_000

_HOUR = 3600


class RateLimiter:
    """Counts calls by the hour of the clock. May be used from several threads.

    ``limit`` is the number of calls an hour, ``now`` gives the Unix time in seconds. What a caller
    is called is up to the one who counts.
    """

    def __init__(self, limit: int, now: Callable[[], float] = time.time) -> None:
        self._limit = limit
        self._now = now
        self._lock = threading.Lock()
        self._hour = 0
        self._counts: dict[str, int] = {}

    def count(self, caller: str) -> RateLimit:
        """One more call. Raises ``RateLimitExceeded``, with the rate limit, for one too many."""
        with self._lock:
            known = self._name(caller)
            calls = self._counts.get(known, 0)
            if calls < self._limit:
                self._counts[known] = calls + 1
            state = self._state(known)
        if calls >= self._limit:
            raise RateLimitExceeded(rate_limit=state)
        return state

    def look(self, caller: str) -> RateLimit:
        """Where the caller stands, without counting."""
        with self._lock:
            return self._state(self._name(caller))

    def _name(self, caller: str) -> str:
        hour = int(self._now() // _HOUR)
        if hour != self._hour:
            self._hour = hour
            self._counts.clear()
        if caller in self._counts or len(self._counts) < MAX_CALLERS:
            return caller
        return "others"

    def _state(self, caller: str) -> RateLimit:
        calls = self._counts.get(caller, 0)
        return RateLimit(self._limit, self._limit - calls, calls, (self._hour + 1) * _HOUR)
