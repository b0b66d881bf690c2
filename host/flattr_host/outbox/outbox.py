"""The outbox's file: each change of an entry is durable before the next thing happens.

Several processes share it. Whoever tries an entry has a lease on it, which ends by itself when the
process does not come back; a change by somebody whose lease is over is no change.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import takewhile

from ..api.errors import FlattrError
from ..database import Database, Schema
from . import entries
from .entries import Entry, Recipient
from .errors import Interrupted, LeaseLost, OutboxUnavailable
from .queries import CLAIMABLE, IS_HELD, NO_DOUBT, fitting, mend_all
from .rows import COLUMNS, entry_of, one, required

SCHEMA = Schema(os.path.join(os.path.dirname(__file__), "schema"), version=1)


class Outbox:
    """The entries in the file at ``path``; all methods raise ``OutboxUnavailable``.

    ``now`` gives the Unix time, ``monotonic`` a time that nobody can set and that all processes of
    the machine share, both in seconds.
    """

    def __init__(
        self,
        path: str,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = Database(path, SCHEMA, OutboxUnavailable)
        self.now = now
        self._monotonic = monotonic

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def ask(
        self,
        gesture: str,
        recipient: Recipient,
        wish_key: str,
        wish: bytes,
        grace_seconds: float = 0.0,
    ) -> tuple[Entry, bool]:
        """Writes down what was asked for; whether that is new, in ``grace`` or else ``sending``.

        It is not where the gesture is known, or the same flattr is pending: then it is that entry.
        """
        with self._file.transaction() as db:
            self._clear(db)
            known = self._known(db, gesture, recipient, wish_key)
            if known:
                return known, False
            entry = self._insert(db, gesture, recipient, wish_key, wish)
            if grace_seconds:
                return self._lease(db, entry, "grace", grace_seconds + 10), True
            return self._begin_try(db, entry), True

    def keep_unsent(
        self,
        gesture: str,
        recipient: Recipient,
        wish_key: str,
        wish: bytes,
        error: FlattrError,
        pause: float,
    ) -> Entry:
        """Writes down what could not even be begun, because of ``error``."""
        with self._file.transaction() as db:
            self._clear(db)
            known = self._known(db, gesture, recipient, wish_key)
            entry = known or self._insert(db, gesture, recipient, wish_key, wish)
            return self._keep(db, entry, error, pause) if entry.state == "pending" else entry

    def consent(self, entry: Entry) -> Entry:
        """The grace period is over, and nobody took it back: from now on it is ``sending``.

        Raises ``Interrupted`` where it took so long that it counts as cut off.
        """
        with self._file.transaction() as db:
            if not self._holds(db, entry, "grace"):
                raise Interrupted
            return self._begin_try(db, entry)

    def take_back(self, entry: Entry) -> None:
        """The person undid it: nothing remains."""
        with self._file.transaction() as db:
            if self._holds(db, entry, "grace"):
                db.execute("DELETE FROM entries WHERE number = ?", (entry.number,))

    def interrupt(self, entry: Entry) -> None:
        """The browser has gone in the grace period."""
        with self._file.transaction() as db:
            if self._holds(db, entry, "grace"):
                self._end(db, entry, "interrupted", code=Interrupted.code, is_news=True)

    def claim(
        self, recipient: Recipient, after: int = 0, gesture: str | None = None, *, due_only: bool
    ) -> Entry | None:
        """The next entry after that number that can be tried, which is then ``sending``.

        With ``gesture`` that one alone. Without ``due_only`` also what would wait longer.
        """
        found = self.claim_several(recipient, after, 1, gesture, due_only=due_only)
        return found[0] if found else None

    def claim_several(
        self,
        recipient: Recipient,
        after: int,
        most: int,
        gesture: str | None = None,
        *,
        due_only: bool,
    ) -> list[Entry]:
        """As :meth:`claim`: the next one, and what follows if all of it can be sent together."""
        with self._file.transaction() as db:
            self._interrupt_abandoned(db)
            found = self._claimable(db, recipient, after, due_only, most, gesture)
            together = fitting(takewhile(self._is_plain, found)) or found[:1]
            return [self._begin_try(db, entry) for entry in together]

    def release(self, entry: Entry, *, was_tried: bool) -> None:
        """It was claimed, and is not tried by itself after all; ``was_tried``: with others."""
        with self._file.transaction() as db:
            if self._holds(db, entry, "sending"):
                query = "UPDATE entries SET state = 'pending', lease = '' WHERE number = ?"
                db.execute(query, (entry.number,))
                if not was_tried:
                    db.execute(NO_DOUBT, (entry.number,))
                    query = "UPDATE entries SET tries = tries - 1 WHERE number = ?"
                    db.execute(query, (entry.number,))

    def renew(self, entry: Entry) -> None:
        """Before each call: another lease's time, where little is left. Raises ``LeaseLost``."""
        left = entry.lease_until - self._monotonic()
        if entries.LEASE_SECONDS * 2 / 3 < left <= entries.LEASE_SECONDS:
            return  # nobody else can have it yet
        with self._file.transaction() as db:
            self._renew(db, entry)

    def begin_anew(self, entry: Entry) -> Entry:
        """It was found out that no earlier try arrived: only this one may.

        Raises ``LeaseLost``.
        """
        with self._file.transaction() as db:
            self._renew(db, entry)
            db.execute(
                "UPDATE entries SET unsure_try = tries, unsure_since = ? WHERE number = ?",
                (int(self.now()), entry.number),
            )
            return required(db, entry)

    def mend(self, recipient: Recipient) -> None:
        """The person has done something: what waited for that can be tried again."""
        with self._file.transaction() as db:
            mend_all(db, recipient)

    def write_wish(self, entry: Entry, wish: bytes) -> None:
        """It was found out what is wanted, and stays that from now on. Raises ``LeaseLost``."""
        with self._file.transaction() as db:
            self._renew(db, entry)
            db.execute("UPDATE entries SET wish = ? WHERE number = ?", (wish, entry.number))

    def settle(self, entry: Entry, answer: bytes) -> Entry:
        """The backend has it; what waited for the person can be tried again."""
        with self._file.transaction() as db:
            if self._holds(db, entry, "sending"):
                self._end(db, entry, "settled", answer=answer)
                mend_all(db, entry.recipient)
            return required(db, entry)

    def refuse(self, entry: Entry, error: FlattrError, *, is_news: bool) -> Entry:
        """The backend will not have it; ``is_news`` where nobody is there to be told."""
        with self._file.transaction() as db:
            if self._holds(db, entry, "sending"):
                code, detail = error.code, error.detail
                self._end(db, entry, "refused", code=code, detail=detail, is_news=is_news)
            return required(db, entry)

    def keep(
        self, entry: Entry, error: FlattrError, pause: float, *, is_for_all: bool = False
    ) -> Entry:
        """It was not sent, or nobody knows; the next try is in ``pause`` seconds at the earliest.

        ``is_for_all``: what else waits for the recipient is not tried earlier either.
        """
        with self._file.transaction() as db:
            if not self._holds(db, entry, "sending"):
                return required(db, entry)
            kept = self._keep(db, entry, error, pause)
            if is_for_all:
                db.execute(
                    "UPDATE entries SET next_try_at = max(next_try_at, ?)"
                    " WHERE server = ? AND username = ? AND state = 'pending'",
                    (kept.next_try_at, *entry.recipient),
                )
            return kept

    def remove(self, gesture: str) -> bool:
        """Cancels what is pending, forgets what has ended; False for all else."""
        with self._file.transaction() as db:
            self._interrupt_abandoned(db)
            done = db.execute(
                "DELETE FROM entries WHERE gesture = ? AND (state NOT IN ('grace', 'sending')"
                " OR state = 'sending' AND NOT (lease_until > ? AND lease_until <= ?))",
                (gesture, *self._lease_range()),
            )
            return done.rowcount > 0

    def find(self, gesture: str) -> Entry | None:
        """The entry of a gesture."""
        with self._file.transaction() as db:
            self._interrupt_abandoned(db)
            return one(db, "gesture = ?", gesture)

    def page(self, count: int, page: int) -> list[Entry]:
        """So many entries, newest first; ``page`` counts from 1."""
        with self._file.transaction() as db:
            self._interrupt_abandoned(db)
            query = f"SELECT {COLUMNS} FROM entries ORDER BY number DESC LIMIT ? OFFSET ?"  # noqa: S608
            return [entry_of(row) for row in db.execute(query, (count, count * (page - 1)))]

    def tell(self, gestures: Iterable[str]) -> None:
        """The person has seen how these ended."""
        with self._file.transaction() as db:
            query = "UPDATE entries SET is_news = 0 WHERE gesture = ? AND ended_at > 0"
            db.executemany(query, [(gesture,) for gesture in gestures])

    def counts(self) -> tuple[int, int]:
        """How many are waiting, and how many have ended without anybody being told."""
        with self._file.transaction() as db:
            self._interrupt_abandoned(db)
            (waiting,) = db.execute("SELECT count(*) FROM entries WHERE ended_at = 0").fetchone()
            (news,) = db.execute("SELECT count(*) FROM entries WHERE is_news").fetchone()
        return waiting, news

    def held_by(self, recipient: Recipient) -> Entry | None:
        """The entry whose refusal only the person can mend, if there is one."""
        with self._file.reading() as db:
            return one(db, IS_HELD + " ORDER BY number LIMIT 1", *recipient)

    def _claimable(
        self,
        db: sqlite3.Connection,
        recipient: Recipient,
        after: int,
        due_only: bool,
        most: int,
        gesture: str | None = None,
    ) -> list[Entry]:
        now, (lease_now, lease_end) = self.now(), self._lease_range()
        latest = now + 2 * entries.LONGEST_PAUSE  # later than any pause: the clock was set back
        which = (*recipient, after, gesture, gesture)
        when = (due_only, now, latest, lease_now, lease_end)
        return [entry_of(row) for row in db.execute(CLAIMABLE, (*which, *when, most))]

    def _is_plain(self, entry: Entry) -> bool:
        """Whether its URL is all that need be sent, and no history looked through before."""
        is_by_url = entry.wish_key.startswith(("http://", "https://"))
        since = entry.unsure_since
        is_unseen = not since or entries.is_surely_same_month(since, self.now())
        return is_by_url and is_unseen

    def _clear(self, db: sqlite3.Connection) -> None:
        """Forgets what has ended long ago."""
        before = int(self.now()) - entries.KEPT_AFTER_END
        db.execute(
            "DELETE FROM entries WHERE ended_at > 0 AND ended_at < ? AND NOT is_news", (before,)
        )

    def _known(
        self, db: sqlite3.Connection, gesture: str, recipient: Recipient, wish_key: str
    ) -> Entry | None:
        """What is written down of the gesture, or waits for the same.

        What was asked for in another month is another flattr.
        """
        found = one(db, "gesture = ?", gesture)
        if found:
            return found
        where = (
            "server = ? AND username = ? AND wish_key = ? AND ended_at = 0 AND state = 'pending'"
        )
        found = one(db, where + " ORDER BY number DESC LIMIT 1", *recipient, wish_key)
        is_same = found and entries.is_surely_same_month(found.asked_at, self.now())
        return found if is_same else None

    def _insert(
        self,
        db: sqlite3.Connection,
        gesture: str,
        recipient: Recipient,
        wish_key: str,
        wish: bytes,
    ) -> Entry:
        query = (
            "INSERT INTO entries (gesture, server, username, wish_key, wish, state, asked_at)"  # noqa: S608
            f" VALUES (?, ?, ?, ?, ?, 'pending', ?) RETURNING {COLUMNS}"
        )
        values = (gesture, *recipient, wish_key, wish, int(self.now()))
        return entry_of(db.execute(query, values).fetchone())

    def _begin_try(self, db: sqlite3.Connection, entry: Entry) -> Entry:
        db.execute(
            "UPDATE entries SET tries = tries + 1,"
            " unsure_since = CASE unsure_try WHEN 0 THEN ? ELSE unsure_since END,"
            " unsure_try = CASE unsure_try WHEN 0 THEN tries + 1 ELSE unsure_try END"
            " WHERE number = ?",
            (int(self.now()), entry.number),
        )
        return self._lease(db, entry, "sending", entries.LEASE_SECONDS)

    def _lease(
        self, db: sqlite3.Connection, entry: Entry, state: str, seconds: float, lease: str = ""
    ) -> Entry:
        until = self._monotonic() + min(seconds, entries.LONGEST_LEASE)
        db.execute(
            "UPDATE entries SET state = ?, lease = ?, lease_until = ? WHERE number = ?",
            (state, lease or os.urandom(8).hex(), until, entry.number),
        )
        return required(db, entry)

    def _renew(self, db: sqlite3.Connection, entry: Entry) -> None:
        if not self._holds(db, entry, "sending"):
            raise LeaseLost
        self._lease(db, entry, "sending", entries.LEASE_SECONDS, entry.lease)

    def _holds(self, db: sqlite3.Connection, entry: Entry, state: str) -> bool:
        """Whether the lease is that of ``entry``; one that is over is, unless somebody took it."""
        query = "SELECT 1 FROM entries WHERE number = ? AND state = ? AND lease = ?"
        return db.execute(query, (entry.number, state, entry.lease)).fetchone() is not None

    def _keep(
        self, db: sqlite3.Connection, entry: Entry, error: FlattrError, seconds: float
    ) -> Entry:
        chance = int.from_bytes(os.urandom(4)) / 2**32  # the module "random" takes long to load
        wait = entries.pause(entry.tries, chance)
        next_try_at = int(self.now() + max(wait, min(seconds, entries.LONGEST_PAUSE))) + 1
        db.execute(
            "UPDATE entries SET state = 'pending', lease = '', lease_until = 0, code = ?,"
            " detail = ?, next_try_at = ? WHERE number = ?",
            (error.code, error.detail, next_try_at, entry.number),
        )
        if error.code in entries.NEVER_ARRIVED:
            db.execute(NO_DOUBT, (entry.number,))
        return required(db, entry)

    def _end(
        self,
        db: sqlite3.Connection,
        entry: Entry,
        state: str,
        *,
        code: str = "",
        detail: str = "",
        answer: bytes | None = None,
        is_news: bool = False,
    ) -> None:
        db.execute(
            "UPDATE entries SET state = ?, lease = '', lease_until = 0, code = ?, detail = ?,"
            " answer = ?, is_news = ?, ended_at = ?, next_try_at = 0 WHERE number = ?",
            (state, code, detail, answer, is_news, int(self.now()), entry.number),
        )

    def _interrupt_abandoned(self, db: sqlite3.Connection) -> None:
        """Ends what was in its grace period when its process was killed."""
        db.execute(
            "UPDATE entries SET state = 'interrupted', lease = '', code = ?, is_news = 1,"
            " ended_at = ? WHERE state = 'grace' AND NOT (lease_until > ? AND lease_until <= ?)",
            (Interrupted.code, int(self.now()), *self._lease_range()),
        )

    def _lease_range(self) -> tuple[float, float]:
        """Between these a lease's end is to come; see ``entries.LONGEST_LEASE``."""
        now = self._monotonic()
        return now, now + entries.LONGEST_LEASE


def mend(path: str, recipient: Recipient) -> None:
    """As ``Outbox.mend``, of an outbox that may not be there."""
    if os.path.exists(path):
        with suppress(OutboxUnavailable):  # it is tried again by itself, only later
            outbox = Outbox(path)
            outbox.mend(recipient)
            outbox.close()
