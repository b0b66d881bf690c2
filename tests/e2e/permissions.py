"""What a person may allow an extension beyond its installation, allowed in either browser."""

from __future__ import annotations

import json

from .browser import wait_for
from .chromium import Chromium
from .driver import Driver
from .firefox import Firefox

PAGES = ("http://*/*", "https://*/*")
GRANT_JS = """const { ExtensionPermissions } = ChromeUtils.importESModule(
  "resource://gre/modules/ExtensionPermissions.sys.mjs");
const [, permissions, origins] = arguments;
await ExtensionPermissions.add(
  extension.id, { permissions, origins, data_collection: [] }, extension);"""


def allow(driver: Driver, *permissions: str, origins: tuple[str, ...] = ()) -> None:
    """Leaves a page of the extension in the active tab."""
    driver.open_extension_page("options/options.html")
    if isinstance(driver, Firefox):
        driver._extension(GRANT_JS, permissions, origins)
    elif isinstance(driver, Chromium):
        _say_yes(driver, json.dumps({"permissions": permissions, "origins": origins}))


def _say_yes(driver: Chromium, wanted: str) -> None:
    """A person presses a button in the page, and Allow in Chromium's question."""
    with driver._attached(driver._active_page()) as session:
        request = f"void browser.permissions.request({wanted})"
        driver._pipe.call("Runtime.evaluate", session, expression=request, userGesture=True)
    driver.answer_permission(True)
    is_allowed = f"browser.permissions.contains({wanted})"
    wait_for(lambda: driver.background_eval(is_allowed), "the permission")
