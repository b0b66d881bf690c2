"""One flattr that was asked for, and when it is tried.

    grace ──▶ sending ──▶ settled
      │        ▲   │ └──▶ refused
      ▼        │   ▼
    interrupted  pending

``grace``: it can still be undone. ``sending``: a process has it, until its lease is over.
``pending``: a try failed and there will be another. ``interrupted``: the grace period was cut off,
by the browser's end or worse; nothing was sent, and nothing will be.
"""

import time
from typing import Literal, NamedTuple

import msgspec

State = Literal["grace", "pending", "sending", "settled", "refused", "interrupted"]

#: For so many seconds a try has the entry to itself; longer than any one call of a server takes.
LEASE_SECONDS = 45.0

#: No lease is longer, in seconds; one that seems to be is of before the machine's last start.
LONGEST_LEASE = 90.0

#: The pause after the first try, in seconds; it doubles with each one, up to the longest.
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 3600.0

#: A pause is made longer or shorter by at most this part of it, so that many do not come at once.
JITTER = 0.2

#: Our clock and a server's may differ by so many seconds where months begin: a machine whose time
#: zone is wrong is off by up to fourteen hours, all the time.
CLOCK_SKEW = 86_400

#: Seconds for which an entry that has ended is kept, for a gesture that is sent again.
KEPT_AFTER_END = 86_400

#: Errors that pass by themselves.
PASSING = frozenset(
    (
        "server_unreachable",
        "answer_lost",
        "bad_answer",
        "server_error",
        "rate_limit_exceeded",
        "ledger_unavailable",
    )
)

#: Errors after which nothing is sent before the person has done something.
NEEDS_PERSON = frozenset(
    (
        "no_means",
        "unauthorized",
        "not_connected",
        "insufficient_scope",
        "invalid_scope",
        "token_unavailable",
    )
)


#: Errors after which the server may have the flattr all the same, and the person is told so.
MAY_HAVE_ARRIVED = frozenset(("answer_lost", "bad_answer", "server_error", "internal_error"))

#: Errors that say for sure that a try did not flattr: the next one is as good as a first one.
NEVER_ARRIVED = NEEDS_PERSON | {"server_unreachable", "rate_limit_exceeded"}


class Recipient(NamedTuple):
    """Who would be sent it, and as whom: ``server`` is the API's address, or "embedded"."""

    server: str
    username: str


class Entry(msgspec.Struct, frozen=True):
    """A row of the outbox. Times are Unix times in seconds, 0 where there is none.

    ``unsure_try`` is the number of the first try that may have arrived, and ``unsure_since`` when
    it was. ``lease_until`` is of the clock that nobody can set.
    """

    number: int
    gesture: str
    server: str
    username: str
    wish_key: str
    wish: bytes
    state: State
    asked_at: int
    tries: int
    unsure_try: int
    unsure_since: int
    next_try_at: int
    lease: str
    lease_until: float
    code: str
    detail: str
    answer: bytes | None
    is_news: bool

    @property
    def recipient(self) -> Recipient:
        """Whom it is for."""
        return Recipient(self.server, self.username)

    @property
    def is_retry(self) -> bool:
        """Whether an earlier try than the present one may have arrived."""
        return 0 < self.unsure_try < self.tries


def pause(tries: int, chance: float) -> float:
    """Seconds until the next try after so many; ``chance`` is from 0 to 1, at random."""
    whole = min(FIRST_PAUSE * (1 << min(max(tries, 1) - 1, 20)), LONGEST_PAUSE)
    return whole * (1 + JITTER * (2 * chance - 1))


def is_surely_same_month(first: int, now: float) -> bool:
    """Whether two Unix times are in one calendar month (UTC), on a clock a day off as well."""
    early, late = min(first, now) - CLOCK_SKEW, max(first, now) + CLOCK_SKEW
    return not was_set_back(first, now) and _month(early) == _month(late)


def was_set_back(first: int, now: float) -> bool:
    """Whether the clock was, between these Unix times: then the first one tells nothing."""
    return first > now + CLOCK_SKEW


def _month(unix_time: float) -> tuple[int, int]:
    at = time.gmtime(unix_time)
    return at.tm_year, at.tm_mon
