"""Who is signed in to the pages of a served ledger, and who tries to be. All in memory."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable

from .. import log

#: Somebody who is signed in is so for so many seconds.
SESSION_SECONDS = 12 * 3600

#: No more sessions, and no more failures to remember, than this; the oldest go first.
MAX_SESSIONS = 10_000
MAX_REMEMBERED = 50_000

#: So many wrong passwords for one name, and from one address, are nobody's business.
FREE_ATTEMPTS_OF_NAME = 5
FREE_ATTEMPTS_OF_ADDRESS = 20

#: The wait after them, in seconds: the first, doubled each time, and the longest.
FIRST_WAIT, LONGEST_WAIT = 15.0, 900.0


class Sessions:
    """The browsers that have a cookie of ours. ``now`` gives the Unix time in seconds."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._users: dict[str, tuple[str, float]] = {}

    def sign_in(self, username: str) -> str:
        """A new session's id; nobody could have known it before."""
        while len(self._users) >= MAX_SESSIONS:
            del self._users[next(iter(self._users))]
        session = self.new_id()
        self._users[session] = username, self._now() + SESSION_SECONDS
        return session

    def new_id(self) -> str:
        """The value of a cookie, which nobody but this server can make."""
        value = secrets.token_urlsafe(32)
        return f"{value}.{self._mac('id', value)}"

    def is_ours(self, session: str) -> bool:
        """Whether :meth:`new_id` made it; one that a caller chose is as if there were none."""
        value, _, mac = session.partition(".")
        return hmac.compare_digest(self._mac("id", value).encode(), mac.encode("utf-8", "replace"))

    def sign_out(self, session: str) -> None:
        """Ends a session."""
        self._users.pop(session, None)

    def username(self, session: str) -> str | None:
        """Who is signed in with that cookie."""
        username, until = self._users.get(session, (None, 0.0))
        return username if self._now() < until else None

    def form_token(self, session: str) -> str:
        """What a form has to carry to be one of ours, in the browser with that cookie.

        Also before anybody is signed in, so that no other page signs a person in as somebody else.
        """
        return self._mac("form", session)

    def is_our_form(self, session: str, token: str) -> bool:
        """Whether a form with that token came from a page for that cookie."""
        expected = self.form_token(session).encode()
        return bool(session) and hmac.compare_digest(expected, token.encode("utf-8", "replace"))

    def _mac(self, use: str, text: str) -> str:
        said = f"{use} {text}".encode("utf-8", "replace")
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()


class Attempts:
    """Bounds how often passwords are tried, for a name and from an address.

    ``now`` gives a time in seconds. For several threads.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failures: dict[str, tuple[int, float]] = {}

    def begin(self, username: str, address: str) -> float:
        """Counts an attempt as failed, until :meth:`succeeded`. Returns 0, or the seconds to wait.

        An attempt that has to wait is not made, and not counted.
        """
        free = _keys(username, address)
        now = self._now()
        with self._lock:
            wait = max(self._wait(key, attempts, now) for key, attempts in free.items())
            if wait <= 0:
                for key, most in free.items():
                    failures, _ = self._failures.pop(key, (0, now))
                    self._failures[key] = failures + 1, now
                    if failures + 1 == most:
                        # No name: somebody may have typed a password there.
                        whose = key.partition(" ")[0]
                        log.write(f"{most} wrong passwords of one {whose}, the last by {address}")
                while len(self._failures) > MAX_REMEMBERED:
                    del self._failures[next(iter(self._failures))]
        return max(wait, 0.0)

    def succeeded(self, username: str, address: str) -> None:
        """The attempt was no failure. Others from that address may have been, and stay counted."""
        of_name, of_address = _keys(username, address)
        with self._lock:
            self._failures.pop(of_name, None)
            failures, last = self._failures.get(of_address, (0, 0.0))
            if failures:
                self._failures[of_address] = failures - 1, last

    def _wait(self, key: str, free: int, now: float) -> float:
        failures, last = self._failures.get(key, (0, now))
        if failures < free:
            return 0.0
        if now - last > 2 * LONGEST_WAIT:
            del self._failures[key]
            return 0.0
        length: float = min(FIRST_WAIT * 2.0 ** min(failures - free, 30), LONGEST_WAIT)
        return last + length - now


def _keys(username: str, address: str) -> dict[str, int]:
    return {
        f"name {username.lower()}": FREE_ATTEMPTS_OF_NAME,
        f"address {address}": FREE_ATTEMPTS_OF_ADDRESS,
    }
