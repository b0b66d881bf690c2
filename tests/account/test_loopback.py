"""The port that the browser comes back to: what counts, and what is refused."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from flattr_host.account import loopback
from flattr_host.account.loopback import RedirectReceiver
from flattr_host.api import transport
from tests.raw import is_ended, send

STATE = "s" * 43
RIGHT = f"/?code=c&state={STATE}"


class Listening:
    def __init__(self) -> None:
        self.receiver, uri = transport.run(self._open())
        self.host = uri.removeprefix("http://").rstrip("/")

    async def _open(self) -> tuple[RedirectReceiver, str]:
        receiver = RedirectReceiver(STATE)
        return receiver, await receiver.open()

    def get(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection(self.host, timeout=10)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=sent)
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        return reply.status, reply.headers, text


@pytest.fixture
def listening() -> Iterator[Listening]:
    yield Listening()
    transport.close()


REFUSED: list[tuple[int, str, str, dict[str, str]]] = [
    (404, "GET", "/favicon.ico", {}),
    (404, "GET", f"/other?code=c&state={STATE}", {}),
    (405, "POST", RIGHT, {}),
    (405, "HEAD", RIGHT, {}),
    (400, "GET", "/", {}),
    (400, "GET", "/?code=c", {}),
    (400, "GET", "/?code=c&state=wrong", {}),
    (400, "GET", "/?code=c&state=%ff%00", {}),
    (400, "GET", f"{RIGHT}&code=d", {}),
    (421, "GET", RIGHT, {"Host": "evil.example"}),
    (421, "GET", RIGHT, {"Host": "127.0.0.1"}),
    (403, "GET", RIGHT, {"Origin": "https://evil.example"}),
    (403, "GET", RIGHT, {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}),
    (403, "GET", RIGHT, {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"}),
    (403, "GET", RIGHT, {"Sec_Fetch_Mode": "cors", "Sec_Fetch_Dest": "empty"}),
]


def test_only_the_right_request_counts(
    listening: Listening, capfd: pytest.CaptureFixture[str]
) -> None:
    for status, method, path, headers in REFUSED:
        assert listening.get(path, method, **headers)[0] == status
    with pytest.raises(TimeoutError):
        transport.run(listening.receiver.wait(0.05))
    answers = []
    tab = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}

    def browse() -> None:
        answers.append(listening.get(RIGHT, Sec_Fetch_Dest="document", **tab))

    browser = threading.Thread(target=browse)
    browser.start()
    assert transport.run(listening.receiver.wait(5)) == {"code": "c", "state": STATE}
    assert answers == []  # the page waits for the outcome
    transport.run(listening.receiver.close("Connected", "As <alice>.", is_trouble=False))
    browser.join(5)
    ((status, headers_, text),) = answers
    assert (status, "As &lt;alice&gt;." in text, "<script" in text) == (200, True, False)
    assert headers_["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert headers_["Cache-Control"] == "no-store"
    with pytest.raises(OSError, match="refused"):
        listening.get(RIGHT)
    assert capfd.readouterr() == ("", "")


def test_one_exchange_and_no_more(listening: Listening) -> None:
    """Whoever has the state too, or the person who loads the page again, changes nothing."""
    answers: list[tuple[int, http.client.HTTPMessage, str]] = []
    browser = threading.Thread(target=lambda: answers.append(listening.get(RIGHT)))
    browser.start()
    assert transport.run(listening.receiver.wait(5)) == {"code": "c", "state": STATE}
    for second in (RIGHT, f"/?code=other&state={STATE}", f"/?error=access_denied&state={STATE}"):
        assert listening.get(second)[0] == 410
    assert transport.run(listening.receiver.wait(5)) == {"code": "c", "state": STATE}
    transport.run(listening.receiver.close("Connected", "", is_trouble=False))
    browser.join(5)
    assert [status for status, _, _ in answers] == [200]


def test_the_port_is_closed_in_the_end(listening: Listening) -> None:
    """Also to those that were connected before, and whatever they were about to send."""
    address, _, port = listening.host.partition(":")
    with (
        socket.create_connection((address, int(port)), 5) as idle,
        socket.create_connection((address, int(port)), 5) as slow,
    ):
        slow.sendall(b"GET /?code=c HTTP/1.1\r\nX: ")
        time.sleep(0.1)
        transport.run(listening.receiver.close("Not connected", "", is_trouble=True))
        assert (is_ended(idle, 2), is_ended(slow, 2)) == (True, True)
    with pytest.raises(OSError, match="refused"):
        listening.get(RIGHT)


def test_many_and_slow_callers_do_not_keep_the_browser_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loopback, "LIMITS", loopback.LIMITS._replace(waiting=1.5))
    listening = Listening()
    address, _, port = listening.host.partition(":")
    with contextlib.ExitStack() as opened:
        bad = []
        for number in range(60):
            bad.append(opened.enter_context(socket.create_connection((address, int(port)), 5)))
            bad[-1].sendall(b"GET / HTTP/1.1\r\nX: " if number % 2 else b"")
        time.sleep(0.2)
        assert listening.get("/")[0] == 400
        open_ones = sum(not is_ended(connection, 0.005) for connection in bad)
        assert 0 < open_ones <= loopback.LIMITS.total
        assert all(is_ended(connection, 5) for connection in bad)
    transport.run(listening.receiver.close("Not connected", "", is_trouble=True))
    transport.close()


OVERSIZED = (
    f"GET /?state={STATE}&code={'x' * 20_000} HTTP/1.1\r\nHost: HOST\r\n\r\n",
    f"GET {RIGHT} HTTP/1.1\r\nHost: HOST\r\nX: {'x' * 20_000}\r\n\r\n",
    f"GET {RIGHT} HTTP/1.1\r\nHost: HOST\r\nHost: evil.example\r\n\r\n",
    f"GET {RIGHT} HTTP/1.0\r\n\r\n",
    f"GET http://evil.example{RIGHT} HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    f"CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n{RIGHT}",
    f"POST {RIGHT} HTTP/1.1\r\nHost: HOST\r\nContent-Length: 999999999\r\n\r\n",
    f"GET /%2e/?code=c&state={STATE} HTTP/1.1\r\nHost: HOST\r\n\r\n",
    f"GET //evil.example{RIGHT} HTTP/1.1\r\nHost: HOST\r\n\r\n",
)


@pytest.mark.parametrize("request_", OVERSIZED, ids=range(len(OVERSIZED)))
def test_what_no_browser_sends_is_refused(listening: Listening, request_: str) -> None:
    port = int(listening.host.partition(":")[2])
    reply = send(port, request_.encode())
    assert reply.status in (400, 404, 405, 414, 421)
    with pytest.raises(TimeoutError):
        transport.run(listening.receiver.wait(0.05))


def test_rubbish_is_not_printed(listening: Listening, capfd: pytest.CaptureFixture[str]) -> None:
    address, _, port = listening.host.partition(":")
    for rubbish in (b"\x16\x03\x01secret\r\n\r\n", b"GET /?code=secret\r\n\r\n", b"x" * 20_000):
        with socket.create_connection((address, int(port)), 5) as client:
            client.sendall(rubbish)
            client.shutdown(socket.SHUT_WR)
            client.recv(4096)
    transport.run(listening.receiver.close("Not connected", "", is_trouble=True))
    assert capfd.readouterr() == ("", "")


def test_giving_up_ends_the_waiting(listening: Listening) -> None:
    threading.Timer(0.05, listening.receiver.give_up).start()
    assert transport.run(listening.receiver.wait(10)) is None
    transport.run(listening.receiver.close("Not connected", "", is_trouble=True))
