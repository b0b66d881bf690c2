"""The API over HTTP: requests read within bounds, calls made on threads, answers written."""

import asyncio
from typing import Any, NamedTuple

from aiohttp import web

from .. import log
from ..api.errors import (
    ApiError,
    InsufficientScope,
    InvalidRequest,
    NotAcceptable,
    NotFound,
    Unauthorized,
)
from ..api.objects import RateLimit
from .accounts import Access
from .calls import RATE_LIMIT, Asked, Fitting, fitting
from .formats import (
    CORS,
    JSON,
    Answer,
    accepts_json,
    error_object,
    ok,
    rate_limit_headers,
    refusal,
)
from .ledger import Person
from .parameters import in_utf8, pairs, read_body
from .service import API_ROOT, Lane, Service
from .store import LedgerUnavailable

#: A body that has not arrived after so many seconds is given up.
BODY_SECONDS = 20.0


_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache"}


class _Incoming(NamedTuple):
    """A request as it arrived. ``token`` None: it has no ``Authorization``."""

    method: str
    raw_path: str
    raw_query: str
    accept: str
    content_type: str
    body: bytes
    token: str | None
    address: str


async def handle(service: Service, request: web.Request) -> web.Response:
    """Answers one request below :data:`service.API_ROOT`."""
    if request.method == "OPTIONS":
        return web.Response(status=204, headers={**CORS, "Access-Control-Max-Age": "86400"})
    try:
        body = await read_bytes(service, request)
    except ApiError as error:
        return response(refusal(error, f"{service.base_url}/"))
    incoming = _Incoming(
        method="GET" if request.method == "HEAD" else request.method,
        raw_path=in_utf8(request.rel_url.raw_path).removeprefix(API_ROOT) or "/",
        raw_query=in_utf8(request.rel_url.raw_query_string),
        accept=",".join(request.headers.getall("Accept", [])),
        content_type=request.headers.get("Content-Type", ""),
        body=body,
        token=_bearer(request.headers.get("Authorization")),
        address=service.caller_address(request),
    )
    return response(await service.in_lane(_lane(incoming), _answer, service, incoming))


def _lane(incoming: _Incoming) -> Lane:
    if incoming.method != "GET":
        return "write"
    return "search" if "/things/search" in incoming.raw_path else "short"


async def read_bytes(service: Service, request: web.Request) -> bytes:
    """The body. Raises ``InvalidRequest`` for one that is too large, or too slow."""
    if (request.content_length or 0) > request.client_max_size:
        raise InvalidRequest("The body is too large", status=413)  # without waiting for it
    try:
        with service.connections.waiting(request.transport):
            async with asyncio.timeout(BODY_SECONDS):
                return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise InvalidRequest("The body is too large", status=413) from error
    except TimeoutError as error:
        raise InvalidRequest("The body did not arrive in time", status=408) from error


def response(answer: Answer, content_type: str = JSON) -> web.Response:
    """An answer on its way, with what every answer of the API has."""
    headers = {**CORS, **_HEADERS, **answer.headers}
    if answer.body is not None:
        headers["Content-Type"] = content_type
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def _bearer(authorization: str | None) -> str | None:
    """The token (RFC 6750, 2.1); "" for any other kind of authorization.

    Only from the header: an ``access_token`` in the URL ends in logs and histories.
    """
    if authorization is None:
        return None
    kind, _, token = authorization.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _answer(service: Service, incoming: _Incoming) -> Answer:
    """The answer, with its rate limit; on a thread. Never raises."""
    headers: dict[str, str] = {}
    try:
        access = service.accounts.access(incoming.token) if incoming.token else None
        calls = fitting(incoming.raw_path)
        is_limited = "GET" not in calls or calls["GET"].call is not RATE_LIMIT
        rate_limit = _rate_limit(service, incoming, access, is_limited)
        if rate_limit and is_limited:
            headers = rate_limit_headers(rate_limit)
        if incoming.token is not None and access is None:
            if incoming.token:
                service.count_wrong_secret(incoming.address)
            raise Unauthorized
        found = _chosen(incoming, calls)
        answer = _called(service, incoming, access, found, rate_limit)
    except Exception as error:
        answer = _failed(error, f"{service.base_url}/")
    return answer._replace(headers={**headers, **answer.headers})


def _rate_limit(
    service: Service, incoming: _Incoming, access: Access | None, is_limited: bool
) -> RateLimit | None:
    if service.limiter is None:
        return None
    caller = f"token {access.token_id}" if access else f"address {incoming.address}"
    return service.limiter.count(caller) if is_limited else service.limiter.look(caller)


class _WrongMethod(Exception):
    """A resource that has other methods, which are the argument."""


def _chosen(incoming: _Incoming, calls: dict[str, Fitting]) -> Fitting:
    """The call that is meant, in a format that is offered."""
    if not calls:
        raise NotFound("This server has no such resource")
    found = calls.get(incoming.method)
    if found is None and incoming.method == "POST" and _means_patch(incoming):
        found = calls.get("PATCH")
    if found is None:
        raise _WrongMethod(*calls)
    query = pairs(incoming.raw_query)
    if found.suffix != "json" and (found.suffix or not accepts_json(incoming.accept)):
        raise NotAcceptable
    if "jsonp" in query:
        raise NotAcceptable("JSONP is not offered; every answer allows other origins instead")
    return found


def _means_patch(incoming: _Incoming) -> bool:
    """Whether ``_method`` says so, as clients do that cannot send a PATCH."""
    body = read_body(incoming.content_type, incoming.body)
    fields = body if isinstance(body, dict) else {}
    said = fields.get("_method") or pairs(incoming.raw_query).get("_method")
    return isinstance(said, str) and said.lower() == "patch"


def _called(
    service: Service,
    incoming: _Incoming,
    access: Access | None,
    found: Fitting,
    rate_limit: RateLimit | None,
) -> Answer:
    scope = found.call.scope
    if scope is not None and access is None:
        raise Unauthorized
    if scope and access and scope not in access.scope:
        raise InsufficientScope
    person = Person(access.username, means=access.means != 0) if access else None
    has_body = found.call.method != "GET"
    body: Any = read_body(incoming.content_type, incoming.body) if has_body else {}
    asked = Asked(
        ledger=service.ledger(person),
        access=access,
        path=found.parts,
        raw_query=incoming.raw_query,
        body=body,
        rate_limit=rate_limit,
        api_url=service.addresses.api_url,
        error_uri=f"{service.base_url}/",
    )
    return found.call.answer(asked)


def _failed(error: Exception, error_uri: str) -> Answer:
    """What ended a call, in the shape of every error."""
    if isinstance(error, ApiError):
        answer = refusal(error, error_uri)
        limit = rate_limit_headers(error.rate_limit) if error.rate_limit else {}
        return answer._replace(headers={**answer.headers, **limit})
    if isinstance(error, _WrongMethod):
        return _wrong_method(error.args, error_uri)
    if isinstance(error, LedgerUnavailable):
        description = f"The ledger cannot be used just now. {error} Nothing was changed"
        return ok(error_object(error.code, description, error_uri), 503)
    log.write_defect()
    description = "Something is wrong with this server; its log tells its owner what"
    return ok(error_object("server_error", description, error_uri), 500)


def _wrong_method(methods: tuple[str, ...], error_uri: str) -> Answer:
    also = {"OPTIONS", "HEAD"} if "GET" in methods else {"OPTIONS"}
    allowed = ", ".join(sorted(also.union(methods)))
    description = f"The methods here are {allowed}"
    body = error_object("invalid_request", description, error_uri)
    return ok(body, 405, {"Allow": allowed})
