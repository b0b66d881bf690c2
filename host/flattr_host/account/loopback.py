"""Where the browser brings the answer of the server: a port of this machine, for one exchange.

RFC 8252 section 7.3. Other programs and other pages can reach the port as well, so only a
navigation with the exchange's own ``state`` counts; everything else is refused and changes nothing.
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from secrets import compare_digest
from typing import Any, TypeVar

from aiohttp import web

from ..connections import Connections, Limits
from .errors import ConnectingCancelled
from .page import headers, page

_T = TypeVar("_T")

#: Seconds that what is being answered may still take when the port is closed.
CLOSING = 0.2

#: A browser needs one connection, and may open a few more for an icon, or in advance.
LIMITS = Limits(total=16, of_address=16, waiting=10.0, writing=10.0)

_BACKLOG = 16

# aiohttp would write what it cannot read to stderr, and there may be a code in it.
_silent = logging.getLogger("flattr_host.account.loopback")
_silent.disabled = True


_NO_ANSWER = "This address is only for signing in, and this is no answer to it."
_OVER = "The answer is taken once, and no more is waited for. flattr-host tells what came of it."


class RedirectReceiver:
    """One exchange's end of the redirect. Made, and all its coroutines run, on the event loop."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._parameters: asyncio.Future[Mapping[str, str] | None] = self._loop.create_future()
        self._answer: asyncio.Future[web.Response] = self._loop.create_future()
        self._given_up = asyncio.Event()
        self._connections = Connections(LIMITS)
        self._server = web.Server(
            self._handle, access_log=None, logger=_silent, lingering_time=CLOSING
        )
        self._runner = web.ServerRunner(self._server, shutdown_timeout=CLOSING)
        self._accepting: asyncio.Server | None = None
        self._host = ""

    async def open(self) -> str:
        """Listens; the redirect URI. Raises ``OSError``."""
        await self._runner.setup()
        made = self._connections.bounded(self._server)
        self._accepting = await self._loop.create_server(made, "127.0.0.1", 0, backlog=_BACKLOG)
        self._host = "{}:{}".format(*self._accepting.sockets[0].getsockname())
        return f"http://{self._host}/"

    async def wait(self, seconds: float) -> Mapping[str, str] | None:
        """The parameters that the server sent, or None when given up. Raises ``TimeoutError``."""
        async with asyncio.timeout(seconds):
            return await asyncio.shield(self._parameters)

    async def unless_given_up(self, work: Coroutine[Any, Any, _T]) -> _T:
        """``work``'s outcome. Raises ``ConnectingCancelled``, and ends it, when given up."""
        task, given_up = asyncio.ensure_future(work), asyncio.ensure_future(self._given_up.wait())
        try:
            await asyncio.wait((given_up, task), return_when=asyncio.FIRST_COMPLETED)
            if self._given_up.is_set():
                raise ConnectingCancelled
            return await task
        finally:
            task.cancel()
            given_up.cancel()

    def give_up(self) -> None:
        """Ends the waiting, for the person or for the server. From any thread."""
        self._loop.call_soon_threadsafe(self._given_up.set)
        self._loop.call_soon_threadsafe(self._settle, None)

    async def close(self, title: str, text: str, *, is_trouble: bool) -> None:
        """Tells the browser how it ended, and stops listening."""
        self._answer.set_result(_response(200, title, text, is_trouble=is_trouble))
        if self._accepting:
            self._accepting.close()
        await self._runner.cleanup()

    def _settle(self, parameters: Mapping[str, str] | None) -> None:
        if not self._parameters.done():
            self._parameters.set_result(parameters)

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        with self._connections.answering(request.transport):
            return await self._answered(request)

    async def _answered(self, request: web.BaseRequest) -> web.Response:
        status = self._refusal(request)
        if status:
            return _response(status, "Nothing happened", _NO_ANSWER, is_trouble=True)
        if self._parameters.done():
            return _response(410, "Signing in here is over", _OVER, is_trouble=True)
        self._settle(dict(request.query))
        # Not before the account is connected or not: the page is to tell the truth.
        return await asyncio.shield(self._answer)

    def _refusal(self, request: web.BaseRequest) -> int:
        """The status that a request is refused with; 0 for the one that is waited for."""
        if request.headers.getall("Host", []) != [self._host]:
            return 421  # a name that somebody made lead here
        if request.path != "/":
            return 404
        if request.method != "GET":
            return 405
        if not _is_navigation(request.headers):
            return 403
        values = request.query
        state = values.get("state", "").encode("utf-8", "replace")
        repeated = len(values) != len(set(values))  # RFC 6749 section 3.1
        return 0 if not repeated and compare_digest(state, self._state.encode()) else 400


def _is_navigation(sent: Mapping[str, str]) -> bool:
    """Whether a tab asks, not a script or an image of a page. Programs without a browser's headers
    may ask too: they know the state.
    """
    if "Sec-Fetch-Mode" in sent:
        return (sent["Sec-Fetch-Mode"], sent.get("Sec-Fetch-Dest")) == ("navigate", "document")
    return "Origin" not in sent and "Sec-Fetch-Site" not in sent


def _response(status: int, title: str, text: str, *, is_trouble: bool) -> web.Response:
    response = web.Response(
        status=status,
        text=page(title, text, is_trouble=is_trouble),
        content_type="text/html",
        headers=headers(),
    )
    response.force_close()
    return response
