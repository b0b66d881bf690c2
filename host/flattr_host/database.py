"""A SQLite file that holds what must not be lost: opened, made, shared by several processes.

WAL, so that reading never waits for writing; ``synchronous=FULL``, so that what was answered
survives a loss of power; a busy timeout, so that host processes of several browsers take turns.
"""

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import NamedTuple

from . import files
from .api.errors import FlattrError

#: How long one process waits for another's write, in seconds.
BUSY_SECONDS = 5.0

#: The least that SQLite takes for the index of a WAL, in bytes (https://sqlite.org/walformat.html).
_WAL_INDEX = 32_768


class Schema(NamedTuple):
    """The SQL of a file: ``folder`` has a step ``1.sql`` to ``VERSION.sql`` for each version.

    ``version`` is ``PRAGMA user_version`` of a file with every step taken.
    """

    folder: str
    version: int


class Database:
    """One file, open. Its methods may be called from several threads.

    Everything in it raises ``unavailable`` when the file cannot be used; nothing was changed then,
    and its ``str()`` says why.
    """

    def __init__(self, path: str, schema: Schema, unavailable: type[FlattrError]) -> None:
        self.path = path
        self._schema = schema
        self._unavailable = unavailable
        self._writing = threading.Lock()
        with self._errors_in_words():
            _make(path)
            self._writer = _connect(path, schema)
            self._identity = _identity(path)
        self._readers: list[sqlite3.Connection] = []  # those that are not in use

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write: all of it is durably stored at the end of the block, or none of it."""
        deadline = time.monotonic() + BUSY_SECONDS
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise self._unavailable(_IN_WORDS[sqlite3.SQLITE_BUSY])
        try:
            with self._errors_in_words():
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
        with self._errors_in_words():
            self._require_same_file()
            try:
                db = self._readers.pop()
            except IndexError:
                db = self._connected()
            try:
                yield db
            finally:
                self._readers.append(db)

    def _connected(self) -> sqlite3.Connection:
        db = _connect(self.path, self._schema)
        try:
            self._require_same_file()
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        """Closes the file; the last process to do so folds the WAL into it."""
        with self._writing:
            if self._identity != _identity(self.path):
                self._fold()
            while self._readers:
                self._readers.pop().close()
            self._writer.close()

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except NewerFile:
            raise self._unavailable(
                "It was written by a newer flattr-host; update this one."
            ) from None
        except Damaged:
            raise self._unavailable(_DAMAGED) from None
        except Moved:
            raise self._unavailable(_MOVED) from None
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_IOERR and _is_full(self.path):
                code = sqlite3.SQLITE_FULL
            raise self._unavailable(_IN_WORDS.get(code, f"SQLite says: {error}.")) from error
        except OSError as error:
            raise self._unavailable(f"{error.strerror}.") from error

    def _require_same_file(self) -> None:
        """Raises where the file was moved, removed or replaced.

        SQLite would go on writing into a file that has another name by now, or none; and its WAL,
        which is found by name, would be read into whatever lies there instead.
        """
        if self._identity == _identity(self.path):
            return
        self._fold()
        raise Moved

    def _fold(self) -> None:
        """Empties the WAL into the file that it belongs to."""
        with suppress(sqlite3.Error):
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class NewerFile(Exception):
    """A newer flattr-host wrote the file."""


class Damaged(Exception):
    """The file is not what we wrote, which SQLite itself would not notice."""


class Moved(Exception):
    """The file was moved, removed or replaced while it was being opened."""


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
        db.commit()
    except BaseException:
        db.rollback()  # also what could not be committed: SQLite may leave that open
        raise


def uri(path: str, mode: str) -> str:
    """``path`` as SQLite's URI, with ``mode`` as its query."""
    absolute = os.path.abspath(path).replace("\\", "/").lstrip("/")
    for sign in "%?#":  # "%" first
        absolute = absolute.replace(sign, f"%{ord(sign):02x}")
    return f"file:///{absolute}?{mode}"


def _make(path: str) -> None:
    """Makes an empty file where there is none. Raises ``Damaged`` where only its WAL is there.

    Made by us, so that it is never readable by others, not even for a moment. Never opened if it is
    there: closing any descriptor of a file drops all locks that this process has on it (fcntl(2)),
    and another process would take away the WAL that we go on writing to.
    """
    _make_folder(os.path.dirname(path))
    # A WAL is made after the first page is in the file. SQLite would delete this one as a stray,
    # and what was written last with it. Looked for first: another process may be making both.
    has_wal = _size(f"{path}-wal") > 0
    if has_wal and _size(path) <= 0:
        raise Damaged
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _make_folder(folder: str) -> None:
    """Makes a folder for us alone, and its name durable. SQLite sees to that of the file itself."""
    above = os.path.dirname(folder)
    if os.path.isdir(folder) or above == folder:
        return
    _make_folder(above)
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    with suppress(OSError):  # not every folder can be opened that can be written to
        files.sync_names(above)


def _size(path: str) -> int:
    """In bytes; -1 if there is no such file."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return -1


def _is_full(path: str) -> bool:
    """Whether SQLite's index of the WAL finds no room; for that it has no error of its own."""
    if sys.platform == "win32":
        return False
    disk = os.statvfs(os.path.dirname(path))
    return disk.f_bavail * disk.f_frsize < _WAL_INDEX


def _connect(path: str, schema: Schema) -> sqlite3.Connection:
    """A connection to a file that is there: SQLite makes none."""
    before = _identity(path)
    db = sqlite3.connect(
        uri(path, "mode=rw"),
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        _prepare(db, path, schema)
        if _identity(path) != before:
            raise Moved
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, path: str, schema: Schema) -> None:
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA synchronous = FULL")
    has_tables = db.execute("SELECT 1 FROM sqlite_schema").fetchone()  # before its version, which
    version = _version(db)  # another process may be about to write together with them
    if version == schema.version:
        return
    if version > schema.version:
        raise NewerFile
    if version == 0 and has_tables:
        raise Damaged  # or no file of ours
    _switch_to_wal(db)
    with _write_lock(db):
        version = _version(db)  # somebody may have been faster
        if 0 < version < schema.version:
            _back_up(path, version)
        for step in range(version + 1, schema.version + 1):
            _take(db, schema, step)


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
    """Keeps what an older version wrote, in one file beside it; durable when this returns.

    To be called with the write lock held: it keeps out all who could make the same file.
    """
    unfinished = files.aside(f"{path}.version-{version}")
    with suppress(FileNotFoundError):
        os.unlink(unfinished)  # left by a process that was killed
    try:
        os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(path)) as now, closing(sqlite3.connect(unfinished)) as copy:
            copy.execute("PRAGMA journal_mode = OFF")  # which a killed process would leave, too
            now.backup(copy)
        with open(unfinished, "r+b") as file:
            os.fsync(file.fileno())
        _name(unfinished, f"{path}.version-{version}")
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished)
        raise


def _name(unfinished: str, backup: str) -> None:
    """Gives a backup its name, or the next free one. One that is there already is enough."""
    import filecmp  # once in a version

    name, number = backup, 1
    while os.path.lexists(name):
        if os.path.isfile(name) and filecmp.cmp(unfinished, name, shallow=False):
            os.unlink(unfinished)
            return
        number += 1
        name = f"{backup}.{number}"
    os.rename(unfinished, name)
    files.sync_names(os.path.dirname(backup))


def _take(db: sqlite3.Connection, schema: Schema, step: int) -> None:
    with open(os.path.join(schema.folder, f"{step}.sql"), encoding="utf-8") as file:
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


_DAMAGED = "The file is damaged. It was left as it is; `flattr-host doctor` says what to do."
_MOVED = (
    "Its file was moved, removed or replaced while it was in use. Put it where it belongs,"
    " then start the browser (or the server) again."
)
_IN_WORDS = {
    sqlite3.SQLITE_FULL: "The disk is full.",
    sqlite3.SQLITE_BUSY: "Another program keeps it locked; try again in a moment.",
    sqlite3.SQLITE_READONLY: "It may only be read, not written.",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CANTOPEN: "It cannot be opened.",
    sqlite3.SQLITE_IOERR: "The disk reported an error.",
}
