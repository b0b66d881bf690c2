"""Undo: the one moment at which a flattr is either taken back or sent."""

import threading


class UndoGate:
    """The door between the grace period and the sending. It is passed or cancelled, never both."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._state = "open"

    def pass_after(self, seconds: float) -> bool:
        """Waits out the grace period; whether the flattr may be sent."""
        with self._changed:
            self._changed.wait_for(lambda: self._state != "open", seconds)
            if self._state == "open":
                self._state = "passed"
            return self._state == "passed"

    def cancel(self) -> bool:
        """Takes the flattr back; whether it was still time."""
        with self._changed:
            if self._state == "open":
                self._state = "cancelled"
                self._changed.notify_all()
            return self._state == "cancelled"
