"""The trial: the real host and ledger in a temporary place, and nothing left of it."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from flattr_host.browsers import trial
from flattr_host.browsers.trial_browser import ignores_loading

from .conftest import Home

pytestmark = pytest.mark.usefixtures("home", "temporary")

URL = "https://github.com/smgt/flattr"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go during the test; must be empty again at its end."""
    path = tmp_path / "tmp ü"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


def run(
    url: str, browser: trial.Browser | None = None, json: bool = False
) -> tuple[int, list[str], list[str]]:
    """The exit code of a trial, what it said, and what it said on stderr."""
    out: list[str] = []
    errors: list[str] = []

    def echo(message: str, /, *, err: bool = False) -> None:
        (errors if err else out).append(message)

    return trial.run(url, browser, json, echo=echo), out, errors


def test_each_status_and_then_the_history_in_words(home: Home, temporary: Path) -> None:
    before = home.files()
    code, out, errors = run(URL)
    assert (code, errors) == (0, [])
    assert out[0].startswith("Started the host: flattr-host ")
    assert out[1] == f"Flattr {URL}"
    states = [line.split(":")[0].strip() for line in out[2:-2]]
    assert states == ["discovered", "undo", "sending", "done"]
    assert out[-2] == "The temporary ledger now holds:"
    assert URL in out[-1]
    assert home.files() == before
    assert list(temporary.iterdir()) == []


def test_one_json_object_a_line() -> None:
    code, out, errors = run(URL, json=True)
    frames = [json.loads(line) for line in out]
    assert (code, errors) == (0, [])
    assert [frame["id"] for frame in frames if frame["type"] == "done"] == ["1", "2", "3"]
    assert frames[-1]["count"] == 1


def test_only_a_flattr_is_a_success(temporary: Path) -> None:
    code, out, _ = run("https://example.org/nothing")
    assert code == 1
    assert out[-1] == "Nothing was flattred: the temporary ledger is empty."
    assert list(temporary.iterdir()) == []


def test_the_persons_own_place_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    monkeypatch.setenv("FLATTR_HOST_HOME", str(own))
    assert run(URL)[0] == 0
    assert not os.path.exists(own)


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_browser_that_is_not_here_is_a_sentence(temporary: Path, browser: trial.Browser) -> None:
    code, out, _ = run(URL, browser=browser)
    assert code == 1
    assert out[0].startswith("None of these is in PATH: ")
    assert browser in out[0]
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("version", "ignores"),
    [
        ("Google Chrome 156.0.1.2", True),
        ("Google Chrome 137.0.1.2 beta", True),
        ("Google Chrome 136.0.1.2", False),
        ("Google Chrome for Testing 156.0.1.2", False),
        ("Chromium 156.0.1.2 built on Debian", False),
        ("", False),
    ],
)
def test_a_branded_chrome_that_ignores_loading_is_known(version: str, ignores: bool) -> None:
    assert ignores_loading(version) is ignores
