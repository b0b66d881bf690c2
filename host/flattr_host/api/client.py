"""The API's calls as requests, and its answers as objects or errors. No I/O."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from .errors import (
    ApiError,
    BadAnswer,
    FlattrError,
    InvalidRequest,
    NoMeans,
    NotFound,
    RateLimitExceeded,
    ServerError,
    UnknownRefusal,
    error_of,
)
from .limiting import seconds_to_reset
from .objects import (
    Choice,
    Flattr,
    Flattred,
    Lookup,
    Number,
    RateLimit,
    RateLimitStatus,
    Search,
    SearchResult,
    Thing,
    ThingChange,
    ThingDraft,
    User,
    read,
)
from .transport import Reply, decode_json

#: What is shorter than this (characters) is no secret, and stands in answers by chance.
SHORTEST_SECRET = 8

REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: No more of an answer's texts than this (characters) goes into the sentence of a ``BadAnswer``.
MAX_PROBLEM = 200

_UNCLEAR = "It may have been flattred all the same: your history shows whether it was."

#: Statuses of a server that does not know ``POST /flattr/bulk``.
_NO_BULK = frozenset({404, 405, 501})

_T = TypeVar("_T")


class Call(msgspec.Struct, frozen=True):
    """A request: ``path`` is what follows the API's base URL, encoded and with its query."""

    method: str
    path: str
    body: bytes | None = None


class Created(msgspec.Struct, frozen=True):
    """The answer to ``POST /things``, as far as it is of use."""

    id: Number


# Worked out here: msgspec crashes the process if two threads first convert to a type at once.
for _kind in (Created, Flattr, Flattred, Thing, User, SearchResult, Choice, RateLimitStatus):
    with contextlib.suppress(msgspec.ValidationError):
        read(None, _kind)


def get(path: str, parameters: Mapping[str, str | int] | None = None) -> Call:
    """``GET``, with the ``parameters`` encoded."""
    query = urlencode(parameters or {}, errors="replace")
    return Call("GET", f"{path}?{query}" if query else path)


def get_page(path: str, count: int, page: int, full: bool, **parameters: str) -> Call:
    """One page of a list. ``full`` is judged by its presence, so it is there or it is not."""
    paging: dict[str, str | int] = {**parameters, "count": count, "page": page}
    return get(path, {**paging, "full": 1} if full else paging)


def search(search: Search, count: int, page: int, full: bool) -> Call:
    """``GET /things/search``; only what is asked for is sent."""
    asked = {name: value for name, value in msgspec.structs.asdict(search).items() if value}
    return get_page("/things/search", count, page, full, **asked)


def user_path(username: str | None) -> str:
    """``/users/:username``, or ``/user`` for None. ``NotFound`` for what is no name in a path."""
    if username is None:
        return "/user"
    if username in {"", ".", ".."}:  # a path would lose them, and be another call
        raise NotFound
    return "/users/" + quote(username, safe="", errors="replace")


def things_path(thing_ids: Sequence[int]) -> str:
    """``/things/:id,:id``; the comma is not encoded."""
    return "/things/" + ",".join(str(int(thing_id)) for thing_id in thing_ids)


def flattr(url: str) -> Call:
    """``POST /flattr``."""
    return _post("/flattr", {"url": url})


def flattr_bulk(urls: Sequence[str]) -> Call:
    """``POST /flattr/bulk``."""
    return _post("/flattr/bulk", [{"url": url} for url in urls])


def create_thing(draft: ThingDraft) -> Call:
    """``POST /things``."""
    return _post("/things", _with_joined_tags(draft))


def update_thing(thing_id: int, change: ThingChange) -> Call:
    """``PATCH /things/:id``."""
    call = _post(things_path([thing_id]), _with_joined_tags(change))
    return msgspec.structs.replace(call, method="PATCH")


def as_post(patch: Call) -> Call:
    """The form of a ``PATCH`` for servers that have problems with one."""
    fields = {"_method": "patch", **msgspec.json.decode(patch.body or b"{}")}
    return _post(patch.path, fields)


def _post(path: str, fields: Mapping[str, Any] | list[dict[str, str]]) -> Call:
    try:
        return Call("POST", path, msgspec.json.encode(fields))
    except UnicodeEncodeError:  # half a surrogate pair, which no JSON in UTF-8 can hold
        raise InvalidRequest from None


def _with_joined_tags(fields: ThingDraft | ThingChange) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(fields)
    if "tags" in built:
        built["tags"] = ",".join(built["tags"])
    return built


def rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """What the ``X-RateLimit-`` headers say; None unless all four are there and are numbers."""
    names = ("Limit", "Remaining", "Current", "Reset")
    texts = [headers.get(f"X-RateLimit-{name}", "").strip() for name in names]
    if not all(text.isascii() and text.isdecimal() and len(text) < 19 for text in texts):
        return None
    return RateLimit(*map(int, texts))


def refusal(reply: Reply) -> FlattrError | None:
    """The error that ``reply`` is; None for success. Judged by its word, by its status without one.

    The shape of a lookup's miss, ``{"message": "not_found"}``, is one of ``not_found`` too.
    """
    limit = rate_limit(reply.headers)
    try:
        body = decode_json(reply)
    except BadAnswer as error:
        body, problem = None, error.detail
    else:
        problem = "It has no word of the API for what went wrong."
    error_in_words = _refusal_in_words(body, reply.status, limit)
    if error_in_words or reply.status < 300:
        return error_in_words
    if reply.status == 402:
        return NoMeans(status=402, rate_limit=limit)
    if reply.status == 429:
        return RateLimitExceeded(status=429, rate_limit=limit)
    if reply.status in REDIRECTS:
        return BadAnswer("It redirects to another address, where nothing is sent a second time.")
    if reply.status >= 500:
        trouble = ServerError(f"Its answer has the status {reply.status}.")
        trouble.retry_after = max(0.0, seconds_to_reset(None, reply.headers) or 0.0)
        return trouble
    return BadAnswer(f"It has the status {reply.status}. {problem}")


def _refusal_in_words(body: Any, status: int, limit: RateLimit | None) -> ApiError | None:
    if not isinstance(body, dict):
        return None
    word, description = body.get("error"), body.get("error_description")
    if status == 404 and body.get("message") == "not_found":
        word, description = word or "not_found", description or body.get("description")
    if not isinstance(word, str) or not word:
        return None
    text = _clean(description) if isinstance(description, str) else ""
    error = error_of(_clean(word), text, status=status, rate_limit=limit)
    is_unknown = isinstance(error, UnknownRefusal)
    return None if is_unknown and not 400 <= status < 500 else error


def answer(reply: Reply, kind: type[_T]) -> _T:
    """The object in ``reply``. Raises what :func:`refusal` finds, and ``BadAnswer``."""
    return _read(_accepted(reply), kind)


def things(reply: Reply) -> list[Thing]:
    """The answer to ``GET /things/:id,:id``; one thing may come without the array around it."""
    found = _accepted(reply)
    return _read([found] if isinstance(found, dict) else found, list[Thing])


def done(reply: Reply) -> None:
    """The answer to a change or a deletion: 204, or an object that says no more than that."""
    if reply.status != 204 and not isinstance(_accepted(reply), dict):
        raise BadAnswer("It is no object.")


def flattred(reply: Reply) -> Flattred:
    """The answer to a flattr. Its ``BadAnswer`` tells that the flattr may have been made."""
    error = refusal(reply)
    if error:
        raise error
    try:
        return answer(reply, Flattred)
    except BadAnswer as bad:
        unclear = unclear_flattr(bad)
    raise unclear


def flattred_bulk(reply: Reply, count: int) -> list[Flattred | FlattrError]:
    """The answer to ``count`` flattrs at once: what each came to, in their order.

    Raises ``NotFound`` where the server has no such call. What is no outcome is a ``BadAnswer``.
    """
    if reply.status in _NO_BULK:
        raise NotFound
    outcomes = _accepted(reply)
    if not isinstance(outcomes, list) or len(outcomes) != count:
        raise unclear_flattr(BadAnswer("It does not tell what each flattr came to."))
    return [_outcome(outcome, reply.status) for outcome in outcomes]


def _outcome(outcome: Any, status: int) -> Flattred | FlattrError:
    if isinstance(outcome, dict) and isinstance(outcome.get("error"), str):
        description = outcome.get("error_description")
        text = _clean(description) if isinstance(description, str) else ""
        error = error_of(_clean(outcome["error"]), text, status=status)
        # A word of its own may be for trouble that passes, as a disk that is full.
        return ServerError(error.detail) if isinstance(error, UnknownRefusal) else error
    try:
        return _read(outcome, Flattred)
    except BadAnswer as bad:
        return unclear_flattr(bad)


def unclear_flattr(error: BadAnswer) -> BadAnswer:
    """``error`` for an answer that came after the server took the flattr, maybe."""
    return BadAnswer(f"{error.detail} {_UNCLEAR}")


def lookup(reply: Reply) -> Lookup | str:
    """The answer to a lookup, in any shape that was ever seen; or the location where it is."""
    error = refusal(reply)
    if isinstance(error, NotFound):
        return Lookup(message="not_found")
    if error:
        raise error
    body = decode_json(reply)
    match body:
        case {"type": "thing"}:
            return Lookup(message="found", thing=_read(body, Thing))
        case {"message": "found", "location": str(location)}:
            return location
        case {"message": ("flattrable" | "not_found") as message}:
            return Lookup(message=message)
    raise BadAnswer("It is none to a lookup.")


def location(reply: Reply) -> str:
    """Where a redirect leads: its header says so, or else its body. ``BadAnswer`` if neither."""
    named = reply.headers.get("Location")
    if named:
        return named
    body = decode_json(reply)
    if isinstance(body, dict) and isinstance(body.get("location"), str):
        return str(body["location"])
    raise BadAnswer("It redirects, but does not say where.")


def _accepted(reply: Reply) -> Any:
    error = refusal(reply)
    if error:
        raise error
    return decode_json(reply)


def _read(body: Any, kind: type[_T]) -> _T:
    try:
        return read(body, kind)
    except msgspec.ValidationError as error:
        problem = f"It does not have the API's form: {_clean(str(error))[:MAX_PROBLEM]}."
    except RecursionError:
        problem = "It is nested too deeply."
    raise BadAnswer(problem)


def _clean(text: str) -> str:
    """A stranger's ``text`` without what would move a terminal's cursor or break a line."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def without(secret: str, body: bytes) -> bytes:
    """``body`` with dots for the secret, however JSON may spell it."""
    if len(secret) < SHORTEST_SECRET:
        return body
    with contextlib.suppress(msgspec.DecodeError, ValueError, RecursionError):
        body = msgspec.json.encode(msgspec.json.decode(body))  # "\\/" and "\\u0053" undone
    for spelling in (secret.encode(), msgspec.json.encode(secret)[1:-1]):
        body = body.replace(spelling, b"...")
    return body
