"""What both drivers have in common: mouse, menus, badge, popup, and cleaning up.

Clicks are real: xdotool moves the display's mouse and presses its button. Where to click comes
from the accessibility tree for the browser's own widgets, and from the document for pages.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from itertools import takewhile
from pathlib import Path
from typing import Any, ClassVar, Self

from .accessibility import AccessibilityTree, Node
from .browser import POLL_S, BrowserError, Colour, Point, Seen, wait_for
from .display import Crop, Display
from .processes import ProcessGroup, end_strays

QUIT_TIMEOUT_S = 5.0
MENU_TIMEOUT_S = 10.0
MENU_OPENING_S = 1.5
"""How long an open menu may lack an item before it is closed and opened anew: items that the
background is just creating do not appear in a menu that is already open."""
ANSWER_PAUSE_S = 0.4
"""Until a question has gone. Browsers ignore an answer that comes before it can have been read."""
FIREFOX_MENU_BAR = ("menu bar", "Application")
"""Always there, though hidden; its menus, and those of the toolbar, come after all open ones."""

# The centre of an element in screen pixels; for the body, the centre of a spot with nothing on it.
# Firefox says where its viewport is; Chromium's is below everything else in the window.
CENTRE_JS = """((selector) => {
  const element = document.querySelector(selector);
  if (!element) return null;
  const left = globalThis.mozInnerScreenX ?? screenX;
  const top = globalThis.mozInnerScreenY ?? screenY + outerHeight - innerHeight;
  const onScreen = (x, y) => [Math.round(left + x), Math.round(top + y)];
  if (element === document.body) {
    for (let y = innerHeight - 40; y > 0; y -= 20)
      for (let x = innerWidth - 40; x > 0; x -= 40)
        if ([element, document.documentElement].includes(document.elementFromPoint(x, y)))
          return onScreen(x, y);
    return null;
  }
  element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  const box = element.getClientRects()[0];
  return box ? onScreen(box.x + box.width / 2, box.y + box.height / 2) : null;
})(%s)"""

FIRST_RUN_PAGE = "setup/setup.html"
CLOSE_FIRST_RUN_JS = f"""browser.runtime.getContexts({{ contextTypes: ["TAB"] }})
  .then((open) => open.filter((page) => page.documentUrl.endsWith("/{FIRST_RUN_PAGE}")))
  .then((open) => browser.tabs.remove(open.map((page) => page.tabId)).then(() => open.length))"""

ACTION_JS = """browser.tabs.query({ active: true, currentWindow: true })
  .then(([tab]) => browser.action.%s({ tabId: tab.id }))"""


class Driver(ABC):
    """The shared half of `browser.Browser`; see there for what the public methods promise."""

    name: ClassVar[str]
    button_after_extensions: ClassVar[int]
    """Where the pinned button is, counted in buttons from the one named "Extensions"."""

    def __init__(
        self,
        display: Display,
        extension: Path,
        *,
        dark: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`extension` is an unpacked directory; `environment` is added to the browser's own."""
        self.display = display
        self.extension = extension.resolve()
        self.dark = dark
        self.manifest: dict[str, Any] = json.loads(
            (self.extension / "manifest.json").read_text("utf-8")
        )
        self.home = Path(tempfile.mkdtemp(prefix="e2e-b-", dir="/tmp"))
        self._extra_environment = dict(environment or {})
        self._process: ProcessGroup | None = None
        self._widgets: AccessibilityTree | None = None

    @property
    def profile(self) -> Path:
        return self.home / "profile"

    @property
    @abstractmethod
    def native_hosts(self) -> Path: ...

    @property
    @abstractmethod
    def native_manifest_permission(self) -> dict[str, list[str]]: ...

    # -- life ---------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self, *, first_run: bool = False) -> None:
        self.display.occupy(self)
        self._launch(first=True)
        if not first_run and (self.extension / FIRST_RUN_PAGE).exists():
            wait_for(lambda: self.background_eval(CLOSE_FIRST_RUN_JS), "the set-up page")
        self._settle()

    def restart(self) -> None:
        self._end()
        self._launch(first=False)
        self._settle()

    def close(self) -> None:
        self._end()
        self.display.release(self)
        shutil.rmtree(self.home, ignore_errors=True)

    def kill(self) -> None:
        """End the browser at once, as a crash would; `close` is still to be called."""
        if self._process:
            self._process.kill()

    @abstractmethod
    def _launch(self, first: bool) -> None:
        """Start the program and connect to it; `first` when the profile is still empty."""

    @abstractmethod
    def _quit(self) -> None:
        """Ask the browser to quit, and drop the connection. Raises nothing."""

    def _settle(self) -> None:
        self._widgets = AccessibilityTree(self.display.bus_address)
        # No window manager does it here, and without focus a popup closes at the first click.
        self.display.focus_window(self.name)
        self.button_place()

    def _end(self) -> None:
        if self._widgets:
            self._widgets.close()
            self._widgets = None
        if self._process:
            self._quit()
            self._process.wait(QUIT_TIMEOUT_S)
            self._process.stop()
            self._process = None
        end_strays(f"HOME={self.home}")

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in self.display.environment().items()
            if name
            not in (
                "XDG_CONFIG_HOME",
                "XDG_CACHE_HOME",
                "XDG_DATA_HOME",
                "XDG_STATE_HOME",
                "WAYLAND_DISPLAY",
            )
        }
        return {
            **inherited,
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "ACCESSIBILITY_ENABLED": "1",
            **self._extra_environment,
        }

    # -- what the protocols answer --------------------------------------------------------------

    @abstractmethod
    def page_eval(self, expression: str) -> Any: ...

    @abstractmethod
    def popup_eval(self, expression: str) -> Any: ...

    @abstractmethod
    def background_eval(self, expression: str) -> Any: ...

    @abstractmethod
    def background_running(self) -> bool: ...

    @abstractmethod
    def terminate_background(self) -> None: ...

    @abstractmethod
    def popup_open(self) -> bool: ...

    @abstractmethod
    def open(self, url: str) -> None: ...

    @abstractmethod
    def media(self, feature: str, value: str) -> AbstractContextManager[None]: ...

    @abstractmethod
    def extension_url(self, path: str) -> str: ...

    def open_extension_page(self, path: str) -> None:
        self.open(self.extension_url(path))

    def badge(self) -> str:
        return str(self.background_eval(ACTION_JS % "getBadgeText"))

    def badge_color(self) -> Colour:
        red, green, blue, alpha = self.background_eval(ACTION_JS % "getBadgeBackgroundColor")
        return red, green, blue, alpha

    def title(self) -> str:
        return str(self.background_eval(ACTION_JS % "getTitle"))

    # -- the toolbar ----------------------------------------------------------------------------

    def click_toolbar_button(self) -> None:
        self.display.click(*self.button_place())

    def button_place(self) -> Point:
        """Waits until the button is there and stays where it is: it slides in after a start."""
        return at_rest(
            lambda: self._tree.centre(self._toolbar_button()), "the extension's toolbar button"
        )

    def toolbar_label(self) -> str:
        return self._toolbar_button().name

    def buttons(self, name: str | None = None) -> list[Node]:
        """The browser's own buttons, or those of a name."""
        nodes = [node for node in self._tree.nodes() if node.role == "push button"]
        return [node for node in nodes if name is None or node.name == name]

    def _toolbar_button(self) -> Node:
        buttons = self.buttons()
        names = [node.name for node in buttons]
        if "Extensions" in names:
            landmark = buttons[names.index("Extensions")]
            place = names.index("Extensions") + self.button_after_extensions
            if 0 <= place < len(buttons) and buttons[place].depth == landmark.depth:
                return buttons[place]
        raise BrowserError(f"no extension button in the toolbar, only {names}")

    @property
    def _tree(self) -> AccessibilityTree:
        if self._widgets is None:
            raise BrowserError("the browser is not running")
        return self._widgets

    # -- the context menu -----------------------------------------------------------------------

    def menu_labels(self, on: str = "body") -> list[str]:
        self._right_click(on)
        items = wait_for(self._menu_items, f"the context menu of {on}")
        self._close_menu()
        return [item.name for item in items]

    def choose_menu_item(self, label: str, on: str = "body") -> None:
        deadline = time.monotonic() + MENU_TIMEOUT_S
        while True:
            self._right_click(on)
            item = self._look_for_item(label)
            if item:
                break
            seen = [node.name for node in self._menu_items()]
            self._close_menu()
            if time.monotonic() > deadline:
                raise BrowserError(f"no {label!r} in the context menu of {on}, only {seen}")
        found = item
        self.display.click(*at_rest(lambda: self._tree.centre(found), label))

    def _right_click(self, on: str) -> None:
        self.display.click(*self._centre(self.page_eval(CENTRE_JS % json.dumps(on)), on), button=3)

    def _look_for_item(self, label: str) -> Node | None:
        """The item of the open menu, or of the extension's submenu in it, which this opens."""
        submenu_opened = False
        deadline = time.monotonic() + MENU_OPENING_S
        while time.monotonic() < deadline:
            items = {node.name: node for node in self._menu_items()}
            if label in items:
                return items[label]
            submenu = items.get(self.manifest["name"])
            if submenu and not submenu_opened:
                self.display.click(*self._tree.centre(submenu))
                submenu_opened = True
            time.sleep(POLL_S)
        return None

    def _menu_items(self) -> list[Node]:
        """The items of the open menus, submenus after the menu they belong to."""
        nodes = takewhile(
            lambda node: (node.role, node.name) != FIREFOX_MENU_BAR, self._tree.nodes()
        )
        return [
            node
            for node in nodes
            if node.role in ("menu", "menu item") and node.name and self._tree.visible(node)
        ]

    def _close_menu(self) -> None:
        def any_open() -> bool:
            if self._menu_items():
                self._press_escape()  # one for the submenu, one for the menu
                return True
            return False

        wait_for(any_open, "the menu to close", until=lambda is_open: not is_open)

    def _press_escape(self) -> None:
        self.display.xdotool("key", "Escape")

    @staticmethod
    def _centre(place: object, what: str) -> Point:
        if not isinstance(place, list):
            raise BrowserError(f"{what} is not to be seen in the page")
        return Point(*place)

    # -- what the browser asks ------------------------------------------------------------------

    def answer_permission(self, allow: bool) -> None:
        label = "Allow" if allow else "Deny"

        def is_gone() -> bool:
            button = self._button(label)
            if button is None:
                return True
            self.display.click(*at_rest(lambda: self._tree.centre(button), label))
            time.sleep(ANSWER_PAUSE_S)
            return self._button(label) is None

        wait_for(lambda: self._button(label), "the question for a permission")
        wait_for(is_gone, "the question for a permission to be answered")

    def _button(self, name: str) -> Node | None:
        """The button of that name that is to be seen."""
        return next((node for node in self.buttons(name) if self._tree.visible(node)), None)

    # -- the popup ------------------------------------------------------------------------------

    def popup_text(self) -> str | None:
        if not self.popup_open():
            return None
        return str(self.popup_eval("document.body.innerText"))

    def popup_click(self, css_selector: str) -> None:
        look = CENTRE_JS % json.dumps(css_selector)
        # A popup that has just opened still grows to its content.
        place = at_rest(lambda: self.popup_eval(look), css_selector)
        self.display.click(*self._centre(place, css_selector))

    def close_popup(self) -> None:
        if self.popup_open():
            self._press_escape()
            wait_for(self.popup_open, "the popup to close", until=lambda is_open: not is_open)

    def screenshot(self, path: Path, crop: Crop | None = None) -> Path:
        return self.display.screenshot(path, crop)

    def log(self) -> str:
        """What the browser wrote to its standard output and error, for a failing test."""
        path = self._log_file
        return path.read_text("utf-8", "replace") if path.exists() else ""

    @property
    def _log_file(self) -> Path:
        return self.home / f"{os.path.basename(self.name)}.log"


def at_rest(look: Callable[[], Seen], what: str) -> Seen:
    """The value of `look` once it is the same twice in a row: where something stands still."""
    before: list[Seen] = []

    def unchanged() -> bool:
        before.append(look())
        return len(before) > 1 and before[-1] == before[-2]

    wait_for(unchanged, f"{what} to come to rest")
    return before[-1]
