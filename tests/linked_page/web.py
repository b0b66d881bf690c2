"""What web servers answer: a page each for everything that can go wrong."""

import gzip
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

PAYMENT = "https://flattr.com/submit/auto?user_id=anna&url=http%3A%2F%2Fplain.example%2F"
HEAD = f'<title>A page</title><link rel="payment" href="{PAYMENT.replace("&", "&amp;")}">'
PAGE = f"<!doctype html><html><head>{HEAD}</head><body>Words.</body></html>".encode()
BODY_LINK = f'<a rel="payment" href="{PAYMENT.replace("&", "&amp;")}">Flattr</a>'.encode()
KIB = 1024


def head(status: int = 200, *fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status} As it is", "Connection: close", *fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def html(body: bytes, *fields: str) -> bytes:
    return head(200, "Content-Type: text/html; charset=utf-8", *fields) + body


def redirect(to: str, *fields: str) -> bytes:
    return head(302, f"Location: {to}", *fields)


def ten_gigabytes() -> Iterator[bytes]:
    """As gzip, 10 MB on the way."""
    yield html(b"", "Content-Encoding: gzip")
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    megabyte = bytes(KIB * KIB)
    for _ in range(10 * KIB):
        yield packer.compress(megabyte)
    yield packer.flush()


def members() -> Iterator[bytes]:
    """Gzip members without end that hold nothing."""
    yield html(b"", "Content-Encoding: gzip")
    while True:
        yield gzip.compress(b"") * 1000


def endless(piece: bytes, pause: float = 0.0) -> Iterator[bytes]:
    yield html(b"")
    while True:
        yield piece
        time.sleep(pause)


def endless_fields() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-More: " + b"x" * 1000 + b"\r\n"


def slow_fields() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X: y\r\n"
        time.sleep(0.2)


def early_hints() -> Iterator[bytes]:
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100


def long_page(before: int) -> bytes:
    """``before`` bytes, then a payment link."""
    start = b"<!doctype html><title>Long</title></head><body>"
    return html(start + b" " * (before - len(start)) + BODY_LINK + b" " * 1000)


PNG = head(200, "Content-Type: image/png", "Set-Cookie: who=anna") + b"\x89PNG\r\n\x1a\n..."

FEED = f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">
<title>A feed</title><link rel="payment" href="{PAYMENT.replace("&", "&amp;")}"/></feed>"""

PAGES: dict[str, bytes | Callable[[], Iterator[bytes]]] = {
    "/": html(PAGE),
    "/in-header": html(
        b"<title>Not needed", f'Link: </a,b;c>; rel=next, <{PAYMENT}>; REL="x PayMent"'
    ),
    "/strange-header": html(PAGE, "Link: </pay>; rel=payment", "Link: <\xff>; rel=payment"),
    "/image": head(200, "Content-Type: image/png", f"Link: <{PAYMENT}>; rel=payment") + b"\x89PNG",
    "/other-image": head(200, "Content-Type: image/png") + PAGE,
    "/picture.png": PNG,
    "/picture.webp": head(200, "Content-Type: text/plain") + b"RIFF\x04\0\0\0WEBPVP8 ",
    "/picture.svg": head(200, "Content-Type: image/svg+xml")
    + b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "/picture.gz": head(200, "Content-Encoding: gzip") + gzip.compress(b"GIF89a"),
    "/just-a-picture": head(200) + b"\xff\xd8\xff".ljust(256 * KIB, b"x"),
    "/too-large-a-picture": head(200) + b"\xff\xd8\xff".ljust(256 * KIB + 1, b"x"),
    "/untyped": head() + PAGE,
    "/feed": head(200, "Content-Type: application/atom+xml") + FEED.encode(),
    "/latin-1": head(200, "Content-Type: text/html; charset=iso-8859-1")
    + b"<title>Caf\xe9</title>",
    "/no-head": html(b"<title>No head</title>" + BODY_LINK),
    "/just-within": long_page(512 * KIB - len(BODY_LINK)),
    "/just-beyond": long_page(512 * KIB - 20),
    "/gzip": html(gzip.compress(PAGE), "Content-Encoding: gzip"),
    "/broken-gzip": html(b"\x1f\x8b\x08\x00" + b"?" * 100, "Content-Encoding: gzip"),
    "/brotli": html(b"??", "Content-Encoding: br"),
    "/twice-gzip": html(gzip.compress(gzip.compress(PAGE)), "Content-Encoding: gzip, gzip"),
    "/short": html(b"<title>", "Content-Length: 1000"),
    "/bomb": ten_gigabytes,
    "/members": members,
    "/endless": lambda: endless(b"<p>" * 10_000),
    "/drip": lambda: endless(b" ", pause=0.2),
    "/endless-fields": endless_fields,
    "/slow-fields": slow_fields,
    "/early-hints": early_hints,
    "/huge-location": redirect("http://plain.example/" + "x" * 100_000),
    "/nowhere": head(302),
    "/bad-location": redirect("http://[::1"),
    "/cookie": redirect("/", "Set-Cookie: who=anna; Path=/"),
    "/missing": head(404) + PAGE,
    "/refused": head(403) + PAGE,
    "/failing": head(599) + PAGE,
    "/not-http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "/silence": b"",
}


def answer(target: str) -> Iterator[bytes]:
    """What is sent for ``target``; ``/to?URL`` leads there, ``/redirects/N`` over N redirects."""
    path, _, query = target.partition("?")
    if path == "/to":
        return iter([redirect(unquote(query, "latin-1"))])  # any bytes
    if path.startswith("/redirects/"):
        left = int(path.removeprefix("/redirects/")) - 1
        return iter([redirect(f"/redirects/{left}" if left else "/")])
    told = PAGES.get(path, head(404))
    return iter([told]) if isinstance(told, bytes) else told()


class WebServer:
    """Answers on ``port`` of every address; ``seen`` is what arrived, and at which address."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[dict[str, Any]] = []
        self._tls = tls
        self._listener = socket.create_server(
            ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64
        )

    def serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        here = connection.getsockname()[0].removeprefix("::ffff:")
        with suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as lines:
                method, target, _ = lines.readline().decode().split(" ")
                fields = [line.decode().strip() for line in iter(lines.readline, b"\r\n")]
                self.seen.append({"at": here, "asked": f"{method} {target}", "fields": fields})
                for piece in answer(target):
                    connection.sendall(piece)
