"""The API's objects, in the shapes that its pages document and its server emitted.

:func:`read` accepts what servers really send; written, they have the documented form. A field that
is ``UNSET`` is left out: *mini* objects have the first few fields only, and the embedded ledger has
no ``resource`` (an object's address in the API) and no ``link`` (its web page). Times are Unix
times in seconds. Texts come from strangers: show them as text, never as markup.
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

_T = TypeVar("_T")

#: How many objects a page of a list has where nothing else is asked for.
COUNT = 30

#: Bounded, so that what a server says can be stored by SQLite, and shown as a date of a calendar.
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Time = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user. The first four fields are a mini user, as it stands inside other objects.

    Texts are "" where there is none. ``email`` takes the scope ``email``, ``registered_at`` the
    scope ``extendedread``.
    """

    type: Literal["user"] = "user"
    resource: str | UnsetType = UNSET
    link: str | UnsetType = UNSET
    username: str
    url: str | UnsetType = UNSET
    firstname: str | UnsetType = UNSET
    lastname: str | UnsetType = UNSET
    avatar: str | UnsetType = UNSET
    about: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    registered_at: Time | UnsetType = UNSET


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """A thing. The fields up to ``flattrs`` are a mini thing, with ``owner`` in lists of flattrs.

    ``image`` is "" where there is none, ``flattrs`` counts all flattrs, ``flattrs_user_count`` who
    made them. ``owner`` is null where nobody knows whose the thing is. ``flattred`` and
    ``subscribed`` (is it, by the token's user?) are there where the call had a token;
    ``last_flattr_at`` and ``updated_at`` (0: never) where that user is the owner.
    """

    type: Literal["thing"] = "thing"
    resource: str | UnsetType = UNSET
    link: str | UnsetType = UNSET
    id: Number
    url: str
    title: str = ""
    image: str = ""
    flattrs: Number | UnsetType = UNSET
    owner: User | UnsetType | None = UNSET
    flattrs_user_count: Number | UnsetType = UNSET
    description: str | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    language: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    created_at: Time | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET
    flattred: bool | UnsetType = UNSET
    subscribed: bool | UnsetType = UNSET
    last_flattr_at: Time | UnsetType = UNSET
    updated_at: Time | UnsetType = UNSET


class Flattr(msgspec.Struct, frozen=True, kw_only=True):
    """One flattr: ``owner`` flattred ``thing`` at ``created_at``. Both are mini by default."""

    type: Literal["flattr"] = "flattr"
    thing: Thing
    owner: User
    created_at: Time


class Flattred(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to ``POST /flattr`` and ``POST /things/:id/flattr``; no owner in its thing."""

    message: Literal["ok"] = "ok"
    description: str = "Thing was successfully flattred"
    thing: Thing


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """What ``GET /things/lookup`` told, whichever shape it came in.

    ``found``: ``thing`` is it. ``flattrable``: not registered, but flattring it would register it.
    """

    message: Literal["found", "flattrable", "not_found"]
    thing: Thing | None = None


class ThingDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What ``POST /things`` creates a thing from; ``tags`` by commas on the wire."""

    url: str
    title: str = ""
    description: str = ""
    category: str = "rest"
    language: str = "en_GB"
    tags: tuple[str, ...] = ()
    hidden: bool = False


class ThingChange(msgspec.Struct, frozen=True, kw_only=True):
    """What ``PATCH /things/:id`` changes; what is ``UNSET`` stays."""

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of ``GET /things/search``. ``tags`` with ``|``, ``&`` and ``!``."""

    query: str = ""
    url: str = ""
    tags: str = ""
    language: str = ""
    category: str = ""
    user: str = ""
    sort: Literal[
        "relevance", "trend", "flattrs", "flattrs_month", "flattrs_week", "flattrs_day"
    ] = "relevance"


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to ``GET /things/search``: how many there are, how many on which page."""

    total_items: Number
    items: Number
    page: Number
    things: tuple[Thing, ...]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``GET /categories`` or ``GET /languages``."""

    id: str
    text: str


class RateLimit(msgspec.Struct, frozen=True):
    """The four ``X-RateLimit-`` headers; ``reset`` is the Unix time when ``current`` restarts."""

    limit: int
    remaining: int
    current: int
    reset: int


class RateLimitStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to ``GET /rate_limit``. ``reset_time_in_seconds`` is a Unix time, no duration."""

    hourly_limit: Number
    remaining_hits: Number
    current_hits: Number
    reset_time_in_seconds: Time
    reset_time: str = ""


def read(value: Any, kind: type[_T]) -> _T:
    """``value``, decoded JSON, as a ``kind``, in every form that was ever seen.

    Numbers and truth values may come as strings or as 0 and 1, a null means that the field is not
    there, unknown fields are ignored. Raises ``msgspec.ValidationError``.
    """
    return msgspec.convert(_without_nulls(value), kind, strict=False)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(it) for name, it in value.items() if it is not None}
    if isinstance(value, list):
        return [_without_nulls(it) for it in value]
    return value
