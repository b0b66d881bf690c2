"""The first minutes: the set-up page, from an empty profile until the host answers."""

import os
from functools import partial

from .axe import violations
from .display import Display
from .driver import Driver
from .native_host import RecordedHost, host_that_says
from .site import Site
from .stage import EXTENSION, HOST, NAME, NO_KEYRING, Stage
from .visitor import Visitor

FOCUSED_JS = "document.activeElement.id"
TEXT_JS = "document.querySelector('#%s').textContent"
UNFOLD_JS = "document.querySelectorAll('details').forEach((one) => { one.open = true })"
BY_HAND_JS = "browser.management.getSelf().then((self) => self.installType === 'development')"
STRANGER = [*HOST[:-1], "from flattr_host.native import main; raise SystemExit(main(['another']))"]
OLD = {"type": "done", "protocol": 1, "host_version": "0.0.9", "features": ["hello", "flattr"]}
NEW = {
    "type": "error",
    "code": "unsupported_protocol",
    "message": "…",
    "protocol": [2, 2],
    "host_version": "2.0.0",
}


def test_the_first_run(driver_class: type[Driver], display: Display, site: Site) -> None:
    """Nothing is pressed but *Check*: the page goes on by itself as the host changes."""
    with driver_class(display, EXTENSION) as driver:
        home = driver.home / "flattr host ö"
        install = partial(RecordedHost, driver, NAME)
        stage = Stage(driver, install([os.devnull]), site, home)
        (driver.native_hosts / f"{NAME}.json").unlink()
        driver.start(first_run=True)
        is_missing(stage)
        install([os.devnull])
        is_broken(stage)
        visitor = Visitor(driver)
        install(STRANGER)
        visitor.sees("flattr-host does not know this extension")
        stage.picture("setup-stranger", in_both_themes=True)
        install(host_that_says(OLD))
        assert "flattr-host 0.0.9, extension" in visitor.sees("flattr-host is too old")
        stage.picture("setup-host-too-old", in_both_themes=True)
        install(host_that_says(NEW))
        assert "flattr-host 2.0.0" in visitor.sees("This extension is too old")
        stage.picture("setup-extension-too-old", in_both_themes=True)
        assert driver.page_eval(FOCUSED_JS) == "check"
        install(["/usr/bin/env", f"FLATTR_HOST_HOME={home}", NO_KEYRING, *HOST])
        works(stage)


def is_missing(stage: Stage) -> None:
    driver, visitor = stage.driver, Visitor(stage.driver)
    text = visitor.sees("One step is left")
    by_hand = driver.page_eval(BY_HAND_JS)
    assert ("python3 install.py" if by_hand else "pipx install flattr-host") in text
    visitor.clicks("#check")
    visitor.sees("nothing has changed")
    assert driver.page_eval(FOCUSED_JS) == "check"
    driver.page_eval(UNFOLD_JS)
    assert violations(driver.page_eval) == []
    stage.picture("setup-missing", in_both_themes=True)


def is_broken(stage: Stage) -> None:
    text = Visitor(stage.driver).sees("flattr-host does not start")
    assert "doctor" in text
    assert "flattr-host.log" in text
    # Firefox says nothing of a program that was there and ended; Chromium that it did, or that it
    # could not be written to any more.
    reason = stage.driver.page_eval(TEXT_JS % "reason")
    assert bool(reason) == (stage.driver.name == "chromium")
    stage.picture("setup-broken", in_both_themes=True)


def works(stage: Stage) -> None:
    """The button that had the focus is gone; and nothing is looked for any more."""
    driver, visitor = stage.driver, Visitor(stage.driver)
    visitor.sees("It works")
    starts = stage.host.starts()
    assert driver.page_eval(FOCUSED_JS) == "heading"
    assert driver.page_eval(TEXT_JS % "status").startswith("It works\nflattr-host 0.1.0")
    visitor.sees("The button is in your toolbar")
    stage.picture("setup-works", in_both_themes=True)
    assert stage.host.starts() == starts
