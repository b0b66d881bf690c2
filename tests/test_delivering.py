"""From the outbox to a backend that behaves as servers may; clocks are the test's."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from flattr_host.api.errors import (
    AnswerLost,
    FlattrError,
    FlattrOnce,
    InvalidRequest,
    NoMeans,
    NotFound,
    Unreachable,
)
from flattr_host.api.objects import Flattr, Flattred, Lookup, Thing, User
from flattr_host.backend import Backend
from flattr_host.discovery.rules import Rules, shipped
from flattr_host.flattring import Cancelled, Gesture, Kept, Means, flattr
from flattr_host.flattring.emptying import send_waiting
from flattr_host.outbox.entries import Entry, Recipient
from flattr_host.outbox.errors import Interrupted, OutboxUnavailable
from flattr_host.outbox.outbox import Outbox
from flattr_host.undo import UndoGate
from tests.outbox.conftest import Clocks, open_at

URL = "https://github.com/smgt/flattr"
ME = Recipient("https://server.example/rest/v2", "alice")
DAY = 86_400.0


class Server:
    """A backend with a history; ``trouble`` comes before, ``unheard`` after the flattr is made."""

    def __init__(self, clocks: Clocks, page_size: int = 30) -> None:
        self.history: list[Flattr] = []
        self.calls: list[str | int | list[str]] = []
        self.trouble: FlattrError | None = None
        self.unheard = False
        self.bulk: FlattrError | None = None
        self._clocks, self._page_size = clocks, page_size

    def flattr(self, url: str) -> Flattred:
        self.calls.append(url)
        return self._flattr(url)

    def flattr_thing(self, thing_id: int) -> Flattred:
        self.calls.append(thing_id)
        return self._flattr(f"thing {thing_id}")

    def flattr_bulk(self, urls: Sequence[str]) -> list[Flattred | FlattrError]:
        self.calls.append(list(urls))
        if self.bulk:
            raise self.bulk
        return [self._flattr(url) for url in urls]

    def flattrs(self, count: int, page: int) -> list[Flattr]:
        size = min(count, self._page_size)
        newest_first = self.history[::-1]
        return newest_first[size * (page - 1) : size * page]

    def lookup(self, url: str) -> Lookup:  # noqa: ARG002 - it knows nothing
        return Lookup(message="not_found")

    def add(self, url: str) -> None:
        thing = Thing(id=len(self.history) + 1, url=url, title="T")
        at = int(self._clocks.now)
        self.history.append(Flattr(thing=thing, owner=User(username="alice"), created_at=at))

    def _flattr(self, url: str) -> Flattred:
        if self.trouble:
            raise self.trouble
        self.add(url)
        if self.unheard:
            raise AnswerLost
        return Flattred(thing=self.history[-1].thing)


class Stage:
    def __init__(self, path: str, clocks: Clocks, rules: Rules | None = None) -> None:
        self.clocks, self.server = clocks, Server(clocks)
        self.outbox: Outbox = open_at(path, clocks)
        self.means = Means(
            rules or shipped(),
            False,
            0,
            self.server.lookup,
            lambda: cast("Backend", self.server),
            lambda: ME,
            lambda: self.outbox,
        )

    def flattr(self, url: str = URL) -> None:
        list(flattr(Gesture(url), self.means, UndoGate()))

    def kept(self, url: str = URL) -> str:
        with pytest.raises(Kept) as kept:
            self.flattr(url)
        return kept.value.error.code

    def send(self, *, due_only: bool = False) -> list[Entry]:
        return list(send_waiting(self.means, due_only=due_only))

    def made(self, url: str = URL) -> int:
        return sum(one.thing.url == url for one in self.server.history)


@pytest.fixture
def stage(tmp_path: Path, clocks: Clocks) -> Stage:
    return Stage(str(tmp_path / "outbox.sqlite3"), clocks)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def unheard(stage: Stage) -> None:
    """It was flattred, and nobody heard."""
    stage.server.unheard = True
    assert stage.kept() == "answer_lost"
    stage.server.unheard = False
    assert stage.made() == 1


def test_a_history_in_short_pages_is_looked_through(stage: Stage) -> None:
    """The server gives thirty where a hundred were asked for."""
    unheard(stage)
    for number in range(70):
        stage.server.add(f"https://github.com/smgt/{number}")
    stage.clocks.pass_by(30 * DAY)
    (entry,) = stage.send()
    assert entry.state == "settled"
    assert stage.made() == 1


def test_a_history_without_an_end_is_no_reason_to_pay_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    unheard(stage)
    for number in range(40):
        stage.server.add(f"https://github.com/smgt/{number}")
    first_page = stage.server.flattrs(100, 1)
    monkeypatch.setattr(stage.server, "flattrs", lambda *_: first_page)
    stage.clocks.pass_by(30 * DAY)
    (entry,) = stage.send()
    assert (entry.state, entry.code) == ("pending", "bad_answer")
    assert stage.made() == 1


def test_on_a_clock_that_is_hours_behind_a_month_is_another(stage: Stage) -> None:
    """Here both tries are on 30 November; where the server is, the second one is in December."""
    stage.clocks.now = 1_796_083_200 - 7 * 3600  # 17:00 of the last day of November
    unheard(stage)
    stage.clocks.pass_by(3 * 3600)
    (entry,) = stage.send()
    assert entry.state == "settled"
    assert stage.made() == 1


def test_a_call_that_is_refused_as_a_whole_refuses_nothing(stage: Stage) -> None:
    urls = [f"{URL}-{number}" for number in range(5)]
    stage.server.trouble = Unreachable()
    assert {stage.kept(url) for url in urls} == {"server_unreachable"}
    stage.server.trouble, stage.server.bulk = None, InvalidRequest()
    assert [entry.state for entry in stage.send()] == ["settled"] * 5
    assert [stage.made(url) for url in urls] == [1] * 5


def test_a_first_try_after_one_that_never_arrived_is_a_first_try(stage: Stage) -> None:
    """Already flattred, by another hand: that is no success of ours."""
    stage.server.trouble = Unreachable()
    stage.kept()
    stage.server.trouble = FlattrOnce()
    (entry,) = stage.send()
    assert (entry.state, entry.code) == ("refused", "flattr_once")


def test_a_flattr_of_before_is_not_taken_for_a_try_that_never_arrived(stage: Stage) -> None:
    stage.clocks.now -= 30 * DAY
    stage.server.add(URL)
    stage.server.trouble = Unreachable()
    stage.kept()
    stage.clocks.pass_by(30 * DAY)
    stage.server.trouble = None
    (entry,) = stage.send()
    assert entry.state == "settled"
    assert stage.made() == 2


def test_an_outbox_that_fails_in_the_middle_loses_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    unheard(stage)

    def busy(_entry: Entry) -> None:
        raise OutboxUnavailable

    monkeypatch.setattr(stage.outbox, "renew", busy)
    stage.send()
    monkeypatch.undo()
    assert stage.outbox.counts() == (1, 0)
    stage.clocks.pass_by(100)
    assert [entry.state for entry in stage.send()] == ["settled"]
    assert stage.made() == 2  # the server of this test has no months


def test_what_somebody_cancelled_while_we_slept_is_not_sent(stage: Stage) -> None:
    """The machine was suspended between the yes and the call; another browser cancelled."""
    steps: Iterator[Any] = flattr(Gesture(URL), stage.means, UndoGate())
    while type(next(steps)).__name__ != "Sending":
        pass
    stage.clocks.pass_by(60)
    (entry,) = stage.outbox.page(10, 1)
    assert stage.outbox.remove(entry.gesture)
    with pytest.raises((Kept, Cancelled)):
        list(steps)
    assert stage.server.calls == []


def test_what_is_sent_by_number_is_not_sent_by_address(tmp_path: Path, clocks: Clocks) -> None:
    stage = Stage(str(tmp_path / "o.sqlite3"), clocks, Rules("https://server.example"))
    own = [f"https://server.example/thing/{number}" for number in (5, 6)]
    stage.server.trouble = Unreachable()
    for url in own:
        stage.kept(url)
    stage.server.trouble = None
    assert [entry.state for entry in stage.send()] == ["settled", "settled"]
    assert stage.server.calls[-2:] == [5, 6]


def test_one_goes_ahead_to_see_whether_it_is_mended(stage: Stage) -> None:
    stage.server.trouble = NoMeans()
    for number in range(3):
        assert stage.kept(f"{URL}-{number}") == "no_means"
    assert stage.send(due_only=True) == []
    stage.clocks.pass_by(4000)
    assert [entry.state for entry in stage.send(due_only=True)] == ["pending"]
    calls = len(stage.server.calls)
    assert stage.send(due_only=True) == []
    assert len(stage.server.calls) == calls
    stage.server.trouble = None
    stage.clocks.pass_by(4000)
    assert [entry.state for entry in stage.send(due_only=True)] == ["settled"] * 3


def test_a_server_without_the_bulk_call_gets_them_one_by_one(stage: Stage) -> None:
    stage.server.trouble = Unreachable()
    for number in range(3):
        stage.kept(f"{URL}-{number}")
    stage.server.trouble, stage.server.bulk = None, NotFound()
    assert [entry.tries for entry in stage.send()] == [2, 2, 2]
    assert len(stage.server.history) == 3


def test_the_same_gesture_after_a_kill_in_its_grace_period_is_told_so(stage: Stage) -> None:
    gesture = Gesture(URL)
    steps: Iterator[Any] = flattr(gesture, stage.means._replace(undo_seconds=3), UndoGate())
    while type(next(steps)).__name__ != "UndoOffered":
        pass
    stage.clocks.pass_by(60)  # its host is no more
    with pytest.raises(Interrupted):
        list(flattr(gesture, stage.means, UndoGate()))
    assert stage.server.calls == []
