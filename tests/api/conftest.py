"""A real server on loopback that says, byte by byte, what a test tells it to."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest

from flattr_host.api import limiting, remote, transport
from flattr_host.api.remote import RemoteBackend
from flattr_host.api.secret import Secret

TOKEN = "token-that-nobody-may-see"

#: Bytes are sent, and the connection goes on; a function is given the connection, which then ends.
Answer = bytes | Callable[[socket.socket], None]


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; names of headers in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Server:
    """Gives ``answers`` in order, the last one for ever; ``seen`` is what arrived."""

    def __init__(
        self, tls: ssl.SSLContext | None = None, port: int = 0, answers: Sequence[Answer] = ()
    ) -> None:
        self.answers = list(answers)
        self.seen: list[Seen] = []
        self.connections = 0
        self._tls = tls
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.api_url = self.origin + "/rest/v2"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as lines:
                while request_line := lines.readline().decode(errors="replace"):
                    if " HTTP/1.1" not in request_line:
                        connection.sendall(answer(400))
                        return
                    self.seen.append(_read(request_line, lines))
                    told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                    if not isinstance(told, bytes):
                        told(connection)
                        connection.shutdown(socket.SHUT_RDWR)
                        return
                    connection.sendall(told)


def _read(request_line: str, lines: Any) -> Seen:
    method, target, _ = request_line.split(" ")
    headers: dict[str, str] = {}
    while line := lines.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Seen(method, target, headers, lines.read(int(headers.get("content-length", 0))))


def answer(status: int, body: Any = b"", **headers: str) -> bytes:
    """A whole answer; ``body`` is JSON unless it is bytes. ``_`` in a header's name is a hyphen."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if status != 204:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode() + content


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def backend(server: Server) -> RemoteBackend:
    return RemoteBackend(server.api_url, Secret(TOKEN))


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a process keeps between calls, new for each test; and no long pauses."""
    monkeypatch.setattr(limiting, "_gates", {})
    monkeypatch.setattr(remote, "PAUSE", 0.01)
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield
    transport.close()
