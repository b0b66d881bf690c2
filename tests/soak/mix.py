"""What a host is asked, over and over, and what it has to answer."""

import random
import struct
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from flattr_host.browsers.process import Message
from tests.reliability.judging import flattr

#: The grace period of the homes, in seconds. Long enough for an undo, and in no latency.
UNDO_SECONDS = 0.3

_PAGE = {
    "title": "A page",
    "payment": [f"https://github.com/smgt/payment-{number}" for number in range(8)],
    "links": [f"https://flattr.com/thing/{number}" for number in range(32)],
    "flattr_ids": ["0123456789"],
}
_OTHERS: dict[str, Message] = {
    "hello": {"type": "hello", "protocol": [1, 1]},
    "discover": {"type": "discover", "url": "https://github.com/smgt/flattr"},
    "discover a page": {"type": "discover", "url": "https://a.example/page", "hints": _PAGE},
    "flattrs": {"type": "flattrs"},
    "outbox": {"type": "outbox"},
    "outbox_send": {"type": "outbox_send"},
}
_BAD_FRAMES = {b"": "empty_frame", b'{"id": ': "invalid_json", b'{"id": "\xff"}': "invalid_json"}

#: Each so often in a round, in an order of its own each time.
_ROUND = {
    "hello": 2, "discover": 2, "discover a page": 2, "new": 5, "again": 2, "undone": 2,
    "flattrs": 1, "outbox": 1, "outbox_send": 2, "bad": 1,
}  # fmt: skip


class Asked(NamedTuple):
    """A frame, and the end that it has to have: "done", or the error's code.

    ``id`` is None for what cannot have one. ``has_grace``: its grace period has to be over first.
    """

    frame: bytes
    id: str | None
    end: str
    has_grace: bool = False

    @property
    def is_undone(self) -> bool:
        """Whether the person takes it back in its grace period."""
        return self.end == "cancelled"


def frame(message: Message) -> bytes:
    """A message as a frame."""
    return _framed(msgspec.json.encode(message))


def _framed(payload: bytes) -> bytes:
    return struct.pack("=I", len(payload)) + payload


def thing(number: int) -> str:
    """The URL of a thing that is flattred once."""
    return f"https://github.com/smgt/soak-{number:06}"


def requests() -> Iterator[Asked]:
    """Without end. The URL of each ``new`` one is that of the next ``thing``, from 0."""
    chance = random.Random(6)  # noqa: S311 - the same order each time
    kinds = [kind for kind, often in _ROUND.items() for _ in range(often)]
    number = things = 0
    while True:
        chance.shuffle(kinds)
        for kind in kinds if things else ["new"]:
            yield _asked(kind, number, things, chance)
            number += 1
            things += kind == "new"


def _asked(kind: str, number: int, things: int, chance: random.Random) -> Asked:
    name = f"{kind} {number}"
    if kind == "bad":
        payload, code = chance.choice([*_BAD_FRAMES.items()])
        return Asked(_framed(payload), None, code)
    if kind == "new":
        return Asked(frame(flattr(thing(things), name)), name, "done", has_grace=True)
    if kind == "undone":
        return Asked(
            frame(flattr(f"https://github.com/smgt/no-{number:06}", name)), name, "cancelled"
        )
    if kind == "again":
        # Not the last ones, which may still be in their grace period.
        url = thing(chance.randrange(max(1, things - 20)))
        again = flattr(url, name) | {"gesture": f"again-{number:06}"}
        return Asked(frame(again), name, "flattr_once", has_grace=True)
    return Asked(frame({**_OTHERS[kind], "id": name}), name, "done")
