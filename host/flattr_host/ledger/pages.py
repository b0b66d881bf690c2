"""What every page of a served ledger has: its frame, its headers, its cookie, its forms."""

import os
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from .. import __version__, log
from ..api.errors import ApiError, NotFound
from ..discovery.sites import label
from . import rest
from .formats import Answer, error_object, ok
from .parameters import pairs
from .service import API_ROOT, Service
from .sessions import Attempts, Sessions
from .store import LedgerUnavailable

_WEB = os.path.join(os.path.dirname(__file__), "web")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that a browser says "Origin: null" for our own forms too.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_SENTENCES = {
    404: ("Nothing is here", "The address may be mistyped, or what was here has been deleted."),
    405: ("That does not work here", "This page can only be looked at."),
    413: ("That is too much", "What was sent is larger than anything that is expected here."),
}


class ErrorPage(Exception):
    """Ends a request with a page that tells a person why, and headers that tell it a program."""

    def __init__(
        self, status: int, title: str, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(title)
        self.status, self.title, self.sentence = status, title, sentence
        self.headers = headers or {}


class Pages:
    """Makes pages of the templates in ``web/``, and knows who looks at them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.sessions = Sessions()
        self.attempts = Attempts()
        # A browser keeps one cookie of a name for all ports of a host.
        port = urlsplit(service.base_url).port
        self._cookie = "__Host-flattr-host" if service.is_https else f"flattr-host-{port}"

    @cached_property
    def _templates(self) -> Environment:
        found = Environment(
            loader=FileSystemLoader(_WEB), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        found.filters["day"] = lambda at: time.strftime("%Y-%m-%d", time.gmtime(at))
        found.filters["plural"] = lambda n, word: f"{n} {word}" if n == 1 else f"{n} {word}s"
        found.filters["in_words"] = _name_in_words
        found.tests["web_address"] = _is_web_address
        return found

    def page(
        self,
        request: web.Request,
        template: str,
        *,
        status: int = 200,
        form_target: str = "",
        **values: Any,
    ) -> web.Response:
        """The page of a template. ``form_target``: the origin that its form's answer leads to."""
        session = self.cookie(request) or self.sessions.new_id()
        text = self._templates.get_template(template).render(
            base_url=self.service.base_url,
            api_url=self.service.addresses.api_url,
            signed_in=self.sessions.username(session),
            form_token=self.sessions.form_token(session),
            version=__version__,
            **values,
        )
        answer = web.Response(
            text=text, status=status, content_type="text/html", headers=_headers(form_target)
        )
        if template == "sign_in.html":  # the one form of those who have no session yet
            self.set_cookie(answer, session)
        return answer

    def error_page(self, request: web.Request, told: ErrorPage) -> web.Response:
        """The page of what went wrong."""
        answer = self.page(
            request, "error.html", status=told.status, title=told.title, sentence=told.sentence
        )
        answer.headers.update(told.headers)
        return answer

    def redirect(self, location: str) -> web.Response:
        """To another page, with a GET (RFC 9110, 15.4.4)."""
        return web.Response(status=303, headers={**_headers(""), "Location": location})

    def cookie(self, request: web.Request) -> str:
        """The value of our cookie, or "" for one that this server did not make."""
        value = request.cookies.get(self._cookie, "")
        return value if self.sessions.is_ours(value) else ""

    def set_cookie(self, answer: web.Response, session: str) -> None:
        """Gives the browser our cookie, until it is closed."""
        answer.set_cookie(
            self._cookie,
            session,
            httponly=True,
            samesite="Lax",
            secure=self.service.is_https,
            path="/",
        )

    def signed_in(self, request: web.Request) -> str | None:
        """Who looks at the page, if they have signed in."""
        return self.sessions.username(self.cookie(request))

    async def form(self, request: web.Request) -> dict[str, str]:
        """The fields of a form of ours that was sent. Raises :class:`ErrorPage` for any other."""
        fields = pairs((await rest.read_bytes(self.service, request)).decode("utf-8", "replace"))
        sender = request.headers.get("Origin")
        own = (origin(self.service.base_url), f"{request.scheme}://{request.host}")
        is_ours = self.sessions.is_our_form(self.cookie(request), fields.get("form_token", ""))
        if not is_ours or (sender is not None and sender not in own):
            raise ErrorPage(
                403,
                "This form is too old",
                "It was not sent from a page of this server that is still open in this browser."
                " Nothing was done. Go back, load the page again, and send the form once more;"
                " if that does not help, let your browser keep this server's cookie.",
            )
        return fields


def _headers(form_target: str) -> dict[str, str]:
    """``form_target``: Chromium holds the redirect after a form to the policy too."""
    forms = " ".join(filter(None, ("'self'", form_target)))
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
        f" frame-ancestors 'none'; form-action {forms}"
    )
    return {**_HEADERS, "Content-Security-Policy": policy}


def origin(url: str) -> str:
    """The scheme, host and port of a URL, as a browser's ``Origin`` has them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _name_in_words(username: str) -> str:
    """An account's name as it is; ``github:smgt`` is "smgt on GitHub"."""
    kind, _, name = username.partition(":")
    if kind == "fid" and name:
        return f"somebody with Flattr id {name}"
    site = label(kind) if name else ""
    return f"{name} on {site}" if site else username


def _is_web_address(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https")


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guard(pages: Pages) -> Any:
    """Lets in only requests for this server, and tells in words what goes wrong with them."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_for_programs = request.path.startswith((API_ROOT, "/oauth/token", "/oauth/revoke"))
        try:
            if not _is_for(pages.service, request):
                raise ErrorPage(421, "This is another server", f"It is at {pages.service.base_url}")
            with pages.service.connections.answering(request.transport):
                return await handler(request)
        except ConnectionError:
            raise  # the caller has gone; aiohttp knows what to do
        except Exception as error:
            told = _in_words(error)
        if is_for_programs:
            return rest.response(_in_json(told, f"{pages.service.base_url}/"))
        return pages.error_page(request, told)

    return guarded


def _is_for(service: Service, request: web.Request) -> bool:
    """Whether everything that names a server names this one (RFC 9112, 3.2)."""
    named = request.headers.getall("Host", [])
    # request.host: that of a target which is a whole URL, where it is one.
    return len(named) == 1 and all(map(service.is_its_host, (*named, request.host)))


def _in_words(error: Exception) -> ErrorPage:
    if isinstance(error, ErrorPage):
        return error
    if isinstance(error, web.HTTPException) and error.status in _SENTENCES:
        allow = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
        return ErrorPage(error.status, *_SENTENCES[error.status], allow)
    if isinstance(error, NotFound):
        return ErrorPage(404, *_SENTENCES[404])
    if isinstance(error, (ApiError, web.HTTPException)):
        said = str(error) if isinstance(error, ApiError) else error.reason
        return ErrorPage(error.status, "That did not work", f"{said}. Nothing was done.")
    if isinstance(error, LedgerUnavailable):
        sentence = f"{error} Nothing was changed. Try again in a moment."
        return ErrorPage(503, "The ledger cannot be used just now", sentence)
    log.write_defect()
    return ErrorPage(500, "Something is wrong with this server", "Its log tells its owner what.")


def _in_json(told: ErrorPage, error_uri: str) -> Answer:
    word = {404: "not_found", 500: "server_error", 503: "ledger_unavailable"}.get(
        told.status, "invalid_request"
    )
    body = error_object(word, f"{told.title}. {told.sentence}", error_uri)
    return ok(body, told.status, told.headers)
