"""Pages with every kind of mark, and the buttons of real pages."""

import json
from pathlib import Path
from typing import Any

import pytest

from flattr_host.discovery.discovering import addresses_to_look_up, candidates, discover
from flattr_host.discovery.model import Button, Hints
from flattr_host.discovery.page import read_hints
from tests.discovery.test_corpus import rows

PAGES = Path(__file__).parent / "pages"
BUTTONS = [row for row in rows("links.jsonl") if row["kind"] == "button"]
INDEX = [json.loads(line) for line in (PAGES / "index.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("row", INDEX, ids=lambda row: str(row["file"]))
def test_page(row: dict[str, Any]) -> None:
    hints = read_hints((PAGES / row["file"]).read_bytes(), row["page_url"])
    found = discover(row["page_url"], hints)
    got = {name: getattr(found, name) for name in row["expect"]}
    assert got | ({"tags": list(found.tags)} if "tags" in got else {}) == row["expect"]
    if "candidates" in row:
        offers = candidates(row["page_url"], hints)
        assert [[it.user_id, it.target] for it in offers] == row["candidates"]


def test_every_page_is_in_the_index() -> None:
    files = {path.name for path in PAGES.iterdir()} - {"index.jsonl"}
    assert files == {row["file"] for row in INDEX}


PAGE = "https://blog.example/post"


def test_a_button_without_an_address_is_the_page_itself() -> None:
    found = discover(PAGE + "?utm_source=x#end", Hints(buttons=(Button(rel="flattr;uid:ann"),)))
    assert (found.target, found.user_id, found.caution) == (PAGE, "ann", None)


def test_a_button_without_an_owner_is_looked_up() -> None:
    hints = Hints(buttons=(Button(href="https://blog.example/other"),))
    assert discover(PAGE, hints).reason == "unknown_page"
    assert addresses_to_look_up(PAGE, hints) == [PAGE, "https://blog.example/other"]
    by_rule = discover(PAGE, Hints(buttons=(Button(href="https://github.com/smgt"),)))
    assert (by_rule.reason, by_rule.owner, by_rule.caution) == ("button", "smgt", "other_host")


def test_a_button_that_its_target_contradicts_is_doubtful() -> None:
    button = Button(href="https://github.com/smgt/flattr", rel="flattr;uid:eve")
    assert discover("https://github.com/smgt", Hints(buttons=(button,))).caution == "other_owner"


def test_what_is_nearer_to_the_button_counts() -> None:
    loader = "//api.flattr.com/js/0.6/load.js?uid=loader&category=text&language=sv_SE"
    data = {"flattr-uid": "data", "flattr-category": "audio", "flattr-tags": "a, ,b"}
    button = Button(rel="flattr;uid:mark;tags:", data=data, language="de_DE", text=" what\nit is ")
    found = discover(PAGE, Hints(buttons=(button,), loader=f"https:{loader}"))
    assert (found.user_id, found.category, found.language) == ("mark", "audio", "de_DE")
    assert (found.tags, found.description) == (("a", "b"), "what it is")


def test_an_id_beside_a_name_is_no_rival() -> None:
    hints = Hints(buttons=(Button(rel="flattr;uid:ann"),), flattr_ids=("m05226", "m05226"))
    assert discover(PAGE, hints).caution is None
    assert [it.reason for it in candidates(PAGE, hints)] == ["button", "flattr_id"]


def test_a_link_that_anybody_may_have_written_is_never_taken() -> None:
    link = "https://flattr.com/submit/auto?user_id=eve&url=https%3A%2F%2Fblog.example%2Fpost"
    assert discover(PAGE, Hints(links=(link,))).caution == "only_linked"
    inside = discover("https://github.com/smgt/flattr/issues/1", Hints(links=(link,)))
    assert (inside.flattrable, inside.reason) == (False, "part_of")


def test_a_button_may_be_hidden_in_words() -> None:
    for said, hidden in (("true", True), ("yes", True), ("0", False)):
        button = Button(rel=f"flattr;uid:ann;hidden:{said}")
        assert discover(PAGE, Hints(buttons=(button,))).hidden is hidden


@pytest.mark.parametrize("row", BUTTONS, ids=lambda row: str(row.get("href") or row["where"]))
def test_button_of_a_real_page(row: dict[str, Any]) -> None:
    expected = row["expect"]
    hints = read_hints(row["raw"].encode() + b"Text</a>", "https://page.example/")
    found = discover("https://page.example/", hints)
    if row.get("doubtful") and not expected.get("user_id"):
        assert found.user_id is None
        return
    if " href=" not in row["raw"]:  # to us, it is the page that the button stands on
        assert (found.target, found.flattrable) == ("https://page.example/", True)
        return
    assert found.flattrable == expected["flattrable"]
    if found.flattrable:
        assert (found.reason, found.user_id) == ("button", expected["user_id"])
        keys = ("title", "language", "category")
        assert {key: getattr(found, key) for key in keys} == {k: expected.get(k) for k in keys}
        assert (list(found.tags), found.hidden) == (expected["tags"], expected["hidden"])
