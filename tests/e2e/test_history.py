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
from .pictured import Pictured
from .served import PROGRAM, ServedLedger
from .site import Site
from .stage import Stage, a_stage
from .visitor import Visitor

LONG = 300
HOUR_S = 3_600
OWNERS = ("alice", "bread-club", "carla", "dun", "eva", "frida", "gus", "hana", "ilja", "jonas",
          "kim", "lou", "måns", "nora", "otto")  # fmt: skip
THINGS = ("Sourdough for patient people", "Notes on sharpening", "Field recordings",
          "A small forge",
          "How letters are drawn", "The tide table", "Radio from the attic", "Maps by hand",
          "Café Zürich, a portrait")  # fmt: skip

ROWS_JS = "document.querySelectorAll('#days .entry').length"
TITLES_JS = "[...document.querySelectorAll('#days .entry-title')].map((one) => one.textContent)"
TO_END_JS = "scrollTo(0, document.documentElement.scrollHeight)"
PICTURE_JS = """[...document.querySelectorAll("#picture-rows tr")].map((row) => [...row.children]
  .map((cell) => cell.textContent))"""
UNNAMED_JS = """[...document.querySelectorAll("a, button, input, select")]
  .filter((element) => element.checkVisibility())
  .filter((element) => !(element.textContent.trim() || element.ariaLabel
    || [...(element.labels ?? [])].map((label) => label.textContent.trim()).join("")))
  .map((element) => element.outerHTML)"""
FOUND_JS = "document.querySelector('#found').textContent"


def a_long_history(file: Path, username: str | None = None) -> None:
    """Three hundred flattrs of some months, the last one a moment ago."""
    chance = random.Random(7)  # noqa: S311 - the same history in every run
    file.parent.mkdir(parents=True, exist_ok=True)
    store = Store(str(file))
    when = time.time()
    moments = [when := when - chance.expovariate(1 / (9 * HOUR_S)) for _ in range(LONG)]
    for number, moment in enumerate(reversed(moments)):
        owner = OWNERS[int(len(OWNERS) * chance.random() ** 2)]
        title = f"{chance.choice(THINGS)}, {number}" if number else "<b>The very first</b>"
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
    with a_stage(driver_class, display, site) as running:
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

    visitor.clicks("h1")
    driver.page_eval("document.querySelector('#more button').focus({ preventScroll: true })")
    visitor.presses("Return")
    is_(stage, f"{ROWS_JS} >= 90", True)
    assert "entry" in driver.page_eval("document.activeElement.className")
    assert driver.page_eval(UNNAMED_JS) == []

    visitor.fills("#search", "VERY first")
    is_(stage, TITLES_JS, ["<b>The very first</b>"])
    link = "document.querySelector('#days a')"
    assert driver.page_eval(f"{link}.rel") == "noreferrer noopener"
    is_(stage, FOUND_JS, f"{LONG} flattrs searched · 1 found")
    visitor.fills("#search", "cafe zurich")
    wait_for(lambda: driver.page_eval(ROWS_JS) > 5, "what has accents")
    stage.picture("history-search")
    visitor.fills("#search", "nobody ever wrote this")
    visitor.sees("Nothing found")
    stage.picture("history-none")
    visitor.clicks("#clear")
    is_(stage, ROWS_JS, 30)
    shows_narrow(stage)

    visitor.clicks("#days .entry .plain")
    visitor.sees("found")
    stage.picture("history-filter")

    month = driver.page_eval("document.querySelector('#picture-month').textContent")
    visitor.clicks("#older-month")
    wait_for(
        lambda: driver.page_eval("document.querySelector('#picture-month').textContent"),
        "the month before",
        until=lambda text: text != month,
    )
    visitor.clicks("#all-owners")
    rows = driver.page_eval(PICTURE_JS)
    assert len(rows) > 11
    total = driver.page_eval("document.querySelector('#picture-total').textContent")
    assert total == f"{sum(int(count) for _, count, _ in rows)} flattrs · {len(rows)} owners"
    assert abs(sum(float(share.rstrip("%")) for *_, share in rows) - 100) < 0.05 * len(rows)
    saves(stage, visitor)


def shows_narrow(stage: Stage) -> None:
    """As in a window of 320 pixels, which browsers do not make that small."""
    driver = stage.driver
    frame = """document.body.replaceChildren(Object.assign(document.createElement("iframe"),
      { src: location.href, style: "inline-size: 320px; block-size: 95vh; border: 0" })), 0"""
    driver.page_eval(frame)
    inner = "document.querySelector('iframe').contentDocument"
    rows = f"{inner}.querySelectorAll('#days .entry').length"
    is_(stage, rows, 30)
    assert driver.page_eval(f"{inner}.documentElement.scrollWidth") <= 320
    stage.picture("history-narrow")
    opens(stage)
    is_(stage, ROWS_JS, 30)


def saves(stage: Stage, visitor: Visitor) -> None:
    """What is filtered as CSV, then all as JSON; as files that other programs read."""
    visitor.sees("Save what is found as")
    found = int(stage.driver.page_eval(FOUND_JS).split(" · ")[1].split()[0])
    visitor.clicks("[data-format=csv]")
    rows = list(csv.DictReader(downloaded(stage, "csv").open(encoding="utf-8", newline="")))
    assert len(rows) == found
    assert len({row["owner"] for row in rows}) == 1
    visitor.sees("saved as flattrs-")
    stage.picture("history-saved")
    visitor.clicks("#chip button")
    visitor.sees("Save all as")
    visitor.clicks("[data-format=json]")
    flattrs = json.loads(downloaded(stage, "json").read_text("utf-8"))
    assert len(flattrs) == LONG
    assert list(flattrs[-1]) == ["flattred_at", "title", "owner", "url", "thing"]
    assert flattrs[-1]["title"] == "<b>The very first</b>"
    assert flattrs == sorted(flattrs, key=lambda one: str(one["flattred_at"]), reverse=True)


def downloaded(stage: Stage, kind: str) -> Path:
    """The file, as soon as the browser has it whole."""
    folder = stage.driver.home / "Downloads"

    def look() -> list[Path]:
        found = list(folder.glob(f"flattrs-????-??-??.{kind}"))
        return [file for file in found if file.stat().st_size]

    (file,) = wait_for(look, f"a .{kind} in {folder}")
    return file


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServedLedger]:
    with ServedLedger(tmp_path / "ledger") as running:
        for name in ("dora", "alice", "bob"):
            running.add_user(name, "correct horse battery")
        running.add_user("shy", "correct horse battery", "--hide-flattrs")
        a_long_history(running.ledger, "dora")
        yield running


def share_with(server: ServedLedger, url: str, *names: str) -> None:
    store = Store(str(server.ledger))
    for name in names:
        Ledger(store, Oneself(name)).flattr(url)
    store.close()


def connects(stage: Stage, api_url: str, token: str) -> None:
    """As ``flattr-host login`` does with a token that somebody has."""
    stage.set(api_url=f'"{api_url}"')
    subprocess.run(
        [*PROGRAM, "login", "--token-stdin", api_url],
        env={
            **os.environ,
            "FLATTR_HOST_HOME": str(stage.home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        },
        input=f"{token}\n",
        text=True,
        check=True,
        timeout=30,
    )


def test_people_and_images(stage: Stage, server: ServedLedger) -> None:
    driver = stage.driver
    url = server.flattrs_of("dora")[0][0]
    share_with(server, url, "bob", "shy", "alice")
    with Pictured(server.url) as pictured:
        connects(stage, f"{pictured.url}/rest/v2", server.add_token("dora"))
        visitor = opens(stage)
        visitor.sees("as dora")
        wait_for(lambda: driver.page_eval(ROWS_JS), "the list")
        assert pictured.images == []
        visitor.clicks("#show-images")
        shown = "document.querySelectorAll('.entry-image img').length"
        wait_for(lambda: driver.page_eval(shown), "images", until=lambda count: count > 2)
        asked = len(pictured.images)
        assert asked == len(set(pictured.images)) < 30
        assert driver.page_eval(
            "[...document.images].every((one) => /^(data|\\w+-extension):/.test(one.src))"
        )
        visitor.clicks(".others-button")
        text = visitor.sees("Who flattred this")
        wait_for(lambda: "bob" in visitor.sees("Who flattred this"), "bob")
        text = driver.page_eval("document.querySelector('.others').innerText")
        assert "You" in text
        assert "alice" in text
        assert "shy" not in text
        stage.picture("history-others")
        visitor.clicks(".others a[href$='user=bob']")
        visitor.sees("What bob flattred")
        is_(stage, ROWS_JS, 1)
        stage.picture("history-bob")
        driver.page_eval("history.back()")
        visitor.sees("What you flattred")
        opens(stage, "?user=shy")
        visitor.sees("shy hides their flattrs, or has none.")
        stage.picture("history-shy")
        opens(stage, "?user=nobody-here")
        visitor.sees("knows nobody called nobody-here")
