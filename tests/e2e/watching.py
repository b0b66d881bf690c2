"""The two browsers, with a list of every request that they make, by whomever."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .chromium import Chromium
from .firefox import Firefox

OBSERVE_JS = """
const window = Services.wm.getMostRecentWindow("navigator:browser");
window.watched = [];
window.watch = { observe(subject) {
  const channel = subject.QueryInterface(Ci.nsIHttpChannel);
  window.watched.push([channel.URI.spec, channel.loadInfo.triggeringPrincipal?.origin ?? ""]);
} };
Services.obs.addObserver(window.watch, "http-on-opening-request");"""
WATCHED_JS = """return Services.wm.getMostRecentWindow("navigator:browser").watched"""


PRIVATE_WINDOW_JS = """
const browser = Services.wm.getMostRecentWindow("navigator:browser");
const opened = browser.OpenBrowserWindow({ private: true });
await browser.promiseDocumentFlushed(() => {});
while (!opened.gBrowserInit?.delayedStartupFinished)
  await new Promise((resolve) => browser.setTimeout(resolve, 50));
const policy = WebExtensionPolicy.getByID(arguments[0]);
if (!browser.document.getElementById(arguments[1])) throw new Error(`no ${arguments[1]}`);
const button = opened.document.getElementById(arguments[1]);
const shown = [policy.privateBrowsingAllowed && "policy",
  policy.canAccessWindow(opened) && "window", button?.checkVisibility() && "button"];
opened.close();
return shown.filter(Boolean);"""


class Request(NamedTuple):
    """What was asked for, and the origin of who asked."""

    url: str
    by: str


class WatchedChromium(Chromium):
    """With the log of the browser's network service. It has all requests, also those that fail."""

    @property
    def _net_log(self) -> Path:
        return self.home / "net.json"

    def _command(self) -> list[str]:
        *command, address = super()._command()
        log = (f"--log-net-log={self._net_log}", "--net-log-capture-mode=Everything")
        return [*command, *log, address]

    def requests(self) -> list[Request]:
        """All so far, but the log's latest lines may not be written yet."""
        started = [event.get("params", {}) for event in self._events("URL_REQUEST_START_JOB")]
        return [Request(one["url"], one["initiator"]) for one in started if "url" in one]

    def shown_in_a_private_window(self, url: str) -> list[str]:
        """Which tabs the extension is shown, besides those that it was before one opened."""
        tabs = "browser.tabs.query({}).then((tabs) => tabs.map(({ id }) => String(id)))"
        before = self.background_eval(tabs)
        context = self._pipe.call("Target.createBrowserContext")["browserContextId"]
        self._pipe.call("Target.createTarget", url=url, browserContextId=context)
        after = self.background_eval(tabs)
        self._pipe.call("Target.disposeBrowserContext", browserContextId=context)
        return [one for one in after if one not in before]

    def _events(self, name: str) -> Iterator[dict[str, Any]]:
        """A line each, between those with which the log begins and ends."""
        first, *lines, _ = self._net_log.read_text("utf-8").split("\n")
        constants = json.loads(first.removeprefix('{"constants":').rstrip().removesuffix(","))
        wanted = constants["logEventTypes"][name]
        for line in lines:
            if line.startswith('{"') and line.endswith("},"):
                event: dict[str, Any] = json.loads(line.removesuffix(","))
                if event["type"] == wanted:
                    yield event


class WatchedFirefox(Firefox):
    """With an observer of HTTP that is there before the extension is."""

    def _install_extension(self) -> None:
        self._chrome(OBSERVE_JS)
        super()._install_extension()

    def requests(self) -> list[Request]:
        """All so far."""
        return [Request(*one) for one in self._chrome(WATCHED_JS)]

    def shown_in_a_private_window(self, _url: str) -> list[str]:
        """What there is of the extension in one."""
        button = f"{re.sub('[^a-z0-9_-]', '_', self.extension_id.lower())}-BAP"
        shown: list[str] = self._chrome(PRIVATE_WINDOW_JS, self.extension_id, button)
        return shown
