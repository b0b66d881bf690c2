"""Nothing lost and nothing twice: a real host, and a real server that comes and goes."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flattr_host.api.remote import RemoteBackend
from flattr_host.api.secret import Secret
from flattr_host.browsers.process import HostProcess
from tests.conftest import Home, StartHost
from tests.ledger.served import COMMAND, Served, run

Message = dict[str, Any]
REPOSITORY = "https://github.com/smgt/flattr"
AUTO_SUBMIT = "https://flattr.com/submit/auto?user_id=alice&url=https://blog.example/"
GESTURE = "a-gesture-of-the-test"


def ask(host: HostProcess, **message: object) -> Message:
    """The final answer; a flattr, where nothing else is said."""
    return list(host.request({"id": "1", "type": "flattr", "url": REPOSITORY, **message}))[-1]


def entries(host: HostProcess) -> list[Message]:
    """What is in the outbox, newest first."""
    *statuses, done = host.request({"id": "1", "type": "outbox"})
    found = [entry for status in statuses for entry in status["entries"]]
    assert done["count"] == len(found)
    return found


def send(host: HostProcess, **message: object) -> Message:
    return list(host.request({"id": "1", "type": "outbox_send", **message}))[-1]


class World:
    """A server with an account of alice's that comes and goes, always at the same port."""

    def __init__(self, file: Path, home: Home) -> None:
        self.file, self.home = file, home
        self.served = Served(file)
        self.port = self.served.port
        self.api_url = self.served.api_url
        self.served.add_user("alice")
        self.served.add_user("bob")
        self.token = self.served.token("alice", "flattr")
        home.set(undo_seconds="0")
        self.login(self.token)

    def login(self, token: str) -> None:
        login = [COMMAND, "login", "--token-stdin", self.api_url]
        subprocess.run(login, input=token + "\n", text=True, check=True, timeout=60)

    def goes(self) -> None:
        self.served.stop()

    def comes(self) -> None:
        self.served = Served(self.file, "--port", str(self.port))

    def flattred(self, token: str = "") -> list[str]:
        """What alice has flattred there, oldest first."""
        alice = RemoteBackend(self.api_url, Secret(token or self.token))
        return [flattr.thing.url for flattr in alice.flattrs()][::-1]


@pytest.fixture
def world(tmp_path: Path, flattr_home: Home) -> Iterator[World]:
    world = World(tmp_path / "served.sqlite3", flattr_home)
    with world.served:
        yield world
    world.served.process.kill()


def test_what_is_flattred_offline_is_kept_and_sent_once(world: World, host: HostProcess) -> None:
    world.goes()
    error = ask(host)
    assert (error["code"], error["kept"]["state"]) == ("server_unreachable", "pending")
    assert "kept" in error["message"]
    assert error["kept"]["next_try_at"] > time.time()
    again = ask(host)
    assert again["kept"]["gesture"] == error["kept"]["gesture"]
    assert [(it["state"], it["code"], it["tries"]) for it in entries(host)] == [
        ("pending", "server_unreachable", 2)
    ]
    world.comes()
    assert send(host)["sent"] == 0  # it is not its time yet
    assert send(host, now=True) == {"id": "1", "type": "done", "sent": 1, "waiting": 0, "news": 0}
    assert world.flattred() == [REPOSITORY]
    (entry,) = entries(host)
    assert (entry["state"], entry["title"], entry["server"]) == (
        "settled", "smgt/flattr", f"127.0.0.1:{world.port}",
    )  # fmt: skip


def test_it_is_sent_by_the_next_host_after_the_next_gesture(
    world: World, start_host: StartHost
) -> None:
    world.goes()
    first = start_host()
    ask(first)
    first.close()
    world.comes()
    second = start_host()
    assert ask(second, url=REPOSITORY + "-2")["type"] == "done"
    time.sleep(max(0, entries(second)[-1]["next_try_at"] - time.time()))
    assert send(second)["sent"] == 1
    assert world.flattred() == [REPOSITORY + "-2", REPOSITORY]


def test_a_page_that_only_the_server_knows_is_kept_too(world: World, host: HostProcess) -> None:
    """What it means is found out when the server can be asked."""
    page = "https://blog.example/post"
    world.goes()
    error = ask(host, url=page, hints={"title": "A post"})
    assert (error["kept"]["discovery"], error["kept"]["title"]) == (None, "A post")
    world.comes()
    done = send(host, now=True)
    assert (done["sent"], done["waiting"], done["news"]) == (0, 0, 1)
    (refused,) = entries(host)
    told = ask(host, type="outbox_told", gestures=[refused["gesture"], "nobody-knows-it"])
    assert told["news"] == 0
    assert not entries(host)[0]["is_news"]
    (entry,) = entries(host)
    assert (entry["state"], entry["code"]) == ("refused", "not_flattrable")
    assert world.flattred() == []


def test_many_are_sent_by_few_calls(world: World, host: HostProcess) -> None:
    """And each comes to what is its own: bob's is refused to bob."""
    urls = [f"{REPOSITORY}-{number}" for number in range(25)]
    world.goes()
    for url in [*urls[:5], AUTO_SUBMIT, *urls[5:]]:
        assert "kept" in ask(host, url=url)
    world.comes()
    alice = RemoteBackend(world.api_url, Secret(world.token))
    before = alice.rate_limit_status().current_hits
    assert send(host, now=True)["sent"] == 25
    assert alice.rate_limit_status().current_hits - before <= 3
    assert alice.flattrs(100)[-1].thing.url == urls[0]
    assert len(alice.flattrs(100)) == 25
    (refused,) = (entry for entry in entries(host) if entry["state"] != "settled")
    assert (refused["state"], refused["code"]) == ("refused", "flattr_owner")


def test_addresses_that_are_too_long_for_one_call_are_sent_all_the_same(
    world: World, host: HostProcess
) -> None:
    """The server takes 64 KiB at once."""
    long = f"&description={'%D0%96' * 900}"
    world.goes()
    for number in range(30):
        assert "kept" in ask(host, url=f"{AUTO_SUBMIT}{number}{long}".replace("alice", "bob"))
    world.comes()
    done = send(host, now=True)
    assert (done["sent"], done["waiting"], done["news"]) == (30, 0, 0)
    assert len(world.flattred()) == 30


def test_one_that_is_cancelled_is_never_sent(world: World, host: HostProcess) -> None:
    world.goes()
    gesture = ask(host)["kept"]["gesture"]
    world.comes()
    removed = ask(host, type="outbox_remove", gesture=gesture)
    assert removed == {"id": "1", "type": "done", "removed": True}
    assert send(host, now=True)["waiting"] == 0
    assert world.flattred() == []


def test_the_same_gesture_is_one_flattr(world: World, host: HostProcess) -> None:
    assert world
    first = ask(host, gesture=GESTURE)
    again = ask(host, gesture=GESTURE)
    assert (first["type"], again["type"]) == ("done", "done")
    assert again["thing"] == first["thing"]
    assert world.flattred() == [REPOSITORY]


def test_no_means_stop_all_and_are_said_once(world: World, host: HostProcess) -> None:
    run("users", "set", "alice", "--no-means", "--ledger", world.served.file)
    first = ask(host)
    assert (first["code"], first["kept"]["state"]) == ("no_means", "pending")
    ask(host, url=REPOSITORY + "-2")
    held = send(host)
    assert (held["sent"], held["waiting"], held["code"]) == (0, 2, "no_means")
    assert [entry["tries"] for entry in entries(host)] == [1, 1]  # nobody was asked again
    run("users", "set", "alice", "--means", "10", "--ledger", world.served.file)
    assert send(host, now=True)["sent"] == 2
    assert sorted(world.flattred()) == [REPOSITORY, REPOSITORY + "-2"]


def test_signed_out_by_the_server(world: World, host: HostProcess) -> None:
    """It waits for the same account, and for no other."""
    run("tokens", "revoke", "1", "--ledger", world.served.file)
    error = ask(host)
    assert (error["code"], error["kept"]["username"]) == ("unauthorized", "alice")
    assert send(host, now=True)["code"] == "not_connected"
    bobs = world.served.token("bob", "flattr")
    world.login(bobs)
    assert ask(host, url=REPOSITORY + "-bob")["type"] == "done"
    assert (send(host, now=True)["sent"], world.flattred(bobs)) == (0, [REPOSITORY + "-bob"])
    world.token = world.served.token("alice", "flattr")
    world.login(world.token)
    assert send(host, now=True)["sent"] == 1
    assert world.flattred() == [REPOSITORY]


def test_a_browser_that_is_closed_in_the_grace_period(
    start_host: StartHost, flattr_home: Home
) -> None:
    flattr_home.set(undo_seconds="30")
    host = start_host()
    host.send({"id": "1", "type": "flattr", "url": REPOSITORY, "gesture": GESTURE})
    while host.receive()["state"] != "undo":
        pass
    host.close()
    flattr_home.set(undo_seconds="0")
    after = start_host()
    assert send(after)["news"] == 1
    (entry,) = entries(after)
    assert (entry["state"], entry["is_news"]) == ("interrupted", True)
    assert "Nothing was flattred" in entry["message"]
    assert entries(after)[0]["is_news"]  # whoever reads it need not have shown it
    assert ask(after, gesture=GESTURE)["code"] == "interrupted"
    assert not entries(after)[0]["is_news"]  # that was an answer to the person
    assert ask(after, type="flattrs")["count"] == 0


def test_undone_by_the_person_it_is_gone(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="30")
    host.send({"id": "1", "type": "flattr", "url": REPOSITORY})
    while host.receive()["state"] != "undo":
        pass
    host.send({"id": "2", "type": "cancel", "request": "1"})
    answers = [host.receive(), host.receive()]
    assert {answer.get("code") for answer in answers} == {None, "cancelled"}
    assert entries(host) == []


def test_a_full_disk_is_said_at_once(tmp_path: Path) -> None:
    """Nothing is half-written: with room again, the flattr is made as if never tried."""
    script = Path(__file__).with_name("full_disk.sh")
    mounted = ["unshare", "--user", "--map-root-user", "--mount", "sh", str(script)]
    done = subprocess.run(
        [*mounted, COMMAND, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    first, second = done.stdout.split("with room again:")
    assert "othing was flattred" in first, done.stderr
    assert "The disk is full" in first
    assert "Flattred: smgt/flattr (1 flattr in all)" in second


def test_in_a_terminal(world: World) -> None:
    world.goes()
    kept = run("flattr", REPOSITORY)
    assert (kept.returncode, "kept" in kept.stderr) == (5, True)
    listed = run("outbox").stdout
    assert "waits until" in listed
    assert "could not be reached" in listed
    assert run("outbox", "send").returncode == 5
    world.comes()
    sent = run("outbox", "send")
    assert (sent.returncode, sent.stdout.splitlines()[-1]) == (0, "Sent: 1. Waiting: 0.")
    assert world.flattred() == [REPOSITORY]
    assert run("outbox", "cancel", "all").stdout == "Removed: 1.\n"
    assert run("outbox").stdout == "Nothing waits.\n"
    assert "nothing in the outbox" in run("outbox", "cancel", "nobody").stderr
