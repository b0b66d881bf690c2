"""A fresh HOME, `python3 install.py`, a real browser, one click; and the same after `uninstall`."""

from __future__ import annotations

import os
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.browsers.test_world import PLACE, SYSTEM
from tests.browsers.world import Namespace, python_for_everybody
from tests.test_install import INSTALL, NAME, PIP

from .browser import wait_for
from .chromium import Chromium
from .display import Display
from .driver import Driver
from .firefox import Firefox
from .site import Site
from .stage import BLOG, EXTENSION


class ChromiumAtHome(Chromium):
    """Its profile lies where a person's does, and not where a test likes it."""

    @property
    def profile(self) -> Path:
        return self.home / ".config/chromium"


def run(driver: Driver, *command: str | Path) -> str:
    """What a command says in the browser's HOME; it succeeds."""
    kept = {k: v for k, v in os.environ.items() if k[:4] != "XDG_" and k != "FLATTR_HOST_HOME"}
    env = {**kept, **PIP, "HOME": str(driver.home)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def says(driver: Driver, words: str) -> None:
    wait_for(lambda: driver.popup_text() or "", repr(words), until=lambda text: words in text)


def flattred(driver: Driver) -> list[str]:
    ledger = driver.home / ".local/share/flattr-host/ledger.sqlite3"
    with closing(sqlite3.connect(ledger)) as db:
        return [url for (url,) in db.execute("SELECT url FROM things ORDER BY id")]


def flattrs_with_a_click(driver: Driver, site: Site, path: str) -> None:
    driver.open(site.url(path, BLOG))
    driver.click_toolbar_button()
    says(driver, "Undo")
    wait_for(driver.badge, "the badge", until=lambda text: text == "✓")
    assert flattred(driver)[-1] == site.url(path, BLOG)


def asks_to_install(driver: Driver, site: Site, path: str) -> None:
    """The connection to a host that is still running is closed after a while."""
    driver.restart()
    driver.open(site.url(path, BLOG))
    driver.click_toolbar_button()
    says(driver, "Install flattr-host")


@pytest.mark.parametrize("browser", [ChromiumAtHome, Firefox], ids=["chromium", "firefox"])
def test_the_browser_finds_it_and_no_longer_after_uninstalling(
    browser: type[Driver], display: Display, site: Site
) -> None:
    with browser(display, EXTENSION) as driver:
        said = run(driver, sys.executable, INSTALL)
        assert f"Wrote {driver.native_hosts / NAME}" in said
        driver.start()
        flattrs_with_a_click(driver, site, "/clicked.html")
        assert "Removed" in run(driver, sys.executable, INSTALL, "uninstall")
        asks_to_install(driver, site, "/undone.html")
        assert flattred(driver) == [site.url("/clicked.html", BLOG)]


def test_a_user_data_dir_of_ones_own_can_be_named(display: Display, site: Site) -> None:
    """Chromium follows ``--user-data-dir``, and looks there alone."""
    with Chromium(display, EXTENSION) as driver:
        command = Path(sys.executable).with_name("flattr-host")
        words = ["--manifest-dir", str(driver.native_hosts), "--family", "chromium"]
        run(driver, command, "register", *words)
        driver.start()
        flattrs_with_a_click(driver, site, "/twice.html")
        assert f"by {driver.native_hosts / NAME}" in run(driver, command, "doctor")
        run(driver, command, "unregister")
        asks_to_install(driver, site, "/undone.html")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can register for everybody")
@pytest.mark.parametrize("browser", [Chromium, Firefox], ids=["chromium", "firefox"])
def test_what_is_registered_for_everybody_is_found(
    browser: type[Driver],
    display: Display,
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In file systems of their own, so that this machine stays as it is."""
    written = tmp_path / "written"
    written.mkdir()
    python_for_everybody(tmp_path / "python")
    everybodys = Namespace(SYSTEM, written, tmp_path / "python", PLACE, is_real=True)
    with everybodys as inside, browser(display, EXTENSION) as driver:
        command = [*inside.entering(), str(PLACE / "bin/python"), str(PLACE / "bin/flattr-host")]
        assert "Wrote /usr/local/lib/flattr-host" in run(driver, *command, "register", "--system")
        module = sys.modules[browser.__module__]
        wrapper = tmp_path / "browser"
        begin = shlex.join([*inside.entering(), vars(module)["PROGRAM"]])
        wrapper.write_text(f'#!/bin/sh\nexec {begin} "$@"\n')
        wrapper.chmod(0o755)
        monkeypatch.setattr(module, "PROGRAM", str(wrapper))
        driver.start()
        flattrs_with_a_click(driver, site, "/clicked.html")
        run(driver, *command, "unregister", "--system")
        asks_to_install(driver, site, "/undone.html")
