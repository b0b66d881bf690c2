"""Somebody who reads the page in the active tab, and uses it by mouse and keyboard."""

from __future__ import annotations

import json
import time
from typing import Any

from .browser import wait_for
from .driver import CENTRE_JS, Driver, at_rest


class Visitor:
    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def sees(self, words: str) -> str:
        """Waits until the active tab says so."""

        def look() -> str:
            return str(self.driver.page_eval("document.body?.innerText ?? ''"))

        return wait_for(look, repr(words), until=lambda text: words in text)

    def clicks(self, selector: str) -> None:
        def place() -> Any:
            loaded = self.driver.page_eval("document.readyState === 'complete'")
            return loaded and self.driver.page_eval(CENTRE_JS % json.dumps(selector))

        wait_for(place, selector)
        self.driver.display.click(*at_rest(place, selector))

    def types(self, text: str) -> None:
        self.driver.display.xdotool("type", "--delay", 15, text)

    def presses(self, *keys: str) -> None:
        for key in keys:
            self.driver.display.xdotool("key", key)
            time.sleep(0.1)

    def fills(self, selector: str, text: str) -> None:
        self.clicks(selector)
        focused = f"document.hasFocus() && document.activeElement.matches({selector!r})"
        wait_for(lambda: self.driver.page_eval(focused), f"{selector} to have the focus")
        self.presses("ctrl+a")
        self.types(text)
        wait_for(
            lambda: self.driver.page_eval(f"document.querySelector({selector!r}).value"),
            f"{selector} to be filled",
            until=lambda value: value == text,
        )
