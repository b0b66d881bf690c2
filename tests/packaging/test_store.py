"""What docs/store says to the stores is what the package is, within their limits."""

import json
import re
import struct
import tomllib
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT

STORE = ROOT / "docs" / "store"
LISTING = (STORE / "listing.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ([^|]+) \| (.+) \|$", LISTING, re.MULTILINE))
MAX_NAME, MAX_SUMMARY, MAX_DESCRIPTION, MAX_JUSTIFICATION = 50, 132, 16_000, 1_000
SIZES = {"tile.png": (440, 280)}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "extension/manifest.json").read_text("utf-8"))
    return loaded


def words(locale: str) -> dict[str, str]:
    file = ROOT / "extension" / "_locales" / locale / "messages.json"
    return {key: one["message"] for key, one in json.loads(file.read_text("utf-8")).items()}


def size_of(picture: Path) -> tuple[int, int]:
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:])
    return width, height


def test_name_and_summary_are_those_of_the_package() -> None:
    assert ROWS["Name"] == words("en")["extension_name_text"]
    assert ROWS["Summary"] == words("en")["extension_description_text"]


@pytest.mark.parametrize("locale", [path.name for path in (ROOT / "extension/_locales").iterdir()])
def test_stores_take_name_and_summary_in_each_language(locale: str) -> None:
    assert len(words(locale)["extension_name_text"]) <= MAX_NAME
    assert len(words(locale)["extension_description_text"]) <= MAX_SUMMARY


def test_the_description_is_not_too_long() -> None:
    _, _, after = LISTING.partition("## Description\n")
    lines = after.partition("## Single purpose")[0].strip().splitlines()
    assert all(line.startswith(">") for line in lines)
    assert 250 < len("\n".join(lines)) <= MAX_DESCRIPTION


def test_addresses_are_those_of_the_project() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    assert (ROWS["Homepage"], ROWS["Support"]) == (f"<{urls['Homepage']}>", f"<{urls['Issues']}>")
    assert ROWS["Privacy policy"] == f"<{urls['Homepage']}/blob/HEAD/docs/privacy.md>"


def test_each_permission_is_justified(manifest: dict[str, Any]) -> None:
    keys = ("permissions", "optional_permissions", "optional_host_permissions")
    asked = {f"`{name}`" for key in keys for name in manifest[key]}
    justified = {name: why for name, why in ROWS.items() if name.startswith("`")}
    assert justified.keys() == asked
    assert all(len(why) <= MAX_JUSTIFICATION for why in justified.values())


def test_the_policy_is_that_of_the_package(manifest: dict[str, Any]) -> None:
    policy = manifest["content_security_policy"]["extension_pages"]
    for file in (STORE / "listing.md", ROOT / "docs" / "permissions.md"):
        assert f"`{policy}`" in file.read_text("utf-8")


def test_all_pictures_are_there_and_as_large_as_stores_want_them() -> None:
    named = set(re.findall(r"\((\w[\w-]*\.png)\)", LISTING))
    there = {picture.name: size_of(picture) for picture in STORE.glob("*.png")}
    assert there == {name: SIZES.get(name, (1280, 800)) for name in named}
