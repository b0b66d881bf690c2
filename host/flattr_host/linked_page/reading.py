"""Fetches the page that a link leads to and reads what it says of itself.

Only on a person's gesture on that very link. Nothing goes along that tells who asks: no cookies,
no Referer, no credentials. Every address on the way is held against :mod:`.guard`, and the one
that was is the one that is connected to. docs/architecture.md tells what is refused and why.

Imports aiohttp, 0.3 s: import it only where a page is read.
"""

import asyncio
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urldefrag, urljoin
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
from aiohttp.abc import ResolveResult
from yarl import URL

from ..api import network, transport
from ..api.errors import AnswerLost
from ..discovery.bounds import addresses
from ..discovery.discovering import discover
from ..discovery.model import MAX_URL, Hints
from . import guard, parsing
from .body import GZIP, PLAIN, READ_TYPES, Body
from .link_header import payment_links

#: Seconds for all of it: names, redirects, and the page.
TIMEOUT = 5.0
#: So many redirects are followed.
MAX_REDIRECTS = 5
#: Seconds after which ``cancelled`` is asked again.
PATIENCE = 0.1
#: So many pages are read at once, since each takes a process; more wait, so many seconds.
MAX_AT_ONCE = 4
TURN_TIMEOUT = 10.0

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_HEADERS = {
    "Accept": "text/html, application/xhtml+xml, application/atom+xml, application/rss+xml;q=0.9",
    "Accept-Encoding": "gzip",
    # Without the version: it would tell the readers of one site apart.
    "User-Agent": "flattr-host",
}
_CALLED_OFF = "Reading it was called off."
_NO_PROXY = (
    "A proxy is set for its address, and behind a proxy nobody can see where a link leads."
    " Open the page and flattr it there."
)


_turns = threading.Semaphore(MAX_AT_ONCE)


class PageUnread(Exception):
    """The page could not be read. ``detail`` is a sentence that tells a person why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True)
class LinkedPage:
    """``url`` is where the link led in the end, without fragment; ``hints`` what is said there."""

    url: str
    hints: Hints


@dataclass
class _Fetched:
    """A page as far as it was read: the payment links of its headers, and its beginning."""

    url: str
    payment: tuple[str, ...] = ()
    content_type: str | None = None
    data: bytes | bytearray = field(default=b"", repr=False)

    def hints(self, cancelled: Callable[[], bool] | None) -> Hints:
        """What the page says of itself. Raises ``PageUnread``."""
        read = Hints()
        if self.data:
            try:
                data = bytes(self.data)
                read = parsing.hints_of(data, self.url, self.content_type, cancelled)
            except parsing.Unparsable as trouble:
                raise PageUnread(str(trouble)) from None
        payment = addresses((*self.payment, *read.payment))
        return msgspec.structs.replace(read, payment=payment)


def read(url: str, cancelled: Callable[[], bool] | None = None) -> LinkedPage:
    """Where ``url`` leads, and what the page there says of itself.

    ``TIMEOUT`` seconds for fetching it, ``parsing.TIMEOUT`` for parsing it; before that, up to
    ``TURN_TIMEOUT`` for its turn, where ``MAX_AT_ONCE`` others are being read.

    A page that is neither HTML nor a feed has no hints but those of its headers. A redirect to an
    address that itself says what to flattr is not followed any further. ``cancelled`` is asked
    now and then whether to give up. Raises ``PageUnread``.
    """
    with _turn(cancelled):
        try:
            fetched = transport.run(_fetch_unless(cancelled, url.strip()))
        except AnswerLost:  # by transport.close
            raise PageUnread("This program was ended before the page was there.") from None
        return LinkedPage(fetched.url, fetched.hints(cancelled))


@contextmanager
def _turn(cancelled: Callable[[], bool] | None) -> Iterator[None]:
    """One of the ``MAX_AT_ONCE`` turns. Raises ``PageUnread`` if none becomes free in time."""
    until = time.monotonic() + TURN_TIMEOUT
    while not _turns.acquire(timeout=PATIENCE):
        if cancelled and cancelled():
            raise PageUnread(_CALLED_OFF)
        if time.monotonic() > until:
            raise PageUnread("Too many other pages are being read. Try it again in a moment.")
    try:
        yield
    finally:
        _turns.release()


async def _fetch_unless(cancelled: Callable[[], bool] | None, url: str) -> _Fetched:
    fetching = asyncio.ensure_future(_fetch(url))
    try:
        while not (await asyncio.wait({fetching}, timeout=PATIENCE))[0]:
            if cancelled and cancelled():
                raise PageUnread(_CALLED_OFF)
        return fetching.result()
    finally:
        fetching.cancel()


async def _fetch(url: str) -> _Fetched:
    try:
        async with asyncio.timeout(TIMEOUT), _session() as session:
            return await _follow(session, _parsed(url))
    except (aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
        trouble = _sentence(error)
    raise PageUnread(trouble)  # out here, where no error of aiohttp's becomes its context


def _sentence(error: Exception) -> str:
    if isinstance(error, zlib.error):
        return "It cannot be decompressed."
    if isinstance(error, TimeoutError):
        return f"It was not there within {TIMEOUT:.2g} seconds."
    return transport.trouble_of(error, TIMEOUT).detail


def _session() -> aiohttp.ClientSession:
    """One for each page, so that nothing of a page, not even a connection, is left for others."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=_PublicResolver(),
            use_dns_cache=False,
            socket_factory=_public_socket,
            force_close=True,
        ),
        headers=_HEADERS,
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
                raise PageUnread(trouble)
        return found


def _public_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """The last line: a socket for ``address`` if that is public, however aiohttp came by it."""
    family, kind, protocol, _, where = address
    if guard.why_not_public(str(where[0])):
        raise OSError("not a public address")
    return socket.socket(family, kind, protocol)


async def _follow(session: aiohttp.ClientSession, url: URL) -> _Fetched:
    for _ in range(MAX_REDIRECTS + 1):
        _refuse_unless_allowed(url)
        async with session.get(url, allow_redirects=False) as response:
            if response.status not in _REDIRECTS or "Location" not in response.headers:
                return await _taken(url, response)
            target = _target(url, response.headers["Location"])
        if discover(str(target)).flattrable:
            return _Fetched(str(target))
        if url.scheme == "https" and target.scheme == "http":
            # Whoever is on the way there could name a payee of their own.
            raise PageUnread("It leads from a secure address to one that is not.")
        url = target
    raise PageUnread(f"It leads on and on, over more than {MAX_REDIRECTS} redirects.")


def _refuse_unless_allowed(url: URL) -> None:
    if trouble := guard.why_not_allowed(url):
        raise PageUnread(trouble)
    proxies = getproxies()
    if (proxies.get(url.scheme) or proxies.get("all")) and not proxy_bypass(url.raw_host or ""):
        raise PageUnread(_NO_PROXY)


def _target(url: URL, location: str) -> URL:
    try:
        return _parsed(urljoin(str(url), _utf8(location.strip())))
    except ValueError:
        raise PageUnread("It leads to an address that is malformed.") from None


def _parsed(url: str) -> URL:
    if len(url) > MAX_URL:
        raise PageUnread(f"Its address is longer than {MAX_URL} characters.")
    try:
        url = urldefrag(url).url
        # What is escaped already is asked for as it stands there; browsers do the same.
        return URL(url, encoded=url.isascii() and url.isprintable() and " " not in url)
    except (ValueError, IndexError):  # the second by yarl, for "http://[]@"
        raise PageUnread("Its address is malformed.") from None


def _utf8(value: str) -> str:
    """A header's ``value`` without the surrogates that stand for bytes that are not UTF-8."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def _taken(url: URL, response: aiohttp.ClientResponse) -> _Fetched:
    if response.status // 100 != 2:
        raise PageUnread(_refusal(response.status))
    fields = map(_utf8, response.headers.getall("Link", ()))
    fetched = _Fetched(str(url), payment_links(fields, str(url)))
    sent_type = response.headers.get("Content-Type")
    is_read = sent_type is None or sent_type.partition(";")[0].strip().lower() in READ_TYPES
    if is_read:
        fetched.content_type = sent_type and _utf8(sent_type)
        await _take_body(response, fetched)
    return fetched


async def _take_body(response: aiohttp.ClientResponse, fetched: _Fetched) -> None:
    encoding = ",".join(response.headers.getall("Content-Encoding", ())).strip().lower()
    if encoding not in PLAIN | GZIP:
        raise PageUnread("It is compressed in a way that was not asked for.")
    body = Body(is_gzip=encoding in GZIP)
    fetched.data = body.data
    async for piece in response.content.iter_any():
        body.add(piece)
        if body.is_complete:
            return


def _refusal(status: int) -> str:
    if status in {401, 403}:
        return f"Its server does not show it to this program (status {status})."
    if status in {404, 410}:
        return f"There is no such page (status {status})."
    known = {one.value for one in HTTPStatus}
    phrase = f" ({HTTPStatus(status).phrase})" if status in known else ""
    return f"Its server answered with status {status}{phrase}, not with a page."
