"""What callers of the API send, in every form that real clients send it. No I/O.

Everything here raises ``InvalidRequest`` or ``InvalidParameters``.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl, unquote

import msgspec

from ..api.errors import InvalidParameters, InvalidRequest
from ..api.objects import COUNT, Search, ThingChange, ThingDraft, read
from .ledger import MAX_COUNT

#: No flattrs in one ``POST /flattr/bulk``, and no ids in one ``GET /things/:id,:id``, beyond this.
MAX_AT_ONCE = 100

#: A page beyond this is as empty as this one.
_MAX_PAGE = 2**31

_ABSENT = ("0", "false", "no", "off", "none", "null")

_T = TypeVar("_T")

# Worked out here, in one thread: msgspec 0.22 crashes the process if two threads convert to the
# same type for the first time at once.
for _kind in (ThingDraft, ThingChange, Search):
    read({"url": "", "tags": []} if _kind is not Search else {}, _kind)


class Page(NamedTuple):
    """Which part of a list is asked for."""

    size: int
    page: int
    full: bool


def in_utf8(text: str) -> str:
    """Text of a request line, whose bytes that were no UTF-8 reach us as surrogates."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def pairs(encoded: str) -> dict[str, str]:
    """A query or a form; the first value of a name counts."""
    try:
        found = parse_qsl(encoded, keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise InvalidRequest("There are too many parameters") from error
    return dict(reversed(found))


def page_of(query: dict[str, str]) -> Page:
    """``count``, ``page`` (0 is page 1) and ``full`` (by presence, unless it says no)."""
    count = _number(query, "count", COUNT)
    if count == 0:
        raise InvalidParameters("count is a number from 1")
    page = min(max(_number(query, "page", 1), 1), _MAX_PAGE)
    full = query.get("full", "no").strip().lower() not in _ABSENT
    return Page(min(count, MAX_COUNT), page, full)


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()):
        raise InvalidParameters(f"{name} is a number")
    return int(text[:20])


def ids_of(text: str) -> list[int]:
    """The numbers of ``GET /things/:id,:id``."""
    ids = [int(part[:20]) for part in text.split(",") if part]
    if len(ids) > MAX_AT_ONCE:
        raise InvalidParameters(f"No more than {MAX_AT_ONCE} things at once")
    return ids


def looked_up_url(raw_query: str) -> str:
    """The URL of a lookup, in ``url`` or ``q``; "" if there is none.

    node-flattr sends it as it is, not percent-encoded: then everything after ``url=`` is the URL,
    with its own ``&``.
    """
    for name in ("url", "q"):
        _, found, value = f"&{raw_query}".partition(f"&{name}=")
        if found:
            url = value if _is_not_encoded(value) else pairs(f"url={value}")["url"]
            return url.strip()
    return ""


def _is_not_encoded(value: str) -> bool:
    """Whether a raw query ends in a URL with a query of its own, as it is.

    Of an encoded one, ``:``, ``/`` and ``?`` may well be left (RFC 3986, 3.4), but no ``=``.
    """
    address, mark, rest = value.partition("&")[0].partition("?")
    return "://" in address and bool(mark) and ("=" in rest or "%" not in rest)


def url_in_path(raw_rest: str, raw_query: str) -> str:
    """The URL of ``/things/lookup/q/URL``."""
    if "://" in raw_rest and raw_query:
        return f"{raw_rest}?{raw_query}"
    return unquote(raw_rest)


def read_body(content_type: str, body: bytes) -> Any:
    """A body, JSON or a form, decoded; {} for none, whatever its type says.

    Where the type says neither, what it looks like decides.
    """
    kind = content_type.partition(";")[0].strip().lower()
    text = body.strip()
    if not text:
        return {}
    if kind == "application/json" or (kind != _FORM and text[:1] in (b"{", b"[")):
        return _json(text)
    if kind.startswith("multipart/"):
        raise InvalidRequest("A body is JSON or application/x-www-form-urlencoded")
    return pairs(text.decode("utf-8", "replace"))


_FORM = "application/x-www-form-urlencoded"


def _json(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest("The body is no JSON in UTF-8") from error


def fields_of(body: Any) -> dict[str, Any]:
    """A body that has to be an object."""
    if not isinstance(body, dict):
        raise InvalidRequest("The body is no JSON object")
    return body


def flattred_url(body: Any) -> str:
    """What ``POST /flattr``, or one entry of ``POST /flattr/bulk``, is to flattr."""
    url = fields_of(body).get("url")
    if not isinstance(url, str) or not url.strip():
        raise InvalidRequest("There is no url to flattr")
    return url.strip()


def bulk_urls(body: Any) -> list[str]:
    """What ``POST /flattr/bulk`` is to flattr."""
    if not isinstance(body, list):
        raise InvalidRequest('The body is no JSON array of {"url"}')
    if len(body) > MAX_AT_ONCE:
        raise InvalidParameters(f"No more than {MAX_AT_ONCE} flattrs at once")
    return [flattred_url(entry) for entry in body]


def draft_of(body: Any) -> ThingDraft:
    """The body of ``POST /things``. What is empty is as if it were not there."""
    fields = {name: value for name, value in fields_of(body).items() if value != ""}
    return _read(_with_tags(fields), ThingDraft)


def change_of(body: Any) -> ThingChange:
    """The body of ``PATCH /things/:id``."""
    return _read(_with_tags(fields_of(body)), ThingChange)


def search_of(query: dict[str, str]) -> Search:
    """The parameters of ``GET /things/search``. What is empty is as if it were not there."""
    return _read({name: value for name, value in query.items() if value}, Search)


def _with_tags(fields: dict[str, Any]) -> dict[str, Any]:
    tags = fields.get("tags")
    return fields | {"tags": _split(tags)} if isinstance(tags, str) else fields


def _split(tags: str) -> Iterable[str]:
    return [tag.strip() for tag in tags.split(",") if tag.strip()]


def _read(fields: dict[str, Any], kind: type[_T]) -> _T:
    try:
        return read(fields, kind)
    except msgspec.ValidationError as error:
        raise InvalidParameters(str(error)) from error
