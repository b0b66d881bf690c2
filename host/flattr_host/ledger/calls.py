"""The calls of the API, each from what was asked to its answer. No HTTP library, no threads."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from ..api.errors import FlattrError, InvalidParameters, NotFound
from ..api.objects import Flattred, RateLimit
from . import parameters
from .accounts import Access
from .formats import SUFFIXES, Answer, error_object, flattred_object, ok, rate_limit_object
from .ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One call. ``ledger`` is the token's user's, or nobody's; ``path`` the path's parts by name.

    ``raw_query`` is the query as it was sent; ``api_url`` and ``error_uri`` are this server's.
    """

    ledger: Ledger
    access: Access | None
    path: dict[str, str]
    raw_query: str
    body: Any
    rate_limit: RateLimit | None
    api_url: str
    error_uri: str

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return parameters.pairs(self.raw_query)

    @property
    def thing_id(self) -> int:
        """``:id``."""
        return int(self.path["id"])

    @property
    def page(self) -> parameters.Page:
        """``count``, ``page`` and ``full``."""
        return parameters.page_of(self.query)


def _hello(_asked: Asked) -> Answer:
    return ok({"message": "hello_world"})


def _rate_limit(asked: Asked) -> Answer:
    if asked.rate_limit is None:
        raise NotFound("This server has no rate limit")
    return ok(rate_limit_object(asked.rate_limit))


def _flattr(asked: Asked) -> Answer:
    return ok(flattred_object(asked.ledger.flattr(parameters.flattred_url(asked.body))))


def _flattr_thing(asked: Asked) -> Answer:
    return ok(flattred_object(asked.ledger.flattr_thing(asked.thing_id)))


def _flattr_bulk(asked: Asked) -> Answer:
    urls = parameters.bulk_urls(asked.body)
    outcomes = asked.ledger.flattr_bulk(urls)
    return ok([{"url": url, **_told(it, asked)} for url, it in zip(urls, outcomes, strict=True)])


def _told(outcome: Flattred | FlattrError, asked: Asked) -> dict[str, Any]:
    if isinstance(outcome, FlattrError):
        return error_object(outcome.code, str(outcome), asked.error_uri)
    return flattred_object(outcome)


def _user_flattrs(asked: Asked) -> Answer:
    return ok(asked.ledger.user_flattrs(asked.path["username"], *asked.page))


def _my_flattrs(asked: Asked) -> Answer:
    return ok(asked.ledger.flattrs(*asked.page))


def _thing_flattrs(asked: Asked) -> Answer:
    return ok(asked.ledger.thing_flattrs(asked.thing_id, *asked.page))


def _lookup(asked: Asked) -> Answer:
    return _looked_up(asked, parameters.looked_up_url(asked.raw_query))


def _lookup_in_path(asked: Asked) -> Answer:
    return _looked_up(asked, parameters.url_in_path(asked.path["url"], asked.raw_query))


def _looked_up(asked: Asked, url: str) -> Answer:
    """Found: 302 to the thing. A miss has both of the shapes that clients read."""
    if not url:
        raise InvalidParameters("There is no url to look up")
    found = asked.ledger.lookup(url)
    if found.thing:
        location = f"{asked.api_url}/things/{found.thing.id}"
        return ok({"message": "found", "location": location}, 302, {"Location": location})
    if found.message == "flattrable":
        return ok({"message": "flattrable", "description": "Flattring it would register it"})
    nothing = "No thing was found"
    miss = {"message": "not_found", "description": nothing}
    return ok(miss | error_object("not_found", nothing, asked.error_uri), 404)


def _thing(asked: Asked) -> Answer:
    ids = asked.path["ids"]
    if "," in ids:
        return ok(asked.ledger.things(parameters.ids_of(ids)))
    return ok(asked.ledger.thing(int(ids)))


def _search(asked: Asked) -> Answer:
    return ok(asked.ledger.search(parameters.search_of(asked.query), *asked.page))


def _create_thing(asked: Asked) -> Answer:
    thing_id = asked.ledger.create_thing(parameters.draft_of(asked.body))
    created = {"message": "ok", "description": "Thing was created successfully"}
    return ok({"id": thing_id, "link": f"{asked.api_url}/things/{thing_id}", **created}, 201)


def _update_thing(asked: Asked) -> Answer:
    asked.ledger.update_thing(asked.thing_id, parameters.change_of(asked.body))
    return ok({"message": "ok", "description": "Thing was updated successfully"})


def _delete_thing(asked: Asked) -> Answer:
    asked.ledger.delete_thing(asked.thing_id)
    return Answer(204, None)


def _user(asked: Asked) -> Answer:
    return ok(asked.ledger.user(asked.path["username"]))


def _me(asked: Asked) -> Answer:
    user = asked.ledger.user()
    if asked.access and "extendedread" not in asked.access.scope:
        user = msgspec.structs.replace(user, registered_at=msgspec.UNSET)
    return ok(user)


def _user_things(asked: Asked) -> Answer:
    return ok(asked.ledger.user_things(asked.path["username"], *asked.page))


def _my_things(asked: Asked) -> Answer:
    return ok(asked.ledger.user_things(None, *asked.page))


def _categories(asked: Asked) -> Answer:
    return ok(asked.ledger.categories())


def _languages(asked: Asked) -> Answer:
    return ok(asked.ledger.languages())


class Call(NamedTuple):
    """A row of the API. ``scope``: None for a call without a token, "" for any token."""

    method: str
    path: str
    answer: Callable[[Asked], Answer]
    scope: str | None = None


RATE_LIMIT = Call("GET", "/rate_limit", _rate_limit)

#: Where a path fits several, the first one it is. The rest of a path behind ``*`` is left as sent.
CALLS = (
    Call("GET", "/", _hello),
    RATE_LIMIT,
    Call("POST", "/flattr", _flattr, "flattr"),
    Call("POST", "/flattr/bulk", _flattr_bulk, "flattr"),
    Call("POST", "/things/:id/flattr", _flattr_thing, "flattr"),
    Call("GET", "/users/:username/flattrs", _user_flattrs),
    Call("GET", "/user/flattrs", _my_flattrs, ""),
    Call("GET", "/things/:id/flattrs", _thing_flattrs),
    Call("GET", "/things/lookup", _lookup),
    Call("GET", "/things/lookup/q/*url", _lookup_in_path),
    Call("GET", "/things/search", _search),
    Call("GET", "/things/:ids", _thing),
    Call("POST", "/things", _create_thing, "thing"),
    Call("PATCH", "/things/:id", _update_thing, "thing"),
    Call("DELETE", "/things/:id", _delete_thing, "thing"),
    Call("GET", "/users/:username", _user),
    Call("GET", "/user", _me, ""),
    Call("GET", "/users/:username/things", _user_things),
    Call("GET", "/user/things", _my_things, ""),
    Call("GET", "/categories", _categories),
    Call("GET", "/languages", _languages),
)

_PARTS = {
    ":id": r"(?P<id>[0-9]{1,18})",
    ":ids": r"(?P<ids>[0-9]{1,18}(?:(?:,|%2C)[0-9]{0,18})*)",
    ":username": r"(?P<username>[^/]+?)",
    "*url": r"(?P<url>.+)",
}


def _pattern(path: str) -> re.Pattern[str]:
    parts = "".join(f"/{_PARTS.get(part, part)}" for part in path.split("/") if part)
    # The URL of a lookup may end like a format, or with a slash.
    end = "" if path.endswith("*url") else rf"(?:\.(?P<suffix>{'|'.join(SUFFIXES)}))?/?"
    return re.compile(parts + end)


_ROUTES = [(_pattern(call.path), call) for call in CALLS]


class Fitting(NamedTuple):
    """A call that a path fits: the path's parts by name, and the suffix of a format, or ""."""

    call: Call
    parts: dict[str, str]
    suffix: str


def fitting(raw_path: str) -> dict[str, Fitting]:
    """The calls by method that a path fits, below the API's base, as it was sent."""
    found: dict[str, Fitting] = {}
    for pattern, call in _ROUTES:
        if match := pattern.fullmatch(raw_path):
            parts = {name: text for name, text in match.groupdict().items() if text is not None}
            suffix = parts.pop("suffix", "")
            if "url" not in parts:
                parts = {name: unquote(text) for name, text in parts.items()}
            found.setdefault(call.method, Fitting(call, parts, suffix))
    return found
