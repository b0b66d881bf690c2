"""One GET to an address that somebody else chose, for whoever reads what is there.

Nothing goes along that tells who asks: no cookies, no Referer, no credentials. Every address on the
way is held against :mod:`.guard`, and the one that was is the one that is connected to.
docs/architecture.md tells what is refused and why.

Imports aiohttp, 0.3 s: import it only where something is fetched.
"""

import asyncio
import socket
import zlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urldefrag, urljoin
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.abc import ResolveResult
from yarl import URL

from ..api import network, transport
from ..discovery.model import MAX_URL
from . import guard

#: Seconds for all of it: names, redirects, and what is fetched.
TIMEOUT = 5.0
#: So many redirects are followed.
MAX_REDIRECTS = 5
#: Seconds after which ``cancelled`` is asked again.
PATIENCE = 0.1
#: What is said then.
CALLED_OFF = "Reading it was called off."

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
# Without the version: it would tell the readers of one site apart.
_USER_AGENT = "flattr-host"
_NO_PROXY = (
    "A proxy is set for its address, and behind a proxy nobody can see where a link leads."
    " Open the page and flattr it there."
)

Taken = TypeVar("Taken")


class Unread(Exception):
    """What is there could not be read. ``detail`` is a sentence that tells a person why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


async def fetch(
    url: str,
    headers: Mapping[str, str],
    take: Callable[[URL, aiohttp.ClientResponse], Awaitable[Taken]],
    arrive: Callable[[URL], Taken | None] = lambda _: None,
) -> Taken:
    """What ``take`` makes of the answer at ``url``, or where that leads to.

    The body is as it was sent, however encoded. ``arrive`` may say of a redirect's target that it
    need not be asked for. To be run by :func:`flattr_host.api.transport.run`. Raises ``Unread``.
    """
    try:
        async with asyncio.timeout(TIMEOUT), _session(headers) as session:
            return await _follow(session, parsed(url), take, arrive)
    except (aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
        trouble = _sentence(error)
    raise Unread(trouble)  # out here, where no error of aiohttp's becomes its context


async def unless(
    cancelled: Callable[[], bool] | None, fetching: Coroutine[Any, Any, Taken]
) -> Taken:
    """What ``fetching`` comes to. Raises ``Unread`` where ``cancelled`` says to give up."""
    task = asyncio.ensure_future(fetching)
    try:
        while not (cancelled and cancelled()):
            if (await asyncio.wait({task}, timeout=PATIENCE))[0]:
                return task.result()
        raise Unread(CALLED_OFF)
    finally:
        task.cancel()


def _sentence(error: Exception) -> str:
    if isinstance(error, zlib.error):
        return "It cannot be decompressed."
    if isinstance(error, TimeoutError):
        return f"It was not there within {TIMEOUT:.2g} seconds."
    return transport.trouble_of(error, TIMEOUT).detail


def _session(headers: Mapping[str, str]) -> aiohttp.ClientSession:
    """One for each, so that nothing of it, not even a connection, is left for others."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=_PublicResolver(),
            use_dns_cache=False,
            socket_factory=_public_socket,
            force_close=True,
        ),
        headers={**headers, "User-Agent": _USER_AGENT},
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,  # neither .netrc nor proxies
        auto_decompress=False,  # aiohttp would do it without bound
        timeout=aiohttp.ClientTimeout(total=None),
    )


class _PublicResolver(network.Resolver):
    """Finds addresses only where all that a name has are public.

    With one question for each hop, whose answer is what is connected to: a name server may say
    something else the next time.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        for one in found:
            if trouble := guard.why_not_public(one["host"]):
                raise Unread(trouble)
        return found


def _public_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """The last line: a socket for ``address`` if that is public, however aiohttp came by it."""
    family, kind, protocol, _, where = address
    if guard.why_not_public(str(where[0])):
        raise OSError("not a public address")
    return socket.socket(family, kind, protocol)


async def _follow(
    session: aiohttp.ClientSession,
    url: URL,
    take: Callable[[URL, aiohttp.ClientResponse], Awaitable[Taken]],
    arrive: Callable[[URL], Taken | None],
) -> Taken:
    for _ in range(MAX_REDIRECTS + 1):
        refuse_unless_allowed(url)
        async with session.get(url, allow_redirects=False) as response:
            if response.status not in _REDIRECTS or "Location" not in response.headers:
                if response.status // 100 != 2:
                    raise Unread(_refusal(response.status))
                return await take(url, response)
            target = target_of(url, response.headers["Location"])
        arrived = arrive(target)
        if arrived is not None:
            return arrived
        if url.scheme == "https" and target.scheme == "http":
            # Whoever is on the way there could name a payee of their own.
            raise Unread("It leads from a secure address to one that is not.")
        url = target
    raise Unread(f"It leads on and on, over more than {MAX_REDIRECTS} redirects.")


def refuse_unless_allowed(url: URL) -> None:
    """Raises ``Unread`` where ``url`` is not asked for."""
    if trouble := guard.why_not_allowed(url):
        raise Unread(trouble)
    proxies = getproxies()
    if (proxies.get(url.scheme) or proxies.get("all")) and not proxy_bypass(url.raw_host or ""):
        raise Unread(_NO_PROXY)


def target_of(url: URL, location: str) -> URL:
    """Where a redirect from ``url`` leads. Raises ``Unread``."""
    try:
        return parsed(urljoin(str(url), utf8(location.strip())))
    except ValueError:
        raise Unread("It leads to an address that is malformed.") from None


def parsed(url: str) -> URL:
    """``url`` as it is asked for, without its fragment. Raises ``Unread``."""
    if len(url) > MAX_URL:
        raise Unread(f"Its address is longer than {MAX_URL} characters.")
    try:
        url = urldefrag(url).url
        # What is escaped already is asked for as it stands there; browsers do the same.
        return URL(url, encoded=url.isascii() and url.isprintable() and " " not in url)
    except (ValueError, IndexError):  # the second by yarl, for "http://[]@"
        raise Unread("Its address is malformed.") from None


def utf8(value: str) -> str:
    """A header's ``value`` without the surrogates that stand for bytes that are not UTF-8."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _refusal(status: int) -> str:
    if status in {401, 403}:
        return f"Its server does not show it to this program (status {status})."
    if status in {404, 410}:
        return f"There is no such page (status {status})."
    known = {one.value for one in HTTPStatus}
    phrase = f" ({HTTPStatus(status).phrase})" if status in known else ""
    return f"Its server answered with status {status}{phrase}, not with a page."
