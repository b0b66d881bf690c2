"""What is asked for is there until it is settled, and one process at a time has it."""

import itertools
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flattr_host.api.errors import FlattrOwner, NoMeans, RateLimitExceeded, Unreachable
from flattr_host.outbox import entries
from flattr_host.outbox.checking import outbox_faults
from flattr_host.outbox.entries import Entry, Recipient
from flattr_host.outbox.errors import Interrupted, LeaseLost, OutboxUnavailable
from flattr_host.outbox.outbox import Outbox
from flattr_host.outbox.queries import CLAIMABLE, IS_HELD
from tests.outbox.conftest import Clocks, open_at

ME = Recipient("https://server.example/rest/v2", "alice")
_numbers = itertools.count(1)


def ask(
    outbox: Outbox, wish: str = "", grace_seconds: float = 0, recipient: Recipient = ME
) -> Entry:
    number = next(_numbers)
    key = wish or f"wish {number}"
    entry, _ = outbox.ask(f"gesture-{number}", recipient, key, b"{}", grace_seconds)
    return entry


def claim(outbox: Outbox, *, due_only: bool = True) -> Entry | None:
    return outbox.claim(ME, due_only=due_only)


def pending(outbox: Outbox) -> Entry:
    """One that was tried once, in vain."""
    return outbox.keep(ask(outbox), Unreachable(), 0)


def test_without_grace_it_is_being_sent_at_once(outbox: Outbox) -> None:
    entry = ask(outbox)
    assert (entry.state, entry.tries, entry.unsure_since) == ("sending", 1, 1_795_500_000)
    assert outbox.settle(entry, b"{}").state == "settled"
    assert outbox.counts() == (0, 0)


def test_after_the_grace_period_it_is_being_sent(outbox: Outbox) -> None:
    entry = ask(outbox, grace_seconds=3)
    assert (entry.state, entry.tries) == ("grace", 0)
    assert claim(outbox, due_only=False) is None
    sent = outbox.consent(entry)
    assert (sent.state, sent.tries) == ("sending", 1)


def test_who_comes_back_late_undoes_nothing_of_others(outbox: Outbox, clocks: Clocks) -> None:
    """The number of a row that went can be another's by then."""
    entry = ask(outbox, grace_seconds=3)
    outbox.take_back(entry)
    other = ask(outbox, grace_seconds=3)
    outbox.take_back(entry)
    assert outbox.find(other.gesture)
    clocks.pass_by(60)
    assert outbox.counts() == (0, 1)  # and what was cut off is news at the first look


def test_what_is_undone_leaves_nothing(outbox: Outbox) -> None:
    entry = ask(outbox, grace_seconds=3)
    outbox.take_back(entry)
    assert outbox.find(entry.gesture) is None


def test_a_browser_that_goes_in_the_grace_period_is_news(outbox: Outbox) -> None:
    outbox.interrupt(ask(outbox, grace_seconds=3))
    assert outbox.counts() == (0, 1)
    (told,) = outbox.page(10, 1)
    assert (told.state, told.is_news) == ("interrupted", True)
    outbox.tell([told.gesture])
    assert [entry.is_news for entry in outbox.page(10, 1)] == [False]


def test_a_kill_in_the_grace_period_is_found_out(outbox: Outbox, clocks: Clocks) -> None:
    entry = ask(outbox, grace_seconds=3)
    clocks.pass_by(14)
    found = outbox.find(entry.gesture)
    assert found
    assert (found.state, found.code) == ("interrupted", "interrupted")
    with pytest.raises(Interrupted):
        outbox.consent(entry)
    assert claim(outbox, due_only=False) is None


def test_a_slow_grace_period_is_none_that_was_cut_off(outbox: Outbox, clocks: Clocks) -> None:
    entry = ask(outbox, grace_seconds=3)
    clocks.pass_by(1000)  # nobody has looked meanwhile
    assert outbox.consent(entry).state == "sending"


def test_the_same_gesture_is_one_flattr(outbox: Outbox) -> None:
    first = ask(outbox)
    again, is_new = outbox.ask(first.gesture, ME, "another wish", b"{}")
    assert (again.number, is_new) == (first.number, False)


def test_the_same_wish_is_one_flattr_while_it_waits(outbox: Outbox) -> None:
    first = outbox.keep(ask(outbox, "page"), Unreachable(), 0)
    again, is_new = outbox.ask("gesture-b", ME, "page", b"{}")
    assert (again.number, is_new) == (first.number, False)
    other, is_new = outbox.ask("gesture-c", Recipient(ME.server, "bob"), "page", b"{}")
    assert (other.number != first.number, is_new) == (True, True)


def test_the_same_wish_in_another_month_is_another_flattr(outbox: Outbox, clocks: Clocks) -> None:
    first = outbox.keep(ask(outbox, "page"), Unreachable(), 0)
    clocks.pass_by(10 * 86_400)
    again, is_new = outbox.ask("gesture-b", ME, "page", b"{}")
    assert (again.number != first.number, is_new) == (True, True)


def test_who_has_lost_the_lease_does_not_get_another_s(
    outbox: Outbox, path: str, clocks: Clocks
) -> None:
    entry = ask(outbox)
    clocks.pass_by(entries.LEASE_SECONDS + 1)
    assert claim(open_at(path, clocks))
    for use in (outbox.begin_anew, outbox.renew, lambda it: outbox.write_wish(it, b"{}")):
        with pytest.raises(LeaseLost):
            use(entry)


def test_one_process_at_a_time_has_it(outbox: Outbox, path: str, clocks: Clocks) -> None:
    other = open_at(path, clocks)
    entry = ask(outbox)
    assert claim(other, due_only=False) is None
    clocks.pass_by(entries.LEASE_SECONDS + 1)
    taken = claim(other)
    assert taken
    assert (taken.number, taken.tries) == (entry.number, 2)
    with pytest.raises(LeaseLost):
        outbox.renew(entry)
    assert outbox.keep(entry, Unreachable(), 0).state == "sending"  # not ours to say any more
    assert other.settle(taken, b"{}").state == "settled"
    assert outbox.refuse(entry, FlattrOwner(), is_news=True).state == "settled"


def test_a_lease_that_is_renewed_is_not_over(outbox: Outbox, clocks: Clocks) -> None:
    entry = ask(outbox)
    for _ in range(3):
        clocks.pass_by(entries.LEASE_SECONDS - 1)
        outbox.renew(entry)
    assert claim(outbox, due_only=False) is None


@pytest.mark.parametrize("jump", [-400 * 86_400, -3600, 3600, 400 * 86_400])
def test_a_clock_that_jumps_ends_no_lease(outbox: Outbox, clocks: Clocks, jump: int) -> None:
    ask(outbox)
    clocks.now += jump
    assert claim(outbox, due_only=False) is None


def test_a_lease_of_before_the_machine_was_started_is_over(outbox: Outbox, clocks: Clocks) -> None:
    ask(outbox)
    clocks.monotonic = 10
    assert claim(outbox)


def test_it_waits_until_the_next_try(outbox: Outbox, clocks: Clocks) -> None:
    entry = pending(outbox)
    assert entry.next_try_at - clocks.now in range(4, 8)
    assert claim(outbox) is None
    clocks.pass_by(8)
    assert claim(outbox)


def test_a_clock_that_is_set_back_holds_nothing_up(outbox: Outbox, clocks: Clocks) -> None:
    pending(outbox)
    clocks.now -= 400 * 86_400
    assert claim(outbox)


def test_a_server_that_says_when_is_believed_up_to_an_hour(outbox: Outbox, clocks: Clocks) -> None:
    in_ten_minutes = outbox.keep(ask(outbox), Unreachable(), 600)
    assert in_ten_minutes.next_try_at - clocks.now == 601
    in_a_year = outbox.keep(ask(outbox), Unreachable(), 365 * 86_400)
    assert in_a_year.next_try_at - clocks.now <= entries.LONGEST_PAUSE + 1


def test_a_rate_limit_holds_up_all(outbox: Outbox, clocks: Clocks) -> None:
    pending(outbox)
    outbox.keep(ask(outbox), RateLimitExceeded(), 600, is_for_all=True)
    clocks.pass_by(500)
    assert claim(outbox) is None
    clocks.pass_by(102)
    assert claim(outbox)


def test_what_the_person_must_mend_holds_all_until_one_succeeds(outbox: Outbox) -> None:
    held = outbox.keep(ask(outbox), NoMeans(), 0)
    assert outbox.held_by(ME) == held
    assert outbox.held_by(Recipient(ME.server, "bob")) is None
    outbox.settle(ask(outbox), b"{}")
    assert outbox.held_by(ME) is None
    assert claim(outbox) is not None


def test_another_account_is_sent_nothing(outbox: Outbox) -> None:
    pending(outbox)
    assert outbox.claim(Recipient(ME.server, "bob"), due_only=False) is None
    assert outbox.claim(Recipient("embedded", ""), due_only=False) is None


def test_removing(outbox: Outbox, clocks: Clocks) -> None:
    sending, grace, waits = ask(outbox), ask(outbox, grace_seconds=3), pending(outbox)
    refused = outbox.refuse(ask(outbox), FlattrOwner(), is_news=True)
    assert [outbox.remove(it.gesture) for it in (sending, grace, waits, refused)] == [
        False, False, True, True,
    ]  # fmt: skip
    assert not outbox.remove("nobody-knows-it")
    clocks.pass_by(100)  # its process was killed
    assert outbox.remove(sending.gesture)


def test_what_has_ended_is_forgotten_after_a_day_but_no_news(
    outbox: Outbox, clocks: Clocks
) -> None:
    settled = outbox.settle(ask(outbox), b"{}")
    news = outbox.refuse(ask(outbox), FlattrOwner(), is_news=True)
    clocks.pass_by(entries.KEPT_AFTER_END + 1)
    ask(outbox)
    assert outbox.find(settled.gesture) is None
    assert outbox.find(news.gesture)


def test_the_oldest_is_first_and_each_once(outbox: Outbox, clocks: Clocks) -> None:
    waiting = [pending(outbox) for _ in range(250)]
    clocks.pass_by(10)
    tried, last = [], 0
    while entry := outbox.claim(ME, last, due_only=True):
        tried.append(entry.number)
        last = entry.number
        outbox.keep(entry, Unreachable(), 0)
    assert tried == [entry.number for entry in waiting]


def test_what_the_doctor_looks_at_holds_in_every_state(outbox: Outbox, path: str) -> None:
    ask(outbox, grace_seconds=3)
    ask(outbox)
    pending(outbox)
    outbox.settle(ask(outbox), b"{}")
    outbox.refuse(ask(outbox), FlattrOwner(), is_news=True)
    outbox.interrupt(ask(outbox, grace_seconds=3))
    assert outbox_faults(path) == []
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE entries SET ended_at = 0, answer = NULL, lease = ''")
    assert [fault.message[-2] for fault in outbox_faults(path)] == ["3", "1", "2"]


def test_a_folder_that_cannot_be_written() -> None:
    with pytest.raises(OutboxUnavailable, match="Not a directory"):
        Outbox("/dev/null/outbox.sqlite3")


def test_what_is_asked_all_the_time_reads_no_whole_table(outbox: Outbox, path: str) -> None:
    """Ten thousand may wait; each click asks these."""
    pending(outbox)
    asked: list[str] = []
    with closing(sqlite3.connect(path)) as db:
        waiting = ("a", "b", 0, None, None, True, 1, 2, 1, 2, 50)
        asked += [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {CLAIMABLE}", waiting)]
        held = f"EXPLAIN QUERY PLAN SELECT 1 FROM entries WHERE {IS_HELD}"  # noqa: S608
        asked += [row[3] for row in db.execute(held, ("a", "b"))]
        for query in (
            "SELECT 1 FROM entries WHERE server = 'a' AND username = 'b' AND wish_key = 'c'"
            " AND ended_at = 0 AND state = 'pending' ORDER BY number DESC LIMIT 1",
            "UPDATE entries SET code = '' WHERE state = 'grace' AND NOT (lease_until > 1)",
            "DELETE FROM entries WHERE ended_at > 0 AND ended_at < 5 AND NOT is_news",
            "SELECT count(*) FROM entries WHERE is_news",
            "SELECT count(*) FROM entries WHERE ended_at = 0",
        ):
            asked += [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert all("INDEX" in step or "ORDER BY" in step for step in asked), asked


@given(tries=st.integers(0, 10_000), chance=st.floats(0, 1))
def test_pauses_grow_up_to_an_hour(tries: int, chance: float) -> None:
    seconds = entries.pause(tries, chance)
    assert 4 <= seconds <= entries.LONGEST_PAUSE * 1.2
    assert seconds <= entries.pause(tries + 1, chance)


@given(first=st.integers(0, 2**33), seconds=st.integers(-(2**32), 2**32))
def test_what_is_surely_one_month_is_one_on_any_clock_near(first: int, seconds: int) -> None:
    """However far, up to a day, the server's clock is off: it sees one month as well."""
    if (
        first + seconds < entries.CLOCK_SKEW
        or first < entries.CLOCK_SKEW
        or not entries.is_surely_same_month(first, first + seconds)
    ):
        return
    months = {
        entries._month(at + off)
        for at in (first, first + seconds)
        for off in (-entries.CLOCK_SKEW, 0, entries.CLOCK_SKEW)
    }
    assert len(months) == 1


def test_months() -> None:
    noon = 1_795_500_000  # 24 November
    assert entries.is_surely_same_month(noon, noon + 86_400)
    assert not entries.is_surely_same_month(noon, noon + 30 * 86_400)
    last_second = 1_796_083_199  # of November
    assert not entries.is_surely_same_month(last_second - 60, last_second)
    assert not entries.is_surely_same_month(noon, last_second + 1)
