"""The answers to ``discover``, ``flattr`` and the histories: the main job as messages."""

from collections.abc import Callable, Iterable, Iterator

import msgspec
from msgspec import Raw

from .. import flattring
from ..api.errors import FlattrError
from ..backend import Backend
from ..discovery.discovering import discover as discover_url
from ..discovery.explain import explanation, line, thing_title
from ..discovery.model import Discovery
from ..discovery.rules import Rules
from ..flattring import (
    Discovered,
    Gesture,
    Kept,
    Means,
    Reading,
    Settled,
    Step,
    UndoOffered,
    confirmation_of,
)
from ..undo import UndoGate
from .errors import kept_sentence
from .messages import (
    Answer,
    Discover,
    DiscoverDone,
    DiscoveryError,
    Error,
    FlattrDone,
    Flattrers,
    FlattrRequest,
    Flattrs,
    FlattrsDone,
    Id,
    KeptError,
    Offer,
    Status,
    flattr_json,
)

#: As many bytes of flattrs go into one frame; far below the limit, so that a page shows soon.
FLATTRS_BYTES = 131_072

#: As many bytes of offers go into an error, which is one frame; but always the first one.
OFFERS_BYTES = 524_288

_CHANGED = "What can be flattred here is no longer what you were asked about. Nothing was flattred."


def discover(request: Discover, rules: Rules) -> DiscoverDone:
    """What would be flattred, and why."""
    return DiscoverDone(request.id, line(discover_url(request.url, request.hints, rules)))


def flattr(
    request: FlattrRequest,
    send: Callable[[Answer], None],
    means: Means,
    gate: UndoGate,
    heed: Callable[[FlattrError], FlattrError],
) -> FlattrDone | Error:
    """One flattr, its statuses sent as they come. ``heed``: see ``Service.heed``."""
    gesture_id = request.gesture or flattring.new_id()
    gesture = Gesture(
        request.url, request.hints, request.confirm, request.link, gesture_id, request.ask
    )
    try:
        for step in flattring.flattr(gesture, means, gate):
            if isinstance(step, Settled):
                thing = step.answer.thing
                message = f"Flattred: {thing.title or thing.url}"
                return FlattrDone(request.id, message, line(step.discovery), thing)
            send(_status(request.id, step))
    except (flattring.NotFlattrable, flattring.ConfirmationRequired) as error:
        return _discovery_error(request.id, error)
    except Kept as kept:
        return _kept_error(request.id, kept, heed(kept.error))
    raise AssertionError("a flattr ends with Settled or an exception")


def _kept_error(request_id: Id, kept: Kept, error: FlattrError) -> KeptError:
    """What waits in the outbox because of ``error``."""
    from .outbox_answers import entry_of  # few flattrs wait

    message = kept_sentence(error.code, error.detail)
    entry = entry_of(kept.entry)
    return KeptError(request_id, error.code, message, error.detail, kept=entry)


def flattrs(
    request: Flattrs | Flattrers, send: Callable[[Answer], None], backend: Backend
) -> FlattrsDone:
    """One page of a history, in as many statuses as the size of a frame asks for."""
    count, number = request.count, request.page
    if isinstance(request, Flattrers):
        page = backend.thing_flattrs(request.thing, count, number)
    elif request.username:
        page = backend.user_flattrs(request.username, count, number)
    else:
        page = backend.flattrs(count, number)
    for some in by_size(map(flattr_json, page)):
        send(Status(request.id, "flattrs", flattrs=some))
    return FlattrsDone(request.id, len(page), len(page) == count)


def _discovery_error(
    request_id: Id, error: flattring.NotFlattrable | flattring.ConfirmationRequired
) -> DiscoveryError:
    found = line(error.discovery)
    why = (found.caution or _CHANGED) if found.flattrable else found.explanation
    message = " ".join(filter(None, (why, error.detail)))
    return DiscoveryError(
        request_id,
        error.code,
        message,
        error.detail,
        discovery=found,
        offers=_offers(error.offers),
    )


def _offers(found: Iterable[Discovery]) -> list[Offer]:
    """What may be chosen, best first; what a page names without end is cut off."""
    offers: list[Offer] = []
    size = 0
    for one in found:
        offer = Offer(confirmation_of(one), line(one))
        size += len(msgspec.json.encode(offer))
        if offers and size > OFFERS_BYTES:
            break
        offers.append(offer)
    return offers


def _status(request_id: Id, step: Step) -> Status:
    match step:
        case Reading():
            return Status(request_id, "reading", "Reading the page that the link leads to…")
        case Discovered(found):
            message = f"{thing_title(found)}. {explanation(found)}"
            return Status(request_id, "discovered", message, line(found))
        case UndoOffered(seconds):
            message = f"It will be flattred in {seconds:g} seconds, unless you undo it."
            return Status(request_id, "undo", message, seconds=seconds)
        case _:
            return Status(request_id, "sending", "Flattring…")


def by_size(objects: Iterable[Raw]) -> Iterator[list[Raw]]:
    """The objects in order, in lists that each fit into a frame."""
    some: list[Raw] = []
    size = 0
    for one in objects:
        length = len(bytes(one)) + 1
        if some and size + length > FLATTRS_BYTES:
            yield some
            some, size = [], 0
        some.append(one)
        size += length
    if some:
        yield some
