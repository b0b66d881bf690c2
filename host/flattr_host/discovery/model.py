"""What goes into discovery and what comes out."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

#: Why something can be flattred; docs/discovery.md explains each.
FlattrableReason = Literal["autosubmit", "thing", "profile", "site", "payment"]

#: Why nothing can be flattred; docs/discovery.md explains each.
UnflattrableReason = Literal[
    "not_http",
    "malformed_url",
    "credentials",
    "too_long",
    "unknown_page",
    "no_target",
    "bad_target",
    "no_owner",
    "bad_owner",
]

#: Longer URLs than this (characters) are never looked at.
MAX_URL = 8192

#: No thing has a longer address than this (bytes), so that an auto-submit URL of it fits.
MAX_TARGET = 2000

Url = Annotated[str, Meta(max_length=65536)]


class Hints(msgspec.Struct, frozen=True):
    """What a page says of itself. URLs are absolute, in document order."""

    title: Annotated[str, Meta(max_length=4096)] | None = None
    canonical: Url | None = None
    payment: Annotated[tuple[Url, ...], Meta(max_length=32)] = ()


class Discovery(msgspec.Struct, frozen=True):
    """What would be flattred for ``url``, and why; or why nothing.

    ``target`` is the URL of the thing, in canonical form. ``user_id``, ``fid``, ``title``,
    ``description``, ``language``, ``tags``, ``hidden`` and ``category`` come from an auto-submit
    URL; ``site``, ``kind``, ``owner``, ``name`` and ``id`` from a site rule, as the URL has them.
    ``caution`` is the word for why the person should be asked first, see :mod:`.explain`.
    """

    url: str
    flattrable: bool
    reason: FlattrableReason | UnflattrableReason
    target: str | None = None
    user_id: str | None = None
    title: str | None = None
    description: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    hidden: bool = False
    category: str | None = None
    fid: str | None = None
    thing_id: int | None = None
    site: str | None = None
    kind: str | None = None
    owner: str | None = None
    name: str | None = None
    id: str | None = None
    caution: Literal["other_host", "other_owner", "several_payees"] | None = None


class Line(msgspec.Struct, frozen=True):
    """A discovery as it is written out: the fields that docs/protocol.md and ``--json`` fix."""

    url: str
    flattrable: bool
    reason: str
    explanation: str
    target: str | None
    user_id: str | None
    title: str | None
    description: str | None
    language: str | None
    tags: tuple[str, ...]
    hidden: bool
    category: str | None
    fid: str | None
    thing_id: int | None
    site: str | None
    kind: str | None
    owner: str | None
    name: str | None
    id: str | None
    caution: str | None
    caution_reason: str | None
    part_of: None = None
