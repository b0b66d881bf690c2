"""A virtual screen for the whole test session, and the two browsers to run on it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .chromium import Chromium
from .display import Display
from .driver import Driver
from .firefox import Firefox
from .marked_pages import marked_pages
from .processes import missing_programs
from .site import Site
from .stage import pages


@pytest.fixture(scope="session")
def display() -> Iterator[Display]:
    """An Xvfb of 1280 by 800 pixels with its own D-Bus session."""
    if missing := missing_programs():
        # Nobody has to have two browsers to try a change; but what CI says must be all of it.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
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
