"""A ledger that an older version wrote is brought up to date, with nothing lost."""

import contextlib
import multiprocessing
import sqlite3
import stat
from pathlib import Path

import pytest

import flattr_host.ledger
from flattr_host.ledger import Ledger, LedgerUnavailable, Person, Store
from flattr_host.ledger.store import SCHEMA as STEPS

SCHEMA = Path(flattr_host.ledger.__file__).parent / "schema"

CONTENT = """
    INSERT INTO users (id, username) VALUES (1, 'github:smgt'), (2, 'local:me'), (3, 'local:you'),
        (4, 'github:nobody');
    INSERT INTO things (id, url, title, owner_id, created_at) VALUES
        (1, 'https://github.com/smgt/flattr', 'smgt/flattr', 1, 1000),
        (2, 'https://github.com/smgt', 'smgt', 1, 1000),
        (3, 'https://github.com/nobody', 'nobody', 4, 1000);
    INSERT INTO flattrs (thing_id, user_id, month, created_at) VALUES
        (1, 2, '2026-09', 1000), (1, 3, '2026-09', 1001), (2, 2, '2026-09', 1002),
        (1, 2, '2026-10', 2000);
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A ledger of version 1."""
    path = tmp_path / "ledger.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript((SCHEMA / "1.sql").read_text() + CONTENT + "PRAGMA user_version = 1;")
    return path


def test_there_is_a_step_for_each_version() -> None:
    assert sorted(it.name for it in SCHEMA.iterdir()) == [
        f"{step}.sql" for step in range(1, STEPS.version + 1)
    ]


def test_an_old_ledger_is_read_and_written(old: Path) -> None:
    ledger = Ledger(Store(str(old)), Person())
    history = [(it.thing.url, it.created_at, it.thing.flattrs) for it in ledger.flattrs()]
    assert history == [
        ("https://github.com/smgt/flattr", 2000, 3),
        ("https://github.com/smgt", 1002, 1),
        ("https://github.com/smgt/flattr", 1000, 3),
    ]
    assert ledger.flattr("https://github.com/nobody").thing.flattrs == 1
    assert [it.thing.id for it in ledger.flattrs(2)] == [3, 1]
    with contextlib.closing(sqlite3.connect(old)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_was_there_is_kept_beside_it(old: Path) -> None:
    Store(str(old)).close()
    backup = old.with_name("ledger.sqlite3.version-1")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with contextlib.closing(sqlite3.connect(backup)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT count(*), max(created_at) FROM flattrs").fetchone() == (4, 2000)
    Store(str(old)).close()
    names = {it.name for it in old.parent.iterdir()}
    assert names == {"ledger.sqlite3", "ledger.sqlite3.version-1"}


def test_a_new_ledger_needs_no_backup(tmp_path: Path) -> None:
    Store(str(tmp_path / "ledger.sqlite3")).close()
    assert [it.name for it in tmp_path.iterdir()] == ["ledger.sqlite3"]


def test_an_old_ledger_that_cannot_be_brought_up_to_date_stays_as_it_is(old: Path) -> None:
    with contextlib.closing(sqlite3.connect(old)) as db:
        db.execute("CREATE TABLE apps (mine TEXT)")  # not ours
        before = list(db.iterdump())
    with pytest.raises(LedgerUnavailable):
        Store(str(old))
    with contextlib.closing(sqlite3.connect(old)) as db:
        assert list(db.iterdump()) == before
        assert db.execute("PRAGMA user_version").fetchone() == (1,)


def test_several_processes_may_find_an_old_ledger_at_once(old: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(4) as pool:
        counts = pool.map(_count, [str(old)] * 8)
    assert counts == [3] * 8


def test_an_older_program_that_is_still_open_spoils_nothing(old: Path) -> None:
    with contextlib.closing(sqlite3.connect(old)) as older_program:
        store = Store(str(old))
        with pytest.raises(sqlite3.IntegrityError, match="number"):
            older_program.execute(
                "INSERT INTO flattrs (thing_id, user_id, month, created_at) VALUES (3, 2, 'm', 3)"
            )
        older_program.rollback()
        assert len(Ledger(store, Person()).flattrs()) == 3
        store.close()


def _count(path: str) -> int:
    return len(Ledger(Store(path), Person()).flattrs())
