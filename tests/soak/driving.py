"""Asks one host at a steady rate, and takes the time of its answers."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

from flattr_host.browsers.process import HostError, HostProcess, Message
from tests.soak.mix import UNDO_SECONDS, Asked, frame, requests

#: A host that has so many requests under way gets no more until it has answered some.
_MOST = 30
#: For the next word of a host that has something to say, in seconds.
_PATIENCE = 60.0


class Driver:
    """The browser of one host. ``wrong`` has what was not answered as it should be.

    ``things``: so many were asked for that nobody had flattred before, and not taken back.
    """

    def __init__(self, host: HostProcess, per_second: float) -> None:
        self.host = host
        self.ends: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.things = 0
        self._pause = 1 / per_second
        self._is_over = threading.Event()
        self._writing = threading.Lock()
        self._changed = threading.Condition()
        self._under_way: dict[str, tuple[Asked, float]] = {}
        self._nameless: deque[tuple[Asked, float]] = deque()
        self._latencies: list[float] = []
        self._threads = [
            threading.Thread(target=run, daemon=True) for run in (self._ask, self._hear)
        ]

    def start(self) -> None:
        """Asks, until ``stop``."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Asks no more, hears what is still to come, and ends the host."""
        self._is_over.set()
        for thread in self._threads:
            thread.join(2 * _PATIENCE)
        self.wrong += [f"no end of {name!r}" for name in self._under_way]
        code = self.host.close()
        if code:
            self.wrong.append(f"exit code {code}")

    def latencies(self) -> list[float]:
        """The seconds of all answers since the last call, without grace periods."""
        with self._changed:
            taken, self._latencies = self._latencies, []
        return taken

    def _ask(self) -> None:
        due = time.monotonic()
        asking: Iterator[Asked] = requests()
        while not self._is_over.wait(max(0.0, due - time.monotonic())):
            with self._changed:
                self._changed.wait_for(lambda: self._count() < _MOST, _PATIENCE)
            self._send(next(asking))
            due = max(due + self._pause, time.monotonic() - 1.0)  # a stall is not made up for

    def _send(self, asked: Asked) -> None:
        with self._writing:
            with self._changed:
                sent = asked, time.monotonic()
                if asked.id is None:
                    self._nameless.append(sent)
                else:
                    self._under_way[asked.id] = sent
                    self.things += asked.id.startswith("new ")
            try:
                self.host.send_raw(asked.frame)
            except HostError as error:
                self.wrong.append(str(error))
                self._is_over.set()

    def _hear(self) -> None:
        while self._count() or not self._is_over.is_set():
            try:
                self._heard(self.host.receive(_PATIENCE if self._count() else 1.0))
            except HostError as error:
                if self._count():
                    self.wrong.append(str(error))
                    self._is_over.set()
                    return

    def _heard(self, message: Message) -> None:
        if message["type"] == "status":
            if message["state"] == "undo":
                self._undo(message["id"])
            return
        with self._changed:
            name: Any = message["id"]
            asked, since = self._nameless.popleft() if name is None else self._under_way.pop(name)
            grace = UNDO_SECONDS if asked.has_grace else 0.0
            self._latencies.append(time.monotonic() - since - grace)
            self._changed.notify()
        end = str(message.get("code", message["type"]))
        self.ends[end] += 1
        if end != asked.end or message.get("cancelled") is False:
            self.wrong.append(f"{asked.id!r} ended as {end}, not as {asked.end}: {message}")

    def _undo(self, name: str) -> None:
        """Takes a flattr back; from here on the time of its end is taken."""
        asked, _ = self._under_way[name]
        if asked.is_undone:
            self._under_way[name] = asked, time.monotonic()
            undo = {"id": f"undo {name}", "type": "cancel", "request": name}
            self._send(Asked(frame(undo), str(undo["id"]), "done"))

    def _count(self) -> int:
        return len(self._under_way) + len(self._nameless)
