"""The steps of a flattr, without a browser."""

import tempfile
import threading
import time
from contextlib import suppress
from typing import cast

import pytest
from msgspec.structs import replace

from flattr_host.api.errors import Unreachable
from flattr_host.api.objects import Flattred, Lookup, Thing, User
from flattr_host.backend import Backend
from flattr_host.discovery.discovering import submission_url
from flattr_host.discovery.model import Button, Discovery, Hints
from flattr_host.discovery.rules import Rules, shipped
from flattr_host.flattring import (
    Cancelled,
    ConfirmationRequired,
    Discovered,
    Gesture,
    Kept,
    Means,
    NotFlattrable,
    Reading,
    Sending,
    Settled,
    UndoOffered,
    confirmation_of,
    flattr,
)
from flattr_host.flattring.emptying import send_waiting
from flattr_host.outbox.entries import Recipient
from flattr_host.outbox.outbox import Outbox
from flattr_host.undo import UndoGate

GESTURE = Gesture("https://github.com/smgt/flattr")


PAGE = "https://blog.example/post"
SERVER = "https://server.example"


class Notes:
    """A backend that writes down what it was asked to flattr, and to look up."""

    def __init__(self, **things: Thing) -> None:
        self.flattred: list[str | int] = []
        self.looked_up: list[str] = []
        self.things = things
        self._folder = tempfile.TemporaryDirectory()
        self.outbox = Outbox(f"{self._folder.name}/outbox.sqlite3")

    def flattr(self, url: str) -> Flattred:
        self.flattred.append(url)
        return Flattred(thing=Thing(id=1, url=url, title="T", flattrs=1))

    def flattr_thing(self, thing_id: int) -> Flattred:
        self.flattred.append(thing_id)
        return Flattred(thing=Thing(id=thing_id, url=PAGE, title="T", flattrs=1))

    def lookup(self, url: str) -> Lookup:
        self.looked_up.append(url)
        thing = self.things.get(url)
        return Lookup(message="found" if thing else "not_found", thing=thing)

    def open(self) -> Backend:
        return cast("Backend", self)  # these calls are all that is asked for here

    def means(self, undo_seconds: float = 0, rules: Rules | None = None) -> Means:
        return Means(
            rules or shipped(),
            False,
            undo_seconds,
            self.lookup,
            self.open,
            lambda: Recipient("embedded", ""),
            lambda: self.outbox,
        )

    def run(self, gesture: Gesture, rules: Rules | None = None) -> Discovery:
        """What was flattred."""
        *_, last = flattr(gesture, self.means(rules=rules), UndoGate())
        assert isinstance(last, Settled)
        return last.discovery


def thing(number: int, url: str = PAGE, owner: str = "alice") -> Thing:
    return Thing(id=number, url=url, title="T", owner=User(username=owner))


def payment(owner: str, url: str = PAGE) -> str:
    return f"https://flattr.com/submit/auto?user_id={owner}&url={url}"


def offered(notes: Notes, gesture: Gesture, rules: Rules | None = None) -> list[Discovery]:
    with pytest.raises((ConfirmationRequired, NotFlattrable)) as caught:
        notes.run(gesture, rules)
    assert isinstance(caught.value, ConfirmationRequired | NotFlattrable)
    assert notes.flattred == []
    return list(caught.value.offers)


def test_the_steps_in_their_order() -> None:
    notes = Notes()
    steps = flattr(GESTURE, notes.means(0.01), UndoGate())
    kinds = []
    for step in steps:
        kinds.append(type(step))
        assert notes.flattred == ([] if len(kinds) < 4 else [GESTURE.url])
    assert kinds == [Discovered, UndoOffered, Sending, Settled]
    assert notes.looked_up == []


def test_where_there_is_a_question_anyway_it_stays_the_same() -> None:
    notes = Notes()
    page = Gesture(PAGE, Hints(payment=(payment("bob"), payment("carol"))))
    asked = offered(notes, page)
    assert len(asked) == 2
    assert offered(notes, replace(page, ask=True)) == asked
    assert offered(notes, replace(page, ask=True, confirm="another")) == asked
    assert notes.run(replace(page, ask=True, confirm=confirmation_of(asked[1]))).user_id == "carol"


def test_an_undo_before_the_grace_period_counts() -> None:
    notes, gate = Notes(), UndoGate()
    assert gate.cancel()
    with pytest.raises(Cancelled):
        list(flattr(GESTURE, notes.means(), gate))
    assert notes.flattred == []


def test_an_undo_within_the_grace_period_ends_it_at_once() -> None:
    gate = UndoGate()
    threading.Timer(0.05, gate.cancel).start()
    begun = time.monotonic()
    assert not gate.pass_after(10)
    assert time.monotonic() - begun < 5


def test_who_waits_for_something_else_is_called() -> None:
    calls: list[str] = []
    gate = UndoGate()
    gate.when_cancelled(lambda: calls.append("waiting"))
    assert gate.cancel()
    assert gate.cancel()
    gate.when_cancelled(lambda: calls.append("late"))
    assert calls == ["waiting", "late"]
    passed = UndoGate()
    passed.when_cancelled(lambda: calls.append("never"))
    assert passed.pass_after(0)
    assert not passed.cancel()
    assert len(calls) == 2


class Cancelling(threading.Thread):
    def __init__(self, gate: UndoGate) -> None:
        super().__init__()
        self.gate = gate

    def run(self) -> None:
        self.cancelled = self.gate.cancel()


def test_the_gate_is_passed_or_cancelled_never_both() -> None:
    for _ in range(200):
        gate = UndoGate()
        cancelling = Cancelling(gate)
        cancelling.start()
        passed = gate.pass_after(0)
        cancelling.join()
        assert cancelling.cancelled == (not passed)


def test_nothing_flattrable_was_looked_up_and_not_flattred() -> None:
    notes = Notes()
    assert offered(notes, Gesture(PAGE)) == []
    assert notes.looked_up == [PAGE]


def test_several_payees_are_offered_and_one_is_picked() -> None:
    notes = Notes()
    page = Gesture(PAGE, Hints(payment=(payment("alice"), payment("bob"))))
    offers = offered(notes, page)
    assert [offer.user_id for offer in offers] == ["alice", "bob"]
    assert {offer.caution for offer in offers} == {"several_payees"}
    notes.run(replace(page, confirm=confirmation_of(offers[1])))
    assert notes.flattred == [submission_url(offers[1])]


def test_what_is_no_longer_offered_is_asked_about_again() -> None:
    notes = Notes()
    page = Gesture(PAGE, Hints(payment=(payment("alice"), payment("bob"))))
    confirm = confirmation_of(offered(notes, page)[1])
    for changed in (payment("alice"), payment("mallory"), payment("bob", PAGE + "/2")):
        again = Gesture(PAGE, Hints(payment=(changed,)), confirm)
        assert confirm not in map(confirmation_of, offered(notes, again))
    assert offered(notes, Gesture(PAGE, None, confirm)) == []


def test_what_a_page_is_a_part_of_is_offered_and_never_taken_by_itself() -> None:
    notes = Notes()
    issue = Gesture(f"{GESTURE.url}/issues/7")
    (offer,) = offered(notes, issue)
    assert (offer.target, offer.flattrable) == (GESTURE.url, True)
    notes.run(replace(issue, confirm=confirmation_of(offer)))
    assert notes.flattred == [GESTURE.url]


def test_a_registered_page_is_flattred_by_its_number() -> None:
    notes = Notes(**{PAGE: thing(7)})
    assert notes.run(Gesture(f"{PAGE}#top")).reason == "registered"
    assert notes.run(Gesture(f"{PAGE}?x=1", Hints(canonical=PAGE))).thing_id == 7
    assert notes.flattred == [7, 7]


def test_a_yes_is_to_the_owner_too_and_to_no_other_offer() -> None:
    elsewhere = Gesture("https://other.example/", Hints(canonical=GESTURE.url))
    by_site = offered(Notes(), elsewhere)[0]
    assert by_site.reason == "site"
    known = Notes(**{GESTURE.url: thing(7, GESTURE.url, "bob")})
    registered = offered(known, elsewhere)
    assert [(it.reason, it.user_id) for it in registered] == [("registered", "bob")]
    offered(known, replace(elsewhere, confirm=confirmation_of(by_site)))
    bobs = replace(elsewhere, confirm=confirmation_of(registered[0]))
    offered(Notes(**{GESTURE.url: thing(7, GESTURE.url, "mallory")}), bobs)
    offered(Notes(**{GESTURE.url: thing(8, GESTURE.url, "bob")}), bobs)
    assert known.flattred == []
    known.run(bobs)
    assert known.flattred == [7]


def test_a_canonical_address_of_another_host_is_asked_about() -> None:
    notes = Notes(**{PAGE: thing(7)})
    page = Gesture("https://other.example/", Hints(canonical=PAGE))
    (offer,) = offered(notes, page)
    assert offer.caution == "other_host"
    notes.run(replace(page, confirm=confirmation_of(offer)))
    assert notes.flattred == [7]


def test_the_things_of_buttons_without_an_owner_are_all_offered() -> None:
    one, two = f"{PAGE}/1", f"{PAGE}/2"
    buttons = (Button(href=one), Button(href=two))
    notes = Notes(**{one: thing(1, one), two: thing(2, two, "bob")})
    offers = offered(notes, Gesture(PAGE, Hints(buttons=buttons)))
    assert [(it.thing_id, it.caution) for it in offers] == [
        (1, "several_payees"),
        (2, "several_payees"),
    ]
    only = Notes(**{two: thing(2, two)})
    (offer,) = offered(only, Gesture(PAGE, Hints(buttons=buttons)))
    assert (offer.thing_id, offer.caution) == (2, "several_things")
    assert only.run(Gesture(PAGE, Hints(buttons=buttons[1:]))).thing_id == 2


def test_a_thing_of_the_server_goes_by_its_number_and_flattr_s_by_its_address() -> None:
    notes, rules = Notes(), Rules(server=SERVER)
    notes.run(Gesture(f"{SERVER}/thing/5/Slug"), rules)
    notes.run(Gesture("https://flattr.com/thing/5"), rules)
    notes.run(Gesture(PAGE, Hints(payment=(f"{SERVER}/thing/6",)), f"{SERVER}/thing/6"), rules)
    assert notes.flattred == [5, "https://flattr.com/thing/5", 6]


def test_a_link_that_names_the_owner_of_the_server_s_thing_is_sent_as_it_is() -> None:
    notes, rules = Notes(), Rules(server=SERVER)
    link = Gesture(payment("mallory", f"{SERVER}/thing/5"))
    (offer,) = offered(notes, link, rules)
    notes.run(replace(link, confirm=confirmation_of(offer)), rules)
    (sent,) = notes.flattred
    assert "user_id=mallory" in str(sent)


@pytest.mark.parametrize("url", ["http://192.168.1.7/x", "http://nas.local/x", "http://nas/"])
def test_nothing_private_is_told_to_a_server(url: str) -> None:
    notes, rules = Notes(), Rules(server=SERVER, refuses_private=True)
    assert offered(notes, Gesture(url, Hints(payment=(payment("alice", url),))), rules) == []
    assert offered(notes, Gesture(payment("alice", url)), rules) == []
    assert notes.looked_up == []


def unreachable(_url: str) -> Lookup:
    raise Unreachable


def kept_by(notes: Notes, gesture: Gesture) -> Kept:
    """What became of a gesture while the server could not be asked."""
    with pytest.raises(Kept) as kept:
        list(flattr(gesture, notes.means()._replace(look_up=unreachable), UndoGate()))
    assert (kept.value.error.code, kept.value.entry.tries) == ("server_unreachable", 0)
    assert notes.flattred == []
    return kept.value


def test_a_look_up_that_fails_is_no_miss() -> None:
    """What the page is registered as is found out later; a guess could pay somebody else."""
    other = "https://other.example/post"
    notes, hints = Notes(**{other: thing(7, other)}), Hints(canonical=other)
    asked, *_ = offered(notes, Gesture(PAGE, hints))
    kept_by(notes, Gesture(PAGE, hints, confirm=confirmation_of(asked)))
    (sent,) = send_waiting(notes.means(), due_only=False)
    assert (sent.state, notes.flattred) == ("settled", [7])


def test_nobody_is_paid_whom_the_person_has_not_seen() -> None:
    notes = Notes(**{PAGE: thing(7)})
    kept_by(notes, Gesture(PAGE))
    (refused,) = send_waiting(notes.means(), due_only=False)
    assert (refused.state, refused.code, refused.is_news) == ("refused", "payee_not_seen", True)
    assert notes.flattred == []


def test_a_second_gesture_for_what_waits_has_its_grace_period_too() -> None:
    notes = Notes()
    with pytest.raises(Kept):
        list(flattr(GESTURE, notes.means()._replace(open_backend=_no_backend), UndoGate()))
    again = Gesture(GESTURE.url)
    gate = UndoGate()
    steps = flattr(again, notes.means(5), gate)
    while not isinstance(next(steps), UndoOffered):
        pass
    assert gate.cancel()
    with pytest.raises(Cancelled):
        next(steps)
    assert notes.flattred == []
    assert notes.outbox.counts() == (1, 0)  # the first one waits on
    kinds = [type(step) for step in flattr(again, notes.means(0.01), UndoGate())]
    assert kinds == [Discovered, UndoOffered, Sending, Settled]
    assert notes.flattred == [GESTURE.url]
    assert notes.outbox.counts() == (0, 0)


def _no_backend() -> Backend:
    raise Unreachable


def test_an_undo_while_it_is_looked_up_ends_it_at_once() -> None:
    notes, gate, asked, answered = Notes(), UndoGate(), threading.Event(), threading.Event()

    def look_up(url: str) -> Lookup:
        asked.set()
        answered.wait(10)
        return notes.lookup(url)

    def cancel() -> None:
        asked.wait(10)
        gate.cancel()

    threading.Thread(target=cancel).start()
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        list(flattr(Gesture(PAGE), notes.means()._replace(look_up=look_up), gate))
    assert time.monotonic() - begun < 5
    answered.set()


def test_the_page_of_a_link_is_read_only_where_its_address_says_nothing() -> None:
    notes = Notes()
    means = notes.means()._replace(reads_links=True)
    private = Gesture("http://127.0.0.1/x", link=True)
    reading = flattr(private, means, UndoGate())
    assert isinstance(next(reading), Reading)
    with pytest.raises(NotFlattrable) as caught:
        next(reading)
    assert caught.value.discovery.reason == "unread_page"
    assert caught.value.detail
    for link in (GESTURE.url, f"{GESTURE.url}/issues/1", payment("alice", ""), "ftp://a.example/"):
        kinds = set()
        with suppress(NotFlattrable):
            for step in flattr(Gesture(link, link=True), means, UndoGate()):
                kinds.add(type(step))
        assert Reading not in kinds
