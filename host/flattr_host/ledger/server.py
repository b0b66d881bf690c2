"""A served ledger as one aiohttp application, and its life: from the socket to the last answer."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from . import rest
from .authorizing import Authorizing, options
from .pages import Pages, guard
from .service import API_ROOT, Service
from .views import Views

_HERE = os.path.dirname(__file__)

#: No request's body is larger than this, in bytes; the largest real one is a bulk of 100 URLs.
MAX_BODY = 64 * 1024

#: No request line is longer: an auto-submit URL with a long description, percent-encoded twice.
_MAX_LINE = 16 * 1024

#: Requests under way get so many seconds to end when the server is told to.
STOP_SECONDS = 10.0

#: What is left of a body that was refused is read for so long, so that the answer is heard.
_LINGERING_SECONDS = 2.0

_BACKLOG = 256


def application(service: Service) -> web.Application:
    """The whole server."""
    pages = Pages(service)
    views, authorizing = Views(pages), Authorizing(pages)
    app = web.Application(middlewares=[guard(pages)], client_max_size=MAX_BODY)

    async def api(request: web.Request) -> web.Response:
        return await rest.handle(service, request)

    app.router.add_route("*", API_ROOT, api)
    app.router.add_route("*", API_ROOT + "{below:[/.].*}", api)
    app.add_routes(
        [
            web.get("/", views.index),
            web.get(r"/thing/{id:[0-9]{1,18}}{slug:(/.*)?}", views.thing),
            web.get("/user/{name}", views.user),
            web.get("/profile/{name}", views.user),
            web.get("/sign-in", views.sign_in_form),
            web.post("/sign-in", views.sign_in),
            web.post("/sign-out", views.sign_out),
            web.get("/oauth/authorize{slash:/?}", authorizing.ask),
            web.post("/oauth/authorize", authorizing.decide),
            web.post("/oauth/token{slash:/?}", authorizing.token),
            web.options("/oauth/token{slash:/?}", options),
            web.post("/oauth/revoke", authorizing.revoke),
            web.options("/oauth/revoke", options),
            web.get("/openapi.json", _openapi(service)),
            web.get("/page.css", _file("page.css")),
            web.get("/mark.svg", _file("mark.svg")),
        ]
    )
    return app


def _file(name: str) -> Any:
    """What the pages are drawn with; its address names the version."""
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}

    async def file(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(os.path.join(_HERE, "web", name), headers=headers)

    return file


def _openapi(service: Service) -> Any:
    with open(os.path.join(_HERE, "openapi.json"), "rb") as file:
        described = msgspec.json.decode(file.read())
    described["servers"] = [{"url": service.base_url}]
    body = msgspec.json.encode(described)

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(
            body=body,
            content_type="application/json",
            headers={"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"},
        )

    return openapi


def listen(host: str, port: int) -> socket.socket:
    """A socket at the first address of ``host``; port 0 is any free one. Raises ``OSError``."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=_BACKLOG)


def serve(listening: socket.socket, service: Service, ready: Callable[[], None]) -> None:
    """Serves until SIGTERM or SIGINT, and then ends the requests that are under way.

    ``ready`` is called when the first request can come.
    """
    # What it would print quotes requests; what is a defect of ours is in the host's own log.
    logger = logging.getLogger("aiohttp.server")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    asyncio.run(_serve(listening, service, ready))


async def _serve(listening: socket.socket, service: Service, ready: Callable[[], None]) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
    async with running(listening, service):
        ready()
        await stopped.wait()
    service.close()


@asynccontextmanager
async def running(listening: socket.socket, service: Service) -> AsyncIterator[None]:
    """The server at a socket, until the end of the ``with`` and of what is then under way."""
    runner = web.AppRunner(
        application(service),
        access_log=None,
        max_line_size=_MAX_LINE,
        lingering_time=_LINGERING_SECONDS,
        shutdown_timeout=STOP_SECONDS,
    )
    await runner.setup()
    assert runner.server  # noqa: S101 - there is one after setup
    made = service.connections.bounded(runner.server)
    loop = asyncio.get_running_loop()
    accepting = await loop.create_server(made, sock=listening, backlog=_BACKLOG)
    try:
        yield
    finally:
        accepting.close()
        await runner.cleanup()
