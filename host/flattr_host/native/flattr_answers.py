"""The answers to ``discover``, ``flattr`` and ``flattrs``: the main job as messages."""

from collections.abc import Callable, Iterable, Iterator

from msgspec import Raw

from .. import flattring, settings
from ..backend import Backend
from ..discovery.discovering import discover as discover_url
from ..discovery.explain import explanation, line, thing_title
from ..flattring import Discovered, Gesture, Settled, Step, UndoOffered
from ..undo import UndoGate
from .messages import (
    Answer,
    Discover,
    DiscoverDone,
    DiscoveryError,
    Error,
    FlattrDone,
    FlattrRequest,
    Flattrs,
    FlattrsDone,
    Id,
    Status,
    flattr_json,
)

#: As many bytes of flattrs go into one frame; far below the limit, so that a page shows soon.
FLATTRS_BYTES = 131_072


def discover(request: Discover) -> DiscoverDone:
    """What would be flattred, and why."""
    return DiscoverDone(request.id, line(discover_url(request.url, request.hints)))


def flattr(
    request: FlattrRequest,
    send: Callable[[Answer], None],
    open_backend: Callable[[], Backend],
    gate: UndoGate,
) -> FlattrDone | Error:
    """One flattr, its statuses sent as they come."""
    gesture = Gesture(request.url, request.hints, request.confirm)
    try:
        for step in flattring.flattr(gesture, open_backend, settings.load().undo_seconds, gate):
            if isinstance(step, Settled):
                thing = step.answer.thing
                message = f"Flattred: {thing.title or thing.url}"
                return FlattrDone(request.id, message, line(step.discovery), thing)
            send(_status(request.id, step))
    except flattring.NotFlattrable as error:
        found = line(error.discovery)
        return DiscoveryError(request.id, error.code, found.explanation, discovery=found)
    except flattring.ConfirmationRequired as error:
        found = line(error.discovery)
        return DiscoveryError(
            request.id, error.code, found.caution or "", discovery=found, confirm=error.confirm
        )
    raise AssertionError("a flattr ends with Settled or an exception")


def flattrs(request: Flattrs, send: Callable[[Answer], None], backend: Backend) -> FlattrsDone:
    """One page of the history, in as many statuses as the size of a frame asks for."""
    count, number = request.count, request.page
    if request.username:
        page = backend.user_flattrs(request.username, count, number)
    else:
        page = backend.flattrs(count, number)
    for some in _by_size(map(flattr_json, page)):
        send(Status(request.id, "flattrs", flattrs=some))
    return FlattrsDone(request.id, len(page), len(page) == count)


def _status(request_id: Id, step: Step) -> Status:
    match step:
        case Discovered(found):
            message = f"{thing_title(found)}. {explanation(found)}"
            return Status(request_id, "discovered", message, line(found))
        case UndoOffered(seconds):
            message = f"It will be flattred in {seconds:g} seconds, unless you undo it."
            return Status(request_id, "undo", message, seconds=seconds)
        case _:
            return Status(request_id, "sending", "Flattring…")


def _by_size(flattrs: Iterable[Raw]) -> Iterator[list[Raw]]:
    """The flattrs in order, in lists that each fit into a frame."""
    some: list[Raw] = []
    size = 0
    for flattr in flattrs:
        length = len(bytes(flattr)) + 1
        if some and size + length > FLATTRS_BYTES:
            yield some
            some, size = [], 0
        some.append(flattr)
        size += length
    if some:
        yield some
