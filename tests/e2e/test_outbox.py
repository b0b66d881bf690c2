"""What could not be sent, or was cut off: kept, told, listed, sent later, in real browsers."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from .browser import wait_for
from .chromium import Chromium
from .display import Display
from .driver import CENTRE_JS, Driver
from .site import Site
from .stage import KEPT, UNSENT, Stage, a_stage

LIST_JS = """[...document.querySelectorAll("#waiting li")].map((item) => item.innerText)"""
UNNAMED_JS = """[...document.querySelectorAll("button")].filter((one) => one.checkVisibility())
  .filter((one) => !one.textContent.trim()).length"""
FOCUSED_JS = "document.activeElement.textContent"
LEASE_S = 15
"""So long after the kill another host can be sure that nobody is at the flattr any more."""
NARROW_JS = "document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture
def stage(driver_class: type[Driver], display: Display, site: Site) -> Iterator[Stage]:
    with a_stage(driver_class, display, site) as running:
        running.set(undo_seconds="0")
        yield running


def sees(stage: Stage, words: str) -> str:
    """Waits until the active tab says so."""

    def look() -> str:
        return str(stage.driver.page_eval("document.body?.innerText ?? ''"))

    return wait_for(look, repr(words), until=lambda text: words in text)


def keeps_for_lack_of_means(stage: Stage, path: str) -> None:
    stage.set(undo_seconds="0", means="false")
    stage.visit(path)
    stage.driver.click_toolbar_button()
    text = stage.says("Kept for later")
    assert "You have no means left" in text
    assert "Nothing was paid yet." in text
    stage.shows(KEPT, "Kept for later")


def host_processes(stage: Stage) -> list[int]:
    """The hosts that work in this stage's home."""
    home = f"FLATTR_HOST_HOME={stage.home}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            is_ours = home in environ.read_bytes().split(b"\0")
        except OSError:  # ended, or another person's
            continue
        if is_ours:
            found.append(int(environ.parent.name))
    return found


def test_kept_and_retried_in_the_popup(stage: Stage) -> None:
    keeps_for_lack_of_means(stage, "/means.html")
    stage.picture("kept", in_both_themes=True)
    assert stage.flattred() == []
    stage.set(undo_seconds="0")
    stage.driver.popup_click("[data-act=retry]")
    stage.shows("✓", "Flattred: ")
    assert stage.flattred() == [(stage.url("/means.html"), "alice")]


def test_kept_and_cancelled_in_the_popup(stage: Stage) -> None:
    keeps_for_lack_of_means(stage, "/means.html")
    stage.driver.popup_click("[data-act=forget]")
    stage.says("Nothing was flattred")
    stage.driver.open_extension_page("history/history.html")
    assert "Waiting to be sent" not in sees(stage, "Nothing yet")
    assert stage.flattred() == []


def lists_what_waits(stage: Stage) -> None:
    for path in ("/means.html", "/again.html", "/open.html"):
        keeps_for_lack_of_means(stage, path)
    stage.driver.close_popup()
    stage.driver.open_extension_page("history/history.html")
    sees(stage, "Waiting to be sent")
    stage.picture("waiting", in_both_themes=True)


def test_the_list_of_what_waits(stage: Stage) -> None:
    driver = stage.driver
    lists_what_waits(stage)
    assert [text.splitlines()[0] for text in driver.page_eval(LIST_JS)] == [
        "Bread, open",
        "Bread, again",
        "Bread, means",
    ]
    assert driver.page_eval(UNNAMED_JS) == 0
    assert driver.page_eval(NARROW_JS)
    driver.display.click(*driver._centre(driver.page_eval(CENTRE_JS % '"h1"'), "h1"))
    driver.page_eval("document.querySelectorAll('#waiting li button')[1].focus()")
    assert driver.page_eval(FOCUSED_JS) == "Cancel"
    driver.display.xdotool("key", "space")
    sees(stage, "2 in the list")
    assert len(driver.page_eval(LIST_JS)) == 2
    assert driver.page_eval("document.activeElement.closest('li').innerText").startswith(
        "Bread, again"
    )
    stage.set(undo_seconds="0")
    driver.page_eval("document.getElementById('send-all').focus()")
    driver.display.xdotool("key", "space")
    wait_for(lambda: driver.page_eval("document.getElementById('waiting').hidden"), "no list")
    sees(stage, "That is all.")
    assert sorted(stage.flattred()) == sorted(
        (stage.url(path), "alice") for path in ("/means.html", "/again.html")
    )
    assert "Bread, again" in sees(stage, "Bread, means")


def test_a_browser_that_is_killed_in_the_grace_period_says_so_next_time(stage: Stage) -> None:
    stage.driver.restart()  # Chromium has written down by then that it has the extension
    stage.set(undo_seconds="4")
    stage.visit("/undone.html")
    stage.driver.click_toolbar_button()
    stage.says("About to flattr")
    stage.driver.kill()
    time.sleep(LEASE_S)
    stage.driver.restart()
    stage.set(undo_seconds="1")
    assert stage.flattred() == []
    stage.visit("/twice.html")
    stage.driver.click_toolbar_button()
    stage.says("About to flattr")
    text = stage.says("The browser was closed before it was sent, so nothing was flattred.")
    assert "Bread, undone" in text
    assert "Bread, twice" in text
    stage.shows("✓", "Flattred: Bread, twice")
    stage.picture("news")
    stage.driver.popup_click("[data-act=forget]")
    wait_for(lambda: stage.driver.popup_text() or "", "OK", until=lambda t: "undone" not in t)
    assert stage.flattred() == [(stage.url("/twice.html"), "alice")]


def test_a_host_that_is_killed_in_the_grace_period(stage: Stage) -> None:
    stage.set(undo_seconds="20")
    stage.visit("/undone.html")
    stage.driver.click_toolbar_button()
    stage.says("About to flattr")
    (host,) = host_processes(stage)
    os.kill(host, signal.SIGKILL)
    text = stage.says("Not flattred")
    assert "nothing was flattred" in text
    stage.shows(UNSENT, "Not flattred")
    assert stage.flattred() == []
    stage.set(undo_seconds="1")
    stage.is_ready("again")
    stage.driver.popup_click("[data-act=again]")
    stage.shows("✓", "Flattred: Bread, undone")
    assert stage.flattred() == [(stage.url("/undone.html"), "alice")]


def test_a_background_that_is_stopped_in_the_grace_period(stage: Stage) -> None:
    stage.set(undo_seconds="20")
    stage.visit("/undone.html")
    stage.driver.click_toolbar_button()
    stage.says("About to flattr")
    if isinstance(stage.driver, Chromium):  # once: the popup starts it again at once
        stage.driver._service_worker_command("stopAllWorkers")
    else:
        stage.driver.terminate_background()
    stage.says("nothing was flattred")
    stage.shows(UNSENT, "Not flattred")
    assert stage.flattred() == []


def test_sending_at_the_start_of_the_browser(stage: Stage) -> None:
    keeps_for_lack_of_means(stage, "/means.html")
    stage.set(undo_seconds="0")
    stage.driver.close_popup()
    starts = len(stage.host.starts())
    stage.driver.restart()
    stage.driver.open(stage.url("/nothing.html"))
    assert len(stage.host.starts()) == starts
    stage.driver.open_extension_page("options/options.html")
    sees(stage, "Send what is waiting when the browser starts")
    stage.picture("options-sending")
    stage.driver.page_eval("document.getElementById('send_at_start').click()")
    wait_for(lambda: host_processes(stage), "no host", until=lambda now: not now)
    with closing(sqlite3.connect(stage.home / "data" / "outbox.sqlite3")) as db, db:
        db.execute("UPDATE entries SET next_try_at = 0")  # its time has come
    stage.driver.restart()
    (sent,) = wait_for(stage.flattred, "the flattr", until=bool)
    assert sent[0].endswith("/means.html")
