"""The background really stopped, in each step of a flattr: nothing is lost, doubled, or silent.

What it does in the grace period, with the popup open, is in test_outbox.py.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from .browser import wait_for
from .display import Display
from .driver import Driver
from .permissions import PAGES, allow
from .site import Site
from .stage import KEPT, UNSENT, Stage, a_stage

SALT = "/salt"
PHASES_JS = """browser.storage.session.get(null).then((all) => Object.values(all)
  .flatMap(({ gestures }) => gestures ?? []).map(({ phase }) => phase))"""


@pytest.fixture(scope="module")
def running(driver_class: type[Driver], display: Display, site: Site) -> Iterator[Stage]:
    with a_stage(driver_class, display, site) as stage:
        stage.set(undo_seconds="0")
        stage.visit("/visited-0.html")
        stage.click_flattrs("Visit 0", stage.url("/visited-0.html"))
        yield stage


@pytest.fixture
def stage(running: Stage) -> Stage:
    running.set(undo_seconds="0")
    return running


@contextmanager
def locked(stage: Stage, database: str) -> Iterator[None]:
    """Whoever wants to write into that file waits meanwhile."""
    with closing(sqlite3.connect(stage.home / "data" / database, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


def stop(stage: Stage) -> None:
    stage.driver.close_popup()
    stage.driver.terminate_background()
    assert not stage.driver.background_running()


def reaches(stage: Stage, phase: str) -> None:
    wait_for(
        lambda: stage.driver.background_eval(PHASES_JS), phase, until=lambda seen: phase in seen
    )


def test_while_the_host_is_asked(stage: Stage) -> None:
    stage.set(undo_seconds="20")
    stage.visit("/undone.html")
    before = stage.flattred()
    with locked(stage, "outbox.sqlite3"):
        stage.driver.click_toolbar_button()
        reaches(stage, "asking")
        stop(stage)
    stage.shows("!", "The flattr was interrupted")
    stage.driver.click_toolbar_button()
    stage.says("nothing was flattred")
    stage.shows(UNSENT, "Not flattred")
    assert stage.flattred() == before
    stage.set(undo_seconds="0")
    stage.is_ready("again")
    stage.driver.popup_click("[data-act=again]")
    stage.shows("✓", "Flattred: Bread, undone")
    assert stage.flattred() == [*before, (stage.url("/undone.html"), "alice")]


def test_while_it_is_sent(stage: Stage) -> None:
    stage.visit("/twice.html")
    before = stage.flattred()
    with locked(stage, "ledger.sqlite3"):
        stage.driver.click_toolbar_button()
        reaches(stage, "sending")
        stop(stage)
    stage.shows("!", "The flattr was interrupted")
    stage.driver.click_toolbar_button()
    stage.shows("✓", "Flattred: ")
    assert stage.flattred() == [*before, (stage.url("/twice.html"), "alice")]


def test_with_a_question_open(stage: Stage) -> None:
    stage.visit("/lying.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("Is this what you want to flattr?")
    stage.driver.terminate_background()
    stage.is_ready("confirm")
    assert stage.flattred() == before
    stage.driver.popup_click("[data-act=confirm]")
    stage.shows("✓", "Flattred: ")
    ((url, owner),) = stage.flattred()[len(before) :]
    assert (url.endswith(SALT), owner) == (True, "mallory")


def test_with_several_offered(stage: Stage) -> None:
    stage.visit("/several.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("Which do you want to flattr?")
    stop(stage)
    stage.shows("?", "Which do you want to flattr?")
    stage.driver.click_toolbar_button()
    stage.says("Which do you want to flattr?")
    stage.picture_of_question("several-after-a-stop")
    stage.driver.popup_click(".offer:nth-child(3) button")
    stage.shows("✓", "Flattred: Rye")
    assert stage.flattred() == [*before, (stage.url("/rye"), "bob")]


def test_with_something_kept(stage: Stage) -> None:
    stage.set(undo_seconds="0", means="false")
    stage.visit("/means.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("Kept for later")
    stop(stage)
    stage.shows(KEPT, "Kept for later")
    stage.set(undo_seconds="0")
    stage.driver.click_toolbar_button()
    stage.says("You have no means left")
    stage.driver.popup_click("[data-act=retry]")
    stage.shows("✓", "Flattred: ")
    assert stage.flattred() == [*before, (stage.url("/means.html"), "alice")]


def test_with_an_end_that_nobody_has_read(stage: Stage) -> None:
    stage.set(undo_seconds="20")
    stage.visit("/open.html")
    before = stage.flattred()
    stage.driver.click_toolbar_button()
    stage.says("About to flattr")
    stage.driver.close_popup()
    stage.shows(UNSENT, "Not flattred")
    stop(stage)
    stage.shows(UNSENT, "Not flattred")
    stage.driver.click_toolbar_button()
    stage.says("You closed this before it was sent, so nothing was flattred.")
    assert stage.flattred() == before


def test_with_what_a_page_is_on_the_button(stage: Stage) -> None:
    allow(stage.driver, origins=PAGES)
    stage.driver.background_eval(f"browser.storage.local.set({json.dumps({'show_on_load': True})})")
    stage.visit("/again.html")
    before = stage.flattred()
    stage.shows("", "Can be flattred")
    stop(stage)
    stage.shows("", "Can be flattred")
    stage.click_flattrs("Bread, again", stage.url("/again.html"))
    assert len(stage.flattred()) == len(before) + 1
