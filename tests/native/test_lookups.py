"""What the connected server knows pages as: a real host and a real server."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from flattr_host.account.record import Account
from flattr_host.api.objects import Lookup, Thing, ThingDraft
from flattr_host.api.remote import RemoteBackend
from flattr_host.api.secret import Secret
from flattr_host.browsers.process import HostProcess
from flattr_host.native.lookups import FOUND_SECONDS, MAX_ANSWERS, MISSED_SECONDS, Lookups
from tests.conftest import Home
from tests.ledger.served import COMMAND, Served

Message = dict[str, Any]
PAGE = "https://blog.example/post"


class Connected:
    """A server with an account of alice's, which the host under test is connected to."""

    def __init__(self, served: Served, home: Home) -> None:
        self.served, self.home = served, home
        self.token = served.token("alice", "flattr")
        home.set(undo_seconds="0")
        self.login()
        self.bob = RemoteBackend(served.api_url, Secret(served.token("bob")))

    def login(self) -> None:
        login = [COMMAND, "login", "--token-stdin", self.served.api_url]
        subprocess.run(login, input=self.token + "\n", text=True, check=True, timeout=60)

    def calls(self) -> int:
        """How many calls alice has made."""
        alice = RemoteBackend(self.served.api_url, Secret(self.token))
        return alice.rate_limit_status().current_hits


@pytest.fixture
def connected(tmp_path: Path, flattr_home: Home) -> Iterator[Connected]:
    with Served(tmp_path / "served.sqlite3", "--rate-limit", "1000") as served:
        for name in ("alice", "bob"):
            served.add_user(name)
        yield Connected(served, flattr_home)


def ask(host: HostProcess, url: str, **more: object) -> Message:
    """The final answer to a flattr."""
    return list(host.request({"id": "1", "type": "flattr", "url": url, **more}))[-1]


def test_a_registered_page_is_known_by_its_address_and_by_its_canonical_one(
    connected: Connected, host: HostProcess
) -> None:
    connected.bob.create_thing(ThingDraft(url=PAGE, title="A post"))
    done = ask(host, f"{PAGE}?utm_source=x#top")
    assert (done["type"], done["discovery"]["reason"]) == ("done", "registered")
    assert (done["thing"]["url"], done["discovery"]["user_id"]) == (PAGE, "bob")
    other = f"{PAGE}/2"
    connected.bob.create_thing(ThingDraft(url=other))
    done = ask(host, "https://blog.example/?p=2", hints={"canonical": other})
    assert (done["type"], done["thing"]["url"]) == ("done", other)


def test_another_host_s_canonical_address_is_asked_about(
    connected: Connected, host: HostProcess
) -> None:
    connected.bob.create_thing(ThingDraft(url=PAGE))
    page: Message = {"url": "https://other.example/", "hints": {"canonical": PAGE}}
    asked = ask(host, **page)
    assert asked["code"] == "confirmation_required"
    done = ask(host, **page, confirm=asked["offers"][0]["confirm"])
    assert done["thing"]["url"] == PAGE


def test_answers_are_remembered_until_the_person_signs_out(
    connected: Connected, host: HostProcess
) -> None:
    before = connected.calls()
    for _ in range(3):
        assert ask(host, PAGE)["discovery"]["reason"] == "unknown_page"
    assert connected.calls() == before + 1
    connected.bob.create_thing(ThingDraft(url=PAGE))
    assert ask(host, PAGE)["code"] == "not_flattrable"
    list(host.request({"id": "d", "type": "disconnect"}))
    assert ask(host, PAGE)["code"] == "not_connected"
    connected.token = connected.served.token("alice", "flattr")
    connected.login()
    assert ask(host, PAGE)["type"] == "done"


def test_a_thing_that_was_deleted_is_asked_for_again(
    connected: Connected, host: HostProcess
) -> None:
    number = connected.bob.create_thing(ThingDraft(url=PAGE))
    assert ask(host, PAGE)["type"] == "done"
    connected.bob.delete_thing(number)
    assert ask(host, PAGE)["code"] == "not_found"
    assert ask(host, PAGE)["code"] == "not_flattrable"


def test_the_server_s_own_links(connected: Connected, host: HostProcess) -> None:
    number = connected.bob.create_thing(ThingDraft(url=PAGE))
    server = connected.served.url
    done = ask(host, f"{server}/thing/{number}/Slug")
    assert (done["type"], done["thing"]["id"]) == ("done", number)
    link = f"{server}/submit/auto?" + urlencode({"user_id": "bob", "url": f"{PAGE}/2"})
    assert ask(host, link)["thing"]["url"] == f"{PAGE}/2"
    done = ask(host, f"{server}/user/Bob")
    assert (done["type"], done["discovery"]["reason"]) == ("done", "profile")


@pytest.mark.parametrize("url", ["http://192.168.1.7/x", "http://nas.local/", "http://10.0.0.1/"])
def test_nothing_private_is_told_to_the_server(
    connected: Connected, host: HostProcess, url: str
) -> None:
    before = connected.calls()
    link = "https://flattr.com/submit/auto?" + urlencode({"user_id": "bob", "url": url})
    assert ask(host, link)["discovery"]["reason"] == "private_address"
    assert ask(host, url, hints={"canonical": url})["code"] == "not_flattrable"
    assert connected.calls() == before


def test_a_server_that_is_gone_is_an_error(connected: Connected, host: HostProcess) -> None:
    connected.served.stop()
    assert ask(host, PAGE)["code"] == "server_unreachable"


def test_an_undo_does_not_wait_for_a_server_that_does_not_answer(
    connected: Connected, host: HostProcess
) -> None:
    connected.served.process.send_signal(19)  # SIGSTOP
    try:
        host.send({"id": "f", "type": "flattr", "url": PAGE})
        time.sleep(1)
        begun = time.monotonic()
        host.send({"id": "c", "type": "cancel", "request": "f"})
        answers = {message["id"]: message for message in (host.receive(), host.receive())}
        assert time.monotonic() - begun < 2
        assert answers["c"]["cancelled"] is True
        assert answers["f"]["code"] == "cancelled"
    finally:
        connected.served.process.send_signal(18)  # SIGCONT


ALICE = Account("https://server.example/rest/v2", "alice", "file", "flattr", "c", 1)


class Clock:
    """A server's answers, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds, self.asked = 1000.0, 0
        self.lookups = Lookups(lambda: self.seconds)

    def found(self, _url: str) -> Lookup:
        self.asked += 1
        return Lookup(message="found", thing=Thing(id=1, url=PAGE))

    def missed(self, _url: str) -> Lookup:
        self.asked += 1
        return Lookup(message="not_found")


def test_found_for_a_day_and_missed_for_ten_minutes() -> None:
    for seconds, kind in ((FOUND_SECONDS, "found"), (MISSED_SECONDS, "missed")):
        clock = Clock()
        times = ((0, 1), (seconds - 1, 1), (seconds, 2), (2 * seconds - 1, 2))
        for later, asked in times:
            clock.seconds = 1000 + later
            clock.lookups.ask(ALICE, getattr(clock, kind), PAGE)
            assert clock.asked == asked


def test_a_yes_asks_anew() -> None:
    clock = Clock()
    clock.lookups.ask(ALICE, clock.found, PAGE)
    clock.lookups.ask(ALICE, clock.found, PAGE, anew=True)
    clock.lookups.ask(ALICE, clock.found, PAGE)
    assert clock.asked == 2


def test_the_oldest_answers_go_and_each_account_has_its_own() -> None:
    clock = Clock()
    for number in range(MAX_ANSWERS + 1):
        clock.lookups.ask(ALICE, clock.found, f"{PAGE}/{number}")
    for number, asked in ((1, 0), (MAX_ANSWERS, 0), (0, 1)):
        clock.asked = 0
        clock.lookups.ask(ALICE, clock.found, f"{PAGE}/{number}")
        assert clock.asked == asked
    again = Account("https://server.example/rest/v2", "alice", "file", "flattr", "c", 2)
    clock.lookups.ask(again, clock.found, f"{PAGE}/{MAX_ANSWERS}")
    assert clock.asked == 2
