"""The pages of a served ledger that people look at, and signing in."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, quote

from aiohttp import web

from .ledger import Ledger, Person
from .oauth import Authorization, SentBack, UntrustedRequest, read_authorization
from .pages import ErrorPage, Pages

#: How many flattrs, and how many things, are on a page.
ROWS = 20

#: A password check takes 64 MiB, so that two at once, and not too many that wait for it, must do.
_CHECKS_AT_ONCE, _CHECKS_WAITING = 2, 50


class Views:
    """The handlers of the pages."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._service = pages.service
        self._checking = asyncio.Semaphore(_CHECKS_AT_ONCE)
        self._waiting = 0

    async def index(self, request: web.Request) -> web.Response:
        """What this server is."""
        return self._pages.page(request, "index.html")

    async def thing(self, request: web.Request) -> web.Response:
        """A thing, and who flattred it."""
        ledger, thing_id = self._service.ledger(None), int(request.match_info["id"])

        def read() -> dict[str, Any]:
            thing = ledger.thing(thing_id)
            return {"thing": thing, "flattrs": ledger.thing_flattrs(thing_id, ROWS)}

        return self._pages.page(request, "thing.html", **await self._service.on_thread(read))

    async def user(self, request: web.Request) -> web.Response:
        """A person: their things, and what they flattred unless they hide it from others."""
        name, number = request.match_info["name"], _page_number(request)
        viewer = self._pages.signed_in(request)
        is_own = viewer is not None and viewer.lower() == name.lower()
        ledger = self._service.ledger(Person(viewer) if viewer else None)

        def read() -> dict[str, Any]:
            user = ledger.user(name)
            flattrs = _flattrs(ledger, name, number, is_own)
            things = ledger.user_things(name, ROWS, number)
            return {"user": user, "flattrs": flattrs, "things": things}

        found = await self._service.on_thread(read)
        has_more = max(len(found["flattrs"]), len(found["things"])) == ROWS
        return self._pages.page(
            request, "user.html", is_own=is_own, number=number, has_more=has_more, **found
        )

    async def sign_in_form(self, request: web.Request) -> web.Response:
        """Where a person signs in, to go on to ``next``."""
        goal = _own_path(request.query.get("next", ""))
        return await self._sign_in_page(request, goal)

    async def sign_in(self, request: web.Request) -> web.Response:
        """Signs a person in, with a session that nobody could know before."""
        fields = await self._pages.form(request)
        goal = _own_path(fields.get("next", ""))
        typed = fields.get("username", "").strip()
        username = await self._checked(request, typed, fields.get("password", ""))
        if username is None:
            problem = "No account here has this name and this password."
            return await self._sign_in_page(request, goal, typed, problem)
        self._pages.sessions.sign_out(self._pages.cookie(request))
        answer = self._pages.redirect(f"/user/{quote(username)}" if goal == "/" else goal)
        self._pages.set_cookie(answer, self._pages.sessions.sign_in(username))
        return answer

    async def sign_out(self, request: web.Request) -> web.Response:
        """Ends the session."""
        fields = await self._pages.form(request)
        self._pages.sessions.sign_out(self._pages.cookie(request))
        return self._pages.redirect(_own_path(fields.get("next", "")))

    async def _sign_in_page(
        self, request: web.Request, goal: str, username: str = "", problem: str = ""
    ) -> web.Response:
        return self._pages.page(
            request,
            "sign_in.html",
            status=403 if problem else 200,
            goal=goal,
            asked=await self._asked(goal),
            username=username,
            problem=problem,
        )

    async def _asked(self, goal: str) -> Authorization | None:
        """What an application asks for, if that is why somebody is to sign in."""
        path, _, raw_query = goal.partition("?")
        if path != "/oauth/authorize":
            return None
        query = parse_qsl(raw_query, keep_blank_values=True)
        accounts = self._service.accounts
        try:
            return await self._service.on_thread(read_authorization, accounts, query)
        except (SentBack, UntrustedRequest):
            return None  # it is told when they have signed in

    async def _checked(self, request: web.Request, username: str, password: str) -> str | None:
        """The name as it was registered, if the password is theirs."""
        address = self._service.caller_address(request)
        attempts = self._pages.attempts
        if (wait := attempts.begin(username, address)) > 0:
            retry = {"Retry-After": str(int(wait) + 1)}
            raise ErrorPage(429, "Too many wrong passwords", _wait_in_words(wait), retry)
        if self._waiting >= _CHECKS_WAITING:
            raise ErrorPage(503, "Too many people are signing in", "Try again in a minute.")
        self._waiting += 1
        try:
            async with self._checking:
                check = self._service.accounts.check_password
                found = await self._service.on_thread(check, username, password)
        finally:
            self._waiting -= 1
        if found is not None:
            attempts.succeeded(username, address)
        return found


def _flattrs(ledger: Ledger, name: str, page: int, is_own: bool) -> list[Any]:
    return ledger.flattrs(ROWS, page) if is_own else ledger.user_flattrs(name, ROWS, page)


def _page_number(request: web.Request) -> int:
    text = request.query.get("page", "1")[:9]
    return max(int(text), 1) if text.isascii() and text.isdecimal() else 1


def _own_path(path: str) -> str:
    """A path on this server; "/" for anything that a browser could take for another one."""
    is_own = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if is_own and path.isascii() and path.isprintable() and " " not in path else "/"


def _wait_in_words(seconds: float) -> str:
    minutes = int(seconds // 60) + 1
    length = f"{int(seconds) + 1} seconds" if seconds < 60 else f"{minutes} minutes"
    return f"Wait {length}, then sign in again. Nothing is wrong with the account."
