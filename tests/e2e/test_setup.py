"""The first minutes: the set-up page, from an empty profile until the host answers."""

import json
import os

from .browser import wait_for
from .display import Display
from .driver import CENTRE_JS, FIRST_RUN_PAGE, Driver, at_rest
from .native_host import RecordedHost, host_that_says
from .site import Site
from .stage import EXTENSION, HOST, NAME, NO_KEYRING, Stage

FOCUSED_JS = "document.activeElement.id"
OPEN_JS = "browser.tabs.query({ active: true }).then(([tab]) => tab.url ?? '')"
STRANGER = [*HOST[:-1], "from flattr_host.native import main; raise SystemExit(main(['another']))"]
OLD = {"type": "done", "protocol": 1, "host_version": "0.0.9", "features": ["hello", "flattr"]}
NEW = {
    "type": "error",
    "code": "unsupported_protocol",
    "message": "…",
    "protocol": [2, 2],
    "host_version": "2.0.0",
}


def sees(driver: Driver, words: str) -> str:
    """Waits until the active tab says so."""
    return wait_for(
        lambda: str(driver.page_eval("document.body?.innerText ?? ''")),
        repr(words),
        until=lambda text: words in text,
    )


def clicks(driver: Driver, selector: str) -> None:
    place = at_rest(lambda: driver.page_eval(CENTRE_JS % json.dumps(selector)), selector)
    driver.display.click(*place)


def test_the_first_run(driver_class: type[Driver], display: Display, site: Site) -> None:
    """Nothing is pressed but *Check*: the page goes on by itself as the host changes."""
    with driver_class(display, EXTENSION) as driver:
        driver.start(first_run=True)
        home = driver.home / "flattr host ö"

        def install(command: list[str]) -> Stage:
            return Stage(driver, RecordedHost(driver, NAME, command), site, home)

        text = sees(driver, "One step is left")
        by_hand = driver.page_eval(
            "browser.management.getSelf().then((self) => self.installType === 'development')"
        )
        first = "python3 install.py" if by_hand else "pipx install flattr-host"
        assert first in text
        clicks(driver, "#check")
        sees(driver, "nothing has changed")
        assert driver.page_eval(FOCUSED_JS) == "check"
        stage = install([os.devnull])
        stage.picture("setup-unchanged")
        text = sees(driver, "flattr-host does not start")
        assert "doctor" in text
        assert "flattr-host.log" in text
        # Firefox says nothing of a program that was there and ended.
        reason = driver.page_eval("document.querySelector('#reason').textContent")
        assert ("exited" in reason) == (driver.name == "chromium")
        stage.picture("setup-broken")
        install(STRANGER)
        sees(driver, "flattr-host does not know this extension")
        stage.picture("setup-stranger")
        install(host_that_says(OLD))
        assert "flattr-host 0.0.9, extension" in sees(driver, "flattr-host is too old")
        stage.picture("setup-host-too-old")
        install(host_that_says(NEW))
        assert "flattr-host 2.0.0" in sees(driver, "This extension is too old")
        stage.picture("setup-extension-too-old")
        assert driver.page_eval(FOCUSED_JS) == "check"
        stage = install(["/usr/bin/env", f"FLATTR_HOST_HOME={home}", NO_KEYRING, *HOST])
        sees(driver, "It works")
        starts = len(stage.host.starts())
        assert driver.page_eval(FOCUSED_JS) == "heading"
        said = driver.page_eval("document.querySelector('#status').textContent")
        assert said.startswith("It works\nflattr-host 0.1.0")
        sees(driver, "The button is in your toolbar")
        stage.picture("setup-works")
        driver.open(site.url("/nothing.html", "blog.example.test"))
        assert len(stage.host.starts()) == starts
        assert driver.page_eval("location.pathname") != f"/{FIRST_RUN_PAGE}"
