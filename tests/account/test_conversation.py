"""Connecting, flattring and signing out, with the real host and a real server."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from flattr_host.browsers.process import HostProcess
from tests.account.served import COMMAND, Person, ServedLedger, login
from tests.conftest import HOST, Home, StartHost

Message = dict[str, Any]
REPOSITORY = "https://github.com/smgt/flattr"


def ask(host: HostProcess, **message: object) -> list[Message]:
    return list(host.request({"id": "1", **message}, timeout=20))


def begin(host: HostProcess, server: str) -> str:
    """The page to open."""
    host.send({"id": "connect", "type": "connect", "api_url": server})
    status = host.receive(20)
    assert (status["type"], status["state"]) == ("status", "authorize")
    return str(status["url"])


def connect(host: HostProcess, served: ServedLedger) -> Message:
    page = Person().sign_in(begin(host, served.url))
    assert "You can flattr as alice now" in page
    return host.receive(20)


def redirect_port(authorize_url: str) -> int:
    (redirect_uri,) = parse_qs(urlsplit(authorize_url).query)["redirect_uri"]
    return int(urlsplit(redirect_uri).port or 0)


def is_listening(port: int) -> bool:
    with contextlib.closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def token_file(home: Home) -> Path:
    return home.path / "data" / "private" / "token.json"


def test_connect_flattr_history_sign_out(
    host: HostProcess, served: ServedLedger, flattr_home: Home
) -> None:
    done = connect(host, served)
    account = {"api_url": served.api_url, "username": "alice", "token_place": "file"}
    assert done == {"id": "connect", "type": "done"} | account
    assert ask(host, type="account")[-1] == {"id": "1", "type": "done"} | account
    *statuses, flattred = ask(host, type="flattr", url=REPOSITORY)
    assert [status["state"] for status in statuses] == ["discovered", "sending"]
    assert (flattred["type"], flattred["thing"]["flattrs"]) == ("done", 1)
    assert flattred["thing"]["resource"].startswith(served.api_url)
    assert ask(host, type="flattr", url=REPOSITORY)[-1]["code"] == "flattr_once"
    status, done = ask(host, type="flattrs")
    assert (status["flattrs"][0]["thing"]["url"], done["count"]) == (REPOSITORY, 1)
    status, done = ask(host, type="flattrers", thing=flattred["thing"]["id"])
    assert ([one["owner"]["username"] for one in status["flattrs"]], done["count"]) == (
        ["alice"],
        1,
    )
    assert not flattr_home.ledger.exists()
    assert served.live_tokens() == 1
    signed_out = ask(host, type="disconnect")[-1]
    assert (signed_out["api_url"], signed_out["username"]) == (served.api_url, None)
    assert served.live_tokens() == 0
    assert ask(host, type="flattr", url=REPOSITORY)[-1]["code"] == "not_connected"
    assert not token_file(flattr_home).exists()


def test_the_answer_no(host: HostProcess, served: ServedLedger, flattr_home: Home) -> None:
    url = begin(host, served.url)
    assert "You said no" in Person().sign_in(url, agrees=False)
    error = host.receive(20)
    assert (error["code"], error["detail"]) == (
        "connecting_failed",
        "You said no on the server's page.",
    )
    assert ask(host, type="account")[-1]["api_url"] == "embedded"
    assert not token_file(flattr_home).exists()
    assert not is_listening(redirect_port(url))


def test_connecting_can_be_cancelled(host: HostProcess, served: ServedLedger) -> None:
    url = begin(host, served.url)
    assert is_listening(redirect_port(url))
    host.send({"id": "c", "type": "cancel", "request": "connect"})
    answers = {message["id"]: message for message in (host.receive(), host.receive())}
    assert answers["c"]["cancelled"] is True
    assert answers["connect"]["code"] == "cancelled"
    assert not is_listening(redirect_port(url))


def test_the_end_of_the_stream_ends_it(start_host: StartHost, served: ServedLedger) -> None:
    host = start_host()
    url = begin(host, served.url)
    begun = time.monotonic()
    assert host.close() == 0
    assert time.monotonic() - begun < 1.2
    assert not is_listening(redirect_port(url))


def test_what_is_connected_stays_until_another_is(
    host: HostProcess, served: ServedLedger, tmp_path: Path
) -> None:
    connect(host, served)
    failed = ask(host, type="connect", api_url="http://example.org")[-1]
    assert failed["code"] == "connecting_failed"
    begin(host, served.url)
    host.send({"id": "c", "type": "cancel", "request": "connect"})
    assert {host.receive()["id"], host.receive()["id"]} == {"c", "connect"}
    assert ask(host, type="flattr", url=REPOSITORY)[-1]["type"] == "done"
    with ServedLedger(tmp_path / "other") as other:
        assert connect(host, other)["api_url"] == other.api_url
        assert (served.live_tokens(), other.live_tokens()) == (0, 1)
        assert ask(host, type="flattr", url=REPOSITORY)[-1]["thing"]["flattrs"] == 1
        assert ask(host, type="connect", api_url="embedded")[-1]["api_url"] == "embedded"
        assert other.live_tokens() == 0


def test_a_client_id_is_told_to_its_own_server_alone(
    host: HostProcess, served: ServedLedger, flattr_home: Home
) -> None:
    """The page to open at that server names the client id; and another connection forgets it."""

    def client_id_for(server: str) -> str:
        url = begin(host, server)
        host.send({"id": "c", "type": "cancel", "request": "connect"})
        assert {host.receive()["id"], host.receive()["id"]} == {"c", "connect"}
        return parse_qs(urlsplit(url).query)["client_id"][0]

    mine = {"undo_seconds": "0", "client_id": '"mine"'}
    flattr_home.set(**mine, api_url=f'"{served.api_url}"')
    assert client_id_for(served.url) == "mine"
    flattr_home.set(**mine, api_url='"https://other.example/rest/v2"')
    assert client_id_for(served.url) == "flattr-host"
    with login(served.url, "--client-id", "given") as (_, url):
        assert parse_qs(urlsplit(url).query)["client_id"] == ["given"]
    connect(host, served)
    text = (flattr_home.path / "config" / "settings.toml").read_text()
    assert text == f'undo_seconds = 0\napi_url = "{served.api_url}"\n'


def test_a_revoked_token_is_told_once(
    start_host: StartHost, served: ServedLedger, flattr_home: Home
) -> None:
    host, other = start_host(), start_host()
    connect(host, served)
    assert ask(other, type="flattr", url=REPOSITORY)[-1]["type"] == "done"
    served.revoke_tokens()
    first = ask(host, type="flattr", url=REPOSITORY)[-1]
    assert first["code"] == "unauthorized"
    assert not token_file(flattr_home).exists()
    assert ask(host, type="account")[-1]["username"] is None
    address = urlsplit(served.url)
    served.stop()
    with socket.create_server((address.hostname or "", address.port or 0)) as listener:
        listener.setblocking(False)
        for one in (host, other):
            assert ask(one, type="flattr", url=REPOSITORY)[-1]["code"] == "not_connected"
            assert ask(one, type="flattrs")[-1]["code"] == "not_connected"
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_clicks_at_once_with_a_revoked_token(host: HostProcess, served: ServedLedger) -> None:
    connect(host, served)
    served.revoke_tokens()
    for number in range(8):
        host.send({"id": number, "type": "flattr", "url": f"{REPOSITORY}{number}"})
    codes: list[str] = []
    while len(codes) < 8:
        message = host.receive(20)
        codes += [] if message["type"] == "status" else [message.get("code", "done")]
    assert set(codes) <= {"unauthorized", "not_connected"}
    assert "unauthorized" in codes


def test_signing_out_counts_for_every_host(start_host: StartHost, served: ServedLedger) -> None:
    host, other = start_host(), start_host()
    connect(host, served)
    assert ask(other, type="flattr", url=REPOSITORY)[-1]["type"] == "done"
    ask(host, type="disconnect")
    assert ask(other, type="flattr", url=REPOSITORY)[-1]["code"] == "not_connected"
    connect(other, served)
    assert ask(host, type="flattrs")[-1]["type"] == "done"


def test_signing_out_without_the_server(
    host: HostProcess, served: ServedLedger, flattr_home: Home
) -> None:
    connect(host, served)
    served.stop()
    assert ask(host, type="flattr", url=REPOSITORY)[-1]["code"] == "server_unreachable"
    assert ask(host, type="disconnect")[-1]["username"] is None
    assert not token_file(flattr_home).exists()


def test_a_token_that_others_can_read_is_not_used(
    host: HostProcess, served: ServedLedger, flattr_home: Home
) -> None:
    connect(host, served)
    token_file(flattr_home).chmod(0o640)
    error = ask(host, type="flattr", url=REPOSITORY)[-1]
    assert (error["code"], "can be opened by others" in error["detail"]) == (
        "token_unavailable",
        True,
    )
    assert ask(host, type="disconnect")[-1]["type"] == "done"
    assert connect(host, served)["username"] == "alice"


class Watcher(threading.Thread):
    """Notes the command line and the environment of a process again and again."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._stopped = threading.Event()
        self.seen: set[bytes] = set()

    def run(self) -> None:
        while not self._stopped.wait(0.01):
            with contextlib.suppress(OSError):
                for name in ("cmdline", "environ"):
                    self.seen.add(Path(f"/proc/{self._pid}/{name}").read_bytes())

    def stop(self) -> bytes:
        self._stopped.set()
        self.join()
        return b"".join(self.seen)


def test_the_token_is_nowhere_but_in_its_place(
    served: ServedLedger, flattr_home: Home, tmp_path: Path
) -> None:
    """Everything that a whole run says and leaves behind is searched for the token."""
    errors = tmp_path / "stderr"
    said: list[bytes] = []

    def note(messages: list[Message]) -> None:
        said.append(repr(messages).encode())

    with errors.open("wb") as stderr, HostProcess(argv=HOST, stderr=stderr) as host:
        watcher = Watcher(host.pid)
        watcher.start()
        note([connect(host, served)])
        (token,) = json.loads(token_file(flattr_home).read_text()).values()
        assert len(token) > 20
        note(ask(host, type="hello", protocol=[1, 1]))
        note(ask(host, type="account"))
        note(ask(host, type="flattr", url=REPOSITORY))
        note(ask(host, type="flattr", url=REPOSITORY))
        note(ask(host, type="flattrs"))
        token_file(flattr_home).chmod(0o644)
        note(ask(host, type="flattr", url=REPOSITORY))
        token_file(flattr_home).write_text(f'{{"{served.api_url}": "{token}')
        token_file(flattr_home).chmod(0o600)
        note(ask(host, type="flattr", url=REPOSITORY))
        token_file(flattr_home).write_text(json.dumps({served.api_url: token}))
        inside = files_with(token, flattr_home.path)
        served.revoke_tokens()
        note(ask(host, type="flattr", url=REPOSITORY))
        note(ask(host, type="disconnect"))
        process = watcher.stop()
    assert inside == [token_file(flattr_home)]
    assert files_with(token, flattr_home.path) == []
    assert process
    assert "unauthorized" in flattr_home.log.read_text()
    for text in (process, errors.read_bytes(), *said):
        assert token.encode() not in text
    assert files_with(token, tmp_path / "server") == []


def files_with(token: str, folder: Path) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.is_file() and token.encode() in path.read_bytes()
    ]


def test_the_command_line(served: ServedLedger) -> None:
    def run(*args: str, given: str = "") -> tuple[int, str]:
        done = subprocess.run(
            [*COMMAND, *args], input=given, capture_output=True, text=True, timeout=60, check=False
        )
        assert token not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    token = served.token()
    code, text = run("whoami")
    assert (code, text) == (0, "The ledger on this computer, no account needed.\n")
    code, text = run("login", served.url, "--token-stdin", given="wrong\n")
    assert (code, "does not take the token" in text) == (1, True)
    code, text = run("login", served.url, "--token-stdin", given=token + "\n")
    assert (code, "as alice." in text, "token.json" in text) == (0, True, True)
    code, text = run("whoami")
    assert (code, text.startswith(f"alice at {served.api_url}\n")) == (0, True)
    assert '"token_place":"file"' in run("whoami", "--json")[1]
    host = urlsplit(served.url).netloc
    code, text = run("flattr", REPOSITORY)
    said = f"Flattred: smgt/flattr, at {host} as alice (1 flattr in all)\n"
    assert (code, text.endswith(said)) == (0, True)
    assert "smgt/flattr" in run("flattrs")[1]
    still = f"You are still signed in at {served.api_url} as alice; `flattr-host logout` ends that."
    for args in (("set", "api_url", "embedded"), ("unset", "api_url")):
        assert still in run("config", *args)[1]
    assert still in run("whoami")[1]
    assert "still" not in run("config", "set", "api_url", served.api_url)[1]
    code, text = run("logout")
    assert (code, text.startswith("Signed out")) == (0, True)
    assert "still" not in run("config", "unset", "api_url")[1]
    run("config", "set", "api_url", served.api_url)
    assert run("whoami")[0] == 1
    assert served.live_tokens() == 0
    assert run("login", "--token-stdin", "--client-secret-stdin")[0] == 2


def test_login_in_a_browser_and_ctrl_c(served: ServedLedger) -> None:
    with login(served.url) as (process, url):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, "No account was connected." in errors) == (4, True)
        assert not is_listening(redirect_port(url))
    with login(served.url) as (process, url):
        assert "You can flattr as alice now" in Person().sign_in(url)
        out, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, "")
        assert f"Connected to {served.api_url} as alice." in out
    whoami = subprocess.run(
        [*COMMAND, "whoami", "--json"], capture_output=True, check=True, timeout=60
    )
    assert json.loads(whoami.stdout)["scope"] == "flattr"


def test_login_where_no_browser_can_be_opened(served: ServedLedger, tmp_path: Path) -> None:
    desktop = {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}
    env = {name: value for name, value in os.environ.items() if name not in desktop}
    process = subprocess.Popen(
        [*COMMAND, "login", served.url],
        env=env | {"PATH": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(3)]
    assert ("10 minutes" in lines[0], "Ctrl-C" in lines[0]) == (True, True)
    assert lines[2] == "No browser could be opened; open the address above yourself.\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 4


def test_what_others_flattred(host: HostProcess, served: ServedLedger) -> None:
    served.run("users", "add", "bob", "--no-password")
    connect(host, served)
    ask(host, type="flattr", url=REPOSITORY)
    status, done = ask(host, type="flattrs", username="alice")
    assert (status["flattrs"][0]["thing"]["url"], done["count"]) == (REPOSITORY, 1)
    assert ask(host, type="flattrs", username="bob")[-1]["count"] == 0
    assert ask(host, type="flattrs", username="nobody")[-1]["code"] == "not_found"

    def told(name: str) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, "flattrs", "--user", name]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert REPOSITORY in told("alice").stdout
    assert told("bob").stdout == "bob hides their flattrs, or has none.\n"
    missing = told("nobody")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "does not exist" in missing.stderr
