"""``flattr-host doctor``: what is wrong, and what to do; it changes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flattr_host.cli.doctor import CHECKS
from tests.conftest import Home

FLATTRHOST = os.path.join(os.path.dirname(sys.executable), "flattr-host")
REPOSITORY = "https://github.com/smgt/flattr"


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FLATTRHOST, *args], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(autouse=True)
def _no_browsers_but_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A HOME with Firefox in it, which knows flattr-host already, and none of this machine's."""
    home = tmp_path / "home"
    (home / ".mozilla").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))


@pytest.fixture
def used(flattr_home: Home) -> Home:
    """A place in which something was flattred."""
    flattr_home.set(undo_seconds="0")
    assert run("register").returncode == 0
    assert run("flattr", REPOSITORY).returncode == 0
    return flattr_home


def wrong() -> list[tuple[str, str, str]]:
    """What doctor says is wrong: check, message and what to do."""
    done = run("doctor", "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {it["ok"] for it in found} <= {True, False}
    assert done.returncode == (0 if all(it["ok"] for it in found) else 1)
    assert done.stderr == ""
    return [(it["check"], it["message"], it["next"]) for it in found if not it["ok"]]


def everything_below(folder: Path) -> dict[str, tuple[int, int]]:
    """All but the log, in which the host that the doctor starts writes that it was started."""
    found = {str(it): it.stat() for it in folder.rglob("*") if "state" not in it.parts}
    return {name: (it.st_mtime_ns, it.st_size) for name, it in found.items()}


def test_where_nothing_is_yet_a_browser_lacks_it_and_that_is_all(flattr_home: Home) -> None:
    ((check, message, following),) = wrong()
    assert check == "browser Firefox"
    assert "does not know flattr-host" in message
    assert following == "Run `flattr-host register`."
    assert not flattr_home.path.exists()


def test_where_something_is_all_is_well_and_stays_so(used: Home) -> None:
    before = everything_below(used.path)
    assert wrong() == []
    assert everything_below(used.path) == before
    said = run("doctor").stdout
    for name in ("settings.toml", "ledger.sqlite3", "outbox.sqlite3"):
        assert name in said
    assert len(said.splitlines()) >= len(CHECKS)


def test_mistakes_in_what_the_person_wrote(flattr_home: Home) -> None:
    flattr_home.set(undo_seconds='"soon"')
    (flattr_home.path / "config" / "sites.toml").write_text("[[site]]\nhosts = 3\n")
    (settings, sites, _) = wrong()
    assert settings[0] == "settings"
    assert "undo_seconds is a number from 0 to 60" in settings[1]
    assert sites[0] == "sites"
    assert "sites.toml" in sites[1]


def test_others_could_open_the_folder(used: Home) -> None:
    used.ledger.parent.chmod(0o755)
    ((check, message, following),) = wrong()
    assert (check, "by others" in message) == ("data folder", True)
    env = os.environ | {"PATH": "/usr/bin:/bin"}
    assert subprocess.run(following.split(": ")[1], shell=True, check=True, env=env)  # noqa: S602
    assert wrong() == []


def test_the_folder_is_none(flattr_home: Home) -> None:
    flattr_home.path.mkdir()
    (flattr_home.path / "data").write_text("")
    assert ("data folder", "is no folder") in [(it[0], it[1][-13:-1]) for it in wrong()]


@pytest.mark.parametrize("name", ["ledger", "outbox", "served"])
def test_a_damaged_file(used: Home, name: str) -> None:
    run("users", "add", "alice", "--no-password")
    path = used.ledger.with_name(f"{name}.sqlite3")
    content = bytearray(path.read_bytes())
    content[4096:8192] = bytes(4096)
    path.write_bytes(content)
    before = everything_below(used.path)
    ((check, message, following),) = wrong()
    assert check == {"served": "served ledger"}.get(name, name)
    assert str(path) in message
    advice = {"outbox": "move it away", "served": "recover --served`"}.get(name, "recover`")
    assert advice in following
    assert everything_below(used.path) == before


def test_a_newer_file_is_not_to_be_recovered(used: Home) -> None:
    content = bytearray(used.ledger.read_bytes())
    content[60:64] = (99).to_bytes(4, "big")
    used.ledger.write_bytes(content)
    ((check, message, following),) = wrong()
    assert (check, "newer" in message, following) == ("ledger", True, "")
    done = run("ledger", "recover", "--yes")
    assert (done.returncode, "newer" in done.stderr) == (1, True)
    assert used.ledger.read_bytes() == content


def test_a_folder_in_place_of_the_ledger(used: Home) -> None:
    used.ledger.unlink()
    used.ledger.mkdir()
    ((check, _, _),) = wrong()
    assert check == "ledger"
