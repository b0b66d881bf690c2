"""``flattr-host unregister --purge``: all of one's own goes, if one is sure, and nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flattr_host.account import secret_file
from flattr_host.api.secret import Secret
from flattr_host.cli import purging
from tests.account.served import ServedLedger
from tests.conftest import Home

FLATTRHOST = os.path.join(os.path.dirname(sys.executable), "flattr-host")
REPOSITORY = "https://github.com/smgt/flattr"
NAME = "io.github.flattr_host.json"


def run(*args: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FLATTRHOST, *args], input=given, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(autouse=True)
def _firefox_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / ".mozilla").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture
def used(flattr_home: Home) -> Home:
    """A place in which something of each kind was written."""
    flattr_home.set(undo_seconds="0")
    (flattr_home.path / "config" / "sites.toml").write_text("")
    (flattr_home.path / "config" / "browsers.toml").write_text("browser = []\n")
    assert run("register").returncode == 0
    assert run("flattr", REPOSITORY).returncode == 0
    assert run("users", "add", "bob", "--no-password").returncode == 0
    for name in ("ledger.sqlite3.version-1", "ledger.sqlite3.damaged-2026-11-01-wal"):
        flattr_home.ledger.with_name(name).write_text("")
    for name in (".account.json.new", ".ledger.sqlite3.version-2.new"):  # a write was interrupted
        flattr_home.ledger.with_name(name).write_text("")
    flattr_home.log.with_name(f"{flattr_home.log.name}.1").write_text("")
    return flattr_home


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedLedger]:
    with ServedLedger(tmp_path / "server") as server:
        yield server


def everything_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def contents(home: Home) -> dict[str, bytes]:
    return {str(it): it.read_bytes() for it in home.path.rglob("*") if it.is_file()}


def test_who_is_not_sure_keeps_all(used: Home) -> None:
    before = contents(used)
    for answer in ("no\n", "\n", "y\n", "yes please\n", ""):
        done = run("unregister", "--purge", given=answer)
        assert done.returncode == 1
        assert contents(used) == before
        for name in ("ledger.sqlite3", "settings.toml", "sites.toml", "flattr-host.log"):
            assert name in done.stderr
        assert not answer or done.stderr.endswith("Nothing was removed.\n")


def test_who_is_sure_types_yes(used: Home) -> None:
    done = run("unregister", "--purge", given="yes\n")
    assert done.returncode == 0, done.stderr
    assert "This removes for good:" in done.stderr
    assert everything_below(used.path) == set()


def test_without_asking_all_goes(used: Home, tmp_path: Path) -> None:
    names = {str(path) for path in purging.files()}
    done = run("unregister", "--purge", "--yes", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert everything_below(used.path) == set()
    assert everything_below(tmp_path / "home" / ".mozilla") == set()
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert {it["path"] for it in said if it["event"] == "purge"} == names
    assert all(it["ok"] for it in said)
    again = run("unregister", "--purge", "--yes")
    assert (again.returncode, again.stdout) == (0, "Nothing is registered.\n")


def test_without_purge_one_s_own_stays(used: Home) -> None:
    assert run("unregister").returncode == 0
    kept = {str(path.relative_to(used.path)) for path in purging.files()}
    assert {"data/ledger.sqlite3", "config/settings.toml", "data/outbox.sqlite3"} < kept
    assert run("unregister", "--purge", "--yes").returncode == 0
    assert everything_below(used.path) == set()


def test_what_is_not_ours_stays(used: Home, tmp_path: Path) -> None:
    own = tmp_path / "dotfiles.toml"
    settings = used.path / "config" / "settings.toml"
    settings.rename(own)
    settings.symlink_to(own)
    for name in ("config/notes.txt", "data/ledger.sqlite3-copy", "state/other.log"):
        (used.path / name).write_text("mine")
    (used.path / "data" / "private").mkdir(exist_ok=True)
    assert run("unregister", "--purge", "--yes").returncode == 0
    assert own.read_text() == "undo_seconds = 0\n"
    assert everything_below(used.path) == {
        "config",
        "config/notes.txt",
        "data",
        "data/ledger.sqlite3-copy",
        "state",
        "state/other.log",
    }


def test_a_link_in_place_of_the_private_folder_is_not_followed(used: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("mine")
    (used.path / "data" / "private").symlink_to(elsewhere)
    assert run("unregister", "--purge", "--yes").returncode == 0
    assert (elsewhere / "precious").read_text() == "mine"
    assert everything_below(used.path) == set()


def test_what_cannot_be_removed_is_said_and_the_rest_goes(used: Home) -> None:
    """A folder in a file's place is nothing that this program made, whatever is in it."""
    folder = used.path / "config" / "sites.toml"
    folder.unlink()
    folder.mkdir()
    (folder / "precious").write_text("mine")
    done = run("unregister", "--purge", "--yes")
    assert done.returncode == 1
    (problem,) = done.stderr.splitlines()
    assert problem.startswith(f"Problem: {folder} could not be removed: ")
    assert f"Removed {used.ledger}." in done.stdout
    left = {"config", "config/sites.toml", "config/sites.toml/precious"}
    assert everything_below(used.path) == left


def test_a_damaged_receipt_stops_it_before_anything_goes(used: Home) -> None:
    (used.path / "data" / "receipt.json").write_text("{")
    before = contents(used)
    done = run("unregister", "--purge", "--yes")
    assert done.returncode == 1
    assert "cannot be read" in done.stderr
    assert contents(used) == before


def test_it_signs_out(used: Home, served: ServedLedger) -> None:
    login = run("login", served.url, "--token-stdin", given=served.token())
    assert login.returncode == 0, login.stderr
    assert served.live_tokens() == 1
    host = served.url.removeprefix("http://")
    asked = run("unregister", "--purge", given="no\n")
    assert f"your account alice at {host}: signed out, its token removed" in asked.stderr
    assert served.live_tokens() == 1
    done = run("unregister", "--purge", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"Signed out alice at {host}." in done.stdout
    assert served.live_tokens() == 0
    assert everything_below(used.path) == set()


def test_it_signs_out_where_the_server_is_gone(used: Home, tmp_path: Path) -> None:
    with ServedLedger(tmp_path / "server") as served:
        assert run("login", served.url, "--token-stdin", given=served.token()).returncode == 0
    done = run("unregister", "--purge", "--yes")
    assert done.returncode == 0, done.stderr
    assert everything_below(used.path) == set()


KEYRING = """
import json, os
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 5
    path = os.environ["KEYRING_FILE"]

    def _all(self):
        return json.load(open(self.path)) if os.path.exists(self.path) else {}

    def get_password(self, service, username):
        return self._all().get(username)

    def set_password(self, service, username, password):
        json.dump(self._all() | {username: password}, open(self.path, "w"))

    def delete_password(self, service, username):
        rest = self._all()
        del rest[username]
        json.dump(rest, open(self.path, "w"))
"""


def test_the_keyring_keeps_nothing_of_ours(
    used: Home, served: ServedLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the token, nor the secret of an application that the person registered."""
    (tmp_path / "a_keyring.py").write_text(KEYRING)
    kept = tmp_path / "keyring.json"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "a_keyring.Keyring")
    monkeypatch.setenv("KEYRING_FILE", str(kept))
    assert run("login", served.url, "--token-stdin", given=served.token()).returncode == 0
    name = f"mine@{served.api_url}"
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {name: "secret", "other": "theirs"}))
    assert run("config", "set", "client_id", "mine").returncode == 0
    done = run("unregister", "--purge", "--yes")
    assert done.returncode == 0, done.stderr
    assert json.loads(kept.read_text()) == {"other": "theirs"}
    assert everything_below(used.path) == set()


def test_the_private_file_goes_with_all_that_is_in_it(used: Home) -> None:
    secret_file.save("of a server that was forgotten", Secret("x"))
    assert run("unregister", "--purge", "--yes").returncode == 0
    assert everything_below(used.path) == set()


def test_it_is_not_for_everybody() -> None:
    done = run("unregister", "--system", "--purge", "--yes")
    assert done.returncode == 2
    assert "--purge is for your own ledger and settings" in done.stderr
