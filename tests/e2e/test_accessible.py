"""Everybody can use each screen: axe finds nothing, whatever the colours, and keys reach it all.

A screen is a row of `SCREENS`, and prepares all that it needs; only the empty history has to be
looked at before anything is flattred, and what is said without a host at the end.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pytest

from .axe import violations
from .browser import wait_for
from .display import Display
from .driver import CENTRE_JS, Driver
from .site import Site
from .stage import BESIDE_JS, NAME, Stage, a_stage

OTHER = "other.example.test"
ZOOMS = (2, 4)
"""As large as WCAG asks for; in a window of 1280 pixels the second leaves 320 to the page."""
KEY_S = 1.0
"""So long a key may take until the focus is elsewhere; where it stays, nothing more happens."""

REACHABLE_JS = """[...document.querySelectorAll(
    "a[href], button, input, select, summary, [tabindex]")]
  .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility())
  .filter((one, _, all) => one.type !== "radio" || one.checked
    || !all.some(({ name, checked }) => checked && name === one.name))"""
NAMES_JS = f"{REACHABLE_JS}.map((one) => one.id || one.textContent.trim())"
# Where the focus is among those, and whether that is to be seen, at the element or around it.
FOCUS_JS = f"""(() => {{
  const one = document.activeElement;
  const around = [one, one.parentElement, one.closest("label")].filter(Boolean);
  return [{REACHABLE_JS}.indexOf(one), around.some((element) => {{
    const {{ outlineStyle, outlineWidth }} = getComputedStyle(element);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  }})];
}})()"""
MOVING_JS = """document.getAnimations().filter(({ playState }) => playState === "running")
  .map(({ animationName, effect: { target } }) => `${animationName} of ${target.outerHTML}`)"""
# Text at twice its size, and spaced as WCAG 1.4.12 has it; and as it was.
LARGE_JS = """Object.assign(document.body.style, {
  fontSize: `${2 * parseFloat(getComputedStyle(document.body).fontSize)}px`,
  lineHeight: "1.5", letterSpacing: "0.12em", wordSpacing: "0.16em" })"""
USUAL_JS = "document.body.removeAttribute('style')"
ENABLED_JS = "!document.querySelector('button:disabled')"


class Screen(NamedTuple):
    name: str
    reach: Callable[[Stage], None]
    is_popup: bool = False


@pytest.fixture(scope="module")
def stage(driver_class: type[Driver], display: Display, site: Site) -> Iterator[Stage]:
    with a_stage(driver_class, display, site) as running:
        yield running


# -- how to get there -----------------------------------------------------------------------------


def page(path: str, words: str, then: str = "null") -> Callable[[Stage], None]:
    """`then` is JavaScript, when the page says the words."""

    def reach(stage: Stage) -> None:
        stage.driver.close_popup()
        stage.driver.open_extension_page(path)
        text = "document.body?.innerText ?? ''"
        wait_for(lambda: stage.driver.page_eval(text), words, until=lambda seen: words in seen)
        stage.driver.page_eval(then)

    return reach


def popup(path: str, words: str, host: str = "", **settings: str) -> Callable[[Stage], None]:
    def reach(stage: Stage) -> None:
        stage.set(**{"undo_seconds": "0", **settings})
        stage.visit(path, **({"host": host} if host else {}))
        stage.driver.click_toolbar_button()
        stage.says(words)
        wait_for(lambda: stage.driver.popup_eval(ENABLED_JS), "the answers to be ready")

    return reach


def kept(path: str) -> Callable[[Stage], None]:
    return popup(path, "Kept for later", means="false")


def history(stage: Stage) -> None:
    """With what was flattred, and with what waits to be sent."""
    stage.set(undo_seconds="0")
    stage.visit("/clicked.html")
    stage.driver.click_toolbar_button()
    stage.shows("✓", "Flattred: ")
    kept("/again.html")(stage)
    page("history/history.html", "That is all.", OPEN_JS)(stage)


def without_host(reach: Callable[[Stage], None]) -> Callable[[Stage], None]:
    """For good, and so after all others: the set-up page would go on by itself."""

    def reach_without(stage: Stage) -> None:
        (stage.driver.native_hosts / f"{NAME}.json").unlink(missing_ok=True)
        stage.driver.terminate_background()  # and the host that runs already
        reach(stage)

    return reach_without


SERVER_JS = "document.querySelector('input[value=server]').click()"
OPEN_JS = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"

SCREENS = (
    Screen("history, empty", page("history/history.html", "Nothing yet")),
    Screen("options", page("options/options.html", "In use", OPEN_JS)),
    Screen("options, a server", page("options/options.html", "In use", SERVER_JS)),
    Screen("grace", popup("/undone.html", "About to flattr", undo_seconds="20"), is_popup=True),
    Screen("question", popup("/means.html", "Is this what", host=OTHER), is_popup=True),
    Screen("several", popup("/several.html", "several payees"), is_popup=True),
    Screen("nothing", popup("/nothing.html", "Nothing to flattr here"), is_popup=True),
    Screen("kept", kept("/means.html"), is_popup=True),
    Screen("history", history),
    Screen("somebody's history", page("history/history.html?user=alice", "hides")),
    Screen("setup, works", page("setup/setup.html", "It works")),
    Screen("missing", without_host(popup("/missing.html", "Install flattr-host")), is_popup=True),
    Screen("setup, missing", without_host(page("setup/setup.html", "One step is left", OPEN_JS))),
)


# -- what there is to find ------------------------------------------------------------------------


def in_all_colours(driver: Driver, evaluate: Callable[[str], Any]) -> dict[str, list[str]]:
    found = {}
    for theme in ("light", "dark"):
        with driver.media("prefers-color-scheme", theme):
            assert evaluate(f"matchMedia('(prefers-color-scheme: {theme})').matches")
            found[theme] = violations(evaluate)
    with driver.media("forced-colors", "active"):
        assert evaluate("matchMedia('(forced-colors: active)').matches")
        found["forced colours"] = violations(evaluate)
    with driver.media("prefers-reduced-motion", "reduce"):
        assert evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
        found["moving"] = evaluate(MOVING_JS)
    return found


def when_zoomed(driver: Driver) -> dict[str, list[str]]:
    """What goes beyond the window, or is cut off."""
    found = {}
    for zoom in ZOOMS:
        driver.page_eval(f"browser.tabs.setZoom({zoom})")
        zoomed = f"innerWidth <= {driver.display.width // zoom}"
        wait_for(partial(driver.page_eval, zoomed), f"{zoom} times the size")
        found[f"zoomed {zoom} times"] = driver.page_eval(BESIDE_JS)
    driver.page_eval("browser.tabs.setZoom(1)")
    return found


def with_tab(driver: Driver, evaluate: Callable[[str], Any]) -> dict[str, list[str]]:
    """Whether the focus goes where Tab has to lead it, in the document's order, and is seen."""
    names = evaluate(NAMES_JS)
    reached: list[int] = []
    unseen = []
    for _ in range(len(names) + 2):  # Firefox takes one for itself, and so may the first element
        at, is_seen = after_tab(driver, evaluate)
        if at >= 0 and at not in reached:
            reached.append(at)
            if not is_seen:
                unseen.append(names[at])
    begin = reached[0] if reached else 0
    order = [*range(begin, len(names)), *range(begin)]
    wrong = [] if reached == order else [json.dumps([names[at] for at in reached]), *names]
    return {"tab order": wrong, "focus not seen": unseen}


def after_tab(driver: Driver, evaluate: Callable[[str], Any]) -> tuple[int, bool]:
    before = evaluate(FOCUS_JS)
    driver.display.xdotool("key", "Tab")
    deadline = time.monotonic() + KEY_S
    while (now := evaluate(FOCUS_JS)) == before and time.monotonic() < deadline:
        pass
    return now[0], now[1]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda it: it.name)
def test_nobody_is_kept_out(stage: Stage, screen: Screen) -> None:
    driver = stage.driver
    screen.reach(stage)
    evaluate = driver.popup_eval if screen.is_popup else driver.page_eval
    if not screen.is_popup:  # after a click the keys are the page's, and Tab begins at its top
        head = driver.page_eval(CENTRE_JS % '".page-name"')
        driver.display.click(*driver._centre(head, "the page's head"))
    found = with_tab(driver, evaluate) | in_all_colours(driver, evaluate)
    if not screen.is_popup:
        found |= when_zoomed(driver)
    evaluate(LARGE_JS)
    found["large text"] = evaluate(BESIDE_JS)
    evaluate(USUAL_JS)
    leave(stage)
    assert {where: what for where, what in found.items() if what} == {}


def leave(stage: Stage) -> None:
    """Undone and not only closed, lest the next popup has news of it."""
    if "Undo" in (stage.driver.popup_text() or ""):
        stage.driver.popup_click("[data-act=undo]")
        stage.says("Nothing was flattred")
    stage.driver.close_popup()
