"""Settings that the extension shows and changes, in the real host."""

from typing import Any

import pytest

from flattr_host.browsers.process import HostProcess
from tests.conftest import Home

Message = dict[str, Any]
DEFAULTS = {"undo_seconds": 3.0, "read_links": True, "means": True, "own_usernames": []}
REPOSITORY = "https://github.com/smgt/flattr"


def ask(host: HostProcess, **message: object) -> Message:
    """The final answer."""
    return list(host.request({"id": "1", **message}))[-1]


def change(host: HostProcess, **values: object) -> Message:
    return ask(host, type="change_settings", settings=values)


def done(**changed: object) -> Message:
    return {"id": "1", "type": "done"} | DEFAULTS | changed


def written(home: Home) -> str:
    return (home.path / "config" / "settings.toml").read_text()


def test_nothing_set(host: HostProcess, flattr_home: Home) -> None:
    assert ask(host, type="settings") == done()
    assert change(host) == done()
    assert not (flattr_home.path / "config" / "settings.toml").exists()


def test_a_change_keeps_the_rest_and_counts_at_once(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="9  # not in a hurry", client_id='"mine"')
    assert change(host, undo_seconds=0) == done(undo_seconds=0.0)
    assert written(flattr_home) == 'undo_seconds = 0  # not in a hurry\nclient_id = "mine"\n'
    assert ask(host, type="flattr", url=REPOSITORY)["type"] == "done"
    assert change(host, means=False, own_usernames=["alice", "github:carol"]) == done(
        undo_seconds=0.0, means=False, own_usernames=["alice", "github:carol"]
    )
    assert ask(host, type="flattr", url=REPOSITORY + "-2")["code"] == "no_means"
    carol_s = ask(host, type="flattr", url="https://github.com/carol/x")
    assert carol_s["code"] == "flattr_owner"
    assert change(host, means=True, own_usernames=[], read_links=False) == done(
        undo_seconds=0.0, read_links=False
    )
    assert ask(host, type="settings") == done(undo_seconds=0.0, read_links=False)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"undo_seconds": 61}, "undo_seconds"),
        ({"undo_seconds": -1}, "undo_seconds"),
        ({"means": False, "own_usernames": ["two words"]}, "own_usernames"),
    ],
)
def test_a_value_that_cannot_be_is_told(
    host: HostProcess, flattr_home: Home, values: Message, wrong: str
) -> None:
    flattr_home.set(undo_seconds="2.5")
    answer = change(host, **values)
    assert answer["code"] == "invalid_settings"
    assert answer["detail"].startswith(f"{wrong} is ")
    assert written(flattr_home) == "undo_seconds = 2.5\n"


@pytest.mark.parametrize("values", [{"undo_seconds": "5"}, {"means": 1}, {"own_usernames": "a"}])
def test_values_of_another_type_are_no_request(host: HostProcess, values: Message) -> None:
    assert change(host, **values)["code"] == "invalid_request"
    assert ask(host, type="change_settings")["code"] == "invalid_request"


def test_what_is_not_the_extension_s_to_set_stays(host: HostProcess, flattr_home: Home) -> None:
    assert change(host, api_url="https://thief.example/", client_id="x") == done()
    assert not (flattr_home.path / "config" / "settings.toml").exists()


def test_mistakes_in_the_file_are_told_and_mended(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds='"soon"')
    answers = [ask(host, type="settings"), change(host, means=False)]
    assert {(it["code"], it["detail"]) for it in answers} == {
        ("invalid_settings", "undo_seconds is a number from 0 to 60.")
    }
    assert change(host, undo_seconds=5) == done(undo_seconds=5.0)


def test_a_file_that_cannot_be_written(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(means="true")
    file = flattr_home.path / "config" / "settings.toml"
    file.unlink()
    file.symlink_to("/proc/nowhere/settings.toml")  # where not even root makes files
    answer = change(host, means=False)
    assert answer["code"] == "invalid_settings"
    assert "cannot be written" in answer["detail"]
    assert str(flattr_home.path) not in answer["message"]
