"""What a person sets on the options page: the host's settings in their file, what the browser
has to be asked for, and the report that is copied."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from .browser import wait_for
from .display import Display
from .driver import Driver
from .site import Site
from .stage import NAME, Stage, a_stage
from .visitor import Visitor

PAGES = {"origins": ["http://*/*", "https://*/*"]}
NOTIFICATIONS = {"permissions": ["notifications"]}
BROWSERS = {"chromium": "Chrome 1", "firefox": "Firefox 1"}
SHORTCUTS = {"chromium": "chrome://extensions/shortcuts", "firefox": "about:addons"}
PASTE_JS = """document.body.append(Object.assign(document.createElement("textarea"),
  { id: "pasted", style: "inline-size: 40rem; block-size: 20rem" }))"""


@pytest.fixture(scope="module")
def stage(driver_class: type[Driver], display: Display, site: Site) -> Iterator[Stage]:
    with a_stage(driver_class, display, site) as running:
        running.set(undo_seconds="4  # as my father had it")
        yield running


@pytest.fixture
def person(stage: Stage) -> Visitor:
    """On the options page, after it has heard from the host."""
    visitor = Visitor(stage.driver)
    stage.driver.open_extension_page("options/options.html")
    visitor.sees("In use")
    wait_for(lambda: value(visitor, "undo-seconds"), "the settings")
    return visitor


def value(person: Visitor, name: str) -> str:
    return str(person.driver.page_eval(f"document.getElementById({json.dumps(name)}).value"))


def becomes(person: Visitor, name: str, checked: bool) -> None:
    """Waits until the box is as it should be."""
    look = f"document.getElementById({json.dumps(name)}).checked"
    wait_for(lambda: person.driver.page_eval(look), name, until=lambda now: now is checked)


def prefers(person: Visitor, name: str, wanted: bool) -> None:
    """Waits until the extension has stored it."""
    look = f"browser.storage.local.get({json.dumps(name)})"
    wait_for(
        lambda: person.driver.background_eval(look),
        name,
        until=lambda stored: stored.get(name, False) is wanted,
    )


def may(person: Visitor, wanted: dict[str, list[str]]) -> bool:
    look = f"browser.permissions.contains({json.dumps(wanted)})"
    return bool(person.driver.background_eval(look))


def written(stage: Stage, name: str, expected: Any) -> None:
    """Waits until the settings' file says so."""
    file = stage.home / "config" / "settings.toml"
    wait_for(
        lambda: tomllib.loads(file.read_text("utf-8")),
        f"{name} in {file}",
        until=lambda settings: settings.get(name) == expected,
    )


def scrolls_to(person: Visitor, heading: str) -> None:
    person.driver.page_eval(f"document.getElementById({heading!r}).scrollIntoView()")


def test_the_settings_of_the_host(stage: Stage, person: Visitor) -> None:
    assert value(person, "undo-seconds") == "4"
    person.fills("#undo-seconds", "7.5")
    person.presses("Tab")
    written(stage, "undo_seconds", 7.5)
    person.sees("Saved")
    assert "# as my father had it" in (stage.home / "config" / "settings.toml").read_text("utf-8")
    person.fills("#undo-seconds", "99")
    person.presses("Tab")
    person.sees("That is not a value for this")
    scrolls_to(person, "before-heading")
    stage.picture("options-wrong")
    written(stage, "undo_seconds", 7.5)
    person.clicks("#undo-seconds")
    person.presses("ctrl+a", "Delete", "Tab")
    wait_for(lambda: value(person, "undo-seconds"), "what was set", until=lambda it: it == "7.5")
    assert "not a value" not in person.driver.page_eval("document.body.innerText")
    person.clicks("#read-links")
    written(stage, "read_links", False)
    person.fills("#own-usernames", "dora, git/hub")
    person.presses("Tab")
    person.sees("That is not a value for this")
    person.fills("#own-usernames", "dora, github:dora")
    person.presses("Tab")
    written(stage, "own_usernames", ["dora", "github:dora"])
    assert "That is not a value for this" not in person.sees("Saved")
    person.clicks("#ask_first")
    prefers(person, "ask_first", True)
    stage.picture("options-settings")


def test_pages_as_they_load(stage: Stage, person: Visitor) -> None:
    driver = person.driver
    person.clicks("#show_on_load")
    driver.answer_permission(False)
    person.sees("You did not allow it")
    becomes(person, "show_on_load", False)
    stage.picture("options-refused")
    assert not may(person, PAGES)
    person.clicks("#show_on_load")
    driver.answer_permission(True)
    prefers(person, "show_on_load", True)
    becomes(person, "show_on_load", True)
    assert may(person, PAGES)
    assert "You did not allow it" not in driver.page_eval("document.body.innerText")
    driver.background_eval(f"browser.permissions.remove({json.dumps(PAGES)})")
    becomes(person, "show_on_load", False)
    prefers(person, "show_on_load", False)


def test_notifications(person: Visitor) -> None:
    person.clicks("#notify")
    person.driver.answer_permission(True)
    prefers(person, "notify", True)
    assert may(person, NOTIFICATIONS)
    person.clicks("#notify")
    prefers(person, "notify", False)
    wait_for(lambda: not may(person, NOTIFICATIONS), "the permission to be given back")


def test_a_report_that_is_copied(stage: Stage, person: Visitor) -> None:
    driver = person.driver
    person.clicks("#report summary")
    report = wait_for(
        lambda: str(driver.page_eval("document.getElementById('report-text').textContent")),
        "the report",
    )
    for line in ("extension: ", "host: ", "protocol: ", f"browser: {BROWSERS[driver.name]}"):
        assert line in report
    assert "flattrs go to: this computer\n" in report
    assert "system: linux\n" in report
    private = (str(stage.home), str(driver.home), "dora", driver.extension_url(""), "/")
    assert [what for what in private if what in report] == []
    person.clicks("#report-copy")
    person.sees("Copied")
    stage.picture("options-report")
    driver.page_eval(f"void {PASTE_JS}")
    person.clicks("#pasted")
    person.presses("ctrl+v")
    assert wait_for(lambda: value(person, "pasted"), "what was copied") == report


def test_where_the_shortcut_is_changed(person: Visitor) -> None:
    driver = person.driver
    assert "none" in driver.page_eval("document.getElementById('shortcut').textContent")
    person.clicks("#shortcut-change")
    wait_for(
        lambda: str(driver.page_eval("location.href")),
        "where shortcuts are changed",
        until=lambda url: url.startswith(SHORTCUTS[driver.name]),
    )


def test_without_the_host(stage: Stage) -> None:
    """What is of the browser alone can be set all the same."""
    (stage.driver.native_hosts / f"{NAME}.json").unlink()
    stage.driver.terminate_background()
    stage.driver.open_extension_page("options/options.html")
    person = Visitor(stage.driver)
    assert "does not answer" in person.sees("Install flattr-host")
    assert stage.driver.page_eval("document.getElementById('undo-seconds').disabled")
    stage.picture("options-missing")
    person.clicks("#show_images")
    prefers(person, "show_images", True)
    scrolls_to(person, "stored-heading")
    person.clicks("#report summary")
    person.sees("trouble: not_installed")
