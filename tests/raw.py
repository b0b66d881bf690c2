"""A caller that sends bytes as they are, whether or not they are HTTP."""

import re
import socket
from typing import NamedTuple

GOOD = b"GET /rest/v2/ HTTP/1.1\r\nHost: HOST\r\n\r\n"


class Reply(NamedTuple):
    """``status`` 0: the connection ended without an answer."""

    status: int
    headers: dict[str, list[str]]
    body: bytes


def send(port: int, data: bytes, *, timeout: float = 10, source: str = "127.0.0.1") -> Reply:
    """The first answer to ``data``; HOST in it is the server's. Raises ``TimeoutError``."""
    with connect(port, timeout=timeout, source=source) as connection:
        connection.sendall(data.replace(b"HOST", b"127.0.0.1:%d" % port))
        return receive(connection)


def connect(port: int, *, timeout: float = 10, source: str = "127.0.0.1") -> socket.socket:
    """A connection from one of the loopback's addresses."""
    return socket.create_connection(("127.0.0.1", port), timeout, (source, 0))


def receive(connection: socket.socket) -> Reply:
    """One answer. Raises ``TimeoutError``."""
    try:
        return _receive(connection)
    except ConnectionError:
        return Reply(0, {}, b"")


def _receive(connection: socket.socket) -> Reply:
    stream = connection.makefile("rb")
    status = re.match(rb"HTTP/1\.[01] ([0-9]{3}) ", stream.readline())
    headers: dict[str, list[str]] = {}
    for line in iter(lambda: stream.readline().decode("latin-1").strip(), ""):
        name, _, value = line.partition(": ")
        headers.setdefault(name.lower(), []).append(value)
    body = stream.read(int(headers.get("content-length", ["0"])[0]))
    return Reply(int(status[1]) if status else 0, headers, body)


def is_ended(connection: socket.socket, seconds: float) -> bool:
    """Whether the other end closes the connection, without a word, before the seconds are over."""
    connection.settimeout(seconds)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False
