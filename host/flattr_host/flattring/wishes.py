"""What the outbox holds for us, read again. Loaded only where something has waited."""

from typing import TypeVar

import msgspec

from ..api.errors import FlattrError
from ..api.objects import Flattred
from ..discovery.model import Discovery, Hints
from ..outbox.entries import Entry
from .finding import Gesture

_T = TypeVar("_T")


class Unreadable(FlattrError):
    """An entry whose wish or answer is damaged."""

    code = "outbox_unavailable"


class Wish(msgspec.Struct, frozen=True):
    """What is to be flattred: ``chosen``, or what this gesture means once it can be found out."""

    url: str
    chosen: Discovery | None = None
    hints: Hints | None = None
    confirm: str | None = None
    link: bool = False

    def gesture(self, gesture_id: str) -> Gesture:
        """The gesture as it was made."""
        return Gesture(self.url, self.hints, self.confirm, self.link, gesture_id)


_wishes = msgspec.json.Decoder(Wish)  # worked out here, see settings.DEFAULTS
_answers = msgspec.json.Decoder(Flattred)


def wish_of(entry: Entry) -> Wish:
    """What ``entry`` is to flattr. Raises ``Unreadable``."""
    return _read(_wishes, entry.wish)


def answer_of(entry: Entry) -> Flattred:
    """What the backend answered to an entry that is settled. Raises ``Unreadable``."""
    return _read(_answers, entry.answer or b"")


def _read(decoder: msgspec.json.Decoder[_T], text: bytes) -> _T:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    raise Unreadable("What it says cannot be read; maybe a newer flattr-host wrote it.")
