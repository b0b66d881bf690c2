"""Damaged ledgers of every kind: told, left as they are, and saved from as far as can be."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flattr_host.ledger import Ledger, LedgerUnavailable, Person, Store
from flattr_host.ledger.accounts import Accounts
from flattr_host.ledger.checking import ledger_faults
from flattr_host.ledger.recovering import alone, replace, rescue
from flattr_host.ledger.salvage import salvage
from tests.conftest import Home
from tests.ledger.test_migration import make_old

FLATTRHOST = os.path.join(os.path.dirname(sys.executable), "flattr-host")
MANY = 400
PAGE = 4096


def run(*args: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FLATTRHOST, *args], input=given, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of MANY flattrs."""
    path = tmp_path_factory.mktemp("whole") / "ledger.sqlite3"
    store = Store(str(path))
    ledger = Ledger(store, Person())
    for number in range(MANY):
        ledger.flattr(f"https://github.com/smgt/n{number}")
    store.close()
    return path


@pytest.fixture
def path(whole: Path, flattr_home: Home) -> Path:
    """The same, as the person's own."""
    flattr_home.ledger.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(whole, flattr_home.ledger)
    return flattr_home.ledger


@pytest.fixture
def killed(path: Path) -> Path:
    """A ledger whose last flattrs are in its WAL alone: its process was killed."""
    script = (
        "import os, sys; from flattr_host.ledger import *; store = Store(sys.argv[1])\n"
        "for n in range(9): Ledger(store, Person()).flattr(f'https://github.com/late/n{n}')\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert Path(f"{path}-wal").stat().st_size > 0
    return path


def overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def everything_in(folder: Path) -> dict[str, bytes]:
    return {it.name: it.read_bytes() for it in folder.iterdir()}


DAMAGES: dict[str, Callable[[Path], object]] = {
    "zeroed page": lambda it: overwrite(it, 9 * PAGE, bytes(PAGE)),
    "garbage page": lambda it: overwrite(it, 9 * PAGE, os.urandom(PAGE)),
    "cut off": lambda it: os.truncate(it, it.stat().st_size // 2),
    "cut off within a page": lambda it: os.truncate(it, it.stat().st_size // 2 + 100),
    "header": lambda it: overwrite(it, 0, bytes(100)),
    "schema": lambda it: overwrite(it, 0, os.urandom(PAGE)),
    "garbage": lambda it: it.write_bytes(os.urandom(5 * PAGE)),
    "text": lambda it: it.write_text("This is no ledger.\n" * 900),
    "version": lambda it: overwrite(it, 60, bytes(4)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_with_what_to_do_and_left_as_it_is(path: Path, damage: str) -> None:
    DAMAGES[damage](path)
    before = everything_in(path.parent)
    with pytest.raises(LedgerUnavailable, match=r"damaged.*as it is.*flattr-host doctor"):
        use_all_of(path)
    assert everything_in(path.parent)[path.name] == before[path.name]
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    doctor = run("doctor")
    assert doctor.returncode == 1
    assert "wrong ledger" in doctor.stdout
    assert "`flattr-host ledger recover`" in doctor.stdout
    assert everything_in(path.parent) == before


def use_all_of(path: Path) -> None:
    store = Store(str(path))
    try:
        for page in range(1, 9):
            Ledger(store, Person()).flattrs(100, page)
        with store.reading() as db:
            list(db.execute("SELECT url FROM things"))
    finally:
        store.close()


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_wal_that_lost_its_file_is_not_thrown_away(killed: Path, is_empty: bool) -> None:
    """SQLite would remove it as a stranger's."""
    killed.unlink()
    if is_empty:
        killed.touch()
    before = everything_in(killed.parent)
    with pytest.raises(LedgerUnavailable, match="damaged"):
        Store(str(killed))
    assert run("doctor").returncode == 1
    assert everything_in(killed.parent) == before
    assert run("ledger", "recover", "--yes").returncode == 0
    assert b"https://github.com/late/n8" in killed.read_bytes()
    assert ledger_faults(str(killed)) == []


def test_doctor_leaves_what_a_killed_process_left(killed: Path) -> None:
    before = everything_in(killed.parent)
    assert ledger_faults(str(killed)) == []
    names = everything_in(killed.parent)
    assert {name: names[name] for name in names if not name.endswith("-shm")} == {
        name: before[name] for name in before if not name.endswith("-shm")
    }
    Path(f"{killed}-shm").unlink()
    before = everything_in(killed.parent)
    assert ledger_faults(str(killed)) == []
    assert everything_in(killed.parent) == before


#: How many of the MANY flattrs are saved, at least. A page lost is one of rows or of an index.
SAVED = {
    "zeroed page": MANY,
    "garbage page": MANY,
    "cut off": 1,
    "cut off within a page": 1,
    "header": MANY,
    "schema": MANY,
    "garbage": 0,
    "text": 0,
    "version": MANY,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_recovering_saves_what_is_left_and_keeps_the_damaged_file(path: Path, damage: str) -> None:
    DAMAGES[damage](path)
    damaged = path.read_bytes()
    done = run("ledger", "recover", given="y\n")
    assert done.returncode == 0, done.stderr
    (kept,) = path.parent.glob("ledger.sqlite3.damaged-*")
    assert kept.read_bytes() == damaged
    assert str(kept) in done.stdout
    store = Store(str(path))
    history = Ledger(store, Person()).flattrs(1000)
    store.close()
    assert len(history) >= SAVED[damage]
    assert ("can be read: nothing." in done.stdout) == (not history)
    if SAVED[damage] == MANY:
        assert [it.thing.url for it in history] == [
            f"https://github.com/smgt/n{number}" for number in reversed(range(MANY))
        ]
        assert all(it.thing.owner and it.thing.owner.username == "github:smgt" for it in history)
        assert "Nothing shows that anything was lost." in done.stdout
    elif history:
        lost = re.search(r"Lost: (\d+) flattr", done.stdout)
        assert int(lost[1] if lost else 0) <= MANY - len(history)
    assert run("ledger", "check").returncode == 0
    assert {it.name for it in path.parent.iterdir()} == {path.name, kept.name}


def test_what_is_in_the_wal_is_saved_too(killed: Path) -> None:
    overwrite(killed, 9 * PAGE, bytes(PAGE))
    overwrite(killed, 0, bytes(100))
    done = run("ledger", "recover", "--yes")
    assert done.returncode == 0, done.stderr
    store = Store(str(killed))
    urls = [it.thing.url for it in Ledger(store, Person()).flattrs(9)]
    store.close()
    assert urls == [f"https://github.com/late/n{number}" for number in reversed(range(9))]
    assert {it.name for it in killed.parent.glob("*.damaged-*-wal")}


def test_no_kept_file_is_overwritten(path: Path) -> None:
    for _ in range(3):
        overwrite(path, 9 * PAGE, bytes(PAGE))
        assert run("ledger", "recover", "--yes").returncode == 0
    kept = sorted(it.name for it in path.parent.glob("*.damaged-*"))
    assert [it[len("ledger.sqlite3.damaged-2026-01-01") :] for it in kept] == ["", ".2", ".3"]


def test_a_ledger_that_is_well_is_not_recovered(path: Path) -> None:
    before = everything_in(path.parent)
    done = run("ledger", "recover", "--yes")
    assert (done.returncode, done.stdout) == (
        0,
        "The ledger is not damaged. Nothing was changed.\n",
    )
    assert everything_in(path.parent) == before


def test_nothing_is_changed_without_a_yes(path: Path) -> None:
    overwrite(path, 9 * PAGE, bytes(PAGE))
    before = everything_in(path.parent)
    done = run("ledger", "recover", given="n\n")
    assert (done.returncode, done.stderr) == (1, "Nothing was changed.\n")
    assert everything_in(path.parent) == before


def test_a_ledger_in_use_is_not_recovered(path: Path) -> None:
    hold = (
        "import sys; from flattr_host.ledger import *; store = Store(sys.argv[1])\n"
        "print(Ledger(store, Person()).flattrs(1)[0].thing.id, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as user:
        assert user.stdout
        user.stdout.readline()
        overwrite(path, 9 * PAGE, bytes(PAGE))
        done = run("ledger", "recover", "--yes")
        user.communicate("")
    assert done.returncode == 1
    assert "Another program has the ledger open" in done.stderr
    assert not list(path.parent.glob("*.damaged-*"))


def test_nobody_comes_in_while_it_is_recovered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flattr_host.database.BUSY_SECONDS", 0.2)
    look = (
        "import sys, flattr_host.database as database; database.BUSY_SECONDS = 0.2\n"
        "from flattr_host.ledger import *\n"
        "try: Store(sys.argv[1])\n"
        "except LedgerUnavailable as error: print(error)"
    )
    with alone(str(path)):
        argv = [sys.executable, "-c", look, str(path)]
        said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert "locked" in said


def test_a_wrong_count_is_found_and_set_right(path: Path) -> None:
    store = Store(str(path))
    with store.transaction() as db:
        db.execute("UPDATE users SET flattrs = 7 WHERE username = 'local:me'")
        db.execute("UPDATE things SET flattrs = 9 WHERE id < 3")
        db.execute("UPDATE flattrs SET number = 9999 WHERE id = 5")
        db.execute("UPDATE flattrs SET month = '1999-12' WHERE id = 6")
    store.close()
    said = run("ledger", "check")
    assert said.returncode == 1
    assert said.stdout.count("wrong ledger: ") == 4
    assert run("ledger", "recover", "--yes").returncode == 0
    assert run("ledger", "check").returncode == 0


def test_users_and_things_whose_rows_are_lost_keep_their_flattrs() -> None:
    found = salvage(b"", b"")
    found.tables["flattrs"] |= {1: (None, 7, 3, 1, "2026-09", 1790000000)}
    made = rescue(found, "local:me")
    assert made.users == {3: (None, "local:me")}
    assert made.things[7][1] == "https://lost.invalid/thing/7"
    found.addresses[7] = "https://github.com/smgt"
    found.usernames[3] = "qzio"
    made = rescue(found, "local:me")
    assert (made.users[3][1], made.things[7][1]) == ("qzio", "https://github.com/smgt")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_salvage_takes_any_bytes(whole: Path, data: st.DataObject) -> None:
    """Holes anywhere in a ledger: no error, and never more than there was."""
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        hole = data.draw(st.binary(min_size=1, max_size=200))
        content[at : at + len(hole)] = hole
    made = rescue(salvage(bytes(content), bytes(content)), "local:me")
    assert len(made.flattrs) <= MANY + 30


@given(st.binary(max_size=20_000))
@settings(max_examples=100, deadline=None)
def test_salvage_takes_garbage(content: bytes) -> None:
    rescue(salvage(content, content), None)


def test_a_disk_that_is_full_leaves_the_damaged_ledger(path: Path) -> None:
    overwrite(path, 9 * PAGE, bytes(PAGE))
    before = everything_in(path.parent)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"
    script = (
        f"{limit}; import signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from flattr_host.cli import main; sys.argv[1:] = ['ledger', 'recover', '--yes']; main()"
    )
    argv = [sys.executable, "-c", script]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "left as it is" in done.stderr
    assert "Traceback" not in done.stderr
    assert everything_in(path.parent) == before


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, PAGE - 1), st.binary(max_size=400))))
@settings(max_examples=25, deadline=None)
def test_whatever_is_left_makes_a_ledger(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, holes: list[tuple[int, int, bytes]]
) -> None:
    """As rows that were damaged in themselves too: wrong months, times and numbers."""
    path = tmp_path_factory.mktemp("holes") / "ledger.sqlite3"
    content = bytearray(whole.read_bytes())
    for page, at, hole in holes:
        place = page * PAGE + at
        content[place : place + len(hole)] = hole
    path.write_bytes(content)
    with alone(str(path)) as held:
        kept = replace(str(path), rescue(salvage(*held), "local:me"))
    assert ledger_faults(str(path)) == []
    assert [Path(it).read_bytes() for it in kept] == [bytes(content)]


def test_recovering_that_is_killed_leaves_the_damaged_ledger_or_the_new_one(
    path: Path, tmp_path: Path
) -> None:
    overwrite(path, 9 * PAGE, bytes(PAGE))
    damaged = path.read_bytes()
    command = [FLATTRHOST, "ledger", "recover", "--yes", "--ledger"]
    begun = time.monotonic()
    first = shutil.copy(path, tmp_path / "first")
    subprocess.run([*command, str(first)], check=True, capture_output=True)
    longest = time.monotonic() - begun
    outcomes = set()
    for number in range(30):
        ledger = tmp_path / str(number) / "ledger.sqlite3"
        ledger.parent.mkdir()
        ledger.write_bytes(damaged)
        with subprocess.Popen([*command, str(ledger)], stdout=subprocess.DEVNULL) as process:
            time.sleep(longest * (0.4 + number / 40))
            process.kill()
        is_new = ledger.read_bytes() != damaged
        outcomes.add(is_new)
        kept = [it.read_bytes() for it in ledger.parent.glob("*.damaged-*")]
        assert all(it == damaged for it in kept)
        assert kept or not is_new
        assert (ledger_faults(str(ledger)) == []) == is_new
        done = subprocess.run([*command, str(ledger)], check=True, capture_output=True, text=True)
        assert ("is not damaged" in done.stdout) == is_new
        assert ledger_faults(str(ledger)) == []
    assert len(outcomes) == 2


@pytest.mark.parametrize("page", range(12))
def test_an_old_ledger_is_saved_too(tmp_path: Path, page: int) -> None:
    """One that was damaged before it could be brought up to date."""
    path = tmp_path / "ledger.sqlite3"
    make_old(path, 200)
    overwrite(path, page * PAGE, bytes(PAGE))
    with alone(str(path)) as held:
        made = rescue(salvage(*held), "local:me")
        replace(str(path), made)
    store = Store(str(path))
    history = Ledger(store, Person()).flattrs(1000)
    store.close()
    assert len(history) == 200
    assert {it.thing.url for it in history} == {
        f"https://github.com/smgt/n{number}" for number in range(200)
    }


def test_a_ledger_in_use_can_be_checked(path: Path) -> None:
    store = Store(str(path))
    Ledger(store, Person()).flattr("https://github.com/late/n")
    before = everything_in(path.parent)
    assert run("ledger", "check").returncode == 0
    assert {*everything_in(path.parent)} == {*before}
    Ledger(store, Person()).flattr("https://github.com/late/n2")
    store.close()
    assert run("ledger", "check").returncode == 0


def test_once_there_is_room_again_it_goes_on(tmp_path: Path) -> None:
    """In the same process: a transaction that could not be ended must not stay open."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from flattr_host.ledger import *\n"
        "ledger, n, told = Ledger(Store(sys.argv[1]), Person()), 0, 0\n"
        "for limit in range(30_000, 400_000, 7_000):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))\n"
        "    try:\n"
        "        while True: ledger.flattr(f'https://github.com/smgt/n{n}'); n += 1\n"
        "    except LedgerUnavailable as error: told += 'disk' in str(error)\n"
        "print(told, n, len(ledger.flattrs(1000)))"
    )
    argv = [sys.executable, "-c", script, str(tmp_path / "ledger.sqlite3")]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    told, made, kept = map(int, said.split())
    assert told == 53
    assert made == kept > 5


def test_accounts_of_a_served_ledger_are_saved(flattr_home: Home) -> None:
    path = flattr_home.ledger.with_name("served.sqlite3")
    run("users", "add", "alice", "--password-stdin", given="correct horse\n")
    token = run("tokens", "add", "alice").stdout.strip()
    overwrite(path, 0, bytes(100))
    done = run("ledger", "recover", "--served", "--yes")
    assert "can be read: 1 account, 1 token.\n" in done.stdout
    store = Store(str(path))
    assert Accounts(store).check_password("alice", "correct horse") == "alice"
    assert Accounts(store).access(token)
    store.close()
    overwrite(path, 0, bytes(PAGE))  # with what says which page is of which table
    done = run("ledger", "recover", "--served", "--yes")
    assert "1 account" not in done.stdout
    store = Store(str(path))
    assert Accounts(store).check_password("alice", "correct horse") is None
    assert Accounts(store).access(token) is None
    store.close()
