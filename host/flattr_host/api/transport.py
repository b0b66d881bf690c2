"""HTTP for everything that talks to a server: one request, one bounded reply or one clear error.

One aiohttp session per process, on an event loop with a thread of its own that starts with the
first call. aiohttp costs 0.2 s to import: import this module only where a server is called.

No redirect is followed, no cookie is kept, no ``.netrc`` is read: whatever goes along with a
request was given by the caller. Proxies are taken from the environment, for https only.
"""

import asyncio
import base64
import ipaddress
import os
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from .errors import AnswerLost, BadAnswer, ServerTrouble, Unreachable
from .network import close as close
from .network import pool
from .network import run as run

#: Seconds until there is a connection, TLS and the name's resolution included.
CONNECT_TIMEOUT = 10.0
#: Seconds until the whole answer is there.
TOTAL_TIMEOUT = 30.0
#: No answer's body is read further than this, in bytes after decompression.
MAX_BODY = 1 << 20

_LOOPBACK = ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")
_NOT_ALLOWED = (
    "Its address must begin with https:// (http:// is for this machine only), and hold neither a"
    " password nor a #."
)


@dataclass(frozen=True)
class Reply:
    """A whole answer. ``headers`` are found in any spelling; ``body`` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def is_allowed_url(url: str) -> bool:
    """Whether :func:`request` would call it: https, or http to loopback; no userinfo, no fragment.

    Loopback is 127.0.0.0/8, ::1, and the name ``localhost``, which is never asked of a resolver.
    """
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in " #\\"):
        return False
    try:
        parsed = URL(url, encoded=True)
        host, _ = parsed.host or "", parsed.port
        netloc = urllib.parse.urlsplit(url).netloc
    except (ValueError, IndexError):  # the second by yarl, for "https://[]@"
        return False
    if not host or "%" in host or "@" in netloc:
        return False
    return parsed.scheme == "https" or (parsed.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _LOOPBACK)


async def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float | None = None,
) -> Reply:
    """One request and its answer, whatever the status. ``url`` is sent as it is, encoded already.

    To be run by :func:`run`. ``timeout`` (seconds, for everything) is ``TOTAL_TIMEOUT`` where
    nothing is said. Raises ``Unreachable`` if nothing can have arrived, ``AnswerLost`` if it may
    have, and ``BadAnswer`` for an answer that is too large or no HTTP. None of them holds anything
    of what was sent, not even in its ``__context__``, where aiohttp's would.
    """
    if not is_allowed_url(url):
        raise Unreachable(_NOT_ALLOWED)
    seconds = TOTAL_TIMEOUT if timeout is None else timeout
    loop = asyncio.get_running_loop()
    started = loop.time()
    shared = pool()
    try:
        async with asyncio.timeout(seconds):
            await shared.slots.acquire()
    except TimeoutError:
        trouble: ServerTrouble = Unreachable("Too many calls to servers are under way.")
    else:
        try:
            left = max(0.01, seconds - (loop.time() - started))
            return await _exchange(
                shared.session, method, URL(url, encoded=True), headers, body, left
            )
        except ServerTrouble as error:
            trouble = error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            trouble = trouble_of(error, seconds)
        finally:
            shared.slots.release()
    raise trouble  # out here, where no error of aiohttp's becomes its context


async def _exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: Mapping[str, str] | None,
    body: bytes | None,
    timeout: float,
) -> Reply:
    proxy, proxy_headers = _proxy(url)
    async with session.request(
        method,
        url,
        headers=headers,
        data=body,
        skip_auto_headers=("Content-Type",),  # aiohttp invents one, even for an empty body
        allow_redirects=False,
        proxy=proxy,
        proxy_headers=proxy_headers,
        timeout=aiohttp.ClientTimeout(total=timeout, connect=CONNECT_TIMEOUT),
        middlewares=(_only_once,),
    ) as response:
        received = bytearray()
        async for chunk in response.content.iter_any():
            received += chunk
            if len(received) > MAX_BODY:
                response.close()  # the rest is not read, so the connection is of no use
                raise BadAnswer(f"It is larger than {MAX_BODY >> 20} MiB.")
        return Reply(response.status, response.headers, bytes(received))


async def _only_once(
    sent: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keeps aiohttp from sending a GET or a DELETE again by itself: our callers decide that."""
    try:
        return await handler(sent)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        trouble = trouble_of(error, TOTAL_TIMEOUT)
    raise trouble


def trouble_of(error: Exception, seconds: float) -> ServerTrouble:
    """What an error of aiohttp's means. Only words and numbers of our own go into the sentence."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return Unreachable(f"It did not answer within {CONNECT_TIMEOUT:.2g} seconds.")
        case aiohttp.ClientHttpProxyError():
            return Unreachable(f"The proxy refused to connect to it, with status {error.status}.")
        case aiohttp.ClientConnectorError():
            return Unreachable(_why_unconnected(error))
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return Unreachable(_NOT_ALLOWED)
        case TimeoutError():
            return AnswerLost(f"Its answer was not there within {seconds:.2g} seconds.")
        case aiohttp.ClientPayloadError():
            return _trouble_in_body(error)
        case aiohttp.ClientResponseError():
            return BadAnswer("It is not HTTP.")
        case aiohttp.ClientError() | OSError():
            return AnswerLost("The connection broke off before the answer.")
        case _:
            return Unreachable("The request cannot be written as HTTP.")  # ValueError: a header


def _why_unconnected(error: aiohttp.ClientConnectorError) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", "")
            return f"Its certificate is not valid: {reason or 'it cannot be verified'}."
        case aiohttp.ClientConnectorSSLError():
            return "No secure connection to it could be made."
        case aiohttp.ClientConnectorDNSError():
            return "Its name could not be resolved."
        case aiohttp.ClientProxyConnectionError():
            return "The proxy on the way to it could not be reached."
    if isinstance(error.os_error, ConnectionRefusedError):
        return "It refused the connection."
    if isinstance(error.os_error, ConnectionError):
        return "It broke off the connection."
    number = error.os_error.errno
    return f"There is no way to it: {os.strerror(number)}." if number else "There is no way to it."


def _trouble_in_body(error: aiohttp.ClientPayloadError) -> ServerTrouble:
    if isinstance(error.__cause__, aiohttp.http_exceptions.ContentEncodingError):
        return BadAnswer("It cannot be decompressed.")
    return AnswerLost("The answer broke off in the middle.")


def _proxy(url: URL) -> tuple[URL | None, dict[str, str] | None]:
    """The proxy that the environment names for ``url``, and the headers that are for it.

    aiohttp's own ``trust_env`` would do this too, but reads ``.netrc`` along with it, and sends
    what stands there to whatever server has no Authorization yet.
    """
    host = url.host or ""
    named = urllib.request.getproxies().get("https")
    if url.scheme != "https" or not named or _is_loopback(host):
        return None, None
    if urllib.request.proxy_bypass(host):
        return None, None
    proxy = URL(named if "://" in named else f"http://{named}")
    if proxy.scheme not in {"http", "https"} or not proxy.host:
        raise Unreachable("The proxy that the environment names is none for HTTP.")
    if proxy.user is None:
        return proxy, None
    credentials = f"{proxy.user}:{proxy.password or ''}".encode()
    basic = "Basic " + base64.b64encode(credentials).decode()
    return proxy.with_user(None), {"Proxy-Authorization": basic}


def decode_json(reply: Reply) -> Any:
    """The body of ``reply``, decoded. Raises ``BadAnswer``, which says what it is instead."""
    if not reply.body.strip():
        raise BadAnswer("It is empty.")
    try:
        return msgspec.json.decode(reply.body)
    except RecursionError:
        problem = "It is nested too deeply."
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = "It is broken JSON."
    is_html = reply.body.lstrip()[:1] == b"<"
    raise BadAnswer("It is a web page, not an answer of the API." if is_html else problem)
