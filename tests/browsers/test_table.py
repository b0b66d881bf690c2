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


def load(tmp_path: Path, text: str) -> table.Table:
    path = tmp_path / "browsers.toml"
    path.write_text(text)
    return table.load(path)


def test_the_table_that_ships_has_one_row_a_browser_and_platform() -> None:
    keys = [(row.name, row.platform) for row in ROWS]
    assert len(keys) == len(set(keys))
    assert {row.platform for row in ROWS} == {"linux", "bsd", "macos", "windows"}
    assert {"Firefox", "LibreWolf", "Chromium", "Chrome", "Brave", "Edge"} <= {r.name for r in ROWS}


def test_programs_belong_to_one_browser_only() -> None:
    for platform in ("linux", "bsd"):
        programs = [p for row in ROWS for p in row.programs if row.platform == platform]
        assert len(programs) == len(set(programs))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"gecko"', '"webkit"', "Invalid enum value 'webkit' - at `$.family`"),
        ('"~/.mozilla"', '".mozilla"', "'.mozilla' does not begin with ~/, $XDG_CONFIG_HOME/, "),
        ("known =", "knwon =", "Object contains unknown field `knwon`"),
        ('here = ["~/.mozilla"]', "here = []", "nobody can tell whether this browser is here"),
        ("user_dirs", "registry", "this platform has `user_dirs` or `system_dirs`, no `registry`"),
        ("known", 'confinement = "snap"\nknown', "`confinement` and `app` go together"),
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


def test_a_sandbox_has_to_be_explained(tmp_path: Path) -> None:
    confined = GOOD.replace("known", 'confinement = "jail"\napp = "x"\nknown')
    with pytest.raises(table.TableError, match=r"there is no \[confinement\.jail\]"):
        load(tmp_path, confined)
    explained = confined + '[confinement.jail]\nsays = "It is kept in."\n'
    assert load(tmp_path, explained).confinements["jail"].says == "It is kept in."


def test_own_rows_add_and_replace(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped.toml", tmp_path / "own.toml"
    shipped.write_text(GOOD + GOOD.replace("Firefox", "Waterfox"))
    assert [row.name for row in table.load(shipped, own)] == ["Firefox", "Waterfox"]
    mine = GOOD.replace("~/.mozilla/native-messaging-hosts", "/srv/firefox")
    own.write_text(mine + GOOD.replace("Firefox", "Icecat"))
    rows = list(table.load(shipped, own))
    assert [row.name for row in rows] == ["Waterfox", "Firefox", "Icecat"]
    assert rows[1].user_dirs == ("/srv/firefox",)
    own.write_text("[[browser]]")
    with pytest.raises(table.TableError, match=r"Row 1 \(without a name.*own\.toml is wrong"):
        table.load(shipped, own)
