"""The main job: find out what is meant, let the person undo, flattr. Steps, as a generator.

Money rules (docs/architecture.md): nothing is sent while it can still be undone, what is doubtful
is asked about first, only what was offered is flattred after a question, what was asked for is
written down before it is sent, and the last step is yielded only when the flattr is stored.
"""

from collections.abc import Generator, Iterator
from contextlib import suppress

import msgspec

from ..api.errors import FlattrError
from ..api.objects import Flattred
from ..discovery.model import Discovery
from ..outbox.entries import PASSING, Entry
from ..outbox.errors import Interrupted, OutboxUnavailable
from ..undo import UndoGate
from .delivering import Kept, Told, deliver, written
from .finding import (
    Cancelled,
    ConfirmationRequired,
    Gesture,
    Means,
    NotFlattrable,
    Reading,
    confirmation_of,
    find,
    new_id,
)

__all__ = [
    "Cancelled",
    "ConfirmationRequired",
    "Discovered",
    "Gesture",
    "Kept",
    "Means",
    "NotFlattrable",
    "Reading",
    "Sending",
    "Settled",
    "Step",
    "UndoOffered",
    "confirmation_of",
    "flattr",
    "new_id",
]


class Discovered(msgspec.Struct, frozen=True):
    """This is what will be flattred, unless it is undone."""

    discovery: Discovery


class UndoOffered(msgspec.Struct, frozen=True):
    """The grace period begins, and lasts so many seconds."""

    seconds: float


class Sending(msgspec.Struct, frozen=True):
    """The grace period is over; from here on it cannot be taken back."""


class Settled(msgspec.Struct, frozen=True):
    """The backend has it. The last step."""

    answer: Flattred
    discovery: Discovery


Step = Reading | Discovered | UndoOffered | Sending | Settled


def flattr(gesture: Gesture, means: Means, gate: UndoGate) -> Iterator[Step]:
    """The steps of one flattr, each yielded when it has happened.

    Raises ``NotFlattrable``, ``ConfirmationRequired``, ``Cancelled``, ``Kept``, what the backend
    raises and ``OutboxUnavailable``.
    """
    chosen: Discovery | None = None
    try:
        chosen = yield from find(gesture, means, gate)
        yield Discovered(chosen)
        means.open_backend()  # now, so that trouble is told before the grace period
    except FlattrError as error:
        if not gate.pass_after(0):  # whoever took it back was told that it ends like this
            raise Cancelled from None
        if error.code in PASSING:
            raise _keep_for_later(gesture, chosen, means, error) from error
        raise
    entry = yield from _ask(gesture, chosen, means, gate)
    if entry.state != "settled":
        yield Sending()
        is_resumed = entry.gesture != gesture.id or entry.is_retry
        yield Settled(*deliver(entry, means, None if is_resumed else chosen))
        return
    from . import wishes  # the same gesture once more, which few are

    yield Settled(wishes.answer_of(entry), wishes.wish_of(entry).chosen or chosen)


def _ask(
    gesture: Gesture, chosen: Discovery, means: Means, gate: UndoGate
) -> Generator[Step, None, Entry]:
    """The entry in the outbox once the grace period is over: to be sent now, or settled already."""
    seconds = means.undo_seconds
    if not seconds and not gate.pass_after(0):
        raise Cancelled
    outbox = means.open_outbox()
    wish_key, wish = _written(gesture, chosen)
    entry, is_new = outbox.ask(gesture.id, means.recipient(), wish_key, wish, seconds)
    is_another_s = not is_new and entry.gesture != gesture.id
    if not seconds or not (is_new or is_another_s):
        return entry if is_new else _resumed(entry, means)
    yield UndoOffered(seconds)
    if gate.pass_after(seconds):
        return outbox.consent(entry) if is_new else _resumed(entry, means)
    if is_another_s:  # which waits on, as it did before this gesture
        raise Cancelled
    with suppress(OutboxUnavailable):  # it is not sent all the same
        if gate.is_abandoned:
            outbox.interrupt(entry)
        else:
            outbox.take_back(entry)
    raise Cancelled


def _resumed(entry: Entry, means: Means) -> Entry:
    """An entry of an earlier time, which this gesture means too."""
    outbox = means.open_outbox()
    if entry.state == "settled":
        return entry
    mine = entry.recipient == means.recipient()
    if mine and entry.state not in ("interrupted", "refused"):
        claimed = outbox.claim(entry.recipient, gesture=entry.gesture, due_only=False)
        if claimed:
            return claimed
        entry = outbox.find(entry.gesture) or entry
    if entry.state == "settled":
        return entry
    if entry.state in ("interrupted", "refused"):
        outbox.tell([entry.gesture])
        raise Interrupted if entry.state == "interrupted" else Told(entry.code, entry.detail)
    # Another browser has it in hand just now, or another account's it is.
    raise Kept(Told(entry.code or "answer_lost", entry.detail), entry)


def _keep_for_later(
    gesture: Gesture, chosen: Discovery | None, means: Means, error: FlattrError
) -> Exception:
    """What to raise for ``error``, which came before the person could be asked to undo."""
    wish_key, wish = _written(gesture, chosen)
    try:
        outbox, recipient = means.open_outbox(), means.recipient()
        pause = max(error.retry_after, means.undo_seconds)
        entry = outbox.keep_unsent(gesture.id, recipient, wish_key, wish, error, pause)
    except OutboxUnavailable:
        return error
    return Kept(error, entry)


def _written(gesture: Gesture, chosen: Discovery | None) -> tuple[str, bytes]:
    """What is to be flattred, for the outbox: a key that tells the same from the same, and all."""
    if chosen:
        return confirmation_of(chosen), written(gesture.url, chosen)
    wish = {name: getattr(gesture, name) for name in ("url", "hints", "confirm", "link")}
    return f"page {gesture.url} {gesture.confirm or ''}", msgspec.json.encode(wish)
