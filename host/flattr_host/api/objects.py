"""The API's objects, in the shapes that its pages document and its server emitted.

``resource`` (the object's address in the API) and ``link`` (its web page) are left out where a
backend has no address of its own, as the embedded ledger.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType


class MiniUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user as it stands inside other objects."""

    type: Literal["user"] = "user"
    resource: str | UnsetType = UNSET
    link: str | UnsetType = UNSET
    username: str


class MiniThing(msgspec.Struct, frozen=True, kw_only=True):
    """A thing as it stands in a flattr and in the answer to one.

    ``flattrs`` counts all flattrs of the thing, ``image`` is "" where there is none. ``owner`` is
    present in lists of flattrs only, and null where nobody knows whose the thing is.
    """

    type: Literal["thing"] = "thing"
    resource: str | UnsetType = UNSET
    link: str | UnsetType = UNSET
    id: int
    url: str
    title: str
    image: str = ""
    flattrs: int
    owner: MiniUser | UnsetType | None = UNSET


class Flattr(msgspec.Struct, frozen=True, kw_only=True):
    """One flattr: ``owner`` flattred ``thing`` at ``created_at`` (Unix time, seconds)."""

    type: Literal["flattr"] = "flattr"
    thing: MiniThing
    owner: MiniUser
    created_at: int


class Flattred(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to ``POST /flattr`` and ``POST /things/:id/flattr``."""

    message: Literal["ok"] = "ok"
    description: str = "Thing was successfully flattred"
    thing: MiniThing
