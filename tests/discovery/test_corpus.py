"""Real links and URLs of the web, and what each of them is."""

import json
from pathlib import Path
from typing import Any

import pytest

from flattr_host.discovery.discovering import discover
from flattr_host.discovery.urls import thing_address

HERE = Path(__file__).parent


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def firm(name: str) -> list[dict[str, Any]]:
    return [row for row in rows(name) if not row.get("doubtful") and not row.get("later")]


def canonical(url: str) -> str | None:
    """What a link names, as the one address under which it is flattred."""
    return discover(url).target or thing_address(url)


@pytest.mark.parametrize(
    "row", [row for row in firm("links.jsonl") if row["kind"] != "button"], ids=lambda r: r["href"]
)
def test_link(row: dict[str, Any]) -> None:
    found = discover(row["href"])
    expected = row["expect"]
    assert found.flattrable == expected.get("flattrable", False)
    if not found.flattrable or found.reason == "profile":
        return
    if found.reason == "thing":
        assert found.thing_id == expected["thing_id"]
        return
    assert found.target == canonical(expected["target"])
    keys = ("user_id", "title", "description", "language", "category")
    assert {key: getattr(found, key) for key in keys} == {key: expected.get(key) for key in keys}
    assert (list(found.tags), found.hidden) == (
        expected.get("tags", []),
        expected.get("hidden", False),
    )


@pytest.mark.parametrize("row", firm("sites.jsonl"), ids=lambda r: r["url"][:100])
def test_site(row: dict[str, Any]) -> None:
    found = discover(row["url"])
    expected = row["expect"]
    if expected is None:
        assert not found.flattrable
        assert found.target is None
        return
    assert (found.site, found.kind) == (expected["site"], expected["kind"])
    assert (found.owner or "").lower() == (expected.get("owner") or "").lower()
    for part in ("name", "id"):
        if part in expected:
            assert getattr(found, part) == expected[part]


@pytest.mark.parametrize("row", firm("sites.jsonl"), ids=lambda r: r["url"][:100])
def test_canonical_urls_are_their_own_canonical_urls(row: dict[str, Any]) -> None:
    found = discover(row["url"])
    if found.target:
        again = discover(found.target)
        assert (again.target, again.site, again.kind) == (found.target, found.site, found.kind)
