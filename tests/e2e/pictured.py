"""A server whose things have images: a served ledger, which has none, and what this adds to it."""

from __future__ import annotations

import colorsys
import json
import struct
import threading
import zlib
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

SIDE = 64
ANSWER_TIMEOUT_S = 10.0


class Pictured:
    """Answers as the ledger at `url` does, from enter to exit; `images` are those asked for.

    Every third thing has no image, and every seventh one that cannot be had.
    """

    def __init__(self, url: str) -> None:
        self._behind = urlsplit(url).netloc
        self.images: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _forwarded(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = HTTPConnection(self._behind, timeout=ANSWER_TIMEOUT_S)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
        connection.close()
        return status, body

    def _with_images(self, flattrs: Any) -> Any:
        for flattr in flattrs if isinstance(flattrs, list) else []:
            number = flattr["thing"]["id"]
            if number % 3:
                flattr["thing"]["image"] = f"{self.url}/image/{number}.png"
        return flattrs

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pictured = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/image/"):
                    pictured.images.append(self.path)
                    number = int(self.path.removeprefix("/image/").removesuffix(".png"))
                    return self._answer(200 if number % 7 else 404, png(number), "image/png")
                headers = {
                    name: value for name, value in self.headers.items() if name.lower() != "host"
                }
                status, body = pictured._forwarded(self.path, headers)
                if self.path.split("?")[0].endswith("/flattrs"):
                    body = json.dumps(pictured._with_images(json.loads(body))).encode()
                return self._answer(status, body, "application/json")

            def _answer(self, status: int, body: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        return Handler


def png(number: int) -> bytes:
    """Two colours, which differ from those of any neighbour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    first, second = (_colour(number * 0.13 + more) for more in (0, 0.1))
    rows = b"".join(
        b"\0" + b"".join(first if x + y < SIDE else second for x in range(SIDE))
        for y in range(SIDE)
    )
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _colour(hue: float) -> bytes:
    return bytes(round(255 * part) for part in colorsys.hsv_to_rgb(hue % 1, 0.45, 0.8))
