"""Reads an exported ledger, and adds what is in it to a ledger.

The file may come from anybody: ``rows`` believes none of it, and does no I/O.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from .accounts import AccountError, check_redirect_uri
from .lines import (
    FORMAT,
    KINDS,
    MAX_LINE,
    VERSION,
    AppLine,
    EndLine,
    FlattrLine,
    Header,
    Row,
    ThingLine,
    TokenLine,
    UserLine,
    end_line,
    month_of,
)
from .registering import find_user, registered
from .store import Store


class BadExport(Exception):
    """The lines are no whole exported ledger; ``str()`` says which line is wrong, and why."""


class Imported(NamedTuple):
    """How many of each kind were new in the ledger, and how many lines of it there were."""

    kind: str
    new: int
    read: int


class NumberedRow(NamedTuple):
    """A line, and the number that it has in the file, from 1."""

    number: int
    row: Row


_CUT = "The file ends before its last line: it was cut off, or its writer was interrupted."
_decode_header = msgspec.json.Decoder(Header).decode  # worked out here, see settings.DEFAULTS
_decode_line = msgspec.json.Decoder(
    UserLine | AppLine | ThingLine | FlattrLine | TokenLine | EndLine
).decode


def rows(lines: Iterable[bytes]) -> Iterator[NumberedRow]:
    """The rows of an exported ledger, whose lines have their ends.

    Whether the file is whole is known only after the last one. Raises ``BadExport``. Takes as much
    memory as the longest line, which may have ``MAX_LINE`` bytes.
    """
    counts, digest = dict.fromkeys(KINDS, 0), hashlib.sha256()
    numbered = enumerate(lines, 1)
    number, text = next(numbered, (1, b""))
    has_secrets = _header(text).with_secrets
    digest.update(text)
    kind = 0
    for number, text in numbered:
        row = _line(number, text)
        if isinstance(row, EndLine):
            _require_end(row, end_line(counts, digest.hexdigest()))
            for number, _ in numbered:
                raise BadExport(f"Line {number}: nothing may follow the last line of an export.")
            return
        if KINDS.index(type(row)) < kind:
            raise BadExport(f"Line {number} stands too late: its kind comes before those above.")
        kind = KINDS.index(type(row))
        _check(number, row, has_secrets)
        counts[type(row)] += 1
        digest.update(text)
        yield NumberedRow(number, row)
    raise BadExport(_CUT)


def _header(text: bytes) -> Header:
    if not text:
        raise BadExport("The file is empty.")
    try:
        header = _decode_header(text[:MAX_LINE])
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise BadExport("Line 1 is not that of an exported ledger.") from None
    if header.format != FORMAT:
        raise BadExport("Line 1 is not that of an exported ledger.")
    if header.version != VERSION:
        raise BadExport("The file was exported by a newer flattr-host; update this one.")
    return header


def _line(number: int, text: bytes) -> Row | EndLine:
    if len(text) > MAX_LINE:
        raise BadExport(f"Line {number} is longer than any line of an exported ledger.")
    if not text.endswith(b"\n"):
        raise BadExport(_CUT)
    try:
        row: Row | EndLine = _decode_line(text)
    except msgspec.ValidationError as error:
        raise BadExport(f"Line {number} is wrong: {_in_words(error)}.") from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise BadExport(f"Line {number} is no line of JSON.") from None
    return row


def _in_words(error: Exception) -> str:
    """Which field is wrong. What msgspec says of it, a pattern maybe, helps nobody."""
    said = str(error)
    _, _, place = said.rpartition("$.")
    field = place.removesuffix("`").split("[")[0]
    if " - at `$." in said and field.isidentifier() and field.isascii():
        return f'"{field}" is not what it can be'
    return "it has not the fields that it must have, or others"


def _check(number: int, row: Row, has_secrets: bool) -> None:
    """What the fields of a row must be together."""
    if isinstance(row, TokenLine) and not has_secrets:
        raise BadExport(f"Line {number} is a token, in a file that says it has no secrets.")
    if isinstance(row, UserLine) and (row.password is not UNSET) != has_secrets:
        raise BadExport(f'Line {number} is wrong: "password" goes with secrets, and only so.')
    if isinstance(row, AppLine):
        if (row.secret is not UNSET) != (has_secrets and row.confidential):
            raise BadExport(f'Line {number} is wrong: "secret" goes with secrets, and only so.')
        try:
            check_redirect_uri(row.redirect_uri)
        except AccountError as error:
            raise BadExport(f"Line {number} is wrong. {error}") from None
    if isinstance(row, FlattrLine) and row.month != month_of(row.created_at):
        raise BadExport(f'Line {number} is wrong: "month" is not that of "created_at".')
    if isinstance(row, ThingLine) and row.tags == ("",):
        raise BadExport(f'Line {number} is wrong: "tags" has a tag without a letter.')


def _require_end(found: EndLine, due: EndLine) -> None:
    if found != due:
        raise BadExport(
            "The last line does not fit those before it: the file was changed, or lines of it are"
            " missing."
        )


def merge(store: Store, lines: Iterable[bytes]) -> list[Imported]:
    """Adds what is in an exported ledger and not in this one: all of it, or nothing.

    A user is known by the name, a thing by its URL, a flattr by both and its month. What the ledger
    knows stays as it is; a thing whose owner it did not know gets that, and a name that had no
    account gets that. Flattrs end up in the order in which they were made. Raises ``BadExport`` and
    ``LedgerUnavailable``.
    """
    read = dict.fromkeys(KINDS, 0)
    with store.transaction() as db:
        before = _counts(db)
        db.execute(_INCOMING)
        values = _Values(db)
        for kind, found in groupby(rows(lines), lambda it: type(it.row)):
            db.executemany(_ADD[kind], (values.of(it) for it in _counted(found, kind, read)))
        db.execute(_FORGET_KNOWN)
        (is_late,) = db.execute(_IS_LATE).fetchone()
        for statement in (_APPEND, *(_SORT if is_late else ()), *COUNT_ANEW, "DROP TABLE incoming"):
            db.execute(statement)
        after = _counts(db)
    return [
        Imported(table, after[table] - before[table], read[kind])
        for kind, table in zip(KINDS, _TABLES, strict=True)
    ]


def _counts(db: sqlite3.Connection) -> dict[str, int]:
    query = "SELECT count(*) FROM {}"
    return {table: db.execute(query.format(table)).fetchone()[0] for table in _TABLES}


def _counted(
    found: Iterator[NumberedRow], kind: type[Row], read: dict[type[Row], int]
) -> Iterator[NumberedRow]:
    for it in found:
        read[kind] += 1
        yield it


class _Values:
    """The values of a row's columns, in which the ledger's own numbers stand for names."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._find_user = lru_cache(10_000)(lambda name: find_user(db, name))
        self._find_thing = lru_cache(10_000)(lambda url: registered(db, url))

    def of(self, numbered: NumberedRow) -> tuple[Any, ...]:
        number, row = numbered
        match row:
            case UserLine():
                password = None if row.password is UNSET else row.password
                return row.username, row.registered_at, row.hides_flattrs, row.means, password
            case AppLine():
                # With "" none fits: it stays one that needs a secret.
                secret = ("" if row.secret is UNSET else row.secret) if row.confidential else None
                return row.client_id, row.name, row.redirect_uri, row.created_at, secret
            case ThingLine():
                owner = self._user(number, row.owner) if row.owner is not None else None
                texts = row.url, row.title, row.description, row.language, row.category
                flags = row.hidden, row.deleted
                times = row.created_at, row.updated_at
                return row.id, row.id, *texts, ",".join(row.tags), *flags, owner, *times
            case FlattrLine():
                thing = self._find_thing(row.thing)
                if thing is None:
                    raise BadExport(f"Line {number} speaks of a thing that is not there.")
                return thing.id, self._user(number, row.user), row.month, row.created_at
            case TokenLine():
                user = self._user(number, row.user)
                ended = row.revoked_at
                return row.token, user, row.client_id, row.scope, row.created_at, ended

    def _user(self, number: int, name: str) -> int:
        found: int | None = self._find_user(name)
        if found is None:
            raise BadExport(f"Line {number} speaks of a user who is not there: {name}.")
        return found


_TABLES = ("users", "apps", "things", "flattrs", "tokens")  # of KINDS

_ADD: dict[type[Row], str] = {
    UserLine: (
        "INSERT INTO users (username, registered_at, hides_flattrs, means, password)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (username) DO UPDATE SET"
        " registered_at = excluded.registered_at, hides_flattrs = excluded.hides_flattrs,"
        " means = excluded.means, password = excluded.password"
        " WHERE registered_at IS NULL AND excluded.registered_at IS NOT NULL"
    ),
    AppLine: (
        "INSERT INTO apps (client_id, name, redirect_uri, created_at, secret)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (client_id) DO NOTHING"
    ),
    ThingLine: (  # with its number, unless another thing has that here
        "INSERT INTO things (id, url, title, description, language, category, tags, hidden,"
        " deleted, owner_id, created_at, updated_at)"
        " VALUES (iif(EXISTS (SELECT 1 FROM things WHERE id = ?), NULL, ?),"
        " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (url) DO UPDATE SET owner_id = excluded.owner_id WHERE owner_id IS NULL"
    ),
    FlattrLine: (
        "INSERT OR IGNORE INTO incoming (thing_id, user_id, month, created_at) VALUES (?, ?, ?, ?)"
    ),
    TokenLine: (
        "INSERT INTO tokens (token, user_id, app_id, scope, created_at, revoked_at)"
        " VALUES (?, ?, (SELECT id FROM apps WHERE client_id = ?), ?, ?, ?)"
        " ON CONFLICT (token) DO NOTHING"
    ),
}

_INCOMING = """
    CREATE TEMP TABLE incoming (
        id INTEGER PRIMARY KEY, thing_id INTEGER, user_id INTEGER, month TEXT, created_at INTEGER,
        UNIQUE (thing_id, user_id, month)
    )
"""
_FORGET_KNOWN = """
    DELETE FROM incoming WHERE EXISTS (
        SELECT 1 FROM flattrs WHERE flattrs.thing_id = incoming.thing_id
            AND flattrs.user_id = incoming.user_id AND flattrs.month = incoming.month
    )
"""
_IS_LATE = """
    SELECT (SELECT min(created_at) FROM incoming) < (SELECT max(created_at) FROM flattrs) IS TRUE
"""
_APPEND = """
    INSERT INTO flattrs (thing_id, user_id, number, month, created_at)
    SELECT thing_id, user_id,
        (SELECT coalesce(max(number), 0) FROM flattrs WHERE flattrs.user_id = incoming.user_id)
            + row_number() OVER (PARTITION BY user_id ORDER BY id),
        month, created_at
    FROM incoming ORDER BY id
"""
_SORT = (
    "CREATE TEMP TABLE sorted AS"
    " SELECT thing_id, user_id, month, created_at FROM flattrs ORDER BY created_at, id",
    "DELETE FROM flattrs",
    "INSERT INTO flattrs (id, thing_id, user_id, number, month, created_at)"
    " SELECT rowid, thing_id, user_id, row_number() OVER (PARTITION BY user_id ORDER BY rowid),"
    " month, created_at FROM sorted ORDER BY rowid",
    "DROP TABLE sorted",
)
#: Sets the counts of a ledger right.
COUNT_ANEW = (
    "UPDATE users SET flattrs = (SELECT count(*) FROM flattrs WHERE user_id = users.id)",
    "UPDATE things SET flattrs = (SELECT count(*) FROM flattrs WHERE thing_id = things.id)",
)
