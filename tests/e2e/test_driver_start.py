"""Starting and ending a browser: options, and that nothing is left behind."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from .browser import BrowserError, wait_for
from .display import Display
from .driver import Driver
from .processes import with_environment

EXTENSION = Path(__file__).parent / "driver_extension"
COLOURS_JS = """[matchMedia('(prefers-color-scheme: dark)').matches,
  getComputedStyle(document.body).backgroundColor]"""


@pytest.mark.parametrize(
    ("dark", "background"), [(False, "rgb(255, 255, 255)"), (True, "rgb(17, 17, 17)")]
)
def test_dark_mode_reaches_popup_and_pages(
    driver_class: type[Driver], display: Display, dark: bool, background: str
) -> None:
    with driver_class(display, EXTENSION, dark=dark) as browser:
        browser.start()
        browser.click_toolbar_button()
        wait_for(browser.popup_text, "the popup")
        assert browser.popup_eval(COLOURS_JS) == [dark, background]
        browser.close_popup()
        browser.open_extension_page("popup.html")
        assert browser.page_eval(COLOURS_JS) == [dark, background]


def test_nothing_is_left_of_a_browser_that_a_failing_test_had(
    driver_class: type[Driver], display: Display
) -> None:
    browser = driver_class(display, EXTENSION)
    with suppress(ZeroDivisionError), browser:
        browser.start()
        assert with_environment(f"HOME={browser.home}")
        raise ZeroDivisionError
    assert not browser.home.exists()
    assert with_environment(f"HOME={browser.home}") == []


def test_a_browser_that_died_can_still_be_closed(
    driver_class: type[Driver], display: Display
) -> None:
    with driver_class(display, EXTENSION) as browser:
        browser.start()
        browser.kill()
        with pytest.raises(BrowserError):
            browser.page_eval("1")
    assert not browser.home.exists()


def test_one_browser_at_a_time_has_the_display(
    driver_class: type[Driver], display: Display
) -> None:
    with driver_class(display, EXTENSION) as one, driver_class(display, EXTENSION) as two:
        one.start()
        with pytest.raises(RuntimeError, match="one browser at a time"):
            two.start()
