"""OAuth 2 over HTTP: the page where a person says yes, and the endpoints for applications."""

import binascii
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from aiohttp import web

from ..api.errors import InvalidRequest, RateLimitExceeded
from . import rest
from .accounts import SCOPES
from .formats import Answer, ok
from .oauth import (
    Authorization,
    Codes,
    Refused,
    SentBack,
    UntrustedRequest,
    is_loopback,
    read_authorization,
)
from .pages import ErrorPage, Pages, origin
from .parameters import in_utf8, read_body

#: As the service's token endpoint wrote it, with a blank.
_JSON = "application/json; charset=utf-8"

_NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Authorizing:
    """The handlers of ``/oauth/``."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._service = pages.service
        self._codes = Codes(pages.service.accounts)

    async def ask(self, request: web.Request) -> web.Response:
        """The consent page; before it, signing in."""
        raw_query = in_utf8(request.rel_url.raw_query_string)
        try:
            asked = await self._read(raw_query)
        except SentBack as back:
            return self._pages.redirect(back.location)
        if not self._pages.signed_in(request):
            goal = quote(f"/oauth/authorize?{raw_query}", safe="")
            return self._pages.redirect(f"/sign-in?next={goal}")
        return self._pages.page(
            request,
            "consent.html",
            form_target=origin(asked.redirect_uri),
            app=asked.app.name,
            host=urlsplit(asked.redirect_uri).netloc,
            is_this_computer=is_loopback(asked.redirect_uri),
            scopes=[scope for scope in SCOPES if scope in asked.scope],
            raw_query=raw_query,
        )

    async def decide(self, request: web.Request) -> web.Response:
        """The person's yes or no, back to the application."""
        fields = await self._pages.form(request)
        try:
            asked = await self._read(fields.get("request", ""))
        except SentBack as back:
            return self._pages.redirect(back.location)
        username = self._pages.signed_in(request)
        if username is None:
            goal = quote(f"/oauth/authorize?{fields.get('request', '')}", safe="")
            return self._pages.redirect(f"/sign-in?next={goal}")
        if fields.get("decision") != "allow":
            return self._pages.redirect(asked.refused("access_denied", "The person said no"))
        return self._pages.redirect(asked.granted(self._codes.issue(asked, username)))

    async def _read(self, raw_query: str) -> Authorization:
        pairs = parse_qsl(raw_query, keep_blank_values=True)
        try:
            return await self._service.on_thread(read_authorization, self._service.accounts, pairs)
        except UntrustedRequest as error:
            raise ErrorPage(
                400,
                "This request cannot be trusted",
                f"{error} Nothing was allowed to anybody. Tell the makers of the application"
                " that sent you here.",
            ) from error

    async def token(self, request: web.Request) -> web.Response:
        """The token endpoint (RFC 6749, 3.2). Body JSON or a form."""
        try:
            fields = await self._fields(request)
            basic = _basic(request.headers.get("Authorization", ""))
            token = await self._service.on_thread(self._codes.redeem, fields, basic)
        except Refused as refused:
            return _refusal(self._counted(request, refused))
        return _answer(ok({"access_token": token, "token_type": "bearer"}))

    async def revoke(self, request: web.Request) -> web.Response:
        """The revocation endpoint (RFC 7009): whoever has the token may end it."""
        try:
            token = (await self._fields(request)).get("token")
        except Refused as refused:
            return _refusal(refused)
        if not token:
            return _refusal(Refused("invalid_request", "token is missing"))
        if await self._service.on_thread(self._revoke, token):
            return _answer(ok({}))
        # No error for one that is no token (2.2): it is as useless as was asked for.
        unknown = self._counted(request, Refused("invalid_grant", ""))
        return _answer(ok({})) if unknown.error == "invalid_grant" else _refusal(unknown)

    def _revoke(self, token: str) -> bool:
        access = self._service.accounts.access(token)
        if access:
            self._service.accounts.revoke_token(access.token_id)
        return access is not None

    def _counted(self, request: web.Request, refused: Refused) -> Refused:
        """What was refused; "too many" instead, where one address had too many wrong secrets."""
        if refused.error in ("invalid_client", "invalid_grant"):
            try:
                self._service.count_wrong_secret(self._service.caller_address(request))
            except RateLimitExceeded as error:
                return Refused(error.code, "Too many wrong codes, secrets and tokens came", 429)
        return refused

    async def _fields(self, request: web.Request) -> dict[str, str]:
        content_type = request.headers.get("Content-Type", "")
        try:
            body: Any = read_body(content_type, await rest.read_bytes(self._service, request))
        except InvalidRequest as error:
            raise Refused("invalid_request", str(error), error.status) from error
        if not isinstance(body, dict):
            raise Refused("invalid_request", "The body is no JSON object")
        return {name: value for name, value in body.items() if isinstance(value, str)}


async def options(_request: web.Request) -> web.Response:
    """What a browser asks before a page of another origin calls an endpoint."""
    return rest.response(Answer(204, None))


def _basic(authorization: str) -> tuple[str, str] | None:
    """Client id and secret (RFC 6749, 2.3.1); None where ``Authorization`` has none."""
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, _, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise Refused("invalid_client", "Authorization cannot be read", 401) from error
    return unquote(client_id), unquote(secret)


def _answer(answer: Answer) -> web.Response:
    return rest.response(answer._replace(headers={**_NOT_STORED, **answer.headers}), _JSON)


def _refusal(refused: Refused) -> web.Response:
    body = {"error": refused.error, "error_description": refused.description}
    headers = {"WWW-Authenticate": 'Basic realm="flattr-host"'} if refused.status == 401 else {}
    return _answer(ok(body, refused.status, headers))
