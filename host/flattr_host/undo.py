"""Undo: the one moment at which something is either taken back or done for good."""

import threading
from collections.abc import Callable


class UndoGate:
    """The door between the grace period and the sending. It is passed or cancelled, never both."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._state = "open"
        self._when_cancelled: Callable[[], None] | None = None
        #: Whether nobody took it back, but whoever asked for it has gone.
        self.is_abandoned = False

    def when_cancelled(self, call: Callable[[], None]) -> None:
        """Has ``call`` called by whoever cancels it, or at once where that was before.

        For who waits for something else than the grace period meanwhile.
        """
        with self._changed:
            self._when_cancelled = call
            was_cancelled = self._state == "cancelled"
        if was_cancelled:
            call()

    @property
    def is_cancelled(self) -> bool:
        """Whether it was taken back."""
        return self._state == "cancelled"

    def outlasts(self, work: Callable[[], None]) -> bool:
        """Does ``work`` on a thread of its own; whether that ended before anybody cancelled.

        If not, this returns at once, and nobody waits for ``work`` any more.
        """
        has_ended = False

        def run() -> None:
            nonlocal has_ended
            try:
                work()
            finally:
                with self._changed:
                    has_ended = True
                    self._changed.notify_all()

        threading.Thread(target=run, daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: has_ended or self._state != "open")
            return self._state == "open"

    def pass_after(self, seconds: float) -> bool:
        """Waits out the grace period; whether the flattr may be sent."""
        with self._changed:
            self._changed.wait_for(lambda: self._state != "open", seconds)
            if self._state == "open":
                self._state = "passed"
            return self._state == "passed"

    def abandon(self) -> bool:
        """As ``cancel``, where nobody is there any more to take it back."""
        with self._changed:
            self.is_abandoned = self._state == "open"
        return self.cancel()

    def cancel(self) -> bool:
        """Takes the flattr back; whether it was still time."""
        with self._changed:
            is_first = self._state == "open"
            if is_first:
                self._state = "cancelled"
                self._changed.notify_all()
            call = self._when_cancelled if is_first else None
        if call:
            call()
        return self._state == "cancelled"
