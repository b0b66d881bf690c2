"""The table of browsers: the one that ships, and what is said of a bad row."""

from pathlib import Path

import pytest

from flattr_host.browsers import resources, table

ROWS = table.load(resources.manifests() / "browsers.toml")

GOOD = """
[[browser]]
name = "Firefox"
family = "gecko"
platform = "linux"
user_dirs = ["~/.mozilla/native-messaging-hosts"]
here = ["~/.mozilla"]
known = "run"
"""


def load(tmp_path: Path, text: str) -> list[table.Row]:
    path = tmp_path / "browsers.toml"
    path.write_text(text)
    return table.load(path)


def test_the_table_that_ships_has_one_row_a_browser_and_platform() -> None:
    keys = [(row.name, row.platform) for row in ROWS]
    assert len(keys) == len(set(keys))
    assert {row.platform for row in ROWS} == {"linux", "macos", "windows"}
    assert {"Firefox", "LibreWolf", "Chromium", "Chrome", "Brave", "Edge"} <= {r.name for r in ROWS}


def test_programs_belong_to_one_browser_only() -> None:
    programs = [program for row in ROWS for program in row.programs]
    assert len(programs) == len(set(programs))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"gecko"', '"webkit"', "Invalid enum value 'webkit' - at `$.family`"),
        ('"~/.mozilla"', '"/etc"', "'/etc' does not begin with ~/ or $XDG_CONFIG_HOME/"),
        ("known =", "knwon =", "Object contains unknown field `knwon`"),
        ('here = ["~/.mozilla"]', "here = []", "nobody can tell whether this browser is here"),
        ("user_dirs", "registry", "this platform has `user_dirs`, no `registry`"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(table.TableError) as caught:
        load(tmp_path, GOOD + GOOD.replace(old, new))
    assert str(caught.value).startswith("Row 2 (Firefox, linux) of ")
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["", "browser = 3", "[[browser", "[[browser]]"])
def test_no_table_is_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(table.TableError) as caught:
        load(tmp_path, text)
    assert str(caught.value).endswith((".", ")"))


def test_an_absent_table_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(table.TableError, match="cannot be read: No such file or directory"):
        table.load(tmp_path / "none.toml")
