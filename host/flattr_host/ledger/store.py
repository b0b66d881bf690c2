"""The ledger's file: opened, made, and shared by several processes.

WAL, so that reading never waits for writing; ``synchronous=FULL``, so that what was answered
survives a loss of power; a busy timeout, so that host processes of several browsers take turns.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from ..api.errors import FlattrError

#: ``PRAGMA user_version`` of a file with every step in ``schema/`` taken.
SCHEMA_VERSION = 2

#: How long one process waits for another's write, in seconds.
BUSY_SECONDS = 5.0

_SCHEMA = os.path.join(os.path.dirname(__file__), "schema")


class LedgerUnavailable(FlattrError):
    """The file cannot be read or written. Nothing was changed; ``str()`` says why."""

    code = "ledger_unavailable"


class Store:
    """One ledger file, open. Its methods may be called from several threads.

    Everything in it raises ``LedgerUnavailable`` when the file cannot be used.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._writing = threading.Lock()
        with _errors_in_words():
            self._writer = _connect(path)
            self._identity = _identity(path)
        self._readers: list[sqlite3.Connection] = []  # those that are not in use

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write: all of it is durably stored at the end of the block, or none of it."""
        deadline = time.monotonic() + BUSY_SECONDS
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise LedgerUnavailable(_IN_WORDS[sqlite3.SQLITE_BUSY])
        try:
            with _errors_in_words():
                self._require_same_file()
                left = max(0, int((deadline - time.monotonic()) * 1000))
                self._writer.execute(f"PRAGMA busy_timeout = {left}")
                with _write_lock(self._writer):
                    yield self._writer
        finally:
            self._writing.release()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A read, which waits for nobody."""
        with _errors_in_words():
            self._require_same_file()
            try:
                db = self._readers.pop()
            except IndexError:
                db = _connect(self._path)
            try:
                yield db
            finally:
                self._readers.append(db)

    def close(self) -> None:
        """Closes the file; the last process to do so folds the WAL into it."""
        with self._writing:
            if self._identity != _identity(self._path):
                self._fold()
            while self._readers:
                self._readers.pop().close()
            self._writer.close()

    def _require_same_file(self) -> None:
        """Raises ``LedgerUnavailable`` where the file was moved, removed or replaced.

        SQLite would go on writing into a file that has another name by now, or none; and its WAL,
        which is found by name, would be read into whatever lies there instead.
        """
        if self._identity == _identity(self._path):
            return
        self._fold()
        raise LedgerUnavailable(
            "Its file was moved, removed or replaced while it was in use. Put it where it belongs,"
            " then start the browser (or the server) again."
        )

    def _fold(self) -> None:
        """Empties the WAL into the file that it belongs to."""
        with suppress(sqlite3.Error):
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def _write_lock(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction: all of the block, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    db.commit()


def _connect(path: str) -> sqlite3.Connection:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    # Made by us first, so that it is never readable by others, not even for a moment. Never opened
    # if it is there: closing any descriptor of a file drops all locks that this process has on it
    # (fcntl(2)), and another process would take away the WAL that we go on writing to.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _prepare(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, path: str) -> None:
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA synchronous = FULL")
    version = _version(db)
    if version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        raise LedgerUnavailable("It was written by a newer flattr-host; update this one.")
    _switch_to_wal(db)
    with _write_lock(db):
        version = _version(db)  # somebody may have been faster
        if 0 < version < SCHEMA_VERSION:
            _back_up(path, version)
        for step in range(version + 1, SCHEMA_VERSION + 1):
            _take(db, step)


def _version(db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def _switch_to_wal(db: sqlite3.Connection) -> None:
    """Turns WAL on. SQLite does not wait for its lock here (its busy handler is not called)."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _back_up(path: str, version: int) -> None:
    """Keeps what an older version wrote, in one file beside the ledger."""
    backup = f"{path}.version-{version}"
    unfinished = f"{backup}.{os.getpid()}"
    os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    with closing(sqlite3.connect(path)) as now, closing(sqlite3.connect(unfinished)) as copy:
        now.backup(copy)
    with open(unfinished, "rb") as file:
        os.fsync(file.fileno())
    os.replace(unfinished, backup)


def _take(db: sqlite3.Connection, step: int) -> None:
    with open(os.path.join(_SCHEMA, f"{step}.sql"), encoding="utf-8") as file:
        for statement in _statements(file.read()):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {step}")


def _statements(script: str) -> Iterator[str]:
    """One by one: ``executescript`` would commit in between."""
    statement = ""
    for text in script.splitlines(keepends=True):
        statement += text
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


_IN_WORDS = {
    sqlite3.SQLITE_FULL: "The disk is full.",
    sqlite3.SQLITE_BUSY: "Another program keeps it locked; try again in a moment.",
    sqlite3.SQLITE_READONLY: "It may only be read, not written.",
    sqlite3.SQLITE_CORRUPT: "The file is damaged. It was left as it is.",
    sqlite3.SQLITE_NOTADB: "The file is damaged. It was left as it is.",
    sqlite3.SQLITE_CANTOPEN: "It cannot be opened.",
    sqlite3.SQLITE_IOERR: "The disk reported an error.",
}


@contextmanager
def _errors_in_words() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise LedgerUnavailable(_IN_WORDS.get(code, f"SQLite says: {error}.")) from error
    except OSError as error:
        raise LedgerUnavailable(f"{error.strerror}.") from error
