"""Connecting to servers that refuse, lie or fall silent at the last step."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from flattr_host.browsers.process import HostProcess
from tests.account.served import COMMAND, Person, ServedLedger, login
from tests.conftest import Home

TOKEN = '{"access_token": "t0ken", "token_type": "bearer"}'
Answer = tuple[int, str, str]


class OddServer(ThreadingHTTPServer):
    """Agrees at once to whatever is asked, and then answers as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.token: Answer = (200, "application/json", TOKEN)
        self.user: Answer = (200, "application/json", '{"type": "user", "username": "alice"}')
        self.revoked: list[str] = []
        self.requests: list[str] = []
        self.form = ""
        self.echoes = False
        self.stall = threading.Event()
        self.stall.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: OddServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.server.requests.append(url.path)
        if url.path == "/oauth/authorize":
            asked = {name: value for name, (value,) in parse_qs(url.query).items()}
            self.send_response(302)
            back = f"{asked['redirect_uri']}?code=a-code-that-is-secret&state={asked['state']}"
            self.send_header("Location", back)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._say(self.server.user)

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.requests.append(self.path)
        if self.path == "/oauth/revoke":
            self.server.revoked += parse_qs(form)["token"]
            self._say((503, "text/html", "<h1>Never"))
            return
        self.server.form = form
        self.server.stall.wait(20)
        if self.server.echoes:
            description = "I repeat: " + " ".join(value for (value,) in parse_qs(form).values())
            refusal = {"error": "odd", "error_description": description}
            self._say((400, "application/json", json.dumps(refusal).replace("a", "\\u0061")))
        else:
            self._say(self.server.token)

    def _say(self, answer: Answer) -> None:
        status, kind, text = answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


@pytest.fixture
def odd(flattr_home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[OddServer]:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    flattr_home.set(undo_seconds="0")
    server = OddServer()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def outcome(host: HostProcess, odd: OddServer) -> tuple[dict[str, object], str]:
    """The host's answer, and the page that the person sees."""
    host.send({"id": "1", "type": "connect", "api_url": odd.url})
    page = Person().open(host.receive(20)["url"])
    return host.receive(20), page


def test_a_mistyped_address_is_told_before_a_tab_is_opened(
    odd: OddServer, host: HostProcess
) -> None:
    odd.server_close()
    host.send({"id": "1", "type": "connect", "api_url": odd.url})
    answer = host.receive(20)
    assert answer["code"] == "connecting_failed"
    assert "could not be reached" in str(answer["message"])


def test_cancelling_does_not_wait_for_the_server(odd: OddServer, host: HostProcess) -> None:
    odd.stall = threading.Event()
    host.send({"id": "1", "type": "connect", "api_url": odd.url})
    opened = host.receive(20)["url"]
    person = threading.Thread(target=Person().open, args=(opened,), daemon=True)
    person.start()
    while "/oauth/token" not in odd.requests:
        time.sleep(0.01)
    begun = time.monotonic()
    host.send({"id": "2", "type": "cancel", "request": "1"})
    answers = {str(it["id"]): it for it in (host.receive(5), host.receive(5))}
    assert time.monotonic() - begun < 2
    assert (answers["1"]["code"], answers["2"]["cancelled"]) == ("cancelled", True)
    odd.stall.set()
    person.join(10)


def test_a_server_that_repeats_what_it_was_told(odd: OddServer, host: HostProcess) -> None:
    odd.echoes = True
    answer, page = outcome(host, odd)
    told = parse_qs(odd.form)
    for name in ("code", "code_verifier"):
        (secret,) = told[name]
        assert secret not in page
        assert secret not in json.dumps(answer)
    assert "repeat" in str(answer["message"])


HTML = (200, "text/html", "<!doctype html><title>t0ken</title>")

ODD_ANSWERS: list[tuple[str, Answer, str]] = [
    ("token", (400, "application/json", '{"error": "invalid_client"}'), "client id or secret"),
    ("token", (401, "application/json", '{"error": "invalid_grant"}'), "too old or was used"),
    ("token", (200, "application/json", '{"access_token": 1.5}'), "no token"),
    ("token", (200, "application/json", '{"access_token": "t0k'), "broken JSON"),
    ("token", (200, "application/json", ""), "empty"),
    ("token", (500, "text/plain", "t0ken"), "The server failed"),
    ("token", HTML, "web page"),
    ("token", (302, "text/plain", ""), "none that is known"),
    ("user", (401, "application/json", '{"error": "unauthorized"}'), "does not take the token"),
    ("user", HTML, "web page"),
    ("user", (200, "application/json", '{"type": "thing"}'), "none that is known"),
]


@pytest.mark.parametrize(("place", "answer", "words"), ODD_ANSWERS)
def test_what_a_server_can_do_wrong(
    host: HostProcess, odd: OddServer, flattr_home: Home, place: str, answer: Answer, words: str
) -> None:
    setattr(odd, place, answer)
    error, page = outcome(host, odd)
    assert error["code"] == "connecting_failed"
    assert words in str(error["detail"])
    assert "Not connected" in page
    assert "t0ken" not in str(error) + page
    assert not (flattr_home.path / "data" / "account.json").exists()
    # A token that came, and that nobody will use, is given back.
    assert odd.revoked == (["t0ken"] if place == "user" else [])


def test_a_server_that_refuses_to_revoke(host: HostProcess, odd: OddServer) -> None:
    done, page = outcome(host, odd)
    assert (done["username"], "You can flattr as alice now" in page) == ("alice", True)
    (answer,) = host.request({"id": "2", "type": "disconnect"})
    assert (answer["type"], answer["username"]) == ("done", None)
    assert odd.revoked == ["t0ken"]


def test_a_refused_token_is_sent_once(host: HostProcess, odd: OddServer) -> None:
    outcome(host, odd)
    odd.token = odd.user = (401, "application/json", '{"error": "unauthorized"}')
    odd.requests.clear()
    codes = [
        list(host.request({"id": "2", "type": "flattrs"}, timeout=20))[-1]["code"] for _ in range(3)
    ]
    assert codes == ["unauthorized", "not_connected", "not_connected"]
    assert odd.requests == ["/rest/v2/user/flattrs"]


def test_a_registered_application(served: ServedLedger, flattr_home: Home) -> None:
    app = json.loads(
        served.run("apps", "add", "Mine", "--redirect-uri", "http://127.0.0.1/", "--json")
    )
    client = ["--client-id", app["client_id"], "--client-secret-stdin"]
    with login(served.url, *client, given=app["client_secret"] + "\n") as (process, url):
        assert "You can flattr as alice now" in Person().sign_in(url)
        assert "as alice." in process.communicate(timeout=20)[0]
    text = (flattr_home.path / "config" / "settings.toml").read_text()
    assert f'client_id = "{app["client_id"]}"' in text
    subprocess.run([*COMMAND, "logout"], check=True, capture_output=True)
    assert served.live_tokens() == 0
