"""A virtual screen for the whole test session, and the two browsers to run on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from .chromium import Chromium
from .display import Display
from .driver import Driver
from .firefox import Firefox
from .marked_pages import marked_pages
from .site import Site
from .stage import pages

PROGRAMS = ("Xvfb", "xdotool", "import", "dbus-daemon", "chromium", "firefox-esr")
DEBIAN_PACKAGES = "chromium firefox-esr xvfb xdotool dbus-daemon at-spi2-core imagemagick"


@pytest.fixture(scope="session")
def display() -> Iterator[Display]:
    """An Xvfb of 1280 by 800 pixels with its own D-Bus session."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        sentence = f"not installed: {', '.join(missing)}. On Debian: apt install {DEBIAN_PACKAGES}"
        # Nobody has to have two browsers to try a change; but what CI says must be all of it.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)
    with Display() as screen:
        yield screen


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The pages of stage.py and of marked_pages.py."""
    with Site({}) as running:
        running.pages |= pages(running) | marked_pages(running)
        yield running


@pytest.fixture(scope="module", params=[Chromium, Firefox], ids=["chromium", "firefox"])
def driver_class(request: pytest.FixtureRequest) -> type[Driver]:
    """Each browser in turn; what takes this fixture runs once with each."""
    chosen: type[Driver] = request.param
    return chosen
