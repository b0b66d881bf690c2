"""Sending what waits in the outbox, oldest first: several at once where the backend takes them."""

from collections.abc import Generator

from ..api.errors import FlattrError, FlattrOnce, NotFound, RateLimitExceeded, Unreachable
from ..api.objects import Flattred
from ..backend import BULK
from ..discovery.discovering import submission_url
from ..outbox.entries import NEEDS_PERSON, PASSING, Entry
from ..outbox.errors import LeaseLost
from ..outbox.outbox import Outbox
from .delivering import (
    Kept,
    Told,
    chosen_of,
    deliver,
    known_of,
    note_failure,
    number_of,
    settle,
)
from .finding import Means

#: After so many tries in a row that met with trouble, the others are left for another time.
MAX_TROUBLES = 3


def send_waiting(
    means: Means, *, gesture: str | None = None, due_only: bool = True
) -> Generator[Entry, None, FlattrError | None]:
    """Tries what waits for this recipient, and yields each entry as it is then.

    Returns why it stopped before the end: what the person has to mend, a server that cannot be
    reached or takes no more, or trouble several times in a row. ``gesture``: that one alone.
    """
    outbox, recipient = means.open_outbox(), means.recipient()
    held = outbox.held_by(recipient) if due_only else None
    if held:
        # One of them goes ahead, when its time has come, to see whether it is mended.
        probe = outbox.claim(recipient, gesture=held.gesture, due_only=True)
        error = _alone(probe, means) if probe else Told(held.code, held.detail)
        if probe:
            yield outbox.find(probe.gesture) or probe
        if error:
            return error
    last, troubles, most = 0, 0, BULK
    while batch := outbox.claim_several(recipient, last, most, gesture, due_only=due_only):
        errors = _together(batch, means) if len(batch) > 1 else [_alone(batch[0], means)]
        if errors is None:
            most = 1
            continue
        last = batch[-1].number
        for entry, error in zip(batch, errors, strict=True):
            troubles = troubles + 1 if error else 0
            yield outbox.find(entry.gesture) or entry
        stopped = next(filter(_stops_all, errors), None)
        if stopped or troubles >= MAX_TROUBLES:
            return stopped or errors[-1]
    return None


def _stops_all(error: FlattrError | None) -> bool:
    """Whether the next entry would meet with the same."""
    is_for_all = isinstance(error, RateLimitExceeded | Unreachable)
    return is_for_all or (error is not None and error.code in NEEDS_PERSON)


def _alone(entry: Entry, means: Means) -> FlattrError | None:
    """What keeps the entry waiting; None where it has ended."""
    try:
        deliver(entry, means, is_news=True)
    except Kept as kept:
        return kept.error
    except FlattrError:  # refused, as the outbox has it now
        pass
    return None


def _together(batch: list[Entry], means: Means) -> list[FlattrError | None] | None:
    """The same for several; None where they have to be sent one at a time, and are released."""
    outbox = means.open_outbox()
    try:
        chosen = [chosen_of(entry, means) for entry in batch]
        by_number = any(number_of(one, means.rules) is not None for one in chosen)
        for entry in batch:
            outbox.renew(entry)
    except (FlattrError, LeaseLost):  # one that cannot be read, or is somebody else's now
        by_number = True
    if by_number:
        _release(batch, outbox, was_tried=False)
        return None
    outcomes: list[Flattred | FlattrError]
    try:
        outcomes = means.open_backend().flattr_bulk(list(map(submission_url, chosen)))
    except NotFound:  # no such call
        _release(batch, outbox, was_tried=False)
        return None
    except FlattrError as error:
        if error.code not in PASSING and error.code not in NEEDS_PERSON:
            _release(batch, outbox, was_tried=True)  # as a whole; each may be right
            return None
        outcomes = [error for _ in batch]
    known = map(known_of, chosen)
    return [_after(*one, outbox) for one in zip(batch, outcomes, known, strict=True)]


def _release(batch: list[Entry], outbox: Outbox, *, was_tried: bool) -> None:
    for entry in batch:
        outbox.release(entry, was_tried=was_tried)


def _after(
    entry: Entry, outcome: Flattred | FlattrError, known: Flattred, outbox: Outbox
) -> FlattrError | None:
    if isinstance(outcome, FlattrOnce) and entry.is_retry:
        outcome = known  # an earlier try did arrive; to ask for the whole thing took a call each
    if isinstance(outcome, Flattred):
        settle(entry, outcome, outbox)
        return None
    left = note_failure(entry, outcome, outbox, is_news=True)
    return left.error if isinstance(left, Kept) else None
