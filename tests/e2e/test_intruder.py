"""What a page and another extension can try to cause a flattr, with all that they could know."""

from __future__ import annotations

import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from .browser import wait_for
from .chromium import Chromium
from .display import Display
from .driver import Driver
from .firefox import Firefox
from .site import Site
from .stage import NAME, Stage, a_stage

INTRUDER = Path(__file__).parent / "intruder_extension"
REPORT = "/attack-report"
SETTLING_S = 2.0
"""A flattr without a grace period is in the ledger long before."""

QUESTION_JS = """browser.storage.session.get(null).then((all) => Object.entries(all)
  .filter(([key]) => key.startsWith("tab:"))
  .flatMap(([key, { gestures }]) => gestures.map(({ id, outcome }) =>
    ({ tab: Number(key.slice(4)), id, offer: outcome?.offers?.[0]?.confirm })))[0] ?? null)"""


# A person would say yes to this when they install it.
GRANT_JS = """const { ExtensionPermissions } = ChromeUtils.importESModule(
  "resource://gre/modules/ExtensionPermissions.sys.mjs");
const { extension } = WebExtensionPolicy.getByID("intruder@flattr-host.github.io");
await ExtensionPermissions.add(
  extension.id, { permissions: [], origins: ["http://*/*"], data_collection: [] }, extension);"""


def install(driver: Driver) -> None:
    """The intruder, beside our extension."""
    if isinstance(driver, Chromium):
        driver._pipe.call("Extensions.loadUnpacked", path=str(INTRUDER))
    if isinstance(driver, Firefox):
        package = driver.home / "intruder.xpi"
        with zipfile.ZipFile(package, "w") as archive:
            for path in sorted(INTRUDER.iterdir()):
                archive.write(path, path.name)
        driver._marionette.call("Addon:Install", path=os.fspath(package), temporary=False)
        driver._chrome(GRANT_JS)


def attack(stage: Stage, question: dict[str, Any]) -> str:
    """Has the intruder try everything; what the native host answered it."""
    driver, gesture = stage.driver, question["id"]
    acts = ("confirm", "again", "retry", "undo", "dismiss", "forget", "read")
    flattr = {"id": "1", "type": "flattr", "url": stage.url("/again.html")}
    target = {
        "id": driver.extension_id,  # type: ignore[attr-defined]
        "messages": [
            {
                "act": act,
                "tab": question["tab"],
                "gestures": [gesture],
                "offer": question["offer"],
                "url": stage.url("/again.html"),
            }
            for act in acts
        ],
        "addresses": [
            driver.extension_url(f"popup/popup.html?tab={question['tab']}"),
            driver.extension_url(f"popup/popup.html?tab={question['tab']}&act=confirm"),
            driver.extension_url(f"history/history.html?flattr={quote(flattr['url'])}"),
            driver.extension_url("background.js"),
        ],
        "host": NAME,
        "request": {**flattr, "hints": {}},
        "report": stage.url(REPORT),
    }
    driver.open(stage.url("/attacked.html") + "#" + quote(json.dumps(target)))

    def report() -> str:
        return next((path for path in stage.site.requests if path.startswith(REPORT)), "")

    found = wait_for(report, "the intruder to be done", 20)
    time.sleep(SETTLING_S)
    return unquote(found.partition("native=")[2])


def test_nobody_else_can_cause_a_flattr(
    driver_class: type[Driver], display: Display, site: Site
) -> None:
    site.pages["/attacked.html"] = "<!doctype html><title>A page with intentions</title><p>Hello"
    site.requests.clear()
    with a_stage(driver_class, display, site) as stage:
        stage.set(undo_seconds="0")
        stage.visit("/means.html", host="other.example.test")
        stage.driver.click_toolbar_button()
        stage.says("Is this what you want to flattr?")
        question = stage.driver.background_eval(QUESTION_JS)
        assert question["offer"]
        ours = set(stage.host.starts())
        install(stage.driver)
        stage.driver.close_popup()
        native = attack(stage, question)
        assert native == "refused" or "caller_not_allowed" in native
        assert stage.flattred() == []
        assert set(stage.host.starts()) == ours  # never for somebody else
