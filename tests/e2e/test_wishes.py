"""What a person may want of the button beyond a click: asked first, told by the system, and to see
as a page loads whether it can be flattred. In real browsers, with the permissions that it takes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from .browser import wait_for
from .display import Display
from .driver import Driver
from .permissions import PAGES, allow
from .site import Site
from .stage import Stage, a_stage

NOTIFIED_JS = "browser.notifications.getAll().then((all) => Object.keys(all).length)"
CLEAR_JS = """browser.notifications.getAll().then((all) =>
  Promise.all(Object.keys(all).map((name) => browser.notifications.clear(name))))"""


@pytest.fixture(scope="module")
def stage(driver_class: type[Driver], display: Display, site: Site) -> Iterator[Stage]:
    with a_stage(driver_class, display, site) as running:
        running.set(undo_seconds="0")
        yield running


def wish(stage: Stage, name: str, is_wanted: bool = True) -> None:
    stage.driver.background_eval(f"browser.storage.local.set({json.dumps({name: is_wanted})})")


def shape(stage: Stage) -> bytes:
    """What the button itself looks like, in the middle of it."""
    time.sleep(0.3)
    x, y = stage.driver.button_place()
    return stage.driver.screenshot(stage.home / "shape.png", (x - 8, y - 8, 16, 16)).read_bytes()


def push_state(stage: Stage, path: str) -> None:
    """As sites do it that change their address without loading a page."""
    stage.driver.page_eval(f"history.pushState(null, '', {json.dumps(path)})")


def test_asked_before_each_flattr(stage: Stage) -> None:
    wish(stage, "ask_first")
    stage.visit("/clicked.html")
    stage.driver.click_toolbar_button()
    text = stage.says("Flattr this?")
    assert "Sourdough for patient people" in text
    assert "by alice" in text
    assert "This page's payment link" in text
    stage.shows("?", "Flattr this?")
    stage.picture_of_question("ask-first")
    assert stage.flattred() == []
    stage.driver.popup_click("[data-act=dismiss]")
    stage.shows("", "Flattr this page")
    stage.driver.close_popup()
    stage.driver.choose_menu_item("Flattr this page")
    stage.says("Flattr this?")
    assert stage.flattred() == []
    stage.is_ready("confirm")
    stage.driver.popup_click("[data-act=confirm]")
    stage.shows("✓", "Flattred: Sourdough for patient people")
    assert stage.flattred() == [(stage.url("/clicked.html"), "alice")]
    wish(stage, "ask_first", False)


def test_told_by_the_system_where_the_person_allows_it(stage: Stage) -> None:
    allow(stage.driver, "notifications")
    wish(stage, "notify")
    stage.visit("/again.html")
    stage.click_flattrs("Bread, again", stage.url("/again.html"))
    assert stage.driver.background_eval(NOTIFIED_JS) == 0
    stage.visit("/menu.html")
    stage.driver.choose_menu_item("Flattr this page")
    stage.shows("✓", "Flattred: Bread, menu")
    told = wait_for(lambda: stage.driver.background_eval(NOTIFIED_JS), "the notification")
    assert told == 1
    stage.picture("notified")
    stage.driver.background_eval(CLEAR_JS)
    wish(stage, "notify", False)


def test_pages_as_they_load(stage: Stage) -> None:
    allow(stage.driver, origins=PAGES)
    stage.visit("/means.html")
    starts = len(stage.host.starts())
    stage.visit("/open.html")
    assert (stage.driver.badge(), len(stage.host.starts())) == ("", starts)
    idle = shape(stage)
    wish(stage, "show_on_load")
    stage.shows("", "Can be flattred: This page's payment link, which names alice as the owner")
    ready = shape(stage)
    stage.picture("ready")
    stage.driver.open(stage.url("/nothing.html"))
    stage.shows("", "Nothing to flattr found on this page")
    assert len({idle, ready, shape(stage)}) == 3
    stage.picture("none")
    stage.driver.open(stage.url("/open.html"))
    stage.shows("", "Can be flattred")
    push_state(stage, "/elsewhere.html")  # the payment link is still of the page before
    stage.shows("", "Can be flattred")
    stage.driver.open(stage.url("/twice.html"))
    stage.shows("", "Can be flattred")
    stage.click_flattrs("Bread, twice", stage.url("/twice.html"))
    stage.driver.open(stage.url("/open.html"))
    stage.shows("", "Can be flattred")
    lit = shape(stage)
    stage.driver.background_eval(f"browser.permissions.remove({json.dumps({'origins': PAGES})})")
    stage.shows("", "Flattr this page")
    assert shape(stage) != lit
    stage.visit("/missing.html")
    assert (stage.driver.badge(), stage.driver.title()) == ("", "Flattr this page")
