"""The history page in real browsers: long ones, searched, filtered, saved; and other people's."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest

from flattr_host.ledger import Ledger, Store
from flattr_host.ledger import Person as Oneself

from .browser import wait_for
from .display import Display
from .driver import Driver
from .served import PROGRAM, ServedLedger
from .site import Site
from .stage import Stage, a_stage
from .visitor import Visitor

LONG = 300
HOUR_S = 3_600
OWNERS = ("alice", "bread-club", "carla", "dun", "eva", "frida", "gus", "hana", "ilja", "jonas",
          "kim", "lou", "måns", "nora", "otto")  # fmt: skip
THINGS = ("Sourdough for patient people", "Notes on sharpening", "Field recordings", "A small forge",
          "How letters are drawn", "The tide table", "Radio from the attic", "Maps by hand",
          "Café Zürich, a portrait")  # fmt: skip

ROWS_JS = "document.querySelectorAll('#days .entry').length"
TITLES_JS = "[...document.querySelectorAll('#days .entry-title')].map((one) => one.textContent)"
TO_END_JS = "scrollTo(0, document.documentElement.scrollHeight)"
NARROW_JS = "document.documentElement.scrollWidth <= innerWidth"
PICTURE_JS = """[...document.querySelectorAll("#picture-rows tr")].map((row) => [...row.children]
  .map((cell) => cell.textContent))"""
FOUND_JS = "document.querySelector('#found').textContent"


def a_long_history(file: Path, username: str | None = None) -> None:
    """Three hundred flattrs of some months, the last one a moment ago."""
    chance = random.Random(7)
    file.parent.mkdir(parents=True, exist_ok=True)
    store = Store(str(file))
    when = time.time()
    moments = [when := when - chance.expovariate(1 / (9 * HOUR_S)) for _ in range(LONG)]
    for number, moment in enumerate(reversed(moments)):
        owner = OWNERS[int(len(OWNERS) * chance.random() ** 2)]
        title = f"{chance.choice(THINGS)}, {number}" if number else "The very first"
        place = f"https://{owner.encode('idna').decode()}.example/{number}"
        query = urlencode({"user_id": owner, "title": title, "url": place})
        url = f"https://flattr.com/submit/auto?{query}"
        if number % 8 == 3:
            url = f"https://github.com/{owner.replace('å', 'a')}/tools-{number}"
        person = Oneself(username) if username else Oneself()
        Ledger(store, person, now=partial(float, moment)).flattr(url)
    store.close()


def opens(stage: Stage, query: str = "") -> Visitor:
    stage.driver.open_extension_page(f"history/history.html{query}")
    return Visitor(stage.driver)


def is_(stage: Stage, expression: str, expected: object) -> None:
    """Waits until the page has that value."""
    look = partial(stage.driver.page_eval, expression)
    wait_for(look, f"{expression} to be {expected!r}", until=lambda seen: seen == expected)


@pytest.fixture
def stage(driver_class: type[Driver], display: Display, site: Site) -> Iterator[Stage]:
    with a_stage(driver_class, display, site, dark=bool(os.environ.get("DARK"))) as running:
        yield running


def test_a_long_history(stage: Stage) -> None:
    driver = stage.driver
    a_long_history(stage.home / "data" / "ledger.sqlite3")
    visitor = opens(stage)
    visitor.sees("Who got how many")
    wait_for(lambda: driver.page_eval(PICTURE_JS), "the picture")
    stage.picture("history-long")

    is_(stage, ROWS_JS, 30)
    driver.page_eval(TO_END_JS)
    is_(stage, ROWS_JS, 60)
    stage.picture("history-scrolled")

    visitor.fills("#search", "VERY first")
    is_(stage, TITLES_JS, ["The very first"])
    is_(stage, FOUND_JS, f"{LONG} flattrs searched · 1 found")
    visitor.fills("#search", "cafe zurich")
    wait_for(lambda: driver.page_eval(ROWS_JS) > 5, "what has accents")
    stage.picture("history-search")
    visitor.fills("#search", "nobody ever wrote this")
    visitor.sees("Nothing found")
    stage.picture("history-none")
    visitor.clicks("#clear")
    is_(stage, ROWS_JS, 30)

    visitor.clicks("#days .entry .plain")
    visitor.sees("found")
    stage.picture("history-filter")
