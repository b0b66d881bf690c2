"""The rules of the API, over a real file."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flattr_host.api.errors import (
    FlattrOnce,
    FlattrOwner,
    InvalidRequest,
    NoMeans,
    NotFound,
    Validation,
)
from flattr_host.ledger import Ledger, LedgerUnavailable, Person, Store

REPOSITORY = "https://github.com/smgt/flattr"
POST = "https://flattr.com/submit/auto?user_id={}&url=https%3A%2F%2Fblog.example%2Fpost&title=Post"


def at(text: str) -> Callable[[], float]:
    return lambda: datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "data" / "ledger.sqlite3")


@pytest.fixture
def ledger(path: str) -> Ledger:
    return Ledger(Store(path), Person())


def test_the_first_flattr_registers_the_thing(ledger: Ledger) -> None:
    answer = ledger.flattr(REPOSITORY)
    assert (answer.message, answer.description) == ("ok", "Thing was successfully flattred")
    thing = answer.thing
    assert (thing.id, thing.url, thing.title, thing.flattrs) == (1, REPOSITORY, "smgt/flattr", 1)
    (flattr,) = ledger.flattrs()
    assert flattr.owner.username == "local:me"
    assert flattr.thing.owner
    assert flattr.thing.owner.username == "github:smgt"
    assert abs(flattr.created_at - datetime.now(UTC).timestamp()) < 5


def test_an_autosubmit_url_registers_what_it_says(ledger: Ledger, path: str) -> None:
    extras = "&description=D&language=sv_SE&category=text&tags=a,b&hidden=1"
    assert ledger.flattr(POST.format("alice") + extras).thing.title == "Post"
    with contextlib.closing(sqlite3.connect(path)) as db:
        columns = "url, description, language, category, tags, hidden"
        row = db.execute(f"SELECT {columns} FROM things").fetchone()  # noqa: S608
    assert row == ("https://blog.example/post", "D", "sv_SE", "text", "a,b", 1)


def test_once_a_calendar_month_in_utc(path: str) -> None:
    Ledger(Store(path), Person(), at("2024-02-29T23:59:59")).flattr(REPOSITORY)
    with pytest.raises(FlattrOnce):
        Ledger(Store(path), Person(), at("2024-02-01T00:00:00")).flattr(REPOSITORY)
    march = Ledger(Store(path), Person(), at("2024-03-01T00:00:00"))
    assert march.flattr(REPOSITORY).thing.flattrs == 2
    assert [flattr.thing.flattrs for flattr in march.flattrs()] == [2, 2]


def test_one_s_own_things(path: str) -> None:
    ledger = Ledger(Store(path), Person(own_usernames=("Alice", "github:smgt")))
    for url in (POST.format("aLICE"), REPOSITORY, "https://github.com/SMGT"):
        with pytest.raises(FlattrOwner):
            ledger.flattr(url)
    assert ledger.flattrs() == []


def test_no_means(path: str) -> None:
    ledger = Ledger(Store(path), Person(means=False))
    with pytest.raises(NoMeans):
        ledger.flattr(REPOSITORY)
    assert ledger.flattrs() == []


def test_flattring_by_the_id_of_the_thing(ledger: Ledger) -> None:
    thing = ledger.flattr(REPOSITORY).thing
    with pytest.raises(FlattrOnce):
        ledger.flattr_thing(thing.id)
    with pytest.raises(NotFound):
        ledger.flattr_thing(thing.id + 1)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("https://example.org/", NotFound),
        ("", InvalidRequest),
        ("javascript:alert(1)", InvalidRequest),
        ("https://flattr.com/submit/auto?user_id=alice", InvalidRequest),
        ("'; DROP TABLE things; --", InvalidRequest),
    ],
)
def test_what_cannot_be_flattred(ledger: Ledger, url: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        ledger.flattr(url)


def test_a_refused_flattr_leaves_nothing_behind(path: str) -> None:
    with pytest.raises(FlattrOwner):
        Ledger(Store(path), Person(own_usernames=("alice",))).flattr(POST.format("alice"))
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM things").fetchone() == (0,)


def test_a_registered_thing_cannot_be_claimed_by_another_link(ledger: Ledger) -> None:
    ledger.flattr(POST.format("alice"))
    with pytest.raises(Validation, match=r"alice.*mallory"):
        ledger.flattr(POST.format("mallory"))
    with pytest.raises(FlattrOnce):
        ledger.flattr(POST.format("ALICE"))
    with pytest.raises(FlattrOnce):
        ledger.flattr("https://blog.example/post")  # registered, so its URL alone will do


def test_no_link_takes_over_what_an_address_tells_the_owner_of(path: str) -> None:
    link = "https://flattr.com/submit/auto?user_id={}&url=https://github.com/Smgt/Flattr/"
    november = Ledger(Store(path), Person(), at("2026-11-01T00:00:00"))
    november.flattr(link.format("mallory"))  # the person was asked, and said yes
    with pytest.raises(Validation, match=r"mallory.*github:Smgt"):
        november.flattr("https://github.com/Smgt/Flattr")
    december = Ledger(Store(path), Person(), at("2026-12-01T00:00:00"))
    with pytest.raises(Validation):
        december.flattr(link.format("smgt"))


def test_a_site_s_owner_and_a_link_s_of_the_same_name_are_one(path: str) -> None:
    link = "https://flattr.com/submit/auto?user_id=SMGT&url=https://github.com/smgt/flattr"
    Ledger(Store(path), Person(), at("2026-11-01T00:00:00")).flattr(link)
    december = Ledger(Store(path), Person(), at("2026-12-01T00:00:00"))
    assert december.flattr(REPOSITORY).thing.flattrs == 2


def test_one_s_own_things_under_another_s_name(path: str) -> None:
    ledger = Ledger(Store(path), Person(own_usernames=("github:me",)))
    with pytest.raises(FlattrOwner):
        ledger.flattr("https://flattr.com/submit/auto?user_id=alice&url=https://github.com/me/x")


def test_a_thing_that_was_nobody_s_is_not_claimed(path: str) -> None:
    photo = "https://www.instagram.com/p/SipVXIFP-B/"
    Ledger(Store(path), Person(), at("2026-11-01T00:00:00")).flattr(photo)
    december = Ledger(Store(path), Person(), at("2026-12-01T00:00:00"))
    with pytest.raises(Validation, match=r"nobody's.*alice"):
        december.flattr(f"https://flattr.com/submit/auto?user_id=alice&url={photo}")


def test_things_without_a_known_owner(ledger: Ledger) -> None:
    ledger.flattr("https://www.instagram.com/p/SipVXIFP-B/")
    ledger.flattr("https://flattr.com/thing/95662/libtorrent")
    ledger.flattr("https://flattr.com/submit/auto?fid=r7vp62&url=https://a.example/")
    owners = [flattr.thing.owner for flattr in ledger.flattrs()]
    assert [owner.username if owner else None for owner in owners] == ["fid:r7vp62", None, None]


def test_history_pages(ledger: Ledger) -> None:
    for number in range(7):
        ledger.flattr(f"https://github.com/smgt/n{number}")
    pages = [ledger.flattrs(3, page) for page in (1, 2, 3, 4)]
    titles = [[flattr.thing.title for flattr in page] for page in pages]
    assert titles == [
        ["smgt/n6", "smgt/n5", "smgt/n4"],
        ["smgt/n3", "smgt/n2", "smgt/n1"],
        ["smgt/n0"],
        [],
    ]


def test_long_texts_are_cut(ledger: Ledger) -> None:
    title = ledger.flattr(POST.format("alice") + "x" * 5000).thing.title
    assert title == "Post" + "x" * 996


def test_the_file_is_the_person_s_alone(ledger: Ledger, path: str) -> None:
    ledger.flattr(REPOSITORY)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700


def test_what_was_answered_is_on_the_disk(ledger: Ledger, path: str) -> None:
    """Full synchronisation, in WAL mode; read by somebody else while it is open."""
    ledger.flattr(REPOSITORY)
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("SELECT count(*) FROM flattrs").fetchone() == (1,)
    with ledger._store.reading() as own:
        assert own.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_newer_ledger_is_left_alone(path: str) -> None:
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerUnavailable, match="newer"):
        Ledger(Store(path), Person())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerUnavailable, match="Not a directory"):
        Store(str(tmp_path / "file" / "data" / "ledger.sqlite3"))


def test_a_damaged_page_is_told_and_kept(ledger: Ledger, path: str) -> None:
    for number in range(200):
        ledger.flattr(f"https://github.com/smgt/n{number}")
    ledger._store.close()
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096 * 4))
    damaged = Path(path).read_bytes()
    with pytest.raises(LedgerUnavailable, match=r"damaged|SQLite"):
        Ledger(Store(path), Person()).flattrs(1000)
    assert Path(path).read_bytes() == damaged


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """A file size limit: SQLite sees the write fail as on a full disk."""
    script = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from flattr_host.ledger import Ledger, LedgerUnavailable, Person, Store\n"
        f"ledger = Ledger(Store({str(tmp_path / 'l')!r}), Person())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"
        "try:\n"
        "    for n in range(1000): ledger.flattr(f'https://github.com/smgt/n{n}')\n"
        "except LedgerUnavailable as error: print(n, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    number, _, words = done.stdout.partition(" ")
    assert words.strip() in ("The disk is full.", "The disk reported an error."), done.stderr
    resumed = Ledger(Store(str(tmp_path / "l")), Person())
    assert len(resumed.flattrs(1000)) == int(number)
    resumed.flattr("https://github.com/smgt/another")


def test_many_processes_may_make_the_ledger_at_once(path: str) -> None:
    script = (
        "import sys; from flattr_host.ledger import Ledger, Person, Store\n"
        f"ledger = Ledger(Store({path!r}), Person())\n"
        "for n in range(20): ledger.flattr(f'https://github.com/smgt/{sys.argv[1]}-{n}')\n"
    )
    argvs = [[sys.executable, "-c", script, str(number)] for number in range(8)]
    running = [subprocess.Popen(argv, stderr=subprocess.PIPE) for argv in argvs]
    errors = [process.communicate()[1] for process in running]
    assert errors == [b""] * 8
    assert len(Ledger(Store(path), Person()).flattrs(1000)) == 160


def test_another_process_that_closes_the_ledger_takes_nothing_away(path: str) -> None:
    """Closing any descriptor of a file drops the locks by which SQLite knows who else is there."""
    store = Store(path)
    ledger = Ledger(store, Person())
    ledger.flattr(REPOSITORY)
    assert len(ledger.flattrs()) == 1  # a second connection
    look = (
        "import sys; from flattr_host.ledger import *; store = Store(sys.argv[1]);"
        " print(len(Ledger(store, Person()).flattrs())); store.close()"
    )

    def seen_by_another() -> str:
        command = [sys.executable, "-c", look, path]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert seen_by_another() == "1"
    ledger.flattr(REPOSITORY + "-2")
    assert Path(path + "-wal").exists()
    assert seen_by_another() == "2"
    assert len(ledger.flattrs()) == 2
    store.close()
    assert seen_by_another() == "2"


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_is_moved_while_it_is_open_loses_nothing(path: str, is_replaced: bool) -> None:
    """SQLite finds the WAL by its name: it must not be read into what lies there by then."""
    store = Store(path)
    ledger = Ledger(store, Person())
    for number in range(30):
        ledger.flattr(f"{REPOSITORY}-{number}")
    assert len(ledger.flattrs(100)) == 30
    moved = Path(path).rename(path + ".moved")
    other = Store(path + ".other")
    Ledger(other, Person()).flattr(REPOSITORY)
    other.close()
    if is_replaced:
        Path(path + ".other").rename(path)
    for call in (lambda: ledger.flattr(REPOSITORY), lambda: ledger.flattrs()):
        with pytest.raises(LedgerUnavailable, match="moved, removed or replaced"):
            call()
    assert Path(path).exists() == is_replaced
    store.close()
    if is_replaced:
        resumed = Store(path)
        assert len(Ledger(resumed, Person()).flattrs(100)) == 1
        resumed.close()
        Path(path).unlink()
    moved.rename(path)
    assert len(Ledger(Store(path), Person()).flattrs(100)) == 30


def test_a_file_that_is_moved_back_goes_on(path: str) -> None:
    ledger = Ledger(Store(path), Person())
    ledger.flattr(REPOSITORY)
    Path(path).rename(path + ".moved")
    with pytest.raises(LedgerUnavailable):
        ledger.flattr(REPOSITORY + "-2")
    Path(path + ".moved").rename(path)
    ledger.flattr(REPOSITORY + "-2")
    assert len(Ledger(Store(path), Person()).flattrs()) == 2


def test_reading_waits_for_no_reading(path: str) -> None:
    store = Store(path)
    with store.reading() as one, store.reading() as other:
        assert one is not other
        assert one.execute("SELECT 1").fetchone() == other.execute("SELECT 1").fetchone()
    store.close()


def test_one_waits_no_longer_for_several_locks_than_for_one(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flattr_host.database.BUSY_SECONDS", 0.5)
    store = Store(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()

        def write() -> None:
            with pytest.raises(LedgerUnavailable, match="locked"), store.transaction():
                pass

        threads = [threading.Thread(target=write) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - begun < 1.2
    store.close()
