"""Settings: their defaults, and mistakes in the file."""

import pathlib
import re

import msgspec
import pytest

from flattr_host import settings
from flattr_host.settings import InvalidSettings, Settings
from tests.conftest import Home

DOCS = pathlib.Path(__file__).parents[1] / "docs" / "settings.md"


def test_without_a_file_there_are_defaults(flattr_home: Home) -> None:
    assert flattr_home
    assert settings.load() == Settings(undo_seconds=3.0, own_usernames=(), means=True)


def test_every_setting(flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="10", own_usernames='["alice"]', means="false")
    assert settings.load() == Settings(10.0, ("alice",), means=False)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("undo_seconds", "-1", "undo_seconds"),
        ("undo_seconds", "61", "undo_seconds"),
        ("undo_second", "3", "undo_second"),
        ("means", '"no"', "means"),
        ("means", "", "line 1"),
        ("own_usernames", '["https://github.com/smgt"]', "own_usernames"),
        ("own_usernames", '["@smgt"]', "own_usernames"),
        ("undo_seconds", "9" * 5000, "."),
        ("means", "[" * 5000, "."),
    ],
)
def test_mistakes_are_told_with_their_place(
    flattr_home: Home, name: str, value: str, words: str
) -> None:
    flattr_home.set(**{name: value})
    with pytest.raises(InvalidSettings, match=words):
        settings.load()


def test_a_file_that_cannot_be_read(flattr_home: Home) -> None:
    (flattr_home.path / "config" / "settings.toml").mkdir(parents=True)
    with pytest.raises(InvalidSettings, match="directory"):
        settings.load()


def test_the_docs_know_every_setting() -> None:
    documented = re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert documented == [field.name for field in msgspec.structs.fields(Settings)]
