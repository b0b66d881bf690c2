"""What a test may do with a browser, whichever it is, and the small types that go with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self, TypeVar

from .display import Crop

Seen = TypeVar("Seen")
Colour = tuple[int, int, int, int]
"""Red, green, blue, alpha, each 0 to 255."""

ACTION_TIMEOUT_S = 10.0
POLL_S = 0.05


class BrowserError(RuntimeError):
    """The browser did not do what a driver asked of it; the message says what it did instead."""


class Point(NamedTuple):
    """A place on the virtual screen, in pixels from its top left corner."""

    x: int
    y: int


class Browser(Protocol):
    """A real browser with one extension in it, used the way a person uses it.

    Between making it and `start` a test puts native-messaging manifests into `native_hosts`.
    One browser at a time per display: mouse and keyboard are the display's.
    Every method raises `BrowserError` when the browser refuses or does not get there in time.
    """

    @property
    def name(self) -> str:
        """ "chromium" or "firefox"."""

    @property
    def home(self) -> Path:
        """Throw-away HOME with the profile in it; `close` removes it."""

    @property
    def native_hosts(self) -> Path:
        """Where this browser looks for native-messaging manifests. Made by who writes one."""

    @property
    def native_manifest_permission(self) -> dict[str, list[str]]:
        """The key of a native-messaging manifest that lets this extension use the host."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def start(self, *, first_run: bool = False) -> None:
        """Start the browser; on return the extension is installed and its background runs.

        Its set-up page, which opens by itself then, is closed unless `first_run` is to be seen.

        What the background does on being installed may still be under way, and a test that
        stops the background at once cuts it off.
        """

    def restart(self) -> None:
        """Quit and start again with the same profile, as a person does the next morning."""

    def close(self) -> None:
        """End the browser and all it started, and remove its home. Never raises for a dead one."""

    def open(self, url: str) -> None:
        """Load `url` in the active tab; returns after its load event.

        Only this machine can be reached: 127.0.0.1, localhost, and every name under ".test".
        """

    def page_eval(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression in the page of the active tab."""

    def click_toolbar_button(self) -> None:
        """Move the mouse onto the extension's toolbar button and press it."""

    def toolbar_label(self) -> str:
        """What the toolbar button is called to a person: its tooltip or accessible name."""

    def menu_labels(self, on: str = "body") -> list[str]:
        """What the context menu of the element `on` offers; the menu is closed again."""

    def choose_menu_item(self, label: str, on: str = "body") -> None:
        """Right-click the centre of the element `on` (for the body: a blank spot), choose `label`.

        An item inside the extension's submenu is found there.
        """

    def badge(self) -> str:
        """The badge's text for the active tab."""

    def badge_color(self) -> Colour:
        """The badge's background for the active tab."""

    def title(self) -> str:
        """The action's title for the active tab, as the extension set it."""

    def popup_text(self) -> str | None:
        """`innerText` of the extension's open popup; None when none is open."""

    def popup_eval(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression in the open popup; promises are awaited."""

    def popup_click(self, css_selector: str) -> None:
        """Click the centre of an element of the open popup with the mouse."""

    def close_popup(self) -> None:
        """Close the popup as a person does, with Escape. Nothing happens when none is open."""

    def answer_permission(self, allow: bool) -> None:
        """Wait until the browser asks for a permission of the extension; press Allow or Deny."""

    def background_eval(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression in the background; promises are awaited.

        A sleeping background is started first, without any event being sent to it.
        """

    def background_running(self) -> bool:
        """Whether the service worker or event page is alive. Does not wake it."""

    def terminate_background(self) -> None:
        """Stop the background as the browser does when it has been idle for long."""

    def extension_url(self, path: str) -> str:
        """The address of a file of the extension."""

    def open_extension_page(self, path: str) -> None:
        """Open a page of the extension in the active tab."""

    def media(self, feature: str, value: str) -> AbstractContextManager[None]:
        """For as long as it lasts, a media feature of the open popup, or else of the active tab.

        "prefers-color-scheme", "prefers-reduced-motion" or "forced-colors". Toolbars stay the same.
        """

    def screenshot(self, path: Path, crop: Crop | None = None) -> Path:
        """Write the whole screen, or a part of it, to `path` as PNG; returns `path`."""


def wait_for(
    look: Callable[[], Seen],
    what: str,
    timeout: float = ACTION_TIMEOUT_S,
    until: Callable[[Seen], object] = bool,
) -> Seen:
    """Call `look` until `until` of its value is true; that value.

    `timeout` in seconds. Raises AssertionError with `what` and the last value seen, or the last
    `BrowserError`: things that are only just coming into being may not be there to be looked at.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            seen = look()
            if until(seen):
                return seen
            last = f"last seen: {seen!r}"
        except BrowserError as error:
            last = f"last error: {error}"
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}; {last}")
        time.sleep(POLL_S)
