"""Images of things, which a real host fetches from a real server on this machine."""

import base64
import http.server
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from flattr_host.browsers.process import HostProcess
from flattr_host.native.host import MAX_IMAGES
from tests.conftest import Home, StartHost

Message = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
LARGE = PNG.ljust(256 * 1024 + 1, b"x")


class Site(http.server.BaseHTTPRequestHandler):
    """Who connects to this server has its images, wherever it is."""

    protocol_version = "HTTP/1.1"
    PAGES: ClassVar[dict[str, bytes]] = {
        "/a.png": PNG,
        "/just.png": LARGE[:-1],
        "/large.png": LARGE,
        "/text.png": b"no picture",
        "/chunked.png": PNG,
        "/endless.png": PNG,
    }
    seen: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        if self.path == "/slow.png":
            time.sleep(4)
        if self.path == "/elsewhere.png":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:9/a.png")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = self.PAGES.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "image/png")
        self.send_header("Set-Cookie", "who=alice; Path=/")
        if self.path in ("/chunked.png", "/endless.png"):
            self._in_chunks(body or b"", 10_000 if self.path == "/endless.png" else 1)
            return
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def _in_chunks(self, piece: bytes, times: int) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(times):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Nothing is told."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Who asked has gone, as is to be expected."""


@pytest.fixture
def site() -> Iterator[str]:
    """Its address, without a path."""
    with _Server(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Site.seen.clear()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def image(host: HostProcess, url: str) -> Message:
    (answer,) = host.request({"id": "1", "type": "image", "url": url})
    return answer


def test_the_connected_server_s_own(host: HostProcess, flattr_home: Home, site: str) -> None:
    flattr_home.set(api_url=f'"{site}/rest/v2"')
    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    for path in ("/a.png", "/a.png", "/chunked.png"):
        assert image(host, site + path) == {"id": "1", "type": "done", "image": data}
    assert image(host, f"{site}/just.png")["type"] == "done"
    for told in Site.seen:
        assert not {"cookie", "referer", "authorization", "origin"} & set(told)
    for path in ("/large.png", "/endless.png", "/text.png", "/none.png", "/elsewhere.png"):
        answer = image(host, site + path)
        assert answer["code"] == "image_unavailable", path
        assert answer["detail"], path
        assert answer["message"].endswith(answer["detail"])


def test_no_other_on_this_machine(host: HostProcess, flattr_home: Home, site: str) -> None:
    port = int(site.rpartition(":")[2])
    assert image(host, f"{site}/a.png")["code"] == "image_unavailable"
    for other in (f"http://127.0.0.1:{port + 1}", f"https://127.0.0.1:{port}", "https://a.example"):
        flattr_home.set(api_url=f'"{other}/rest/v2"')
        assert image(host, f"{site}/a.png")["code"] == "image_unavailable"
    flattr_home.set(api_url=f'"{site}/rest/v2"')
    for url in (f"http://alice@127.0.0.1:{port}/a.png", f"http://localhost:{port}/a.png"):
        assert image(host, url)["code"] == "image_unavailable"
    assert Site.seen == []


def test_what_is_no_address(host: HostProcess) -> None:
    for url in ("file:///etc/passwd", "data:image/png;base64,AAAA", "no address", "http://[", "a:"):
        assert image(host, url)["code"] == "image_unavailable", url
    assert image(host, "")["code"] == "invalid_request"


def test_images_leave_room_for_a_flattr(host: HostProcess, flattr_home: Home, site: str) -> None:
    flattr_home.set(api_url=f'"{site}/rest/v2"')
    for number in range(MAX_IMAGES + 1):
        host.send({"id": number, "type": "image", "url": f"{site}/slow.png"})
    assert host.receive()["code"] == "too_many_requests"
    begun = time.monotonic()
    (answer,) = host.request({"id": "s", "type": "settings"})
    assert answer["type"] == "done"
    assert time.monotonic() - begun < 1


def test_the_end_of_the_stream_ends_them(
    start_host: StartHost, flattr_home: Home, site: str
) -> None:
    flattr_home.set(api_url=f'"{site}/rest/v2"')
    host = start_host()
    for number in range(8):
        host.send({"id": number, "type": "image", "url": f"{site}/slow.png"})
    until = time.monotonic() + 5
    while not Site.seen and time.monotonic() < until:
        time.sleep(0.01)
    assert host.close() == 0
    assert "closed, 8 under way, 0 late" in flattr_home.log.read_text()
