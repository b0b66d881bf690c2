"""The steps of a flattr, without a browser and without a disk."""

import threading
import time
from typing import cast

import pytest

from flattr_host.api.objects import Flattred, Thing
from flattr_host.backend import Backend
from flattr_host.flattring import (
    Cancelled,
    Discovered,
    Gesture,
    NotFlattrable,
    Sending,
    Settled,
    UndoOffered,
    flattr,
)
from flattr_host.undo import UndoGate

GESTURE = Gesture("https://github.com/smgt/flattr")


class Notes:
    """A backend that writes down what it was asked to flattr."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    def flattr(self, url: str) -> Flattred:
        self.urls.append(url)
        return Flattred(thing=Thing(id=1, url=url, title="T", flattrs=1))

    def open(self) -> Backend:
        return cast("Backend", self)  # a flattr is all that is asked for here


def test_the_steps_in_their_order() -> None:
    notes = Notes()
    steps = flattr(GESTURE, notes.open, 0.01, UndoGate())
    kinds = []
    for step in steps:
        kinds.append(type(step))
        assert notes.urls == ([] if len(kinds) < 4 else [GESTURE.url])
    assert kinds == [Discovered, UndoOffered, Sending, Settled]


def test_an_undo_before_the_grace_period_counts() -> None:
    notes, gate = Notes(), UndoGate()
    assert gate.cancel()
    with pytest.raises(Cancelled):
        list(flattr(GESTURE, notes.open, 0, gate))
    assert notes.urls == []


def test_an_undo_within_the_grace_period_ends_it_at_once() -> None:
    gate = UndoGate()
    threading.Timer(0.05, gate.cancel).start()
    begun = time.monotonic()
    assert not gate.pass_after(10)
    assert time.monotonic() - begun < 5


def test_who_waits_for_something_else_is_called() -> None:
    calls: list[str] = []
    gate = UndoGate()
    gate.when_cancelled(lambda: calls.append("waiting"))
    assert gate.cancel()
    assert gate.cancel()
    gate.when_cancelled(lambda: calls.append("late"))
    assert calls == ["waiting", "late"]
    passed = UndoGate()
    passed.when_cancelled(lambda: calls.append("never"))
    assert passed.pass_after(0)
    assert not passed.cancel()
    assert len(calls) == 2


class Cancelling(threading.Thread):
    def __init__(self, gate: UndoGate) -> None:
        super().__init__()
        self.gate = gate

    def run(self) -> None:
        self.cancelled = self.gate.cancel()


def test_the_gate_is_passed_or_cancelled_never_both() -> None:
    for _ in range(200):
        gate = UndoGate()
        cancelling = Cancelling(gate)
        cancelling.start()
        passed = gate.pass_after(0)
        cancelling.join()
        assert cancelling.cancelled == (not passed)


def test_nothing_flattrable_opens_no_backend() -> None:
    def unreachable() -> Backend:
        raise AssertionError

    with pytest.raises(NotFlattrable) as caught:
        list(flattr(Gesture("https://example.org/"), unreachable, 0, UndoGate()))
    assert caught.value.discovery.reason == "unknown_page"
