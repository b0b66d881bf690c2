"""The image of a thing, for the extension's history: it loads nothing from the web by itself.

Only where the person allowed images, since whoever has the image learns that it was looked at.
"""

import base64
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from ..api import network, transport
from ..api.errors import FlattrError, ServerTrouble
from .fetching import TIMEOUT, Unread, fetch, unless

#: No image is larger (bytes): in Base64 it fits into a frame.
MAX_IMAGE = 256 * 1024

#: By what files of each type begin with; of WebP also what follows the length.
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"RIFF": "image/webp",
}
_HEADERS = {
    "Accept": "image/webp, image/png, image/jpeg, image/gif",
    "Accept-Encoding": "identity",
}

#: One of the requests that may be under way to servers is left for a flattr.
_turns = threading.Semaphore(network.MAX_REQUESTS - 1)


class ImageUnavailable(FlattrError):
    """There is no image that could be shown; the detail says why."""

    code = "image_unavailable"


def read(url: str, api_url: str | None, cancelled: Callable[[], bool]) -> str:
    """The image at ``url`` as a ``data:`` URL.

    A server that the person connected to (``api_url``) may have its own images on a private
    address, where it is itself; nobody else may. ``cancelled`` is asked now and then whether to
    give up. Raises ``ImageUnavailable``.
    """
    is_of_server = api_url is not None and _origin(url) == _origin(api_url)
    try:
        if is_of_server:
            with _turns:
                data = transport.run(unless(cancelled, _of_server(url)))
        else:
            data = transport.run(unless(cancelled, fetch(url, _HEADERS, _taken)))
    except (Unread, ServerTrouble) as error:
        raise ImageUnavailable(error.detail) from None
    return f"data:{_type_of(data)};base64,{base64.b64encode(data).decode()}"


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme.lower(), parts.netloc.lower()


async def _of_server(url: str) -> bytes:
    reply = await transport.request("GET", url, headers=_HEADERS, timeout=TIMEOUT)
    if reply.status != 200:
        raise Unread(f"Its server answered with status {reply.status}.")
    return _bounded(reply.body)


async def _taken(_: URL, response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for piece in response.content.iter_any():
        data += piece
        _bounded(data)
    return bytes(data)


def _bounded(data: bytes | bytearray) -> bytes:
    if len(data) > MAX_IMAGE:
        raise Unread(f"It is larger than {MAX_IMAGE >> 10} KiB.")
    return bytes(data)


def _type_of(data: bytes) -> str:
    for beginning, media_type in _BEGINNINGS.items():
        if data.startswith(beginning) and (beginning != b"RIFF" or data[8:12] == b"WEBP"):
            return media_type
    raise ImageUnavailable("It is none of the kinds of images that are shown.")
