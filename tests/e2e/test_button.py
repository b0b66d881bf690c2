"""The main job in real browsers: real clicks, the real host, and what the ledger holds then."""

import time
from collections.abc import Iterator

import pytest

from .browser import wait_for
from .display import Display
from .driver import Driver
from .site import Site
from .stage import BLOG, REPOSITORY, UNSENT, Stage, a_stage

DOUBLE_CLICK_S = 0.4
"""A click sooner after another is taken for the second half of a double click, and ignored."""


@pytest.fixture(scope="module")
def running(driver_class: type[Driver], display: Display, site: Site) -> Iterator[Stage]:
    with a_stage(driver_class, display, site) as stage:
        yield stage


@pytest.fixture
def stage(running: Stage) -> Stage:
    running.set(undo_seconds="0.5", own_usernames='["carol"]')
    return running


def test_nothing_happens_before_a_click(stage: Stage) -> None:
    for number in range(20):
        stage.driver.open(stage.url(f"/visited-{number}.html"))
    assert (stage.driver.badge(), stage.host.starts()) == ("", [])
    assert not stage.home.joinpath("data").exists()


def test_a_toolbar_click_flattrs_the_page(stage: Stage) -> None:
    stage.set(undo_seconds="3")
    stage.visit("/clicked.html")
    stage.driver.click_toolbar_button()
    text = stage.says("About to flattr")
    assert "Sourdough for patient people" in text
    assert "alice" in text
    wait_for(stage.driver.badge, "the count-down", until=lambda badge: badge in "123")
    assert "A click here undoes it" in stage.driver.title()
    stage.picture("grace")
    assert stage.flattred() == []
    stage.shows("✓", "Flattred: Sourdough for patient people")
    stage.says("1 flattr so far, yours included")
    stage.picture("flattred")
    assert stage.flattred() == [(stage.url("/clicked.html"), "alice")]
    assert len(stage.host.starts()) == 1
    assert stage.driver.toolbar_label().startswith("Flattred: Sourdough for patient people")


def test_a_second_flattr_in_a_month_is_already_flattred(stage: Stage) -> None:
    stage.visit("/clicked.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("Already flattred")
    stage.picture("already")
    stage.shows("–", "Already flattred")
    assert stage.flattred() == before


def test_the_page_s_menu_flattrs_the_page(stage: Stage) -> None:
    stage.visit("/menu.html")
    assert "Flattr this link" not in stage.driver.menu_labels()
    stage.driver.choose_menu_item("Flattr this page")
    stage.shows("✓", "Flattred: Bread, menu")
    assert stage.flattred()[-1] == (stage.url("/menu.html"), "alice")


def test_a_link_s_menu_flattrs_what_the_link_says(stage: Stage) -> None:
    stage.visit("/links.html")
    assert "Flattr this page" not in stage.driver.menu_labels(on="#submit")
    asked = len(stage.site.requests)
    stage.driver.choose_menu_item("Flattr this link", on="#submit")
    stage.shows("✓", "Flattred: ")
    assert stage.flattred()[-1] == (stage.url("/from-a-link"), "alice")
    stage.driver.close_popup()
    stage.driver.choose_menu_item("Flattr this link", on="#repository")
    stage.shows("✓", "Flattred: smgt/flattr")
    assert stage.flattred()[-1] == (REPOSITORY, "github:smgt")
    assert stage.site.requests[asked:] == []  # the link's page was never loaded


def test_undo_in_the_popup_leaves_the_ledger_as_it_was(stage: Stage) -> None:
    stage.set(undo_seconds="20")
    stage.visit("/undone.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("About to flattr")
    stage.driver.popup_click("[data-act=undo]")
    stage.says("Nothing was flattred")
    stage.picture("undone")
    stage.shows("–", "Undone")
    assert stage.flattred() == before


def test_a_second_click_is_undo_and_never_a_second_flattr(stage: Stage) -> None:
    """Browsers keep a click for themselves while the popup is open: it only closes the popup."""
    stage.set(undo_seconds="20")
    stage.visit("/twice.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("About to flattr")
    time.sleep(DOUBLE_CLICK_S)
    stage.driver.click_toolbar_button()
    stage.shows(UNSENT, "Not flattred")
    assert stage.flattred() == before
    stage.driver.click_toolbar_button()
    stage.says("You closed this before it was sent, so nothing was flattred.")
    stage.picture("closed", in_both_themes=True)
    assert stage.flattred() == before


def test_what_was_closed_is_flattred_after_all(stage: Stage) -> None:
    stage.set(undo_seconds="1")
    stage.visit("/open.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("About to flattr")
    stage.driver.close_popup()
    stage.shows(UNSENT, "Not flattred")
    stage.driver.click_toolbar_button()
    stage.says("You closed this before it was sent")
    stage.is_ready("again")
    assert stage.flattred() == before
    stage.driver.popup_click("[data-act=again]")
    stage.says("About to flattr")
    stage.shows("✓", "Flattred: Bread, open")
    assert stage.flattred() == [*before, (stage.url("/open.html"), "alice")]


def test_what_was_closed_is_said_on_the_next_page_too(stage: Stage) -> None:
    """The click that closed the popup may have been on a link."""
    stage.set(undo_seconds="20")
    stage.visit("/undone.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("About to flattr")
    stage.driver.close_popup()
    stage.driver.open(stage.url("/menu.html"))
    stage.shows(UNSENT, "Not flattred")
    stage.driver.click_toolbar_button()
    stage.says("You closed this before it was sent")
    stage.driver.popup_click("[data-act=dismiss]")
    stage.shows("", "Flattr this page")
    assert stage.flattred() == before


def test_after_undo_the_button_flattrs_again(stage: Stage) -> None:
    stage.set(undo_seconds="20")
    stage.visit("/again.html")
    stage.driver.click_toolbar_button()
    stage.says("About to flattr")
    stage.driver.popup_click("[data-act=undo]")
    stage.shows("–", "Undone")
    stage.driver.close_popup()
    stage.set(undo_seconds="0")
    stage.click_flattrs("Bread, again", stage.url("/again.html"))


def test_one_s_own_page(stage: Stage) -> None:
    stage.visit("/owned.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("This is yours")
    stage.picture("own")
    stage.shows("–", "This is yours")
    assert stage.flattred() == before


def test_a_page_of_nobody(stage: Stage) -> None:
    stage.visit("/nothing.html")
    stage.driver.click_toolbar_button()
    assert "No rule knows whose page this is" in stage.says("Nothing to flattr here")
    stage.picture("nothing")
    stage.shows("–", "Nothing to flattr here")


def test_what_a_page_says_of_another_host_is_asked_about(stage: Stage) -> None:
    stage.visit("/means.html", host="other.example.test")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    text = stage.says("Is this what you want to flattr?")
    assert "other.example.test" in text
    assert BLOG in text
    stage.shows("?", "Is this what you want to flattr?")
    stage.picture("question")
    assert stage.flattred() == before
    stage.driver.popup_click("[data-act=dismiss]")
    stage.shows("", "Flattr this page")
    assert stage.flattred() == before
    stage.driver.close_popup()
    stage.driver.click_toolbar_button()
    stage.says("Is this what you want to flattr?")
    stage.is_ready("confirm")
    stage.driver.popup_click("[data-act=confirm]")
    stage.shows("✓", "Flattred: ")
    assert stage.flattred() == [*before, (stage.url("/means.html"), "alice")]
