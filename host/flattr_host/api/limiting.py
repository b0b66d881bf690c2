"""Not hammering: when a server takes calls again after its rate limit was used up."""

import threading
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from .objects import RateLimit

#: Seconds for which no server can keep us from calling; the limit is one per hour.
MAX_PAUSE = 3600.0
#: Seconds of pause where the server does not say how long.
UNKNOWN_PAUSE = 60.0


class RateGate:
    """Closed until a server takes calls again. Shared by the threads that call that server."""

    def __init__(self) -> None:
        self._open_at = 0.0

    def seconds(self) -> float:
        """Until it opens; 0 if it is open."""
        return max(0.0, self._open_at - time.monotonic())

    def close_for(self, seconds: float) -> None:
        """Closes it, for at least a second."""
        self._open_at = time.monotonic() + min(max(seconds, 1.0), MAX_PAUSE)


_gates: dict[str, RateGate] = {}
_making = threading.Lock()


def gate_of(api_url: str) -> RateGate:
    """The one gate that this process has for ``api_url``."""
    with _making:
        return _gates.setdefault(api_url, RateGate())


def seconds_to_reset(limit: RateLimit | None, headers: Mapping[str, str]) -> float | None:
    """How long until there are calls again, as an answer's headers have it; None: they do not say.

    ``Retry-After`` first. A reset is a time of the server's clock, so it is measured against the
    answer's ``Date``: clocks differ. Negative for a reset that is over.
    """
    now = _unix_time(headers.get("Date", "")) or time.time()
    after = headers.get("Retry-After", "").strip()
    if after.isascii() and after.isdecimal():
        return float(after[:9])
    until = _unix_time(after) or (limit.reset if limit else None)
    return None if until is None else until - now


def in_words(seconds: float) -> str:
    """``seconds`` as a person would say it."""
    number, unit = (seconds, "second") if seconds < 90 else (seconds / 60, "minute")
    rounded = max(1, round(number))
    return f"{rounded} {unit}" if rounded == 1 else f"{rounded} {unit}s"


def _unix_time(http_date: str) -> float | None:
    try:
        return parsedate_to_datetime(http_date).timestamp()
    except (ValueError, OverflowError, IndexError):
        return None
