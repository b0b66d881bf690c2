"""The token in the real Secret Service: GNOME's keyring, on a bus of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.account.served import COMMAND, ServedLedger
from tests.conftest import Home

PROGRAMS = ("gnome-keyring-daemon", "dbus-run-session")
DEBIAN_PACKAGES = "gnome-keyring dbus-daemon"

# On the bus the daemon ends with it; what is said is on stdout, one JSON object.
DAEMON = """
printf 'a password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
exec "$@"
"""

STEPS = """
import json, subprocess, sys
command, server, token = json.loads(sys.argv[1])
from flattr_host.account import token_store
from flattr_host.account.errors import TokenUnavailable

def run(*args, given=""):
    done = subprocess.run([*command, *args], input=given, capture_output=True, text=True)
    return [done.returncode, done.stdout + done.stderr]

said = {"login": run("login", server, "--token-stdin", given=token)}
found = token_store.load(server + "/rest/v2", "keyring")
said["found"] = found.reveal() if found else None
said["whoami"] = run("whoami", "--json")
said["flattr"] = run("flattr", "https://github.com/smgt/flattr")
said["logout"] = run("logout")
left = token_store.load(server + "/rest/v2", "keyring")
said["left"] = left.reveal() if left else None
run("login", server, "--token-stdin", given=sys.argv[2])
from keyring.backends.SecretService import Keyring
Keyring().get_preferred_collection().lock()
try:
    token_store.load(server + "/rest/v2", "keyring")
    said["locked"] = ""
except TokenUnavailable as error:
    said["locked"] = error.detail
said["logout_locked"] = run("logout")
said["whoami_locked"] = run("whoami")
print(json.dumps(said))
"""


@pytest.fixture
def session() -> list[str]:
    """What starts a program with a keyring."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        sentence = f"not installed: {', '.join(missing)}. On Debian: apt install {DEBIAN_PACKAGES}"
        # Nobody has to have a keyring to try a change; but what CI says must be all of it.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)
    return ["dbus-run-session", "--", "sh", "-c", DAEMON, "sh"]


def test_the_keyring_is_used_where_there_is_one(
    session: list[str], flattr_home: Home, tmp_path: Path
) -> None:
    flattr_home.set(undo_seconds="0")
    with ServedLedger(tmp_path / "server") as served:
        token = served.token()
        given = json.dumps([COMMAND, served.url, token])
        environ = os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "share")}
        environ.pop("PYTHON_KEYRING_BACKEND", None)
        done = subprocess.run(
            [*session, sys.executable, "-c", STEPS, given, served.token()],
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout.splitlines()[-1])
    code, text = said["login"]
    assert (code, "this computer's keyring" in text) == (0, True)
    assert said["found"] == token
    assert '"token_place":"keyring"' in said["whoami"][1]
    assert said["flattr"][0] == 0
    assert said["logout"][0] == 0
    assert said["left"] is None
    assert "locked" in said["locked"]
    code, text = said["logout_locked"]
    assert (code, "You are signed out here" in text) == (1, True)
    assert said["whoami_locked"][0] == 1
    assert not (flattr_home.path / "data" / "private").exists()


def test_a_keyring_that_protects_nothing_is_not_used(
    served: ServedLedger, flattr_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    done = subprocess.run(
        [*COMMAND, "login", served.url, "--token-stdin"],
        input=served.token(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "private/token.json" in done.stdout
    assert (flattr_home.path / "data" / "private" / "token.json").exists()
