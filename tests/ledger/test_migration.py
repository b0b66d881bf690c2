"""Bringing an old ledger up to date, cut off at any moment: it is the old one or the new one."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

import flattr_host.ledger
from flattr_host.ledger import LedgerUnavailable, Store
from flattr_host.ledger.checking import ledger_faults

SCHEMA = Path(flattr_host.ledger.__file__).parent / "schema"
FLATTRS = 20_000
OPEN = (
    "import sys; from flattr_host.ledger import LedgerUnavailable, Store\n"
    "print('ready', flush=True)\n"
    "try: Store(sys.argv[1]).close()\n"
    "except LedgerUnavailable as error: print(error)\n"
)


def make_old(path: Path, flattrs: int) -> None:
    """A ledger of version 1."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript((SCHEMA / "1.sql").read_text())
        db.execute("INSERT INTO users VALUES (1, 'local:me')")
        db.executemany(
            "INSERT INTO things (url, title, created_at) VALUES (?, ?, 1790000000)",
            ((f"https://github.com/smgt/n{it}", f"smgt/n{it}") for it in range(flattrs)),
        )
        db.execute(
            "INSERT INTO flattrs (thing_id, user_id, month, created_at)"
            " SELECT id, 1, '2026-09', 1790000000 FROM things"
        )
        db.execute("PRAGMA user_version = 1")
        db.commit()


def count_of(path: Path) -> tuple[int, int]:
    """The version of a ledger, and how many flattrs are in it; the file is not changed."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return version, db.execute("SELECT count(*) FROM flattrs").fetchone()[0]


def test_a_process_killed_at_any_moment_leaves_the_old_ledger_or_the_new_one(
    tmp_path: Path,
) -> None:
    old = tmp_path / "old"
    make_old(old, FLATTRS)
    begun = time.monotonic()
    whole = tmp_path / "whole" / "ledger.sqlite3"
    whole.parent.mkdir()
    whole.write_bytes(old.read_bytes())
    subprocess.run([sys.executable, "-c", OPEN, str(whole)], check=True, capture_output=True)
    longest = time.monotonic() - begun
    outcomes: set[tuple[int, bool]] = set()
    for number in range(25):
        path = tmp_path / str(number) / "ledger.sqlite3"
        path.parent.mkdir()
        path.write_bytes(old.read_bytes())
        with subprocess.Popen(
            [sys.executable, "-c", OPEN, str(path)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout
            process.stdout.readline()
            time.sleep(number / 25 * longest)
            process.send_signal(signal.SIGKILL)
        version, flattrs = count_of(path)
        assert flattrs == FLATTRS
        backup = path.with_name("ledger.sqlite3.version-1")
        if backup.exists():
            assert count_of(backup) == (1, FLATTRS)
        assert version == 1 or backup.exists()
        outcomes.add((version, backup.exists()))
        Store(str(path)).close()
        assert count_of(path) == (2, FLATTRS)
        assert count_of(backup) == (1, FLATTRS)
        assert ledger_faults(str(path)) == []
        assert not [it for it in path.parent.iterdir() if it.name.endswith(".new")]
    assert len(outcomes) > 1  # it was cut off, and at different moments


def test_another_backup_of_the_same_version_is_kept(tmp_path: Path) -> None:
    path, backup = tmp_path / "ledger.sqlite3", tmp_path / "ledger.sqlite3.version-1"
    make_old(path, 3)
    backup.write_bytes(b"somebody's only copy")
    Store(str(path)).close()
    assert backup.read_bytes() == b"somebody's only copy"
    assert count_of(tmp_path / "ledger.sqlite3.version-1.2") == (1, 3)


def test_an_update_that_fails_again_and_again_makes_one_backup(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    make_old(path, 3)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE apps (mine TEXT)")  # not ours
    for _ in range(3):
        with pytest.raises(LedgerUnavailable):
            Store(str(path))
    backups = [it.name for it in tmp_path.iterdir() if ".version-" in it.name]
    assert backups == ["ledger.sqlite3.version-1"]


def on_small_disk(folder: Path, size: str, script: str) -> str:
    """What a shell script says; ``folder`` is a disk of its own, of that size, while it runs."""
    mount = f"mount -t tmpfs -o size={size} none {folder} && cd {folder} && {script}"
    argv = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", mount]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kilobytes", [1300, 2000, 3000, 4500])
def test_a_full_disk_leaves_the_old_ledger(tmp_path: Path, kilobytes: int) -> None:
    """Too small for the backup, or for what follows it."""
    old, disk, kept = tmp_path / "old", tmp_path / "disk", tmp_path / "kept"
    make_old(old, 4000)
    size = os.stat(old).st_size
    assert size < 1300 * 1024
    disk.mkdir()
    kept.mkdir()
    said = on_small_disk(
        disk,
        f"{kilobytes}k",
        f'cp {old} ledger.sqlite3; {sys.executable} -c "{OPEN}" $PWD/ledger.sqlite3;'
        f" cp -a {disk}/. {kept}",
    )
    assert said.split("\n")[1] in ("The disk is full.", ""), said
    path = kept / "ledger.sqlite3"
    version, flattrs = count_of(path)
    assert flattrs == 4000
    if said.split("\n")[1]:
        assert version == 1
        Store(str(path)).close()
        assert count_of(path) == (2, 4000)
    assert not [it for it in kept.iterdir() if it.name.endswith(".new")]


def test_a_reader_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moved away just when a reader connects: nothing empty may take its place."""
    path = tmp_path / "ledger.sqlite3"
    store = Store(str(path))
    monkeypatch.setattr(store, "_require_same_file", lambda: None)  # it was there a moment ago
    path.rename(tmp_path / "moved")
    with pytest.raises(LedgerUnavailable), store.reading():
        pass
    assert not path.exists()
    store.close()
