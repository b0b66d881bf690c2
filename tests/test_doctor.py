"""``flattr-host doctor``: what is wrong, and what to do; it changes nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flattr_host.cli.doctor import CHECKS
from tests.account.served import ServedLedger
from tests.account.test_keyring import session
from tests.conftest import Home

__all__ = ["session"]  # a fixture

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


def test_what_it_says_as_json(used: Home) -> None:
    """One object a line, as docs/ledger.md has it, with the same fields for what is well."""
    (used.ledger.parent / "launcher" / "flattr-native-host").unlink()
    found = [json.loads(line) for line in run("doctor", "--json").stdout.splitlines()]
    names = ["settings", "sites", "data folder", "ledger", "outbox", "account", "browser Firefox"]
    assert [it["check"] for it in found] == names
    for it in found:
        assert set(it) == {"check", "ok", "message", "next", "can_fix"}
        assert (it["ok"], it["can_fix"]) == (
            (False, True) if it["check"] == "browser Firefox" else (True, False)
        )
        assert bool(it["next"]) is not it["ok"]


def test_fix_repairs_what_is_its_own(used: Home) -> None:
    launcher = used.ledger.parent / "launcher" / "flattr-native-host"
    launcher.chmod(0o600)
    used.ledger.parent.chmod(0o755)
    assert [it[0] for it in wrong()] == ["data folder", "browser Firefox"]
    assert launcher.stat().st_mode & 0o100 == 0
    done = run("doctor", "--fix")
    assert (done.returncode, done.stderr) == (0, "")
    assert "wrong" not in done.stdout
    assert launcher.stat().st_mode & 0o777 == 0o700
    assert wrong() == []


def test_fix_registers_where_nothing_is_yet(flattr_home: Home) -> None:
    assert run("doctor", "--fix").returncode == 0
    assert flattr_home.path.exists()
    assert wrong() == []


def test_fix_leaves_what_is_well(used: Home) -> None:
    before = everything_below(used.path)
    assert run("doctor", "--fix").returncode == 0
    assert everything_below(used.path) == before


def test_fix_leaves_what_is_not_its_own(used: Home) -> None:
    used.set(undo_seconds='"soon"')
    before = everything_below(used.path)
    done = run("doctor", "--fix")
    assert done.returncode == 1
    assert "wrong settings" in done.stdout
    assert everything_below(used.path) == before


@pytest.fixture
def connected(
    used: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServedLedger]:
    """alice is connected, with her token in the private file."""
    assert used
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    with ServedLedger(tmp_path / "server") as served:
        login = [FLATTRHOST, "login", served.url, "--token-stdin"]
        subprocess.run(login, input=served.token(), text=True, check=True, capture_output=True)
        yield served


def test_an_account_with_its_token(connected: ServedLedger) -> None:
    assert wrong() == []
    host = connected.url.removeprefix("http://")
    assert f"alice at {host}; its token is in the file." in run("doctor").stdout


def test_an_account_whose_token_is_gone(connected: ServedLedger, used: Home) -> None:
    (used.ledger.parent / "private" / "token.json").unlink()
    ((check, message, following),) = wrong()
    host = connected.url.removeprefix("http://")
    assert (check, message) == ("account", f"The token of alice at {host} is gone from the file.")
    assert following == "Connect anew: `flattr-host login`."


def test_an_account_whose_token_others_could_read(connected: ServedLedger, used: Home) -> None:
    token = used.ledger.parent / "private" / "token.json"
    token.chmod(0o644)
    before = everything_below(used.path)
    ((check, message, _),) = wrong()
    assert check == "account"
    assert "can be opened by others" in message
    assert everything_below(used.path) == before
    assert run("doctor", "--fix").returncode == 1  # which does not hide that they could
    assert token.stat().st_mode & 0o777 == 0o644
    assert json.loads(token.read_text()).popitem()[1] not in run("doctor").stdout
    assert connected.live_tokens() == 1


LOCKED = """
import json, subprocess, sys
command, server, token = json.loads(sys.argv[1])
login = [command, "login", server, "--token-stdin"]
subprocess.run(login, input=token, text=True, check=True, capture_output=True)
from keyring.backends.SecretService import Keyring
Keyring().get_preferred_collection().lock()
done = subprocess.run([command, "doctor", "--json"], capture_output=True, text=True)
print(json.dumps([done.returncode, done.stdout]))
"""


@pytest.fixture
def _with_a_keyring(used: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert used
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)


@pytest.mark.usefixtures("_with_a_keyring")
def test_an_account_whose_keyring_is_locked(session: list[str], tmp_path: Path) -> None:
    with ServedLedger(tmp_path / "server") as served:
        given = json.dumps([FLATTRHOST, served.url, served.token()])
        done = subprocess.run(
            [*session, sys.executable, "-c", LOCKED, given],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        code, said = json.loads(done.stdout.splitlines()[-1])
        assert code == 1
    found = {it["check"]: it for it in map(json.loads, said.splitlines())}
    assert not found["account"]["ok"]
    assert "does not answer or is locked" in found["account"]["message"]
