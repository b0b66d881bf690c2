"""Exporting and importing a ledger loses nothing, and believes nothing."""

import hashlib
import json
import os
import stat
import string
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flattr_host.ledger import Ledger, Person, Store
from flattr_host.ledger.accounts import Accounts
from flattr_host.ledger.checking import ledger_faults
from flattr_host.ledger.exporting import export
from flattr_host.ledger.importing import BadExport, merge, rows
from flattr_host.ledger.lines import MAX_LINE, month_of
from tests.conftest import Home

FLATTRHOST = os.path.join(os.path.dirname(sys.executable), "flattr-host")
REPOSITORY = "https://github.com/smgt/flattr"


def run(*args: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FLATTRHOST, *args], input=given, capture_output=True, text=True, timeout=60, check=False
    )


def at(month: int, day: int = 1) -> Callable[[], float]:
    return lambda: time.mktime((2026, month, day, 12, 0, 0, 0, 0, 0))


def flattred(path: Path, month: int, *urls: str) -> Store:
    store = Store(str(path))
    for url in urls:
        Ledger(store, Person(), now=at(month)).flattr(url)
    return store


def lines_of(*values: Any, header: Any = None) -> list[bytes]:
    """An export with these lines, and a last one that fits them."""
    first = header or {"format": "flattr-host ledger", "version": 1, "with_secrets": False}
    lines = [json.dumps(value).encode() + b"\n" for value in (first, *values)]
    kinds = ("user", "app", "thing", "flattr", "token")
    counts = {f"{it}s": sum(value.get("type") == it for value in values) for it in kinds}
    end = {"type": "end", **counts, "sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    return [*lines, json.dumps(end).encode() + b"\n"]


USER = {
    "type": "user",
    "username": "local:me",
    "registered_at": None,
    "hides_flattrs": False,
    "means": None,
}
THING = {
    "type": "thing",
    "id": 1,
    "url": REPOSITORY,
    "title": "smgt/flattr",
    "description": "",
    "language": "",
    "category": "",
    "tags": [],
    "hidden": False,
    "deleted": False,
    "owner": None,
    "created_at": 1790000000,
    "updated_at": 0,
}
FLATTR = {
    "type": "flattr",
    "thing": REPOSITORY,
    "user": "local:me",
    "month": "2026-09",
    "created_at": 1790000000,
}
APP = {
    "type": "app",
    "client_id": "a",
    "name": "A",
    "redirect_uri": "https://a.example/",
    "confidential": True,
    "created_at": 0,
}

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
tags = st.lists(st.text(string.ascii_letters + "åß ", min_size=1, max_size=9), max_size=4)
names = st.one_of(
    st.just("local:me"), st.text(string.ascii_letters + "._:+-", min_size=1, max_size=20)
)
numbers = st.one_of(st.none(), st.integers(0, 2**53))
times = st.one_of(st.integers(0, 2**31), st.integers(0, 253402300799))


@st.composite
def ledgers(draw: st.DrawFn) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of a ledger, by tables; of users, things and flattrs."""
    user = st.tuples(names, st.one_of(st.none(), times), st.booleans(), numbers)
    users = draw(st.lists(user, unique_by=lambda it: it[0].lower(), min_size=1, max_size=5))
    ids = st.integers(1, len(users))
    url = st.text(string.ascii_letters + "/é%?=&", max_size=30).map("https://a.example/{}".format)
    rest = (texts, texts, texts, texts, tags.map(",".join), st.booleans(), st.booleans())
    thing = st.tuples(url, *rest, st.one_of(st.none(), ids), times, times)
    things = draw(st.lists(thing, unique_by=lambda it: it[0], min_size=1, max_size=6))
    flattr = st.tuples(st.integers(1, len(things)), ids, times).map(
        lambda it: (*it[:2], month_of(it[2]), it[2])
    )
    flattrs = draw(st.lists(flattr, unique_by=lambda it: it[:3], max_size=12))
    return {"users": users, "things": things, "flattrs": flattrs}


def fill(store: Store, content: dict[str, list[tuple[Any, ...]]]) -> None:
    with store.transaction() as db:
        db.executemany(
            "INSERT INTO users (username, registered_at, hides_flattrs, means) VALUES (?, ?, ?, ?)",
            content["users"],
        )
        db.executemany(
            "INSERT INTO things (url, title, description, language, category, tags, hidden,"
            " deleted, owner_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            content["things"],
        )
        db.executemany(
            "INSERT INTO flattrs (thing_id, user_id, number, month, created_at) SELECT ?1, ?2,"
            " 1 + (SELECT count(*) FROM flattrs WHERE user_id = ?2), ?3, ?4",
            content["flattrs"],
        )


@given(ledgers())
@settings(max_examples=40, deadline=None)
def test_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, list[tuple[Any, ...]]]
) -> None:
    folder = tmp_path_factory.mktemp("ledgers")
    one, other = Store(str(folder / "one")), Store(str(folder / "other"))
    fill(one, content)
    exported = list(export(one, with_secrets=False))
    imported = merge(other, exported)
    assert [it.new for it in imported] == [it.read for it in imported]
    assert list(export(other, with_secrets=False)) == exported
    assert [it.new for it in merge(other, exported)] == [0] * 5
    assert ledger_faults(other.path) == []
    one.close()
    other.close()


def test_a_served_ledger_is_exported_with_its_accounts(tmp_path: Path) -> None:
    one, other = Store(str(tmp_path / "one")), Store(str(tmp_path / "other"))
    accounts = Accounts(one)
    accounts.add_user("alice", "correct horse", means=500)
    accounts.add_user("bob", None, hides_flattrs=True)
    app, secret = accounts.add_app("An app", "https://app.example/back")
    accounts.add_app("A public one", "https://public.example/", confidential=False)
    token = accounts.add_token("alice", frozenset({"flattr"}), app.client_id)
    accounts.add_token("bob", frozenset({"flattr", "thing"}), "flattr-host")
    accounts.revoke_token(2)
    whole = list(export(one, with_secrets=True))
    merge(other, whole)
    assert list(export(other, with_secrets=True)) == whole
    copied = Accounts(other)
    assert copied.check_password("alice", "correct horse") == "alice"
    assert copied.access(token) == accounts.access(token)
    assert copied.check_secret(app.client_id, secret)
    assert [it.revoked_at is None for it in copied.tokens()] == [True, False]
    one.close()
    other.close()


def test_secrets_are_left_out(tmp_path: Path) -> None:
    one, other = Store(str(tmp_path / "one")), Store(str(tmp_path / "other"))
    accounts = Accounts(one)
    accounts.add_user("alice", "correct horse")
    app, secret = accounts.add_app("An app", "https://app.example/back")
    token = accounts.add_token("alice", frozenset({"flattr"}), app.client_id)
    shared = list(export(one, with_secrets=False))
    assert b"argon2" not in b"".join(shared)
    assert hashlib.sha256(token.encode()).hexdigest().encode() not in b"".join(shared)
    merge(other, shared)
    assert list(export(other, with_secrets=False)) == shared
    copied = Accounts(other)
    assert copied.check_password("alice", "correct horse") is None
    assert copied.access(token) is None
    assert not copied.check_secret(app.client_id, secret)
    assert not copied.check_secret(app.client_id, "")
    assert next(it for it in copied.apps() if it.client_id == app.client_id).confidential
    one.close()
    other.close()


def test_two_ledgers_become_one_in_the_order_of_time(tmp_path: Path) -> None:
    other = "https://codeberg.org/forgejo/forgejo"
    early = flattred(tmp_path / "early", 3, REPOSITORY, other)
    late = flattred(tmp_path / "late", 5, REPOSITORY)
    Ledger(late, Person(), now=at(3)).flattr(REPOSITORY)  # the same as in the other
    new = {it.kind: (it.new, it.read) for it in merge(late, export(early, with_secrets=False))}
    assert new == {
        "users": (1, 3),
        "apps": (0, 0),
        "things": (1, 2),
        "flattrs": (1, 2),
        "tokens": (0, 0),
    }
    history = Ledger(late, Person()).flattrs()
    assert [it.thing.url for it in history] == [REPOSITORY, other, REPOSITORY]
    assert ledger_faults(late.path) == []
    early.close()
    late.close()


def test_what_is_known_here_stays(tmp_path: Path) -> None:
    store = flattred(tmp_path / "one", 3, REPOSITORY)
    lines = lines_of(
        USER,
        THING | {"id": 1, "url": "https://b.example/", "title": "B"},
        THING | {"id": 2, "title": "Other"},
    )
    merge(store, lines)
    with store.reading() as db:
        found = db.execute("SELECT id, url, title FROM things ORDER BY id").fetchall()
    assert found == [(1, REPOSITORY, "smgt/flattr"), (2, "https://b.example/", "B")]
    store.close()


def test_it_is_one_moment_while_others_write(tmp_path: Path) -> None:
    store = flattred(tmp_path / "one", 3, REPOSITORY)
    lines = export(store, with_secrets=False)
    first = next(lines)
    Ledger(store, Person()).flattr(REPOSITORY + "-2")
    exported = [first, *lines]
    assert sum(b'"flattr"' in line for line in exported) == 1
    assert len(list(rows(exported))) == len(exported) - 2
    store.close()


FIELDS = {
    "no field missing": {key: value for key, value in FLATTR.items() if key != "month"},
    "no other field": FLATTR | {"more": 1},
    "month": FLATTR | {"month": "2026-13"},
    "month of text": FLATTR | {"month": "2026-09\n"},
    "time": FLATTR | {"created_at": -1},
    "time that cannot be shown": FLATTR | {"created_at": 10**15},
    "number": FLATTR | {"created_at": 1e300},
    "truth": THING | {"hidden": 1},
    "script": THING | {"url": "javascript:alert(1)"},
    "newline": THING | {"url": "https://a.example/\nb"},
    "nul": THING | {"title": "a\0b"},
    "long": THING | {"title": "a" * 20_000},
    "id": THING | {"id": 2**63},
    "id 0": THING | {"id": 0},
    "tag": THING | {"tags": ["a,b"]},
    "empty tag": THING | {"tags": [""]},
    "empty name": USER | {"username": ""},
    "secret": USER | {"password": "$argon2id$x"},
    "secret of app": APP | {"secret": "0" * 64},
    "redirect": APP | {"redirect_uri": "http://evil.example/"},
    "token": {
        "type": "token",
        "token": "0" * 64,
        "user": "local:me",
        "client_id": None,
        "scope": "flattr",
        "created_at": 0,
        "revoked_at": None,
    },
    "type": {"type": "payment"},
    "no type": {"username": "a"},
    "deep": {"type": "user", "username": [[[[]]]]},
}


@pytest.mark.parametrize("wrong", FIELDS)
def test_a_wrong_line_is_told_with_its_number(tmp_path: Path, wrong: str) -> None:
    store = Store(str(tmp_path / "one"))
    with pytest.raises(BadExport, match=r"^Line 2\b") as told:
        merge(store, lines_of(FIELDS[wrong]))
    assert "$" not in str(told.value)
    store.close()


def test_nothing_is_imported_of_a_file_with_a_mistake(tmp_path: Path) -> None:
    store = flattred(tmp_path / "one", 3, REPOSITORY)
    before = list(export(store, with_secrets=False))
    good = [USER, THING | {"id": 9, "url": "https://new.example/"}]
    unknown = FLATTR | {"thing": "https://unknown.example/"}
    for bad, words in (
        (unknown, "Line 4 speaks of a thing that is not there"),
        (FLATTR | {"user": "nobody"}, "Line 4 speaks of a user who is not there: nobody"),
        (THING | {"owner": "nobody", "id": 10}, "Line 4 speaks of a user who is not there"),
        (USER, "Line 4 stands too late"),
        ({}, "Line 4"),
    ):
        with pytest.raises(BadExport, match=words):
            merge(store, lines_of(*good, bad))
        assert list(export(store, with_secrets=False)) == before
    store.close()


WHOLE = lines_of(USER, THING, FLATTR)
BROKEN = {
    "nothing": ([], "is empty"),
    "another file": ([b"Dear diary,\n"], "Line 1"),
    "binary": ([b"\x7fELF\0\0\n", *WHOLE], "Line 1"),
    "another format": ([b'{"format":"x","version":1,"with_secrets":false}\n'], "Line 1"),
    "newer": (
        lines_of(header={"format": "flattr-host ledger", "version": 2, "with_secrets": False}),
        "newer",
    ),
    "cut off": (WHOLE[:-1], "cut off"),
    "cut off in a line": ([*WHOLE[:-1], WHOLE[-1][:40]], "cut off"),
    "no end of line": ([*WHOLE[:-1], WHOLE[-1].rstrip()], "cut off"),
    "a line is gone": ([*WHOLE[:3], *WHOLE[4:]], "does not fit"),
    "a line was changed": (
        [*WHOLE[:3], WHOLE[3].replace(b"1790000000", b"1790000001"), WHOLE[4]],
        "does not fit",
    ),
    "a month that is not": (
        [*WHOLE[:3], WHOLE[3].replace(b"-09", b"-08"), WHOLE[4]],
        'Line 4 is wrong: "month" is not that of "created_at"',
    ),
    "more follows": ([*WHOLE, WHOLE[1]], "Line 6: nothing may follow"),
    "no JSON": ([*WHOLE[:1], b"{\n"], "Line 2 is no line of JSON"),
    "no UTF-8": ([*WHOLE[:1], b'{"type":"\xff"}\n'], "Line 2"),
    "deep": ([*WHOLE[:1], b'{"x":' + b"[" * 100_000 + b"\n"], "Line 2"),
    "deep header": ([b'{"x":' + b"[" * 100_000 + b"\n"], "Line 1"),
    "long": ([*WHOLE[:1], b'{"x":"' + b"a" * MAX_LINE], "Line 2 is longer"),
    "lone surrogate": ([*WHOLE[:1], b'{"type":"user","username":"\\ud800"}\n'], "Line 2"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_noticed(how: str) -> None:
    lines, words = BROKEN[how]
    with pytest.raises(BadExport, match=words):
        list(rows(lines))


@given(st.lists(st.one_of(st.binary(max_size=300), st.sampled_from(WHOLE)), max_size=8))
@settings(max_examples=300, deadline=None)
def test_any_lines_are_taken_or_refused_in_words(lines: list[bytes]) -> None:
    try:
        assert len(list(rows(lines))) <= len(lines)
    except BadExport as error:
        assert str(error).endswith(".")  # noqa: PT017 - it need not be raised


def test_in_a_terminal(flattr_home: Home, tmp_path: Path) -> None:
    flattr_home.set(undo_seconds="0")
    file = tmp_path / "ledger.jsonl"
    assert run("ledger", "export", str(file)).stderr.startswith("You have no ledger yet")
    assert not flattr_home.ledger.exists()
    run("flattr", REPOSITORY)
    done = run("ledger", "export", str(file))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"1 flattr and 1 thing are in {file}.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("ledger", "export").stdout == file.read_text()
    again = run("ledger", "export", str(file))
    assert (again.returncode, "already" in again.stderr) == (1, True)
    flattr_home.ledger.unlink()
    done = run("ledger", "import", str(file))
    assert done.stdout == "New in the ledger: 2 of 2 users, 1 of 1 thing, 1 of 1 flattr.\n"
    assert REPOSITORY in run("flattrs").stdout
    again = run("ledger", "import", "-", "--json", given=file.read_text())
    assert json.loads(again.stdout)["flattrs"] == {"new": 0, "read": 1}
    assert run("ledger", "check").returncode == 0
    file.write_text(file.read_text()[:-50])
    cut = run("ledger", "import", str(file))
    assert (cut.returncode, cut.stdout) == (1, "")
    assert cut.stderr.endswith("was interrupted. Nothing was imported.\n")


def test_which_ledger_is_meant(flattr_home: Home, tmp_path: Path) -> None:
    run("users", "add", "alice", "--no-password")
    assert '"alice"' in run("ledger", "export", "--served").stdout
    assert "--with-secrets adds them" in run("ledger", "export", "--served").stderr
    path = str(flattr_home.ledger.with_name("served.sqlite3"))
    assert '"alice"' in run("ledger", "export", "--ledger", path).stdout
    assert run("ledger", "export", "--served", "--ledger", path).returncode == 2
    nowhere = str(tmp_path / "nowhere" / "ledger.sqlite3")
    for command in ("export", "check", "recover"):
        done = run("ledger", command, "--ledger", nowhere)
        assert (done.returncode, done.stderr) == (1, f"There is no ledger at {nowhere}.\n")
    exported = run("ledger", "export", "--served").stdout
    done = run("ledger", "import", "-", "--ledger", nowhere, given=exported)
    assert "There is no folder" in done.stderr
    new = str(tmp_path / "new.sqlite3")
    assert run("ledger", "import", "-", "--ledger", new, given=exported).returncode == 0
    assert run("users", "list", "--ledger", new).stdout.startswith("alice")


def test_a_file_that_cannot_be_written_is_told(flattr_home: Home, tmp_path: Path) -> None:
    flattr_home.set(undo_seconds="0")
    run("flattr", REPOSITORY)
    done = run("ledger", "export", str(tmp_path / "nowhere" / "file"))
    assert done.returncode == 1
    assert "Nothing was exported" in done.stderr
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from flattr_host.cli import main; from flattr_host.ledger import *\n"
        "from flattr_host import paths; store = Store(paths.ledger_path()); store.close()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); sys.argv[1:] = "
        f"['ledger', 'export', {str(tmp_path / 'full')!r}]; main()"
    )
    argv = [sys.executable, "-c", script]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert list(tmp_path.glob("*full*")) == []
