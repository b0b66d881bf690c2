"""The button's shapes on a dark toolbar, for whoever looks at the pictures."""

from __future__ import annotations

from .display import Display
from .driver import Driver
from .permissions import PAGES, allow
from .site import Site
from .stage import a_stage

WISHES_JS = "browser.storage.local.set({ show_on_load: true, ask_first: true })"


def test_the_button_in_the_dark(driver_class: type[Driver], display: Display, site: Site) -> None:
    with a_stage(driver_class, display, site, dark=True) as stage:
        allow(stage.driver, origins=PAGES)
        stage.driver.background_eval(WISHES_JS)
        stage.driver.open(stage.url("/nothing.html"))
        stage.shows("", "Nothing to flattr found on this page")
        stage.picture("none")
        stage.driver.open(stage.url("/clicked.html"))
        stage.shows("", "Can be flattred")
        stage.picture("ready")
        stage.driver.click_toolbar_button()
        stage.says("Flattr this?")
        stage.picture_of_question("ask-first")
