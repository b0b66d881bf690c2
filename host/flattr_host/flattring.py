"""The main job: discover, let the person undo, flattr. A sequence of steps, as a generator.

Money rules (docs/architecture.md): nothing is sent while it can still be undone, what markup names
on another host is asked about first, and the last step is yielded only when the flattr is stored.
"""

from collections.abc import Callable, Iterator

import msgspec

from .api.errors import FlattrError
from .api.objects import Flattred
from .backend import Backend
from .discovery.discovering import discover, submission_url
from .discovery.model import Discovery, Hints
from .undo import UndoGate


class Gesture(msgspec.Struct, frozen=True):
    """What the person did: flattr ``url``.

    ``confirm`` is what they said yes to, if they were asked: ``ConfirmationRequired.confirm``.
    """

    url: str
    hints: Hints | None = None
    confirm: str | None = None


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


Step = Discovered | UndoOffered | Sending | Settled


class NotFlattrable(FlattrError):
    """Discovery found nothing; ``discovery`` says why."""

    code = "not_flattrable"

    def __init__(self, discovery: Discovery) -> None:
        super().__init__()
        self.discovery = discovery


class ConfirmationRequired(FlattrError):
    """The person has to be asked first; ``discovery`` has the caution.

    ``confirm`` stands for all that would be flattred, the owner too: a yes is to that alone.
    """

    code = "confirmation_required"

    def __init__(self, discovery: Discovery) -> None:
        super().__init__()
        self.discovery = discovery
        self.confirm = submission_url(discovery)


class Cancelled(FlattrError):
    """Taken back in time; nothing was sent."""

    code = "cancelled"


def flattr(
    gesture: Gesture, open_backend: Callable[[], Backend], undo_seconds: float, gate: UndoGate
) -> Iterator[Step]:
    """The steps of one flattr, each yielded when it has happened.

    The backend is opened only when something is to be flattred. Raises ``NotFlattrable``,
    ``ConfirmationRequired``, ``Cancelled`` and what the backend raises.
    """
    found = discover(gesture.url, gesture.hints)
    if not found.flattrable:
        raise NotFlattrable(found)
    if found.caution and gesture.confirm != submission_url(found):
        raise ConfirmationRequired(found)
    yield Discovered(found)
    backend = open_backend()  # now, so that trouble with it is told before the grace period
    if undo_seconds:
        yield UndoOffered(undo_seconds)
    if not gate.pass_after(undo_seconds):
        raise Cancelled
    yield Sending()
    yield Settled(backend.flattr(submission_url(found)), found)
