"""Finds out what is wrong with a SQLite file of ours; changes and makes nothing."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

from .database import BUSY_SECONDS, Schema, uri


class Rule(NamedTuple):
    """What must hold in a file: ``query`` counts where it does not.

    ``broken`` is the sentence for that, with the count as ``{}``.
    """

    query: str
    broken: str


class Fault(NamedTuple):
    """What is wrong. ``is_damage``: with what is in the file; else with using it here and now."""

    message: str
    is_damage: bool


def faults(path: str, schema: Schema, rules: Iterable[Rule] = ()) -> list[Fault]:
    """What is wrong with a file, or with the WAL that is there without it; empty: nothing.

    An older version of the schema is no fault: it is brought up to date when it is used; the
    rules, which are the present version's, are not applied to it.
    """
    if is_without_file(path):
        message = f"It is missing or empty, but {path}-wal with what was written last is there."
        return [Fault(message, is_damage=True)]
    was_quiet = not _size(f"{path}-wal")
    try:
        with reading(path) as db:
            found = list(_faults(db, schema, rules))
    except sqlite3.Error as error:
        return [_in_words(error)]
    except OSError as error:
        return [Fault(f"It cannot be read: {error.strerror}.", is_damage=False)]
    if found and was_quiet and _size(f"{path}-wal"):  # somebody began to write meanwhile
        return faults(path, schema, rules)
    return found


def is_without_file(path: str) -> bool:
    """Whether there is a WAL with something in it, but nothing that it belongs to."""
    return _size(f"{path}-wal") > 0 and _size(path) == 0


@contextmanager
def reading(path: str) -> Iterator[sqlite3.Connection]:
    """A connection that only reads. Raises ``sqlite3.Error`` and ``OSError``.

    Of a file that was left in the middle of a write, a copy is read: SQLite would mend the file.
    """
    os.stat(path)
    if not os.access(path, os.R_OK):
        raise PermissionError(13, "Permission denied")
    if not _size(f"{path}-wal") and not _size(f"{path}-journal"):
        # Nobody has it open: whoever writes makes a WAL first. Else SQLite would make one here.
        with closing(_connect(path, "mode=ro&immutable=1")) as db:
            yield db
    elif os.path.exists(f"{path}-shm"):
        with closing(_connect(path, "mode=ro")) as db:
            yield db
    else:
        with tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, "copy")
            for end in ("", "-wal", "-journal"):
                if os.path.exists(path + end):
                    shutil.copyfile(path + end, copy + end)
            with closing(_connect(copy, "mode=rw")) as db:
                yield db


def _connect(path: str, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(uri(path, mode), uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _size(path: str) -> int:
    """In bytes; 0 if there is no such file."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _faults(db: sqlite3.Connection, schema: Schema, rules: Iterable[Rule]) -> Iterator[Fault]:
    db.execute("BEGIN")  # one moment, whoever writes meanwhile
    found = [words for (words,) in db.execute("PRAGMA integrity_check(20)")]
    if found != ["ok"]:
        many = "" if len(found) < 20 else "at least "
        first = " ".join(found[0].split())
        yield Fault(f"SQLite finds {many}{len(found)} faults in it; the first: {first}.", True)
        return
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > schema.version:
        yield Fault("It was written by a newer flattr-host; update this one.", is_damage=False)
        return
    if version == 0 and db.execute("SELECT 1 FROM sqlite_schema").fetchone():
        yield Fault("It is no file of flattr-host, or its version is damaged.", is_damage=True)
        return
    strays = sum(1 for _ in db.execute("PRAGMA foreign_key_check"))
    if strays:
        yield Fault(f"{strays} rows in it speak of others that are not there.", is_damage=True)
    for rule in rules if version == schema.version else ():
        (count,) = db.execute(rule.query).fetchone()
        if count:
            yield Fault(rule.broken.format(count), is_damage=True)


def _in_words(error: sqlite3.Error) -> Fault:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Fault(f"It is damaged. SQLite says: {error}.", is_damage=True)
    if code == sqlite3.SQLITE_BUSY:
        message = "Another program keeps it locked. Try again in a moment."
        return Fault(message, is_damage=False)
    return Fault(f"It cannot be read. SQLite says: {error}.", is_damage=False)
