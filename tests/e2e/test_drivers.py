"""The drivers, proved on a small extension: what they report is what the browser really did."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .browser import Browser, BrowserError, wait_for
from .display import Display
from .driver import Driver
from .native_host import RecordedHost
from .site import Site

EXTENSION = Path(__file__).parent / "driver_extension"
HOST = "io.github.flattr_host.probe"
GREEN = (46, 125, 50, 255)
PAGE = """<!DOCTYPE html><html lang="en"><title>%s</title>
<body><h1>A page</h1><p><a id="link" href="/b.html">the other one</a></p></body></html>"""
LOG_JS = "browser.storage.local.get('log').then(({ log = [] }) => log)"
ECHO_JS = f"""new Promise((resolve, reject) => {{
  const port = browser.runtime.connectNative("{HOST}");
  port.onMessage.addListener((message) => {{ port.disconnect(); resolve(message); }});
  port.onDisconnect.addListener(() => reject(new Error("the host has gone")));
  port.postMessage({{ word: "grüße" }});
}})"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site({"/a.html": PAGE % "Page A", "/b.html": PAGE % "Page B"}) as running:
        yield running


@pytest.fixture(scope="module")
def started(driver_class: type[Driver], display: Display) -> Iterator[tuple[Driver, RecordedHost]]:
    with driver_class(display, EXTENSION) as driver:
        host = RecordedHost(driver, HOST, ["sh", "-c", "exec cat"])  # cat echoes every frame
        driver.start()
        wait_for(lambda: recorded(driver), "the menus to be made")
        yield driver, host
        print(driver.log()[-2000:])  # pytest shows it when a test failed


@pytest.fixture
def browser(started: tuple[Driver, RecordedHost], site: Site) -> Browser:
    """The running browser on page A, as if nothing had been done with the extension yet."""
    driver, _ = started
    driver.terminate_background()  # and what an earlier test left waiting in it
    driver.close_popup()
    driver.open(site.url("/b.html"))  # leaving a page resets what the action showed for its tab
    driver.open(site.url("/a.html"))
    driver.background_eval("browser.storage.local.clear()")
    return driver


def recorded(browser: Browser) -> list[dict[str, Any]]:
    log: list[dict[str, Any]] = browser.background_eval(LOG_JS)
    return log


def gestures(browser: Browser) -> list[dict[str, Any]]:
    """What the extension wrote down once its popup is open: the gesture, and how that opened."""
    wait_for(browser.popup_text, "the popup")
    return wait_for(lambda: recorded(browser), "the log", until=lambda seen: len(seen) > 1)


def test_a_page_opens(browser: Browser) -> None:
    assert browser.page_eval("document.title") == "Page A"


def test_names_under_test_are_other_origins_on_this_machine(browser: Browser, site: Site) -> None:
    browser.open(site.url("/b.html", host="somebody.example.test"))
    assert browser.page_eval("[document.title, location.hostname]") == [
        "Page B",
        "somebody.example.test",
    ]


def test_the_active_tab_is_the_one_in_front(browser: Browser, site: Site) -> None:
    new_tab = browser.background_eval(
        f"browser.tabs.create({{ url: '{site.url('/b.html')}' }}).then(({{ id }}) => id)"
    )
    wait_for(
        lambda: browser.page_eval("document.title"),
        "the new tab",
        until=lambda title: title == "Page B",
    )
    browser.background_eval(f"browser.tabs.remove({new_tab})")
    assert browser.page_eval("document.title") == "Page A"


def test_a_page_that_cannot_be_reached_is_an_error(browser: Browser) -> None:
    with pytest.raises(BrowserError):
        browser.open("http://127.0.0.1:1/")


def test_an_error_in_an_expression_is_reported(browser: Browser) -> None:
    with pytest.raises(BrowserError, match="just so"):
        browser.background_eval("Promise.reject(new Error('just so'))")


def test_toolbar_click_grants_the_page_and_opens_the_popup_later(
    browser: Browser, site: Site
) -> None:
    browser.click_toolbar_button()
    click, popup = gestures(browser)
    assert click == {"kind": "click", "linkUrl": None, "url": site.url("/a.html"), "read": "Page A"}
    assert popup == {"kind": "openPopup", "opened": "opened"}


def test_badge_and_title_are_the_tabs_and_go_with_the_page(browser: Browser, site: Site) -> None:
    assert (browser.badge(), browser.title()) == ("", "Probe")
    browser.click_toolbar_button()
    wait_for(browser.badge, "the badge", until=lambda text: text == "c")
    assert browser.badge_color() == GREEN
    wait_for(browser.title, "the title", until=lambda text: text == "Probe: click")
    assert browser.toolbar_label().startswith("Probe: click")
    browser.open(site.url("/b.html"))
    assert (browser.badge(), browser.title()) == ("", "Probe")


def test_link_menu_choice(browser: Browser, site: Site) -> None:
    browser.choose_menu_item("Probe this link", on="#link")
    assert gestures(browser)[0] == {
        "kind": "link",
        "linkUrl": site.url("/b.html"),
        "url": site.url("/a.html"),
        "read": "Page A",
    }


def test_page_menu_choice(browser: Browser, site: Site) -> None:
    browser.choose_menu_item("Probe this page")
    assert gestures(browser)[0] == {
        "kind": "page",
        "linkUrl": None,
        "url": site.url("/a.html"),
        "read": "Page A",
    }


def test_an_item_in_the_extensions_submenu_is_found(browser: Browser) -> None:
    browser.background_eval("""new Promise((done) => browser.contextMenus.create(
        { id: "more", title: "Probe more", contexts: ["link"] }, done))""")
    assert "Probe this link" not in browser.menu_labels("#link")  # two items make a submenu
    browser.choose_menu_item("Probe this link", on="#link")
    assert gestures(browser)[0]["kind"] == "link"
    browser.background_eval("browser.contextMenus.remove('more')")


def test_menu_labels_are_those_of_the_place(browser: Browser) -> None:
    on_link, on_page = browser.menu_labels("#link"), browser.menu_labels()
    assert "Probe this link" in on_link
    assert "Probe this page" not in on_link
    assert "Probe this page" in on_page
    assert "Probe this link" not in on_page


def test_popup_text_click_and_close(browser: Browser) -> None:
    assert browser.popup_text() is None
    browser.click_toolbar_button()
    assert "Pressed 0 times" in str(wait_for(browser.popup_text, "the popup"))
    browser.popup_click("#press")
    wait_for(browser.popup_text, "the press", until=lambda text: "1 times, really" in str(text))
    browser.close_popup()
    assert browser.popup_text() is None


def test_once_there_is_a_popup_the_button_opens_it(browser: Browser) -> None:
    browser.click_toolbar_button()
    before = gestures(browser)
    browser.close_popup()
    browser.click_toolbar_button()
    wait_for(browser.popup_text, "the popup again")
    assert recorded(browser) == before


def test_the_same_page_in_a_tab_is_no_popup(browser: Browser) -> None:
    browser.open_extension_page("popup.html")
    assert browser.page_eval("location.href") == browser.extension_url("popup.html")
    assert browser.popup_text() is None


def test_a_stopped_background_is_woken_by_gestures_and_by_looking(browser: Browser) -> None:
    for act in (
        browser.click_toolbar_button,
        lambda: browser.choose_menu_item("Probe this link", on="#link"),
    ):
        _stop_then(browser, act)
    browser.terminate_background()
    assert browser.badge() == "l"
    assert browser.background_running()


def _stop_then(browser: Browser, act: Callable[[], None]) -> None:
    browser.terminate_background()
    assert not browser.background_running()
    act()
    wait_for(browser.popup_text, "the popup")
    browser.close_popup()


def test_host_starts_are_counted(started: tuple[Driver, RecordedHost], browser: Browser) -> None:
    _, host = started
    assert host.starts() == []
    assert browser.background_eval(ECHO_JS) == {"word": "grüße"}
    assert len(host.starts()) == 1


def test_restart_keeps_extension_storage_and_menus(browser: Browser, site: Site) -> None:
    browser.background_eval("browser.storage.local.set({ log: [{ kind: 'kept' }] })")
    browser.restart()
    browser.open(site.url("/a.html"))
    browser.choose_menu_item("Probe this page")
    assert [entry["kind"] for entry in gestures(browser)[:2]] == ["kept", "page"]


def test_screenshot_shows_the_screen(browser: Browser, display: Display, tmp_path: Path) -> None:
    whole = browser.screenshot(tmp_path / "whole.png")
    part = browser.screenshot(tmp_path / "part.png", crop=(0, 0, 400, 90))
    assert _identify(whole)[:2] == (display.width, display.height)
    assert _identify(part)[:2] == (400, 90)
    assert _identify(whole)[2] > 20  # colours: a blank screen has one


def _identify(picture: Path) -> tuple[int, int, int]:
    """Width, height, number of different colours."""
    found = subprocess.run(
        ["identify", "-format", "%w %h %k", str(picture)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return int(found[0]), int(found[1]), int(found[2])
