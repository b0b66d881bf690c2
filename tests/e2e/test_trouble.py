"""What goes wrong has words of its own; and the states in the dark. Each in its own browser."""

import os
import re
import shlex

from .browser import wait_for
from .display import Display
from .driver import Driver
from .site import Site
from .stage import KEPT, NAME, a_stage

READ_JS = "document.body?.innerText ?? ''"
INSTALLS = re.compile(r"One step is left.*(install\.py|pipx install)", re.DOTALL)
HELPS = re.compile("Install flattr-host.*Set it up", re.DOTALL)


def test_no_means(driver_class: type[Driver], display: Display, site: Site) -> None:
    with a_stage(driver_class, display, site) as stage:
        stage.set(undo_seconds="0", means="false")
        stage.visit("/means.html")
        stage.driver.click_toolbar_button()
        text = stage.says("Kept for later")
        assert "You have no means left" in text
        assert "Nothing was paid yet." in text
        stage.picture("no-means")
        stage.shows(KEPT, "Kept for later")
        assert stage.flattred() == []


def test_the_host_is_missing(driver_class: type[Driver], display: Display, site: Site) -> None:
    with a_stage(driver_class, display, site) as stage:
        (stage.driver.native_hosts / f"{NAME}.json").unlink()
        stage.visit("/missing.html")
        stage.driver.click_toolbar_button()
        stage.says("Install flattr-host")
        stage.picture("missing")
        stage.shows("!", "Install flattr-host")
        stage.driver.popup_click("[data-act=setup]")
        wait_for(lambda: stage.driver.page_eval(READ_JS), "the set-up page", until=INSTALLS.search)
        stage.driver.open_extension_page("history/history.html")
        wait_for(lambda: stage.driver.page_eval(READ_JS), "the history", until=HELPS.search)
        stage.picture("history-missing")


def test_the_host_is_broken(driver_class: type[Driver], display: Display, site: Site) -> None:
    with a_stage(driver_class, display, site) as stage:
        launcher = stage.driver.home / f"{NAME}.sh"
        launcher.write_text(f"#!/bin/sh\nexec {shlex.quote(os.devnull)}\n")
        stage.visit("/broken.html")
        stage.driver.click_toolbar_button()
        stage.says("flattr-host does not start")
        stage.picture("broken")
        stage.shows("!", "flattr-host does not start")


def test_the_dark_theme(driver_class: type[Driver], display: Display, site: Site) -> None:
    """The same states for whoever looks at the pictures."""
    with a_stage(driver_class, display, site, dark=True) as stage:
        stage.set(undo_seconds="4")
        stage.visit("/dark.html")
        stage.driver.click_toolbar_button()
        stage.says("About to flattr")
        assert stage.driver.popup_eval("matchMedia('(prefers-color-scheme: dark)').matches")
        stage.picture("grace")
        stage.shows("✓", "Flattred: Bread, dark")
        stage.picture("flattred")
        stage.visit("/means.html", host="other.example.test")
        stage.driver.click_toolbar_button()
        stage.says("Is this what you want to flattr?")
        stage.picture("question")
        stage.visit("/several.html")
        stage.driver.click_toolbar_button()
        stage.says("by carol")
        stage.picture_of_question("several")
        stage.visit("/away.html")
        stage.driver.choose_menu_item("Flattr this link", on="#issue")
        stage.says("Cancel")
        stage.picture_of_question("part-of")
        stage.visit("/nothing.html")
        stage.driver.click_toolbar_button()
        stage.says("Nothing to flattr here")
        stage.picture("nothing")
