"""The conversation, with the real host in a process of its own."""

import contextlib
import json
import os
import resource
import signal
import socket
import sqlite3
import struct
import subprocess
import time
from itertools import pairwise
from typing import Any

import pytest

from flattr_host import __version__
from flattr_host.browsers.process import HostError, HostGone, HostProcess
from flattr_host.native.framing import MAX_FRAME
from tests.conftest import HOST, MAIN, Home, StartHost, host_running

Message = dict[str, Any]
REPOSITORY = "https://github.com/smgt/flattr"
AUTOSUBMIT = "https://flattr.com/submit/auto?user_id={}&url=https://blog.example/{}&title={}"

OWN_SITE = """
[[site]]
hosts = ["git.example.org"]
[site.pattern]
owner = "[a-z]+"
name = "[a-z]+"
[[site.shape]]
kind = "repository"
noun = "repository"
path = "/{owner}/{name}"
canonical = "https://git.example.org/{owner}/{name}"
title = "{owner}/{name}"
"""


def ask(host: HostProcess, **message: object) -> list[Message]:
    return list(host.request({"id": "1", **message}))


def hello(host: HostProcess) -> Message:
    (answer,) = ask(host, type="hello", protocol=[1, 1], extension="0.1.0")
    return answer


def flattred_urls(home: Home) -> list[str]:
    with contextlib.closing(sqlite3.connect(home.ledger)) as db:
        query = "SELECT url FROM flattrs JOIN things ON things.id = thing_id ORDER BY flattrs.id"
        return [url for (url,) in db.execute(query)]


def test_hello(host: HostProcess) -> None:
    answer = hello(host)
    assert (answer["type"], answer["protocol"]) == ("done", 1)
    assert answer["features"] == [
        "hello", "discover", "flattr", "cancel", "flattrs", "flattrers", "image", "settings",
        "change_settings", "account", "connect", "disconnect", "outbox", "outbox_send",
        "outbox_told", "outbox_remove",
    ]  # fmt: skip


@pytest.mark.parametrize(("versions", "spoken"), [([1, 9], 1), ([0, 1], 1), ([2, 3], None)])
def test_versions(host: HostProcess, versions: list[int], spoken: int | None) -> None:
    (answer,) = ask(host, type="hello", protocol=versions)
    if spoken is None:  # and it says what it is, so that the extension knows which is older
        assert answer["code"] == "unsupported_protocol"
        assert (answer["protocol"], answer["host_version"]) == ([1, 1], __version__)
    else:
        assert (answer["type"], answer["protocol"]) == ("done", spoken)


def test_a_flattr_is_told_step_by_step_and_stored(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0.2")
    *statuses, done = ask(host, type="flattr", url=REPOSITORY)
    assert [status["state"] for status in statuses] == ["discovered", "undo", "sending"]
    assert statuses[0]["discovery"]["owner"] == "smgt"
    assert statuses[1]["seconds"] == 0.2
    assert (done["type"], done["thing"]["flattrs"], done["thing"]["url"]) == ("done", 1, REPOSITORY)
    assert flattred_urls(flattr_home) == [REPOSITORY]


def test_without_a_grace_period_there_is_no_undo_status(
    host: HostProcess, flattr_home: Home
) -> None:
    flattr_home.set(undo_seconds="0")
    states = [message.get("state") for message in ask(host, type="flattr", url=REPOSITORY)]
    assert states == ["discovered", "sending", None]


def test_undo(host: HostProcess, flattr_home: Home) -> None:
    host.send({"id": "f", "type": "flattr", "url": REPOSITORY})
    assert [host.receive()["state"] for _ in range(2)] == ["discovered", "undo"]
    host.send({"id": "c", "type": "cancel", "request": "f"})
    answers = {message["id"]: message for message in (host.receive(), host.receive())}
    assert answers["c"]["cancelled"] is True
    assert answers["f"]["code"] == "cancelled"
    assert flattred_urls(flattr_home) == []
    (late,) = ask(host, type="cancel", request="f")
    assert late["cancelled"] is False


def test_the_end_of_the_stream_undoes_what_waits(start_host: StartHost, flattr_home: Home) -> None:
    host = start_host()
    host.send({"id": "f", "type": "flattr", "url": REPOSITORY})
    assert [host.receive()["state"] for _ in range(2)] == ["discovered", "undo"]
    begun = time.monotonic()
    assert host.close() == 0
    assert time.monotonic() - begun < 1
    assert flattred_urls(flattr_home) == []


def test_the_rules_of_the_ledger_come_through(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0", own_usernames='["alice", "github:carol"]')
    assert ask(host, type="flattr", url=REPOSITORY)[-1]["type"] == "done"
    assert ask(host, type="flattr", url=REPOSITORY + "/")[-1]["code"] == "flattr_once"
    own = AUTOSUBMIT.format("Alice", "x", "X")
    assert ask(host, type="flattr", url=own)[-1]["code"] == "flattr_owner"
    assert ask(host, type="flattr", url="https://github.com/Carol/x")[-1]["code"] == "flattr_owner"
    nothing = ask(host, type="flattr", url="https://example.org/")
    assert [message.get("code") for message in nothing] == ["not_flattrable"]
    assert nothing[0]["discovery"]["reason"] == "unknown_page"


def test_no_means(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0", means="false")
    assert ask(host, type="flattr", url=REPOSITORY)[-1]["code"] == "no_means"


def test_what_markup_says_of_another_host_needs_a_yes(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0")
    page: Message = {
        "type": "flattr",
        "url": "https://other.example/",
        "hints": {"payment": [AUTOSUBMIT.format("alice", "a", "A")]},
    }
    (asked,) = ask(host, **page)
    assert asked["code"] == "confirmation_required"
    assert "other.example" in asked["message"]
    assert "blog.example" in asked["message"]
    (offer,) = asked["offers"]
    assert offer["discovery"] == asked["discovery"]
    other = {"payment": [AUTOSUBMIT.format("mallory", "a", "A")]}
    for changed in ({"confirm": "https://blog.example/a"}, {"hints": other}):
        (again,) = ask(host, **page | {"confirm": offer["confirm"]} | changed)
        assert again["code"] == "confirmation_required"
    done = ask(host, **page, confirm=offer["confirm"])[-1]
    assert done["thing"]["url"] == "https://blog.example/a"


def test_several_payees_are_offered_and_one_is_picked(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0")
    links = [AUTOSUBMIT.format(name, "post", name) for name in ("alice", "bob")]
    page: Message = {"type": "flattr", "url": "https://blog.example/post"}
    (asked,) = ask(host, **page, hints={"payment": links})
    assert asked["discovery"]["caution_reason"] == "several_payees"
    assert [it["discovery"]["user_id"] for it in asked["offers"]] == ["alice", "bob"]
    confirm = asked["offers"][1]["confirm"]
    (again,) = ask(host, **page, hints={"payment": links[:1]}, confirm=confirm)
    assert (again["code"], "no longer" in again["message"]) == ("confirmation_required", True)
    done = ask(host, **page, hints={"payment": links}, confirm=confirm)[-1]
    assert (done["discovery"]["user_id"], done["thing"]["title"]) == ("bob", "bob")


def test_offers_without_end_fit_into_a_frame(host: HostProcess) -> None:
    long = "%E4" * 2000
    links = [AUTOSUBMIT.format(f"n{number}", f"{number}", long) for number in range(32)]
    url = "https://blog.example/" + "\u00e4" * 8000
    (asked,) = ask(host, type="flattr", url=url, hints={"payment": links, "title": "\u00e4" * 4096})
    assert asked["code"] == "confirmation_required"
    assert 1 < len(asked["offers"]) < 32


def test_what_a_page_is_a_part_of_is_offered(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0")
    issue: Message = {"type": "flattr", "url": f"{REPOSITORY}/issues/1"}
    (asked,) = ask(host, **issue)
    assert (asked["code"], asked["discovery"]["reason"]) == ("not_flattrable", "part_of")
    (offer,) = asked["offers"]
    assert offer["discovery"] == asked["discovery"]["part_of"]
    done = ask(host, **issue, confirm=offer["confirm"])[-1]
    assert done["thing"]["url"] == REPOSITORY


def test_a_link_to_a_page_of_this_computer_is_not_read(
    host: HostProcess, flattr_home: Home
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        link: Message = {"type": "flattr", "link": True}
        link["url"] = f"http://127.0.0.1:{server.getsockname()[1]}/"
        reading, refused = ask(host, **link)
        assert (reading["state"], refused["code"]) == ("reading", "not_flattrable")
        assert refused["discovery"]["reason"] == "unread_page"
        assert refused["message"].endswith(refused["detail"])
        flattr_home.set(read_links="false")
        (refused,) = ask(host, **link)
        assert refused["discovery"]["reason"] == "unknown_page"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_person_s_own_sites_count(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0", own_usernames='["git.example.org:me"]')
    sites = flattr_home.path / "config" / "sites.toml"
    sites.write_text(OWN_SITE)
    url = "https://git.example.org/{}/x"
    assert ask(host, type="discover", url=url.format("a"))[0]["discovery"]["reason"] == "site"
    assert ask(host, type="flattr", url=url.format("alice"))[-1]["type"] == "done"
    assert ask(host, type="flattr", url=url.format("me"))[-1]["code"] == "flattr_owner"
    history = ask(host, type="flattrs")[0]["flattrs"]
    assert history[0]["thing"]["owner"]["username"] == "git.example.org:alice"
    sites.write_text("[[site]]\nhosts = 1\n")
    (refused,) = ask(host, type="discover", url=url.format("a"))
    assert (refused["code"], "sites.toml, line" in refused["detail"]) == ("invalid_settings", True)


def test_discover_stores_nothing(host: HostProcess, flattr_home: Home) -> None:
    (answer,) = ask(host, type="discover", url=REPOSITORY)
    assert answer["discovery"]["flattrable"] is True
    assert not flattr_home.ledger.exists()


def test_history_is_paged_below_the_frame_limit(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0")
    title = "%22" * 1000  # a quotation mark takes two bytes in JSON
    for number in range(300):
        url = AUTOSUBMIT.format("alice", f"{number}/{'x' * 1900}", title)
        assert ask(host, type="flattr", url=url)[-1]["type"] == "done"
    *statuses, done = ask(host, type="flattrs", count=1000)
    things = [flattr["thing"] for status in statuses for flattr in status["flattrs"]]
    assert len(statuses) > 2
    assert (done["count"], done["more"]) == (300, False)
    assert [thing["url"].split("/")[3] for thing in things] == [str(n) for n in range(299, -1, -1)]
    *statuses, done = ask(host, type="flattrs", count=7, page=3)
    things = [flattr["thing"] for status in statuses for flattr in status["flattrs"]]
    assert (done["count"], done["more"], len(things)) == (7, True, 7)
    assert things[0]["url"].split("/")[3] == "285"


def test_who_wants_to_be_asked_is_asked_before_each_flattr(
    host: HostProcess, flattr_home: Home
) -> None:
    flattr_home.set(undo_seconds="0")
    (asked,) = ask(host, type="flattr", url=REPOSITORY, ask=True)
    (offer,) = asked["offers"]
    assert (asked["code"], offer["discovery"]["target"]) == ("confirmation_required", REPOSITORY)
    assert offer["discovery"]["caution_reason"] == "ask_first"
    assert asked["message"] == "You want to be asked before each flattr."
    assert not flattr_home.ledger.exists()
    yes = {"type": "flattr", "url": REPOSITORY, "ask": True, "confirm": offer["confirm"]}
    assert ask(host, **yes)[-1]["type"] == "done"
    assert flattred_urls(flattr_home) == [REPOSITORY]
    nothing = ask(host, type="flattr", url="https://nobody.example/", ask=True)[-1]
    assert nothing["code"] == "not_flattrable"


def test_several_requests_at_once(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0.5")
    begun = time.monotonic()
    for number in range(20):
        host.send({"id": number, "type": "flattr", "url": f"https://github.com/smgt/n{number}"})
    host.send({"id": "h", "type": "hello", "protocol": [1, 1]})
    finals: list[Message] = []
    while len(finals) < 21:
        message = host.receive()
        if message["type"] != "status":
            finals.append(message)
    assert finals[0]["id"] == "h"
    assert sorted(message["id"] for message in finals[1:]) == list(range(20))
    assert time.monotonic() - begun < 5
    assert len(flattred_urls(flattr_home)) == 20


def test_first_requests_may_come_at_once(flattr_home: Home) -> None:
    """Whatever is loaded or worked out at first use must stand several first users."""
    flattr_home.set(undo_seconds="0")
    restless = "import sys; sys.setswitchinterval(1e-6); " + MAIN
    for _ in range(12):
        with HostProcess(argv=host_running(restless)) as host:
            for number in range(40):
                host.send({"id": number, "type": "flattr", "url": "https://example.org/"})
            codes = [host.receive()["code"] for _ in range(40)]
        assert codes == ["not_flattrable"] * 40


def test_an_id_is_one_request_at_a_time(host: HostProcess) -> None:
    host.send({"id": "f", "type": "flattr", "url": REPOSITORY})
    assert host.receive()["state"] == "discovered"
    host.send({"id": "f", "type": "hello", "protocol": [1, 1]})
    codes = []
    while "cancelled" not in codes:
        codes.append(host.receive().get("code"))
        if codes[-1] == "duplicate_id":
            host.send({"id": "c", "type": "cancel", "request": "f"})
    assert "duplicate_id" in codes


def test_too_many_requests_are_refused_and_the_others_go_on(host: HostProcess) -> None:
    for number in range(65):
        host.send({"id": number, "type": "flattr", "url": REPOSITORY})
    while (message := host.receive())["type"] == "status":
        pass
    assert (message["id"], message["code"]) == (64, "too_many_requests")
    host.send({"id": "c", "type": "cancel", "request": 63})
    while (message := host.receive())["id"] != "c":
        pass
    assert message["cancelled"] is True


BAD = [
    (b"{", None, "invalid_json"),
    (b"\xff", None, "invalid_json"),
    (b'{"a":' * 100_000, None, "invalid_json"),
    (b"[" * 100_000 + b"]" * 100_000, None, "invalid_request"),
    (b"[]", None, "invalid_request"),
    (b'{"id": "x", "type": "nonsense"}', "x", "unknown_type"),
    (b'{"type": "hello"}', None, "invalid_request"),
    (b"", None, "empty_frame"),
]


def test_bad_messages_are_answered_and_the_connection_goes_on(host: HostProcess) -> None:
    for payload, request_id, code in BAD:
        host.send_raw(struct.pack("=I", len(payload)) + payload)
        answer = host.receive()
        assert (answer["type"], answer["id"], answer["code"]) == ("error", request_id, code)
        assert answer["message"].endswith((".", "help."))
    assert hello(host)["type"] == "done"


def test_bytes_may_come_one_by_one(host: HostProcess) -> None:
    payload = json.dumps({"id": "1", "type": "hello", "protocol": [1, 1]}).encode()
    for byte in struct.pack("=I", len(payload)) + payload:
        host.send_raw(bytes([byte]))
    assert host.receive()["type"] == "done"


@pytest.mark.parametrize("length", [MAX_FRAME + 1, 2**32 - 1])
def test_an_oversized_frame_ends_the_connection(host: HostProcess, length: int) -> None:
    host.send_raw(struct.pack("=I", length) + b"x" * 1000)
    answer = host.receive()
    assert (answer["id"], answer["code"]) == (None, "frame_too_large")
    with pytest.raises(HostGone, match="exit code 0"):
        host.receive()


def test_an_oversized_length_is_never_allocated() -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (512 * 2**20, 512 * 2**20))

    done = subprocess.run(
        HOST, input=struct.pack("=I", 2**32 - 1), capture_output=True, preexec_fn=limit, check=False
    )
    assert b"frame_too_large" in done.stdout
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("rest", [b"", b"\x10", b"\x10\0\0\0", b"\x10\0\0\0{"])
def test_a_stream_that_ends_anywhere_ends_the_host(host: HostProcess, rest: bytes) -> None:
    hello(host)
    host.send_raw(rest)
    begun = time.monotonic()
    assert host.close() == 0
    assert time.monotonic() - begun < 1


def test_nothing_that_is_printed_reaches_the_browser(flattr_home: Home) -> None:
    assert flattr_home
    noisy = MAIN.replace(
        "raise", "import os; from flattr_host.native import host as h; real = h.Host.run;\n"
        "def run(self):\n print('noise', flush=True); os.write(1, b'noise');"
        " os.system('echo noise')"
        "\n return real(self)\nh.Host.run = run\nraise",
    )  # fmt: skip
    with HostProcess(argv=host_running(noisy), stderr=subprocess.PIPE) as host:
        assert hello(host)["type"] == "done"
        host.hang_up()
        assert host.process.stderr
        assert host.process.stderr.read().count(b"noise") == 3


def test_a_browser_that_stops_reading_does_not_keep_the_host(start_host: StartHost) -> None:
    host = start_host()
    hello(host)
    assert host.process.stdout
    host.process.stdout.close()
    host.send({"id": "2", "type": "hello", "protocol": [1, 1]})
    host.hang_up()
    assert host.process.wait(2) == 0


def test_a_ledger_that_is_moved_away_is_told_and_comes_back(
    start_host: StartHost, flattr_home: Home
) -> None:
    """What is answered with done is in the file that is there; nothing is begun anew unasked."""
    flattr_home.set(undo_seconds="0")
    host = start_host()
    ask(host, type="flattr", url=REPOSITORY)
    moved = flattr_home.path / "moved"
    os.rename(flattr_home.ledger.parent, moved)
    refused = ask(host, type="flattr", url=REPOSITORY + "-2")[-1]
    assert refused["code"] == "outbox_unavailable"
    assert "moved" in refused["message"]
    assert not flattr_home.ledger.exists()
    os.rename(moved, flattr_home.ledger.parent)
    assert ask(host, type="flattr", url=REPOSITORY + "-2")[-1]["type"] == "done"
    assert flattred_urls(flattr_home) == [REPOSITORY, REPOSITORY + "-2"]
    host.close()
    os.rename(flattr_home.ledger.parent, moved)
    assert ask(start_host(), type="flattr", url=REPOSITORY)[-1]["type"] == "done"
    assert flattred_urls(flattr_home) == [REPOSITORY]


def test_a_locked_ledger_is_told_to_all_who_wait(start_host: StartHost, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0")
    host = start_host()
    ask(host, type="flattr", url=REPOSITORY)
    with contextlib.closing(sqlite3.connect(flattr_home.ledger, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        for number in range(4):
            host.send({"id": number, "type": "flattr", "url": f"https://github.com/smgt/n{number}"})
        begun = time.monotonic()
        assert ask(host, type="flattrs")[-1]["type"] == "done"  # reading does not wait
        assert time.monotonic() - begun < 1
        codes: list[str] = []
        while len(codes) < 4:
            message = host.receive(15)
            codes += [message["code"]] if message["type"] == "error" else []
        assert codes == ["ledger_unavailable"] * 4
        assert time.monotonic() - begun < 12
        host.send({"id": "late", "type": "flattr", "url": "https://github.com/smgt/late"})
        assert [host.receive()["state"] for _ in range(2)] == ["discovered", "sending"]
        begun = time.monotonic()
        assert host.close() == 0
        assert time.monotonic() - begun < 1.2
    assert flattred_urls(flattr_home) == [REPOSITORY]


def test_without_an_account_the_ledger_is_used(host: HostProcess, flattr_home: Home) -> None:
    (answer,) = ask(host, type="account")
    assert answer == {
        "id": "1", "type": "done", "api_url": "embedded", "username": None, "token_place": None,
    }  # fmt: skip
    assert ask(host, type="disconnect")[-1] == answer
    assert ask(host, type="connect", api_url="embedded")[-1] == answer
    assert not (flattr_home.path / "config").exists()


def test_a_server_without_an_account_is_not_called(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(api_url='"http://127.0.0.1:9/rest/v2"')
    (flattr,) = ask(host, type="flattr", url="https://example.org/")
    assert flattr["code"] == "not_connected"  # nobody was asked whether it is known there
    (private,) = ask(host, type="flattr", url="http://192.168.1.7/")
    assert private["discovery"]["reason"] in ("unknown_page", "private_address")
    assert ask(host, type="flattr", url=REPOSITORY)[-1]["code"] == "not_connected"
    assert ask(host, type="flattrs")[-1]["code"] == "not_connected"
    (account,) = ask(host, type="account")
    assert (account["api_url"], account["username"]) == ("http://127.0.0.1:9/rest/v2", None)


def test_what_does_not_wait_cannot_be_cancelled(host: HostProcess) -> None:
    (itself,) = ask(host, type="cancel", request="1")
    assert itself["cancelled"] is False


def test_a_terminal_s_ctrl_c_does_not_end_the_host(host: HostProcess) -> None:
    hello(host)
    os.kill(host.pid, signal.SIGINT)
    assert hello(host)["type"] == "done"
    assert host.close() == 0


def test_a_ledger_that_cannot_be_used_is_told_in_words(
    host: HostProcess, flattr_home: Home
) -> None:
    flattr_home.set(undo_seconds="0")
    flattr_home.ledger.parent.mkdir(parents=True)
    flattr_home.ledger.write_bytes(b"this is no database, but it is somebody's file" * 100)
    before = flattr_home.ledger.read_bytes()
    answer = ask(host, type="flattr", url=REPOSITORY)[-1]
    assert answer["code"] == "ledger_unavailable"
    assert "damaged" in answer["message"]
    assert flattr_home.ledger.read_bytes() == before
    assert str(flattr_home.path) not in answer["message"]


def test_a_mistake_in_the_settings_is_told_with_its_place(
    host: HostProcess, flattr_home: Home
) -> None:
    flattr_home.set(undo_seconds='"soon"')
    answer = ask(host, type="flattr", url=REPOSITORY)[-1]
    assert answer["code"] == "invalid_settings"
    assert "undo_seconds" in answer["detail"]
    assert answer["message"].endswith(answer["detail"])


def test_the_log_tells_what_went_wrong_and_nothing_private(
    start_host: StartHost, flattr_home: Home
) -> None:
    flattr_home.set(undo_seconds="0")
    host = start_host()
    host.send_raw(struct.pack("=I", 1) + b"{")
    assert host.receive()["code"] == "invalid_json"
    ask(host, type="flattr", url="https://github.com/secretive/person")
    host.close()
    text = flattr_home.log.read_text()
    assert "refused invalid_json" in text
    assert "closed, 0 under way, 0 late" in text
    assert "secretive" not in text
    assert flattr_home.log.stat().st_mode & 0o777 == 0o600


def test_the_host_ends_on_sigterm(host: HostProcess) -> None:
    hello(host)
    os.kill(host.pid, signal.SIGTERM)
    with pytest.raises(HostError):
        host.receive()


def test_two_hosts_share_one_ledger(start_host: StartHost, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0")
    hosts = [start_host() for _ in range(4)]
    for number in range(25):
        for host in hosts:
            host.send({"id": number, "type": "flattr", "url": f"https://github.com/smgt/n{number}"})
    finals: list[str] = []
    for host in hosts:
        received = 0
        while received < 25:
            message = host.receive()
            if message["type"] != "status":
                received += 1
                finals.append(message.get("code", "done"))
    assert sorted(finals) == ["done"] * 25 + ["flattr_once"] * 75
    urls = flattred_urls(flattr_home)
    assert all(one != other for one, other in pairwise(sorted(urls)))
