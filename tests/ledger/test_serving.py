"""``flattr-host serve``, ``users``, ``tokens`` and ``apps``, as a person runs them."""

import contextlib
import json
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flattr_host.ledger import Store
from tests.conftest import Home
from tests.ledger.served import COMMAND, Served, run

ANY = "0.0.0.0"  # noqa: S104 - for a moment, on some port


@pytest.fixture
def file(tmp_path: Path, flattr_home: Home) -> str:
    assert flattr_home
    return str(tmp_path / "served.sqlite3")


def get(url: str, token: str | None = None, body: bytes | None = None) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - the loopback
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_users(file: str) -> None:
    def users(*args: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return run("users", *args, "--ledger", file, given=given)

    added = users("add", "alice", "--password-stdin", "--means", "2.50", given="long enough\n")
    assert (added.returncode, added.stdout) == (0, "alice has an account.\n")
    assert users("add", "bob", "--no-password", "--no-means", "--hide-flattrs").returncode == 0
    taken = users("add", "ALICE", "--no-password")
    assert (taken.returncode, taken.stderr) == (1, "There is a user ALICE already.\n")
    short = users("add", "carol", "--password-stdin", given="short")
    assert (short.returncode, "8 to 1024 characters" in short.stderr) == (1, True)
    assert users("list").stdout.splitlines() == [
        "alice  (means 2.50 a month, 0 flattrs)",
        "bob  (means 0.00 a month, 0 flattrs, hidden, no password)",
    ]
    rows = [json.loads(line) for line in users("list", "--json").stdout.splitlines()]
    assert [(row["username"], row["means"]) for row in rows] == [("alice", 250), ("bob", 0)]
    assert users("password", "bob", "--password-stdin", given="long enough").returncode == 0
    assert users("set", "bob", "--uncounted-means", "--show-flattrs").returncode == 0
    assert users("list").stdout.splitlines()[1] == "bob  (means not counted, 0 flattrs)"
    for wrong in (
        ("add", "x", "--means", "much"), ("add", "x", "--means", "-1"),
        ("add", "x", "--means", "1", "--no-means", "--no-password"), ("add", "x"), ("set", "bob"),
        ("add", "x", "--password-stdin", "--no-password"), ("add", "x", "--means", "NaN"),
        ("set", "bob", "--means", "1", "--no-means"), ("add", "x", "--means", "0.001"),
    ):  # fmt: skip
        assert users(*wrong).returncode == 2, wrong
    assert "-3 is no amount" in users("set", "bob", "--means", "-3").stderr
    for unknown in (("password", "nobody", "--password-stdin"), ("set", "nobody", "--no-means")):
        done = users(*unknown, given="long enough")
        assert (done.returncode, done.stderr) == (1, "There is no user nobody.\n")


def test_tokens(file: str) -> None:
    run("users", "add", "alice", "--no-password", "--ledger", file)
    made = run("tokens", "add", "alice", "--scope", "flattr thing", "--ledger", file)
    assert (made.returncode, len(made.stdout.split())) == (0, 1)
    assert made.stdout.strip() not in made.stderr
    assert made.stdout.strip().encode() not in Path(file).read_bytes()
    listed = run("tokens", "list", "--ledger", file).stdout
    assert listed == "1  alice  terminal  flattr thing  valid\n"
    assert run("tokens", "revoke", "1", "--ledger", file).returncode == 0
    row = json.loads(run("tokens", "list", "alice", "--json", "--ledger", file).stdout)
    assert (row["username"], row["revoked_at"] > 0) == ("alice", True)
    for args, words in (
        (("revoke", "9"), "There is no token with the id 9.\n"),
        (("add", "nobody"), "There is no user nobody.\n"),
        (("list", "nobody"), "There is no user nobody.\n"),
        (("add", "alice", "--scope", "all"), "A scope is one or more of: "),
    ):
        done = run("tokens", *args, "--ledger", file)
        assert (done.returncode, done.stderr.startswith(words), done.stdout) == (1, True, "")


def test_lists_with_nothing_in_them(flattr_home: Home) -> None:
    assert not flattr_home.ledger.exists()
    empty = run("users", "list")
    assert (empty.returncode, empty.stdout) == (
        0,
        'Nobody has an account yet: "users add" gives one.\n',
    )
    assert run("users", "list", "--json").stdout == ""
    assert run("tokens", "list").stdout == "There are no tokens yet.\n"
    run("users", "add", "alice", "--no-password")
    assert run("tokens", "list", "ALICE").stdout == "ALICE has no tokens.\n"
    for wrong in ("abc", "1" * 30, "-1"):
        done = run("tokens", "revoke", "--", wrong)
        assert (done.returncode, f"{wrong} is no id of a token" in done.stderr) == (2, True)


def test_apps(file: str) -> None:
    args = ("--redirect-uri", "https://pod.example/", "--ledger", file)
    made = json.loads(run("apps", "add", "Pod", "--json", *args).stdout)
    assert set(made) == {"client_id", "client_secret"}
    public = run("apps", "add", "Open", "--public", *args).stdout
    assert (public.startswith("client_id: "), "secret" in public) == (True, False)
    listed = run("apps", "list", "--ledger", file).stdout
    assert [line.split()[1] for line in listed.splitlines()] == ["flattr-host", "Pod", "Open"]
    wrong = run("apps", "add", "x", "--redirect-uri", "http://evil.example/", "--ledger", file)
    assert (wrong.returncode, "https" in wrong.stderr) == (1, True)


def test_removing_an_application(file: str) -> None:
    args = ("--redirect-uri", "https://pod.example/", "--ledger", file)
    client_id = json.loads(run("apps", "add", "Pod", "--json", *args).stdout)["client_id"]
    done = run("apps", "remove", client_id, "--ledger", file)
    assert (done.returncode, client_id in done.stdout, done.stderr) == (0, True, "")
    assert "Pod" not in run("apps", "list", "--ledger", file).stdout
    for kept, words in ((client_id, "There is no application"), ("flattr-host", "in every ledger")):
        done = run("apps", "remove", kept, "--ledger", file)
        assert (done.returncode, words in done.stderr, done.stdout) == (1, True, "")


@pytest.mark.parametrize(
    "command",
    [
        ("serve", "--port", "0"), ("users", "list"), ("users", "set", "alice", "--no-means"),
        ("users", "password", "alice", "--password-stdin"), ("tokens", "list"),
        ("tokens", "add", "alice"), ("tokens", "revoke", "1"), ("apps", "list"),
        ("apps", "remove", "x"),
    ],
)  # fmt: skip
def test_a_mistyped_ledger_is_not_made(tmp_path: Path, command: tuple[str, ...]) -> None:
    missing = str(tmp_path / "a b.sqlite3")
    done = run(*command, "--ledger", missing, given="long enough")
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        f"There is no ledger at {missing}; `flattr-host users add NAME --ledger '{missing}'` makes"
        " one.\n",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [("users", "add", "a", "--no-password"), ("apps", "add", "A", "--redirect-uri", "https://a/")],
)
def test_a_ledger_is_made_in_a_folder_that_is_there(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    assert run(*command, "--ledger", str(tmp_path / "new.sqlite3")).returncode == 0
    done = run(*command, "--ledger", str(tmp_path / "mistyped" / "new.sqlite3"))
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == f"There is no folder {tmp_path / 'mistyped'}, so no ledger was made in it.\n"
    )
    assert not (tmp_path / "mistyped").exists()


def test_the_ledger_of_the_person_s_own_button_is_not_served_unasked(flattr_home: Home) -> None:
    run("flattr", "https://github.com/smgt")
    run("users", "add", "alice", "--no-password")
    assert sorted(it.name for it in flattr_home.ledger.parent.glob("*.sqlite3")) == [
        "ledger.sqlite3",
        "outbox.sqlite3",
        "served.sqlite3",
    ]
    assert run("tokens", "add", "alice").stdout.strip()


def test_what_waits_for_a_lock_or_searches_keeps_no_reader_waiting(file: str) -> None:
    with Served(Path(file)) as served, ThreadPoolExecutor(48) as callers:
        served.add_user("alice")
        token = served.token("alice")
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            body = b"url=https%3A%2F%2Fgithub.com%2Fsmgt"
            flattrs = [
                callers.submit(get, f"{served.api_url}/flattr", token, body) for _ in range(32)
            ]
            time.sleep(0.3)
            begun = time.monotonic()
            assert get(f"{served.api_url}/categories")[0] == 200
            assert get(f"{served.api_url}/user/flattrs", token) == (200, "[]")
            assert time.monotonic() - begun < 1
            assert {flattr.result()[0] for flattr in flattrs} == {503}
            assert time.monotonic() - begun < 8


def test_serving(file: str) -> None:
    with Served(Path(file)) as served:
        assert served.api_url == f"{served.url}/rest/v2"
        served.add_user("alice")
        token = served.token("alice")
        assert get(f"{served.api_url}/user", token)[0] == 200
        body = b"url=https%3A%2F%2Fgithub.com%2Fsmgt%2Fflattr"
        assert get(f"{served.api_url}/flattr", token, body)[0] == 200
        run("tokens", "revoke", "1", "--ledger", file)
        assert get(f"{served.api_url}/user", token)[0] == 401
        assert served.stop() == 0
    with Served(Path(file)) as served:
        assert "smgt/flattr" in get(f"{served.api_url}/users/alice/flattrs")[1]


def test_the_ready_line_in_words(file: str) -> None:
    Store(file).close()
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", "0", "--ledger", file], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    line = process.stdout.readline()
    url = line.split(" at ")[1].split(" ")[0]
    assert line == (
        f"flattr-host serves {file} at {url} (only this computer can reach it); the API is at"
        f" {url}/rest/v2\n"
    )
    process.send_signal(signal.SIGINT)
    assert (process.wait(20), process.stdout.read()) == (0, "")
    process.stdout.close()


def test_requests_under_way_are_finished(file: str) -> None:
    """Told to stop while it answers, it answers what it has taken, and each answer is true."""
    with Served(Path(file), "--rate-limit", "0") as served:
        served.add_user("alice")
        token = served.token("alice")

        def flattr(number: int) -> int:
            body = f"url=https%3A%2F%2Fgithub.com%2Fsmgt%2Fn{number}".encode()
            try:
                return get(f"{served.api_url}/flattr", token, body)[0]
            except OSError:
                return 0

        with ThreadPoolExecutor(16) as threads:
            answers = [threads.submit(flattr, number) for number in range(300)]
            time.sleep(0.4)
            assert served.stop() == 0
        statuses = [answer.result() for answer in answers]
    assert set(statuses) <= {200, 0}
    with Served(Path(file)) as served:
        pages = [get(f"{served.api_url}/user/flattrs?count=100&page={n}", token) for n in (1, 2, 3)]
        flattrs = sum(len(json.loads(text)) for _, text in pages)
    assert 0 < statuses.count(200) == flattrs


def test_a_stalled_request_does_not_keep_it_from_stopping(file: str) -> None:
    with Served(Path(file)) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as stalled:
            stalled.sendall(
                b"POST /rest/v2/flattr HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
            )
            time.sleep(0.2)
            begun = time.monotonic()
            assert served.stop() == 0
        assert time.monotonic() - begun < 15


def test_what_keeps_it_from_serving(file: str, tmp_path: Path) -> None:
    Store(file).close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port, "--ledger", file)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"Nothing can listen at port {port} of 127.0.0.1" in done.stderr
    (tmp_path / "no").write_text("no ledger" * 1000)
    done = run("serve", "--port", "0", "--ledger", str(tmp_path / "no"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot be used" in done.stderr
    done = run("serve", "--host", "no.such.host.invalid", "--ledger", file)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    for wrong in (
        ("--base-url", "ledger.example"), ("--base-url", "https://a.example/path"),
        ("--base-url", "https://user@a.example"), ("--host", ANY), ("--port", "70000"),
        ("--base-url", "https://a.example:x"),
    ):  # fmt: skip
        assert run("serve", *wrong, "--ledger", file).returncode == 2, wrong


@pytest.mark.parametrize("host", [ANY, "127.0.0.1"])
def test_plain_text_across_a_network_is_warned_of(file: str, host: str) -> None:
    Store(file).close()
    base = "http://ledger.example:8765"
    process = subprocess.Popen(
        [
            *(COMMAND, "serve", "--host", host, "--port", "0", "--ledger", file, "--json"),
            *("--base-url", base),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert json.loads(process.stdout.readline())["url"] == base
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert ("plain text" in errors, errors.count("\n")) == (True, 1)
    assert "`flattr-host login` refuses such a server" in errors


def test_many_at_once(file: str) -> None:
    """16 people flattr one thing at once, twice each: everybody's is counted, and once."""
    with Served(Path(file), "--rate-limit", "0") as served:
        tokens = []
        for number in range(4):
            served.add_user(f"user{number}")
            tokens += [served.token(f"user{number}")] * 4
        body = b"url=https%3A%2F%2Fgithub.com%2Fsmgt%2Fflattr"
        with ThreadPoolExecutor(16) as threads:
            statuses = list(
                threads.map(lambda token: get(f"{served.api_url}/flattr", token, body)[0], tokens)
            )
        assert sorted(statuses) == [200] * 4 + [403] * 12
        thing = json.loads(get(f"{served.api_url}/things/1")[1])
        assert (thing["flattrs"], thing["flattrs_user_count"]) == (4, 4)
