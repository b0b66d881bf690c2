"""Answers of the served API: their bytes, their headers, and what a caller accepts. No I/O."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from ..api.errors import ApiError
from ..api.objects import Flattred, RateLimit

#: As the service wrote it, without a blank. Its token endpoint wrote one.
JSON = "application/json;charset=utf-8"

_RATE_LIMIT_HEADERS = (
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Current",
    "X-RateLimit-Reset",
)

#: On every answer of the API: any page may call it, with a token of its own.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "accept, authorization, content-length, content-type",
    "Access-Control-Allow-Methods": "GET, HEAD, PUT, POST, DELETE, PATCH, OPTIONS",
    "Access-Control-Expose-Headers": ", ".join((*_RATE_LIMIT_HEADERS, "Location")),
}

#: The suffixes of formats that the service offered; only the first is offered here.
SUFFIXES = ("json", "xml", "yaml", "as", "atom", "txt")

# In the answer to a flattr the documented order of a thing's fields is another than in lists.
_FIELDS_OF_FLATTRED = ("type", "resource", "link", "id", "flattrs", "url", "title", "image")


class Answer(NamedTuple):
    """What is sent back. ``body`` None: there is none."""

    status: int
    body: bytes | None
    headers: Mapping[str, str] = {}


def ok(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """``value`` as JSON."""
    return Answer(status, msgspec.json.encode(value), headers or {})


def flattred_object(flattred: Flattred) -> dict[str, Any]:
    """The answer to a flattr, in the documented order."""
    thing = msgspec.to_builtins(flattred.thing)
    return {
        "message": flattred.message,
        "description": flattred.description,
        "thing": {name: thing[name] for name in _FIELDS_OF_FLATTRED if name in thing},
    }


def error_object(word: str, description: str, error_uri: str) -> dict[str, Any]:
    """The shape of every error."""
    return {"error": word, "error_description": description, "error_uri": error_uri}


def refusal(error: ApiError, error_uri: str) -> Answer:
    """A word of the API, with its status; a 401 says how to authenticate (RFC 6750, 3)."""
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="flattr-host"'
    elif error.code == "insufficient_scope":
        challenge = 'Bearer realm="flattr-host", error="insufficient_scope"'
        headers["WWW-Authenticate"] = challenge
    return ok(error_object(error.code, str(error), error_uri), error.status, headers)


def rate_limit_headers(rate_limit: RateLimit) -> dict[str, str]:
    """The four headers."""
    values = msgspec.structs.astuple(rate_limit)
    return dict(zip(_RATE_LIMIT_HEADERS, map(str, values), strict=True))


def rate_limit_object(rate_limit: RateLimit) -> dict[str, Any]:
    """The answer to ``GET /rate_limit``, with the tail that no date parser takes."""
    reset_time = time.strftime("%a, %d %b %Y %H:%M:%S", time.gmtime(rate_limit.reset))
    return {
        "hourly_limit": rate_limit.limit,
        "remaining_hits": rate_limit.remaining,
        "current_hits": rate_limit.current,
        "reset_time_in_seconds": rate_limit.reset,
        "reset_time": f"{reset_time} +0000 GMT",
    }


def accepts_json(accept: str) -> bool:
    """Whether an ``Accept`` header ("" if there is none) lets JSON be sent (RFC 9110, 12.5.1)."""
    if not accept.strip():
        return True
    weights: dict[str, float] = {}
    for each in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in each.split(";"))
        weights[kind] = _weight(parameters)
    for kind in ("application/json", "application/*", "*/*"):  # the most specific one decides
        if kind in weights:
            return weights[kind] > 0
    return False


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
