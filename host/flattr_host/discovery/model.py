"""What goes into discovery and what comes out."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

#: Why something can be flattred; docs/discovery.md explains each.
FlattrableReason = Literal[
    "autosubmit", "thing", "profile", "payment", "button", "flattr_id", "registered", "site"
]

#: Why nothing can be flattred; docs/discovery.md explains each.
UnflattrableReason = Literal[
    "not_http",
    "malformed_url",
    "credentials",
    "too_long",
    "unknown_page",
    "part_of",
    "private_address",
    "unread_page",
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
Text = Annotated[str, Meta(max_length=4096)]

#: Why the person should be asked first; docs/discovery.md explains each.
Caution = Literal[
    "other_host", "other_owner", "several_payees", "several_things", "only_linked", "ask_first"
]


class Button(msgspec.Struct, frozen=True):
    """A Flattr button as it stands in the page: ``a.FlattrButton``.

    ``href`` is absolute; None means the page itself. ``rel`` is the attribute that begins with
    ``flattr;``, be it ``rel`` or ``rev``. ``data`` has the ``data-*`` attributes without ``data-``,
    ``text`` is what is written in the element.
    """

    href: Url | None = None
    rel: Text = ""
    title: Text = ""
    language: Text = ""
    text: Text = ""
    data: Annotated[dict[Text, Text], Meta(max_length=32)] = {}


class Hints(msgspec.Struct, frozen=True):
    """What a page says of itself. URLs are absolute, lists in document order.

    ``canonical`` is that of ``link rel=canonical``, else of ``og:url``. ``links`` are other links
    to auto-submit URLs, things and profiles of flattr.com; ``loader`` is the URL of the script
    ``load.js``, whose query has defaults for the buttons.
    """

    title: Text | None = None
    canonical: Url | None = None
    payment: Annotated[tuple[Url, ...], Meta(max_length=32)] = ()
    buttons: Annotated[tuple[Button, ...], Meta(max_length=32)] = ()
    flattr_ids: Annotated[tuple[Text, ...], Meta(max_length=32)] = ()
    links: Annotated[tuple[Url, ...], Meta(max_length=32)] = ()
    loader: Url | None = None


class Discovery(msgspec.Struct, frozen=True, gc=False):
    """What would be flattred for ``url``, and why; or why nothing.

    ``target`` is the URL of the thing, in canonical form. ``user_id``, ``fid``, ``title``,
    ``description``, ``language``, ``tags``, ``hidden``, ``category``, ``partner_owner`` (its
    ``owner=``) and ``revsharekey`` come from an auto-submit URL or a button; ``site``, ``kind``,
    ``owner``, ``name`` and ``id`` from a site rule: as the URL has them, unescaped, and in the one
    spelling that the rule makes of several. ``part_of`` is the thing that the page is only a part
    of; it is flattrable where ``self`` is not. ``caution`` is the word for why the person should be
    asked first, see :mod:`.explain`.
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
    caution: Caution | None = None
    part_of: "Discovery | None" = None
    partner_owner: str | None = None
    revsharekey: str | None = None


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
    part_of: "Line | None"
    site_label: str
    partner_owner: str | None
    revsharekey: str | None
