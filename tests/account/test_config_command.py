"""``flattr-host config``, run as a person runs it."""

import json
import subprocess

from tests.account.served import COMMAND
from tests.conftest import Home


def run(*args: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, "config", *args], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_all_settings(flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="5", own_usernames='["alice"]')
    code, text, _ = run()
    assert code == 0
    assert text.splitlines()[:3] == [
        "undo_seconds = 5",
        'own_usernames = ["alice"]',
        "means = true  (default)",
    ]
    rows = [json.loads(line) for line in run("--json")[1].splitlines()]
    assert rows[0] == {"name": "undo_seconds", "value": 5.0, "is_default": False}
    assert {row["name"]: row["value"] for row in rows}["api_url"] == "embedded"
    assert run("path")[1] == f"{flattr_home.path}/config/settings.toml\n"


def test_changing_one(flattr_home: Home) -> None:
    assert run("set", "undo_seconds", "0.5")[1] == "undo_seconds is 0.5 now. It was 3.\n"
    assert run("set", "means", "false")[1] == "means is false now. It was true.\n"
    run("set", "own_usernames", "alice", "github:alice")
    assert run("get", "own_usernames")[1] == "alice\ngithub:alice\n"
    assert run("unset", "means")[1] == "means is true now. It was false.\n"
    assert run("unset", "means")[1] == "means is true, as before.\n"
    assert "flattr-host login" in run("set", "api_url", "https://example.org/rest/v2/")[1]
    assert run("get", "api_url")[1] == "https://example.org/rest/v2\n"
    assert (flattr_home.path / "config" / "settings.toml").read_text() == (
        'undo_seconds = 0.5\nown_usernames = ["alice", "github:alice"]\n'
        'api_url = "https://example.org/rest/v2"\n'
    )


def test_mistakes(flattr_home: Home) -> None:
    mistakes: list[tuple[str, ...]] = [
        ("set", "undo_second", "3"),
        ("set", "undo_seconds", "soon"),
        ("set", "undo_seconds", "99"),
        ("set", "undo_seconds", "1", "2"),
        ("set", "api_url", "http://example.org"),
        ("set", "own_usernames", "@alice"),
        ("set", "means"),
        ("get", "nonsense"),
    ]
    for args in mistakes:
        code, text, errors = run(*args)
        assert (code, text, "Traceback" in errors) == (2, "", False)
    assert "undo_seconds is a number from 0 to 60." in run("set", "undo_seconds", "soon")[2]
    assert run("unset", "nonsense")[0] == 2
    assert "'undo_seconds'" in run("get", "nonsense")[2]
    assert not flattr_home.path.exists()
    flattr_home.set(undo_seconds='"soon"')
    unreadable: list[tuple[str, ...]] = [
        (),
        ("get", "means"),
        ("set", "means", "true"),
        ("unset", "nonsense"),
    ]
    for args in unreadable:
        code, text, errors = run(*args)
        assert (code, text, "undo_seconds" in errors) == (1, "", True)
        assert errors.endswith(f" They lie in {flattr_home.path}/config/settings.toml.\n")


def test_the_setting_that_is_wrong_is_mended(flattr_home: Home) -> None:
    flattr_home.set(undo_seconds='"soon"')
    assert run("set", "undo_seconds", "5") == (0, "undo_seconds is 5 now.\n", "")
    flattr_home.set(undo_seconds='"soon"')
    assert run("unset", "undo_seconds") == (0, "undo_seconds is 3 now.\n", "")
    flattr_home.set(undo_second="3")
    assert run("unset", "undo_second") == (0, "undo_second is removed.\n", "")
