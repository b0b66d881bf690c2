"""What a server answered to ``things/lookup``, remembered for a while."""

import threading
import time
from collections.abc import Callable

from ..account.record import Account
from ..api.objects import Lookup

#: For so many seconds a thing that was found is not asked for again, and what was not found.
FOUND_SECONDS = 24 * 60 * 60.0
MISSED_SECONDS = 10 * 60.0

#: So many answers are remembered; the oldest go first.
MAX_ANSWERS = 256


class Lookups:
    """The answers to one account, in memory alone: on a disk they would tell the pages visited.

    ``now`` gives seconds that never go back. May be used from several threads.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._account: Account | None = None
        self._answers: dict[str, tuple[float, Lookup]] = {}

    def ask(
        self,
        account: Account,
        lookup: Callable[[str], Lookup],
        url: str,
        *,
        anew: bool = False,
    ) -> Lookup:
        """The remembered answer for ``url``, else ``lookup``'s, whose errors are not remembered.

        ``anew``: nothing remembered will do.
        """
        with self._lock:
            if account != self._account:
                self._account, self._answers = account, {}
            answers = self._answers
            until, remembered = answers.get(url, (0.0, None))
        if remembered and self._now() < until and not anew:
            return remembered
        answer = lookup(url)
        seconds = FOUND_SECONDS if answer.thing else MISSED_SECONDS
        with self._lock:  # ``answers`` is nobody's any more if another account came meanwhile
            answers.pop(url, None)
            answers[url] = self._now() + seconds, answer
            if len(answers) > MAX_ANSWERS:
                del answers[next(iter(answers))]
        return answer
