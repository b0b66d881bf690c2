"""The messages of protocol 1, as docs/protocol.md describes them."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ..api.objects import Flattr, Thing
from ..discovery.model import Hints, Line, Url
from ..outbox.entries import State

#: The lowest and the highest version of the conversation that this host speaks.
PROTOCOL = (1, 1)

_SAFE = 2**53 - 1  # JavaScript's Number.MAX_SAFE_INTEGER

#: The id of a gesture: one flattr, however often it is asked for.
GestureId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")]

Count = Annotated[int, Meta(ge=1, le=1000)]
Page = Annotated[int, Meta(ge=1, le=2**31)]

Id = Annotated[str, Meta(min_length=1, max_length=64)] | Annotated[int, Meta(ge=-_SAFE, le=_SAFE)]


class Request(msgspec.Struct, tag_field="type"):
    """What every request has. The subclasses' tags are the request types."""

    id: Id


class Hello(Request, tag="hello"):
    """The versions of the protocol that the extension speaks, and its own version."""

    protocol: tuple[int, int]
    extension: Annotated[str, Meta(max_length=64)] = ""


class Discover(Request, tag="discover"):
    """What would be flattred for this URL, and why?"""

    url: Url
    hints: Hints | None = None


class FlattrRequest(Request, tag="flattr"):
    """The person wants to flattr this URL; ``confirm``: which offer they said yes to.

    ``link``: it is a link that the person pointed at, not the page that they see, so that nobody
    read its page for hints. ``gesture``: the same is one flattr, however often it is sent. ``ask``:
    the person wants to be asked first, whatever there is to flattr.
    """

    url: Url
    hints: Hints | None = None
    confirm: Url | None = None
    link: bool = False
    gesture: GestureId | None = None
    ask: bool = False


class Cancel(Request, tag="cancel"):
    """Take that request back."""

    request: Id


class Flattrs(Request, tag="flattrs"):
    """The person's history, newest first; or that of ``username``, as far as others may see it."""

    count: Count = 30
    page: Page = 1
    username: Annotated[str, Meta(min_length=1, max_length=128)] | None = None


class Flattrers(Request, tag="flattrers"):
    """Who flattred that thing, newest first."""

    thing: Annotated[int, Meta(ge=1, le=_SAFE)]
    count: Count = 30
    page: Page = 1


class ImageRequest(Request, tag="image"):
    """The image of a thing, which the server says is at ``url``."""

    url: Annotated[str, Meta(min_length=1, max_length=2048)]


class SettingsRequest(Request, tag="settings"):
    """How the settings are that the extension's options show."""


class SettingsChange(msgspec.Struct, omit_defaults=True):
    """The settings that the extension's options can change; what is left out stays."""

    undo_seconds: int | float | msgspec.UnsetType = msgspec.UNSET
    read_links: bool | msgspec.UnsetType = msgspec.UNSET
    means: bool | msgspec.UnsetType = msgspec.UNSET
    own_usernames: Annotated[list[str], Meta(max_length=1000)] | msgspec.UnsetType = msgspec.UNSET


class ChangeSettings(Request, tag="change_settings"):
    """Write these settings; a wrong value changes nothing."""

    settings: SettingsChange


class AccountRequest(Request, tag="account"):
    """Which server is set, and who is connected there?"""


class Connect(Request, tag="connect"):
    """Use this server, and have the person sign in there; or use the embedded ledger."""

    api_url: Annotated[str, Meta(min_length=1, max_length=2048)]


class Disconnect(Request, tag="disconnect"):
    """Sign out."""


class OutboxRequest(Request, tag="outbox"):
    """What is in the outbox, newest first?"""

    count: Count = 100
    page: Page = 1


class OutboxSend(Request, tag="outbox_send"):
    """Send what is due, or with ``now`` all that waits; or that of ``gesture``, due or not."""

    gesture: GestureId | None = None
    now: bool = False


class OutboxTold(Request, tag="outbox_told"):
    """The person has seen how these ended: they are no news any more."""

    gestures: Annotated[list[GestureId], Meta(max_length=1000)]


class OutboxRemove(Request, tag="outbox_remove"):
    """Do not send that of ``gesture``; or, where it has ended, forget it."""

    gesture: GestureId


AnyRequest = (
    Hello
    | Discover
    | FlattrRequest
    | Cancel
    | Flattrs
    | Flattrers
    | ImageRequest
    | SettingsRequest
    | ChangeSettings
    | AccountRequest
    | Connect
    | Disconnect
    | OutboxRequest
    | OutboxSend
    | OutboxTold
    | OutboxRemove
)

#: The request types, as ``hello`` tells them to the extension.
FEATURES = (
    "hello",
    "discover",
    "flattr",
    "cancel",
    "flattrs",
    "flattrers",
    "image",
    "settings",
    "change_settings",
    "account",
    "connect",
    "disconnect",
    "outbox",
    "outbox_send",
    "outbox_told",
    "outbox_remove",
)


class Status(msgspec.Struct, tag_field="type", tag="status", omit_defaults=True):
    """Something happened on the way to the answer; which fields there are depends on ``state``."""

    id: Id
    state: Literal[
        "reading", "discovered", "undo", "sending", "waiting", "flattrs", "authorize", "outbox"
    ]
    message: str | None = None
    discovery: Line | None = None
    seconds: float | None = None
    flattrs: list[msgspec.Raw] | None = None
    url: str | None = None
    entries: list[msgspec.Raw] | None = None


class Error(msgspec.Struct, tag_field="type", tag="error", omit_defaults=True):
    """The request ended without having done what was asked.

    ``message`` is the code's sentence and then ``detail``, which is what only this case has.
    """

    id: Id | None
    code: str
    message: str
    detail: str = ""


class ProtocolError(Error, tag_field="type", tag="error", kw_only=True):
    """There is no version in common; the extension can tell from it which of the two is older."""

    protocol: tuple[int, int]
    host_version: str


class Offer(msgspec.Struct):
    """Something that the person may choose; ``confirm`` is for a request that says yes to it."""

    confirm: str
    discovery: Line


class DiscoveryError(Error, tag_field="type", tag="error", kw_only=True):
    """An error about what discovery found; ``offers``: what a yes would flattr, best first."""

    discovery: Line
    offers: list[Offer] = []


class OutboxEntry(msgspec.Struct):
    """A flattr in the outbox, for the person.

    ``url`` is what they pressed on; ``discovery`` is null where what that means has yet to be found
    out. ``server`` is "" for the ledger on this computer. Times are Unix times in seconds.
    """

    gesture: str
    state: State
    url: str
    title: str
    target: str | None
    discovery: Line | None
    server: str
    username: str
    asked_at: int
    tries: int
    next_try_at: int | None
    code: str | None
    message: str
    is_news: bool


class KeptError(Error, tag_field="type", tag="error", kw_only=True):
    """A flattr that was not made, and that the outbox will send later."""

    kept: OutboxEntry


class Done(msgspec.Struct, tag_field="type", tag="done"):
    """The request did what was asked."""

    id: Id


class HelloDone(Done, tag_field="type", tag="done"):
    """Which version both will speak, and what this host can do."""

    protocol: int
    host_version: str
    features: tuple[str, ...] = FEATURES


class DiscoverDone(Done, tag_field="type", tag="done"):
    """What would be flattred, and why; or why nothing."""

    discovery: Line


class FlattrDone(Done, tag_field="type", tag="done"):
    """The flattr is stored."""

    message: str
    discovery: Line
    thing: Thing


class CancelDone(Done, tag_field="type", tag="done"):
    """Whether it was still time."""

    cancelled: bool


class FlattrsDone(Done, tag_field="type", tag="done"):
    """How many flattrs there were in this page, and whether there is a next page."""

    count: int
    more: bool


class ImageDone(Done, tag_field="type", tag="done"):
    """The image, as a ``data:`` URL."""

    image: str


class SettingsDone(Done, tag_field="type", tag="done"):
    """The settings as they are now."""

    undo_seconds: float
    read_links: bool
    means: bool
    own_usernames: tuple[str, ...]


class AccountDone(Done, tag_field="type", tag="done"):
    """The server, or "embedded"; the user connected there, and where their token lies."""

    api_url: str
    username: str | None
    token_place: Literal["keyring", "file"] | None


class OutboxDone(Done, tag_field="type", tag="done"):
    """How many entries there were, and whether there is a next page.

    ``waiting``: how many are not sent yet; ``news``: how many have ended and nobody was told.
    """

    count: int
    more: bool
    waiting: int
    news: int


class OutboxSendDone(Done, tag_field="type", tag="done", omit_defaults=True):
    """How many were sent, and how many still wait; ``code`` and ``message``: why it stopped."""

    sent: int
    waiting: int
    news: int
    code: str = ""
    message: str = ""


class OutboxToldDone(Done, tag_field="type", tag="done"):
    """How many have still ended without the person being told."""

    news: int


class OutboxRemoveDone(Done, tag_field="type", tag="done"):
    """Whether there was one that was not being sent."""

    removed: bool


Answer = Status | Done | Error


class _Envelope(msgspec.Struct):
    """As much of a request as its error needs; not taken apart, since that could be anything."""

    id: msgspec.Raw = msgspec.Raw(b"null")
    type: msgspec.Raw = msgspec.Raw(b"null")


#: No request has so many; each is made before it is seen that they are too many for their list.
_MOST_OBJECTS = 10_000

_requests: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)
_envelope = msgspec.json.Decoder(_Envelope)


class BadRequest(Exception):
    """A payload that is no request: the error's ``code``, and the ``id`` where it can be read."""

    def __init__(self, code: str, request_id: Id | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.id = request_id


def decode_request(payload: bytes) -> AnyRequest:
    """The request in a frame. Raises ``BadRequest``."""
    try:
        if payload.count(b"{") <= _MOST_OBJECTS:
            return _requests.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        head = _envelope.decode(payload)
    except msgspec.ValidationError:
        raise BadRequest("invalid_request") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest("invalid_json") from None
    request_id, kind = _short(head.id), _short(head.type)
    known_id = request_id if _is_id(request_id) else None
    unknown = isinstance(kind, str) and kind not in FEATURES
    raise BadRequest(
        "unknown_type" if unknown and known_id is not None else "invalid_request", known_id
    )


def _short(raw: msgspec.Raw) -> Any:
    """The value; None for what is longer than any id or type, each letter escaped."""
    text = bytes(raw)
    try:
        return msgspec.json.decode(text) if len(text) <= 2 + 64 * 12 else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadRequest("invalid_json") from None


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return 1 <= len(value) <= 64
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _SAFE


def flattr_json(flattr: Flattr) -> msgspec.Raw:
    """A flattr as JSON, so that its size can be counted before it is sent."""
    return msgspec.Raw(msgspec.json.encode(flattr))
