"""A server that lies, stalls or breaks: each time exactly one clear error, and no secret in it."""

import asyncio
import gzip
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from flattr_host.api import network, transport
from flattr_host.api.client import without
from flattr_host.api.errors import AnswerLost, BadAnswer, FlattrError, ServerError, Unreachable
from flattr_host.api.remote import RemoteBackend
from flattr_host.api.secret import Secret

from .conftest import TOKEN, Answer, Server, answer

THING = {"type": "thing", "id": 1, "url": "https://a.example/", "title": "A"}
MEGABYTE = 1 << 20


def sends(data: bytes) -> Callable[[socket.socket], None]:
    """Sends ``data`` and ends the connection."""
    return lambda connection: connection.sendall(data)


def stall(_: socket.socket) -> None:
    time.sleep(3)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(30):
        connection.sendall(b" ")
        time.sleep(0.1)


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        connection.sendall(b"X-%d: %s\r\n" % (number, b"x" * 1000))


BOMB = gzip.compress(b" " * (100 * MEGABYTE))

LIES: dict[str, tuple[Answer, type[FlattrError], str]] = {
    "html": (answer(200, b"<!doctype html><h1>Welcome"), BadAnswer, "web page"),
    "truncated json": (answer(200, b'{"type": "thing", "id'), BadAnswer, "broken JSON"),
    "wrong type": (answer(200, {**THING, "id": []}), BadAnswer, "Expected `int`"),
    "array": (answer(200, [THING]), BadAnswer, "Expected `object`, got `array`"),
    "string": (answer(200, "ok"), BadAnswer, "Expected `object`"),
    "null": (answer(200, b"null"), BadAnswer, "Expected `object`"),
    "empty": (answer(200), BadAnswer, "empty"),
    "no content": (answer(204), BadAnswer, "empty"),
    "nul bytes": (answer(200, b"\0" * 50), BadAnswer, "broken JSON"),
    "nul in json": (answer(200, b'{"id": 1, "url": "\0"}'), BadAnswer, "broken JSON"),
    "no utf-8": (answer(200, b'{"id": 1, "url": "\xff"}'), BadAnswer, "broken JSON"),
    "nesting": (answer(200, b"[" * 200_000), BadAnswer, "nested too deeply"),
    "nested": (answer(200, b'{"a":' * 700 + b"1" + b"}" * 700), BadAnswer, ""),
    "huge number": (answer(200, {**THING, "flattrs": 10**30}), BadAnswer, "Expected `int` <="),
    "10 MB": (answer(200, b" " * (10 * MEGABYTE)), BadAnswer, "larger than 1 MiB"),
    "gzip bomb": (answer(200, BOMB, Content_Encoding="gzip"), BadAnswer, "larger than 1 MiB"),
    "no gzip": (answer(200, b"{}", Content_Encoding="gzip"), BadAnswer, "decompressed"),
    "header flood": (flood, BadAnswer, "not HTTP"),
    "long header": (answer(200, THING, X="x" * 100_000), BadAnswer, "not HTTP"),
    "no http": (sends(b"SSH-2.0-OpenSSH_9.6\r\n" * 3), BadAnswer, "not HTTP"),
    "chunked garbage": (
        sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        BadAnswer,
        "not HTTP",
    ),
    "cut off": (sends(answer(200, THING)[:-5]), AnswerLost, "broke off"),
    "nothing": (sends(b""), AnswerLost, "broke off"),
    "half a header": (sends(b"HTTP/1.1 200 OK\r\nX-"), AnswerLost, "broke off"),
    "stall": (stall, AnswerLost, "within 0.5 seconds"),
    "drip": (drip, AnswerLost, "within 0.5 seconds"),
    "html 404": (answer(404, b"<h1>Not found"), BadAnswer, "status 404. It is a web page"),
    "json 404": (answer(404, {"detail": "?"}), BadAnswer, "no word of the API"),
    "error is no string": (answer(400, {"error": True}), BadAnswer, "no word of the API"),
    "html 500": (answer(500, b"<h1>Oops"), ServerError, "status 500"),
    "json 500": (answer(500, {"error": "server_error"}), ServerError, "status 500"),
    "switch": (answer(304), BadAnswer, "status 304"),
    "redirect to nowhere": (answer(302, {}), BadAnswer, "does not say where"),
}


@pytest.fixture(autouse=True)
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flattr_host.api.remote.TOTAL_TIMEOUT", 0.5)
    monkeypatch.setattr("flattr_host.api.remote.WORTH_A_TRY", 100)  # each lie is told once


def assert_no_secret(error: BaseException) -> None:
    """No token in anything that is shown of an error, or hangs on it."""
    assert TOKEN not in "".join(traceback.format_exception(error))
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None:
            assert TOKEN not in repr(one) + str(one) + repr(one.args) + repr(vars(one))
            assert isinstance(one, FlattrError)  # aiohttp's would hold the request
            waiting += [one.__cause__, one.__context__]


@pytest.mark.parametrize("lie", LIES)
def test_each_lie_is_one_clear_error(
    server: Server, backend: RemoteBackend, lie: str, capfd: pytest.CaptureFixture[str]
) -> None:
    told, kind, words = LIES[lie]
    server.answers = [told]
    with pytest.raises(FlattrError) as caught:
        backend.thing(1)
    assert type(caught.value) is kind
    assert words in caught.value.detail
    assert caught.value.detail.endswith(".")
    assert len(server.seen) == 1  # aiohttp would try again
    assert_no_secret(caught.value)
    server.answers = [answer(200, THING)]
    assert backend.thing(1).id == 1  # and the next call is not harmed
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("lie", LIES)
def test_a_flattr_is_sent_once_and_may_have_been_made(
    server: Server, backend: RemoteBackend, lie: str
) -> None:
    told, kind, _ = LIES[lie]
    server.answers = [told]
    with pytest.raises(FlattrError) as caught:
        backend.flattr("https://a.example/")
    assert type(caught.value) is (BadAnswer if lie == "redirect to nowhere" else kind)
    assert len(server.seen) == 1
    assert_no_secret(caught.value)
    is_success = isinstance(told, bytes) and told.startswith(b"HTTP/1.1 2")
    if kind is BadAnswer and is_success:
        assert "your history shows whether it was" in caught.value.detail


def test_a_bomb_takes_no_memory(server: Server, backend: RemoteBackend) -> None:
    server.answers = [answer(200, BOMB, Content_Encoding="gzip")]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadAnswer):
        backend.thing(1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # KiB


def test_nothing_secret_is_logged(
    server: Server, backend: RemoteBackend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for told, _, _ in LIES.values():
        server.answers = [told]
        with pytest.raises(FlattrError):
            backend.thing(1)
    transport.close()
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("spell", [str, lambda token: "".join(f"\\u{ord(it):04x}" for it in token)])
def test_a_token_that_the_server_repeats_is_not_shown(
    server: Server, backend: RemoteBackend, spell: Callable[[str], str]
) -> None:
    said = '{"error": "validation", "error_description": "No such token: ' + spell(TOKEN) + '"}'
    server.answers = [answer(400, said.encode())]
    with pytest.raises(FlattrError) as caught:
        backend.flattrs()
    assert str(caught.value) == "No such token: ..."
    assert_no_secret(caught.value)


def test_a_token_with_signs_that_json_escapes() -> None:
    body = b'{"title": "secret\\/\\"\\\\y", "id": 1}'
    assert without('secret/"\\y', body) == b'{"title":"...","id":1}'


def test_an_idle_connection_that_the_server_closed(server: Server, backend: RemoteBackend) -> None:
    """It is not used again, not for a POST above all."""
    server.answers = [sends(answer(200, THING)), answer(200, {"thing": THING})]
    backend.thing(1)
    time.sleep(0.1)
    assert backend.flattr("https://a.example/").thing.id == 1
    assert server.connections == 2


def test_patience_has_an_end(
    server: Server, backend: RemoteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flattr_host.api.remote.PATIENCE", 0.9)
    monkeypatch.setattr("flattr_host.api.remote.WORTH_A_TRY", 0.2)
    server.answers = [stall]
    started = time.monotonic()
    with pytest.raises(AnswerLost):
        backend.thing(1)
    assert time.monotonic() - started < 1.3
    assert len(server.seen) == 2
    with pytest.raises(AnswerLost):
        backend.flattr("https://a.example/")
    assert len(server.seen) == 3


def test_a_redirect_loop_ends(server: Server, backend: RemoteBackend) -> None:
    server.answers = [answer(302, b"", Location="/rest/v2/things/1")]
    with pytest.raises(BadAnswer, match="again and again"):
        backend.thing(1)
    assert len(server.seen) == 2
    server.answers = [answer(200, {"message": "found", "location": "/rest/v2/things/1"})]
    with pytest.raises(BadAnswer, match="from one address to the next"):
        backend.lookup("https://a.example/")
    assert len(server.seen) == 4


@pytest.fixture
def other() -> Iterator[Server]:
    server = Server()
    server.answers = [answer(200, THING)]
    yield server
    server.close()


@pytest.mark.parametrize(
    "location",
    [
        "{other}/rest/v2/things/1",
        "//{other_host}/rest/v2/things/1",
        "https://127.0.0.1/rest/v2/things/1",
        "http://u:p@127.0.0.1/rest/v2/things/1",
        "http://localhost:{port}/rest/v2/things/1",
        "/rest/v1/things/1",
        "/rest/v2extra/things/1",
        "/rest/v2/../../admin",
        "/rest/v2/%2e%2e/%2e%2e/admin",
        "../../../admin",
        "javascript:alert(1)",
        "http://[",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("in_header", [True, False])
def test_the_token_goes_to_the_api_alone(
    server: Server, other: Server, backend: RemoteBackend, location: str, in_header: bool
) -> None:
    places = {"other": other.origin, "other_host": other.origin[7:], "port": server.origin[-5:]}
    told = location.format(**places)
    by_header = answer(302, b"", Location=told)
    server.answers = [by_header if in_header else answer(302, {"location": told})]
    with pytest.raises(BadAnswer, match="leads away"):
        backend.lookup("https://a.example/")
    assert len(server.seen) == 1
    assert (other.seen, other.connections) == ([], 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_flattr_is_not_redirected(server: Server, backend: RemoteBackend, status: int) -> None:
    server.answers = [answer(status, b"", Location="/rest/v2/flattr")]
    with pytest.raises(BadAnswer, match="redirects"):
        backend.flattr("https://a.example/")
    assert len(server.seen) == 1


def test_a_server_that_is_not_there(server: Server, backend: RemoteBackend) -> None:
    server.close()
    with pytest.raises(Unreachable, match="refused the connection") as caught:
        backend.flattr("https://a.example/")
    assert_no_secret(caught.value)
    nowhere = RemoteBackend("https://nowhere.invalid/rest/v2", Secret(TOKEN))
    with pytest.raises(Unreachable, match="name could not be resolved") as caught:
        nowhere.thing(1)
    assert_no_secret(caught.value)


def test_a_connection_that_is_never_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        filling = [socket.socket() for _ in range(4)]
        for one in filling:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        with pytest.raises(Unreachable, match=r"within 0\.3 seconds"):
            RemoteBackend(f"http://127.0.0.1:{port}/", None).thing(1)
        for one in filling:
            one.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://flattr.example/rest/v2",
        "http://localhost.example/",
        "http://127.1/",
        "http://[::1%25lo]/",
        "http://[::ffff:127.0.0.1]/",
        "https://user:password@flattr.example/",
        "https://@flattr.example/",
        "https://flattr.example/#",
        "https://flattr.example\\@other.example/",
        "https://flattr.example:99999/",
        "https://[]@",
        "https:///rest/v2",
        "ftp://flattr.example/",
        "file:///etc/passwd",
        "embedded",
        "",
    ],
)
def test_an_address_that_is_not_called(url: str) -> None:
    assert not transport.is_allowed_url(url)
    with pytest.raises(Unreachable, match="must begin with https"):
        transport.run(transport.request("GET", url))


def test_a_wait_for_a_slot_has_an_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "MAX_REQUESTS", 1)
    server.answers = [stall]
    url = server.api_url

    async def both() -> list[object]:
        calls = (transport.request("GET", url, timeout=seconds) for seconds in (0.5, 0.2))
        return await asyncio.gather(*calls, return_exceptions=True)

    lost, unreachable = transport.run(both())
    assert (type(lost), type(unreachable)) == (AnswerLost, Unreachable)
    assert "Too many calls" in str(unreachable)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://flattr.example/rest/v2?a=b",
        "http://127.0.0.1:1/",
        "http://127.8.9.10/",
        "http://[::1]:8765/rest/v2",
        "http://localhost:8765",
        "HTTP://LOCALHOST/",
    ],
)
def test_an_address_that_may_be_called(url: str) -> None:
    assert transport.is_allowed_url(url)


def test_localhost_is_this_machine_without_asking(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = [answer(200, THING)]

    def lie(*_: object) -> None:
        raise AssertionError("a resolver was asked")

    monkeypatch.setattr(socket, "getaddrinfo", lie)
    here = server.api_url.replace("127.0.0.1", "localhost")
    assert RemoteBackend(here, None).thing(1).id == 1


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    files = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", files[0], "-out", files[1]],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return files


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[Server]:
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate[1], certificate[0])
    server = Server(tls)
    server.answers = [answer(200, THING)]
    yield server
    server.close()


def test_a_certificate_of_its_own_making(secure: Server) -> None:
    with pytest.raises(Unreachable, match="certificate is not valid: self-signed") as caught:
        RemoteBackend(secure.api_url, Secret(TOKEN)).flattr("https://a.example/")
    assert_no_secret(caught.value)
    assert secure.seen == []


def call_in_a_process(url: str, **environment: str) -> subprocess.Popen[bytes]:
    code = (
        "import sys; from flattr_host.api.remote import RemoteBackend;"
        " from flattr_host.api.secret import Secret;"
        " print(RemoteBackend(sys.argv[1], Secret(sys.stdin.readline())).thing(1).id)"
    )
    process = subprocess.Popen(
        [sys.executable, "-I", "-X", "dev", "-c", code, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert process.stdin
    process.stdin.write(TOKEN.encode())
    process.stdin.close()
    process.stdin = None
    return process


def test_a_certificate_that_the_system_trusts(
    secure: Server, certificate: tuple[Path, Path]
) -> None:
    """And the end of a process whose connection is still open is a quiet one."""
    process = call_in_a_process(secure.api_url, SSL_CERT_FILE=str(certificate[1]))
    assert process.communicate(timeout=10) == (b"1\n", b"")
    assert process.returncode == 0


def test_an_interrupt_ends_a_call(server: Server) -> None:
    server.answers = [stall]
    process = call_in_a_process(server.api_url)
    while not server.seen:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, told = process.communicate(timeout=10)
    assert time.monotonic() - started < 1
    assert told.strip().endswith(b"KeyboardInterrupt")
    assert TOKEN.encode() not in told


def test_plain_http_where_tls_is_spoken(server: Server) -> None:
    server.answers = [answer(200, THING)]
    with pytest.raises(Unreachable, match="No secure connection"):
        RemoteBackend(server.api_url.replace("http:", "https:"), None).thing(1)


def test_netrc_adds_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password netrc-password\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers = [answer(200, THING)]
    RemoteBackend(server.api_url, None).thing(1)
    assert "authorization" not in server.seen[0].headers


def test_a_proxy_of_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", server.origin.replace("//", "//me:word@"))
    server.answers = [answer(407, b"")]
    away = RemoteBackend("https://flattr.example/rest/v2", Secret(TOKEN))
    with pytest.raises(Unreachable, match="proxy refused to connect to it, with status 407") as e:
        away.thing(1)
    assert_no_secret(e.value)
    (seen,) = server.seen
    assert (seen.method, seen.target) == ("CONNECT", "flattr.example:443")
    assert seen.headers["proxy-authorization"] == "Basic bWU6d29yZA=="
    assert "authorization" not in seen.headers
    monkeypatch.setenv("no_proxy", "flattr.example")
    with pytest.raises(Unreachable, match="name could not be resolved"):
        away.thing(1)
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(Unreachable, match="none for HTTP"):
        away.thing(1)


def test_loopback_needs_no_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.answers = [answer(200, THING)]
    assert RemoteBackend(server.api_url, None).thing(1).id == 1


def test_cookies_are_not_kept(server: Server) -> None:
    server.answers = [answer(200, THING, Set_Cookie="a=b; Path=/")]
    backend = RemoteBackend(server.api_url.replace("127.0.0.1", "localhost"), None)
    backend.thing(1)
    backend.thing(1)
    assert all("cookie" not in seen.headers for seen in server.seen)


def test_a_token_that_is_no_header_is_none(server: Server) -> None:
    server.answers = [answer(200, THING)]
    backend = RemoteBackend(server.api_url, Secret("a\r\nX-Evil: 1"))
    assert backend.thing(1).id == 1
    assert not {"authorization", "x-evil"} & server.seen[0].headers.keys()


def test_close_breaks_off_what_is_under_way(server: Server, backend: RemoteBackend) -> None:
    server.answers = [stall]
    outcomes: list[BaseException] = []

    def flattr() -> None:
        try:
            backend.flattr("https://a.example/")
        except FlattrError as error:
            outcomes.append(error)

    thread = threading.Thread(target=flattr)
    thread.start()
    while not server.seen:
        time.sleep(0.01)
    started = time.monotonic()
    transport.close()
    transport.close()
    assert time.monotonic() - started < 0.5
    thread.join(1)
    (outcome,) = outcomes
    assert isinstance(outcome, AnswerLost)
    assert_no_secret(outcome)
    server.answers = [answer(200, THING)]
    assert backend.thing(1).id == 1  # it starts anew


def test_only_so_many_at_once(server: Server, backend: RemoteBackend) -> None:
    together = threading.Lock()
    counts = [0, 0]

    def slow(connection: socket.socket) -> None:
        with together:
            counts[0] += 1
            counts[1] = max(counts)
        time.sleep(0.05)
        with together:
            counts[0] -= 1
        connection.sendall(answer(200, THING, Connection="close"))

    server.answers = [slow]
    threads = [threading.Thread(target=backend.thing, args=(1,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.seen) == 12
    assert counts == [0, network.MAX_REQUESTS]
