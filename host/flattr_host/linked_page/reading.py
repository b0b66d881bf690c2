"""Fetches the page that a link leads to and reads what it says of itself.

Only on a person's gesture on that very link.

Imports aiohttp, 0.3 s: import it only where a page is read.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
import msgspec
from yarl import URL

from ..api import transport
from ..api.errors import AnswerLost
from ..discovery.bounds import addresses
from ..discovery.discovering import discover
from ..discovery.model import Hints
from . import parsing
from .body import GZIP, PLAIN, READ_TYPES, Body
from .fetching import CALLED_OFF, PATIENCE, fetch, unless, utf8
from .fetching import Unread as Unread
from .link_header import payment_links

#: So many pages are read at once, since each takes a process; more wait, so many seconds.
MAX_AT_ONCE = 4
TURN_TIMEOUT = 10.0

_HEADERS = {
    "Accept": "text/html, application/xhtml+xml, application/atom+xml, application/rss+xml;q=0.9",
    "Accept-Encoding": "gzip",
}

_turns = threading.Semaphore(MAX_AT_ONCE)


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
        """What the page says of itself. Raises ``Unread``."""
        read = Hints()
        if self.data:
            try:
                data = bytes(self.data)
                read = parsing.hints_of(data, self.url, self.content_type, cancelled)
            except parsing.Unparsable as trouble:
                raise Unread(str(trouble)) from None
        payment = addresses((*self.payment, *read.payment))
        return msgspec.structs.replace(read, payment=payment)


def read(url: str, cancelled: Callable[[], bool] | None = None) -> LinkedPage:
    """Where ``url`` leads, and what the page there says of itself.

    ``fetching.TIMEOUT`` seconds for fetching it, ``parsing.TIMEOUT`` for parsing it; before that,
    up to ``TURN_TIMEOUT`` for its turn, where ``MAX_AT_ONCE`` others are being read.

    A page that is neither HTML nor a feed has no hints but those of its headers. A redirect to an
    address that itself says what to flattr is not followed any further. ``cancelled`` is asked
    now and then whether to give up. Raises ``Unread``.
    """
    with _turn(cancelled):
        try:
            fetching = fetch(url.strip(), _HEADERS, _taken, _arrived)
            fetched = transport.run(unless(cancelled, fetching))
        except AnswerLost:  # by transport.close
            raise Unread("This program was ended before the page was there.") from None
        return LinkedPage(fetched.url, fetched.hints(cancelled))


@contextmanager
def _turn(cancelled: Callable[[], bool] | None) -> Iterator[None]:
    """One of the ``MAX_AT_ONCE`` turns. Raises ``Unread`` if none becomes free in time."""
    until = time.monotonic() + TURN_TIMEOUT
    while not _turns.acquire(timeout=PATIENCE):
        if cancelled and cancelled():
            raise Unread(CALLED_OFF)
        if time.monotonic() > until:
            raise Unread("Too many other pages are being read. Try it again in a moment.")
    try:
        yield
    finally:
        _turns.release()


def _arrived(target: URL) -> _Fetched | None:
    return _Fetched(str(target)) if discover(str(target)).flattrable else None


async def _taken(url: URL, response: aiohttp.ClientResponse) -> _Fetched:
    fields = map(utf8, response.headers.getall("Link", ()))
    fetched = _Fetched(str(url), payment_links(fields, str(url)))
    sent_type = response.headers.get("Content-Type")
    is_read = sent_type is None or sent_type.partition(";")[0].strip().lower() in READ_TYPES
    if is_read:
        fetched.content_type = sent_type and utf8(sent_type)
        await _take_body(response, fetched)
    return fetched


async def _take_body(response: aiohttp.ClientResponse, fetched: _Fetched) -> None:
    encoding = ",".join(response.headers.getall("Content-Encoding", ())).strip().lower()
    if encoding not in PLAIN | GZIP:
        raise Unread("It is compressed in a way that was not asked for.")
    body = Body(is_gzip=encoding in GZIP)
    fetched.data = body.data
    async for piece in response.content.iter_any():
        body.add(piece)
        if body.is_complete:
            return
