"""The lines of an exported ledger, each a JSON object; docs/ledger.md has them field by field.

The bounds are those of any ledger that this program wrote, with room to spare.
"""

import time
from typing import Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..discovery.model import MAX_URL

FORMAT = "flattr-host ledger"
VERSION = 1

#: Bytes of a line, its end included: every field at its longest, with each character escaped.
MAX_LINE = 512 * 1024

_NO_NUL = r"\A[^\x00]*\Z"
_SCOPES = r"(flattr|thing|email|extendedread)"
_SHA256 = r"\A[0-9a-f]{64}\Z"

#: The end of the year 9999, the last that can be shown, in Unix time.
LATEST = 253402300799
_Time: TypeAlias = Annotated[int, Meta(ge=0, le=LATEST)]
_Number: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
_Text: TypeAlias = Annotated[str, Meta(max_length=10_000, pattern=_NO_NUL)]
_Tag: TypeAlias = Annotated[str, Meta(max_length=10_000, pattern=r"\A[^\x00,]*\Z")]
_Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255, pattern=_NO_NUL)]
#: Nothing but an address of the web: pages link to it.
_Url: TypeAlias = Annotated[
    str, Meta(max_length=MAX_URL, pattern=r"\Ahttps?://[^\x00-\x20\x7f]+\Z")
]
_ClientId: TypeAlias = Annotated[str, Meta(pattern=r"\A[\x21-\x7e]{1,255}\Z")]
_Hash: TypeAlias = Annotated[str, Meta(pattern=_SHA256)]


def month_of(created_at: int) -> str:
    """The calendar month (UTC) in which a flattr of that Unix time counts."""
    return time.strftime("%Y-%m", time.gmtime(created_at))


class _Line(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Any line but the first."""


class Header(msgspec.Struct, frozen=True):
    """The first line. Later versions may have more fields."""

    format: str
    version: int
    with_secrets: bool


class UserLine(_Line, frozen=True, tag="user"):
    """A user, or an owner of things who is none; in the order in which they became known."""

    username: _Name
    registered_at: _Time | None
    hides_flattrs: bool
    means: _Number | None
    #: An Argon2 hash, with secrets only.
    password: Annotated[str, Meta(pattern=r"\A\$argon2[!-~]{1,250}\Z")] | UnsetType | None = UNSET


class AppLine(_Line, frozen=True, tag="app"):
    """An application."""

    client_id: _ClientId
    name: _Name
    redirect_uri: Annotated[str, Meta(max_length=MAX_URL, pattern=_NO_NUL)]
    confidential: bool
    created_at: _Time
    #: SHA-256 of a confidential one's secret, "" where none fits; with secrets only.
    secret: Annotated[str, Meta(pattern=r"\A([0-9a-f]{64})?\Z")] | UnsetType = UNSET


class ThingLine(_Line, frozen=True, tag="thing"):
    """A thing, also one that was deleted; by its number."""

    id: Annotated[int, Meta(ge=1, le=2**53)]
    url: _Url
    title: _Text
    description: _Text
    language: _Text
    category: _Text
    tags: Annotated[tuple[_Tag, ...], Meta(max_length=10_000)]
    hidden: bool
    deleted: bool
    owner: _Name | None
    created_at: _Time
    updated_at: _Time


class FlattrLine(_Line, frozen=True, tag="flattr"):
    """A flattr: of a thing, by its URL, and by a user, by name; in the order they were made."""

    thing: _Url
    user: _Name
    month: Annotated[str, Meta(pattern=r"\A[0-9]{4}-(0[1-9]|1[0-2])\Z")]
    created_at: _Time


class TokenLine(_Line, frozen=True, tag="token"):
    """A token; with secrets only. ``token`` is its SHA-256."""

    token: _Hash
    user: _Name
    client_id: _ClientId | None
    scope: Annotated[str, Meta(pattern=rf"\A{_SCOPES}( {_SCOPES})*\Z", max_length=100)]
    created_at: _Time
    revoked_at: _Time | None


class EndLine(_Line, frozen=True, tag="end"):
    """The last line: how many lines of each kind there were, and the SHA-256 of all before."""

    users: _Number
    apps: _Number
    things: _Number
    flattrs: _Number
    tokens: _Number
    sha256: _Hash


Row: TypeAlias = UserLine | AppLine | ThingLine | FlattrLine | TokenLine

#: In the order in which they stand in the file: each speaks only of those before.
KINDS: tuple[type[Row], ...] = (UserLine, AppLine, ThingLine, FlattrLine, TokenLine)


def end_line(counts: dict[type[Row], int], sha256: str) -> EndLine:
    """The last line."""
    users, apps, things, flattrs, tokens = (counts[kind] for kind in KINDS)
    return EndLine(users, apps, things, flattrs, tokens, sha256)
