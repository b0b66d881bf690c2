"""What pages say of themselves, in real browsers: each kind of markup, true and false."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from flattr_host.api.objects import ThingDraft
from flattr_host.ledger import Ledger, Person, Store

from .display import Display
from .driver import Driver
from .marked_pages import ELSEWHERE
from .site import Site
from .stage import BLOG, REPOSITORY, Stage, a_stage

MARKS = ("head", "link", "rel", "rev", "data", "prefix", "loader", "decoys", "noscript")

#: Chromium shows feeds as text; Firefox saves what is said to be a feed, and shows what is XML.
FEEDS = {
    "chromium": ("/feed.atom", "/feed.rss", "/atom.xml", "/rss.xml"),
    "firefox": ("/atom.xml", "/rss.xml"),
}

KEY_S = 0.3
ASKED = "Is this what you want to flattr?"
OFFERS_JS = """[...document.querySelectorAll(".offer")].map((offer) =>
  [".thing-title", ".thing-owner", ".thing-address"].map((name) =>
    offer.querySelector(name)?.textContent))"""
FIRST_OFFER_JS = "document.activeElement.closest('.offer') === document.querySelector('.offer')"
CANCEL_IN_SIGHT_JS = """(({ top, bottom }) => top > 0 && bottom <= innerHeight)(
  document.querySelector("[data-act=dismiss]").getBoundingClientRect())"""
NOTHING_BESIDE_JS = """[document.documentElement, ...document.querySelectorAll("main p")]
  .filter((element) => element.scrollWidth > element.clientWidth)
  .map(({ className }) => className)"""


@pytest.fixture(scope="module")
def running(driver_class: type[Driver], display: Display, site: Site) -> Iterator[Stage]:
    with a_stage(driver_class, display, site) as stage:
        yield stage


@pytest.fixture
def stage(running: Stage) -> Stage:
    running.set(undo_seconds="0")
    return running


def say_yes(stage: Stage, selector: str = "[data-act=confirm]") -> None:
    stage.driver.popup_click(selector)


def say_no(stage: Stage) -> None:
    stage.driver.popup_click("[data-act=dismiss]")
    stage.shows("", "Flattr this page")


def reach_first_offer(stage: Stage) -> None:
    """With the keyboard. Firefox takes the first Tab in a popup for itself."""

    def step() -> object:
        stage.driver.display.xdotool("key", "Tab")
        time.sleep(KEY_S)
        return stage.driver.popup_eval(FIRST_OFFER_JS)

    assert step() or step()


@pytest.mark.parametrize("name", MARKS)
def test_each_mark_says_whose_the_page_is(stage: Stage, name: str) -> None:
    stage.visit(f"/{name}.html")
    stage.click_flattrs("Bread", stage.url(f"/{name}.html"))


def test_a_feed_says_whose_it_is(stage: Stage) -> None:
    for path in FEEDS[stage.driver.name]:
        stage.visit(path)
        stage.click_flattrs("Bread, the ", stage.url(path))


def test_an_id_of_flattr_is_an_owner(stage: Stage) -> None:
    stage.visit("/id.html")
    stage.click_flattrs("Bread by an id", stage.url("/id.html"), "fid:m05226")


def test_a_page_cannot_disguise_itself(stage: Stage) -> None:
    stage.visit("/clobbering.html")
    assert stage.driver.page_eval("typeof document.title") == "object"
    stage.click_flattrs("Bread in disguise", stage.url("/clobbering.html"))


def test_a_page_is_what_its_canonical_address_is_registered_as(stage: Stage) -> None:
    with contextlib.closing(Store(str(stage.home / "data" / "ledger.sqlite3"))) as store:
        draft = ThingDraft(url=stage.url("/known"), title="The starter")
        Ledger(store, Person("bob")).create_thing(draft)
    stage.visit("/copy.html")
    stage.click_flattrs("The starter", stage.url("/known"), "bob")


def test_the_article_s_button_goes_before_the_site_s(stage: Stage) -> None:
    stage.visit("/article.html")
    stage.click_flattrs("Bread, the article", stage.url("/article.html"))


def test_of_several_payees_the_person_picks_one(stage: Stage) -> None:
    stage.visit("/several.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("This page names several payees")
    stage.shows("?", "Which do you want to flattr?")
    assert stage.driver.popup_eval(OFFERS_JS) == [
        ["Three bakers, one oven", "by alice", stage.url("/several.html").removeprefix("http://")],
        ["Salt", "by carol", stage.site.url("/salt", ELSEWHERE).removeprefix("http://")],
        [
            "Rye, three days in the making",
            "by bob",
            stage.url("/rye").removeprefix("http://"),
        ],
    ]
    stage.picture_of_question("several")
    assert stage.driver.popup_eval("document.activeElement === document.body")
    stage.driver.display.xdotool("key", "Return")  # meant for the page
    reach_first_offer(stage)
    assert stage.flattred() == before
    say_yes(stage, ".offer:nth-child(2) button")
    stage.shows("✓", "Flattred: Salt")
    assert stage.flattred() == [*before, (stage.site.url("/salt", ELSEWHERE), "carol")]


def test_a_crowd_of_payees_leaves_the_way_out_in_sight(stage: Stage) -> None:
    stage.visit("/crowd.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("very-long-31")
    assert len(stage.driver.popup_eval(OFFERS_JS)) == 32
    assert stage.driver.popup_eval(NOTHING_BESIDE_JS) == []
    assert stage.driver.popup_eval(CANCEL_IN_SIGHT_JS)
    stage.picture_of_question("crowd")
    say_no(stage)
    assert stage.flattred() == before


def test_a_plain_link_may_be_anybody_s(stage: Stage) -> None:
    stage.visit("/linked.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    assert "This page only links to it" in stage.says("mallory")
    stage.shows("?", ASKED)
    stage.picture_of_question("only-linked")
    assert stage.flattred() == before
    say_yes(stage)
    stage.shows("✓", "Flattred: ")
    assert stage.flattred() == [*before, (stage.url("/linked.html"), "mallory")]


def test_a_lying_page_gets_nothing_unasked(stage: Stage) -> None:
    for path, host in (("/lying.html", ELSEWHERE), ("/usurping.html", "github.com")):
        stage.visit(path)
        before = stage.flattred()
        stage.driver.click_toolbar_button()
        text = stage.says("mallory")
        assert ASKED in text
        assert f"This page\n{BLOG}" in text
        assert f"Would flattr\n{host}" in text
        stage.picture_of_question(path.strip("/").removesuffix(".html"))
        assert stage.flattred() == before
        say_no(stage)
        assert stage.flattred() == before


def test_what_a_page_is_a_part_of_is_offered_and_never_taken(stage: Stage) -> None:
    stage.visit("/away.html")
    before = stage.flattred()
    asked = len(stage.site.requests)
    stage.driver.choose_menu_item("Flattr this link", on="#issue")
    assert "part of smgt/flattr" in stage.says("Flattr the repository?")
    stage.shows("?", "Flattr the repository?")
    stage.picture_of_question("part-of")
    assert stage.flattred() == before
    say_yes(stage)
    stage.shows("✓", "Flattred: smgt/flattr")
    assert stage.flattred() == [*before, (REPOSITORY, "github:smgt")]
    assert stage.site.requests[asked:] == []


def test_the_page_of_a_link_is_not_read_on_this_computer(stage: Stage) -> None:
    stage.visit("/away.html")
    before = stage.flattred()
    asked = len(stage.site.requests)
    stage.driver.choose_menu_item("Flattr this link", on="#private")
    assert "was not read" in stage.says("Nothing to flattr here")
    stage.shows("–", "Nothing to flattr here")
    stage.picture("unread")
    assert stage.flattred() == before
    assert stage.site.requests[asked:] == []
