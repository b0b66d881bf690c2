"""Clicks on the real button of real browsers, timed by what is on the screen.

Nothing is attached to the browser while it is timed: the click is the X server's, and the badge is
seen when its colours are among the button's pixels.
"""

import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bench import serving
from tests.bench.measuring import Times
from tests.bench.screen import Colour, Screen
from tests.e2e.chromium import Chromium
from tests.e2e.display import Display
from tests.e2e.driver import Driver
from tests.e2e.firefox import Firefox
from tests.e2e.native_host import host_that_says
from tests.e2e.site import Site
from tests.e2e.stage import BLOG, EXTENSION, NO_KEYRING, PAGE, REPOSITORY, Stage, a_stage, submit

BROWSERS: tuple[type[Driver], ...] = (Chromium, Firefox)
TEMPERS = {
    "asleep": "background stopped, no host",
    "cold": "no host",
    "warm": "host running",
}
HOST_STARTS = {"asleep": 1, "cold": 1, "warm": 0}
"""How many hosts a click starts. A first one, which is not timed, warms up what can be."""
LEDGERS = ("embedded", "served")
SMALLEST = "smallest"
"""In the place of a ledger: the baseline, the smallest extension with an echo for a host."""
SMALLEST_BUTTON = Path(__file__).parent / "baselines" / "button"

NEAR = 2
"""A browser may draw a colour so far from what it was told."""
LEAST = 20
"""Pixels of a badge; its ground alone has more than fifty."""
HALF_BUTTON = 20
APPROACH_S, HOVER_S = 0.2, 0.5
LIMIT_S = 20.0
LOOK_EVERY_S = 0.001


class Clicked(NamedTuple):
    """Seconds from a click until its effects were on the screen."""

    change: float
    answer: float


Measured = dict[tuple[str, str, str], list[Clicked]]
"""By browser, ledger or the baseline, and temper."""


def measure(rounds: int) -> Measured:
    """So many clicks for each browser, ledger and temper, and for the baseline."""
    found: Measured = {}
    with Display() as display, Site({}) as site, Screen(display.name) as screen:
        for driver_class in BROWSERS:
            for ledger in (SMALLEST, *LEDGERS):
                with a_connected_stage(driver_class, display, site, ledger) as stage:
                    button = Button(stage, screen)
                    for temper in TEMPERS:
                        clicks = [button.click(temper) for _ in range(rounds + 1)][1:]
                        found[driver_class.name, ledger, temper] = clicks
    return found


def changes(
    measured: Measured, browser: str, temper: str, ledgers: Sequence[str] = LEDGERS
) -> Times:
    """Until anything was to be seen of a click, wherever it was stored in the end."""
    return Times([one.change for ledger in ledgers for one in measured[browser, ledger, temper]])


def answers(measured: Measured, browser: str, ledger: str, temper: str) -> Times:
    """Until the button said "flattred"."""
    return Times([one.answer for one in measured[browser, ledger, temper]])


@contextmanager
def a_connected_stage(
    driver_class: type[Driver], display: Display, site: Site, ledger: str
) -> Iterator[Stage]:
    """A browser whose flattrs go into that ledger; the served one is on this machine."""
    if ledger == SMALLEST:
        echo = host_that_says({})
        with a_stage(driver_class, display, site, program=echo, extension=SMALLEST_BUTTON) as stage:
            yield stage
        return
    with a_stage(driver_class, display, site) as stage, tempfile.TemporaryDirectory() as folder:
        stage.set(undo_seconds="0")
        if ledger == "embedded":
            yield stage
            return
        file = Path(folder, "served.sqlite3")
        token = serving.fill(file, 1)
        with serving.serving(serving.serve(file)) as api_url:
            keyring, _, backend = NO_KEYRING.partition("=")
            place = {"FLATTR_HOST_HOME": str(stage.home), keyring: backend}
            serving.login(api_url, token, {"PATH": os.environ["PATH"], **place})
            yield stage


class Button:
    """The extension's button, clicked on one page after the other."""

    def __init__(self, stage: Stage, screen: Screen) -> None:
        self._stage = stage
        self._screen = screen
        self._pages = 0
        self._busy, self._good = colour("busy"), colour("good")

    def click(self, temper: str) -> Clicked:
        """Clicks on a fresh page that can be flattred."""
        driver = self._stage.driver
        driver.open(self._fresh_page())
        if temper != "warm":
            driver.terminate_background()
        if temper == "cold":
            driver.background_eval("true")  # wakes it
        x, y = driver.button_place()
        self._screen.move(x, y + 10 * HALF_BUTTON)
        time.sleep(APPROACH_S)
        self._screen.move(x, y)
        time.sleep(HOVER_S)
        before = len(self._stage.host.starts())
        clicked = self._watch(x - HALF_BUTTON, y - HALF_BUTTON)
        starts = len(self._stage.host.starts()) - before
        if self._pages > 1 and starts != HOST_STARTS[temper]:
            raise RuntimeError(f"a click that is {temper} started {starts} hosts")
        return clicked

    def _fresh_page(self) -> str:
        self._pages += 1
        path = f"/pressed-{self._pages}.html"
        site = self._stage.site
        link = submit(site.url(path, BLOG), "bob")
        site.pages[path] = PAGE.format(
            title=f"Page {self._pages}",
            head=f'<link rel="payment" href="{link}">',
            repository=REPOSITORY,
            more="",
        )
        return site.url(path, BLOG)

    def _watch(self, left: int, top: int) -> Clicked:
        """Clicks, and looks at the button until it says how that ended."""
        deadline = time.perf_counter() + LIMIT_S
        while self._seen(left, top) != (False, False):  # what it showed of the page before
            if time.perf_counter() > deadline:
                raise RuntimeError("the button shows something before the click")
        at = self._screen.click()
        change = None
        while (passed := time.perf_counter() - at) < LIMIT_S:
            is_busy, is_good = self._seen(left, top)
            passed = time.perf_counter() - at
            if change is None and (is_busy or is_good):
                change = passed
            if change is not None and is_good:
                return Clicked(change, passed)
            time.sleep(LOOK_EVERY_S)
        raise RuntimeError(f"no flattr: {self._stage.driver.title()}")

    def _seen(self, left: int, top: int) -> tuple[bool, bool]:
        """Whether the badge is there, of a flattr that is under way and of one that is done."""
        pixels = self._screen.pixels(left, top, 2 * HALF_BUTTON, 2 * HALF_BUTTON)
        return is_among(self._busy, pixels), is_among(self._good, pixels)


def colour(tone: str) -> Colour:
    """The ground of a badge, as the extension has it."""
    source = (EXTENSION / "presentation" / "badge.js").read_text(encoding="utf-8")
    found = re.search(rf'^  {tone}: "#(..)(..)(..)",$', source, re.MULTILINE)
    if not found:
        raise RuntimeError(f"badge.js has no colour {tone}")
    red, green, blue = (int(part, 16) for part in found.groups())
    return red, green, blue


def is_among(wanted: Colour, pixels: Counter[Colour]) -> bool:
    """Whether so many are of that colour that it cannot be the edge of something else."""
    found = sum(
        count
        for pixel, count in pixels.items()
        if all(abs(one - other) <= NEAR for one, other in zip(wanted, pixel, strict=True))
    )
    return found >= LEAST
