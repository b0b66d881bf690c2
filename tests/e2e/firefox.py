"""Firefox with a window, an installed extension, and Marionette."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .browser import BrowserError, wait_for
from .driver import Driver
from .marionette import Marionette
from .processes import ProcessGroup

PROGRAM = "firefox-esr"
START_TIMEOUT_S = 30.0
NOWHERE = "127.0.0.1"
DISCARD_PORT = 9
PREFERENCES: dict[str, bool | int | str] = {
    "marionette.port": 0,  # any free one; Firefox writes its number into the profile
    "accessibility.force_disabled": -1,
    # Unsigned, and installed for good: like a person's, it is still there after a restart.
    "xpinstall.signatures.required": False,
    "extensions.autoDisableScopes": 0,
    # All names are this machine, and whatever is not a test's own site meets a proxy that is not
    # there: nothing the browser wants of the network by itself gets out.
    "network.dns.native-is-localhost": True,
    "network.proxy.no_proxies_on": ".test",
    "network.http.speculative-parallel-limit": 0,
    "network.proxy.type": 1,
    "network.proxy.http": NOWHERE,
    "network.proxy.http_port": DISCARD_PORT,
    "network.proxy.ssl": NOWHERE,
    "network.proxy.ssl_port": DISCARD_PORT,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.prefetch-next": False,
    "app.normandy.enabled": False,
    "app.shield.optoutstudies.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.suggest.enabled": False,
    "browser.region.network.url": "",
    "browser.topsites.contile.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "messaging-system.rsexperimentloader.enabled": False,
    "nimbus.rollouts.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
    # No desktop runs here that could show a notification: Firefox shows it itself.
    "alerts.useSystemBackend": False,
    # Nothing that would lie over the page or the toolbar.
    "browser.aboutwelcome.enabled": False,
    "signon.rememberSignons": False,
    "browser.preonboarding.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.tabs.warnOnClose": False,
    "browser.warnOnQuit": False,
    "browser.sessionstore.resume_from_crash": False,
    "termsofuse.bypassNotification": True,
    "browser.toolbars.bookmarks.visibility": "never",
    "sidebar.revamp": False,
}
DARK: dict[str, bool | int | str] = {
    "extensions.activeThemeID": "firefox-compact-dark@mozilla.org",
    "layout.css.prefers-color-scheme.content-override": 0,
    "ui.systemUsesDarkTheme": 1,
}

MEDIA_FEATURES = {
    "prefers-color-scheme": "prefersColorSchemeOverride",
    "prefers-reduced-motion": "prefersReducedMotionOverride",
    "forced-colors": "forcedColorsOverride",
}

PIN_JS = """
const { CustomizableUI } = ChromeUtils.importESModule(
  "moz-src:///browser/components/customizableui/CustomizableUI.sys.mjs");
const id = arguments[0].toLowerCase().replace(/[^a-z0-9_-]/g, "_");
CustomizableUI.addWidgetToArea(`${id}-browser-action`, CustomizableUI.AREA_NAVBAR);"""

# Pictures are to show what a person sees, and no person's address bar has stripes.
PLAIN_ADDRESS_BAR_JS = "window.document.documentElement.removeAttribute('remotecontrol')"

EXTENSION_JS = "const { extension } = WebExtensionPolicy.getByID(arguments[0]); "

BROWSER_JS = """
const place = arguments[1];
const chrome = Services.wm.getMostRecentWindow("navigator:browser");
const browser = place === "page" ? chrome.gBrowser.selectedBrowser
  : [...extension.views].find((view) => view.viewType === place)?.xulBrowser;
if (!browser) throw new Error(`no ${place} is open`);
"""

# Marionette's own actor evaluates in any document, also in those its windows do not include.
EVAL_JS = (
    BROWSER_JS
    + """
const expression = arguments[2];
const script = `const finish = arguments[arguments.length - 1];
  (async () => (${expression}))().then((value) => JSON.stringify({ value }))
    .then(finish, (error) => finish(JSON.stringify({ error: String(error) })));`;
const actor = browser.browsingContext.currentWindowGlobal.getActor("MarionetteCommands");
return actor.executeScript(script, [], { timeout: 30000, async: true, sandboxName: null });"""
)

MEDIA_JS = BROWSER_JS + "browser.browsingContext[arguments[2]] = arguments[3];"

ACTIVE_HANDLE_JS = """
const { NavigableManager } = ChromeUtils.importESModule(
  "chrome://remote/content/shared/NavigableManager.sys.mjs");
const chrome = Services.wm.getMostRecentWindow("navigator:browser");
return NavigableManager.getIdForBrowser(chrome.gBrowser.selectedBrowser);"""

# A popup's document is there before its panel: Firefox loads it when the mouse comes near. A panel
# that is on its way is waited for, or a popup would be taken for closed while it opens.
POPUP_SHOWN_JS = """
const panels = [...extension.views].filter((view) => view.viewType === "popup")
  .map((view) => view.xulBrowser.closest("panel"));
const pause = () => new Promise((resolve) => window.setTimeout(resolve, 20));
for (const panel of panels)
  while (["showing", "hiding"].includes(panel?.state)) await pause();
return panels.some((panel) => panel?.state === "open")"""


class Firefox(Driver):
    """See `browser.Browser`."""

    name = "firefox"
    button_after_extensions = 1
    _connection: Marionette | None = None

    @property
    def _marionette(self) -> Marionette:
        if self._connection is None:
            raise BrowserError("Firefox is not running")
        return self._connection

    @property
    def native_hosts(self) -> Path:
        return self.home / ".mozilla" / "native-messaging-hosts"

    @property
    def native_manifest_permission(self) -> dict[str, list[str]]:
        return {"allowed_extensions": [self.extension_id]}

    @property
    def extension_id(self) -> str:
        return str(self.manifest["browser_specific_settings"]["gecko"]["id"])

    def extension_url(self, path: str) -> str:
        return str(self._extension("return extension.getURL(arguments[1])", path.lstrip("/")))

    # -- life ---------------------------------------------------------------------------------

    def _launch(self, first: bool) -> None:
        if first:
            self._write_preferences()
        port_file = self.profile / "MarionetteActivePort"
        port_file.unlink(missing_ok=True)
        self._process = ProcessGroup(
            [
                PROGRAM,
                "-marionette",
                "--remote-allow-system-access",
                "-no-remote",
                "-profile",
                str(self.profile),
                "-width",
                str(self.display.width),
                "-height",
                str(self.display.height),
                "about:blank",
            ],
            self._environment(),
            self._log_file,
        )
        port = wait_for(
            lambda: port_file.exists() and port_file.read_text().strip(),
            "Firefox to listen",
            START_TIMEOUT_S,
        )
        self._connection = Marionette(int(port))
        self._marionette.call("WebDriver:NewSession", capabilities={})
        self._chrome(PLAIN_ADDRESS_BAR_JS)
        if first:
            self._install_extension()
        wait_for(
            lambda: self._extension("return extension.backgroundState") is not None, "the extension"
        )

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "MOZ_CRASHREPORTER_DISABLE": "1"}

    def _write_preferences(self) -> None:
        self.profile.mkdir(parents=True, exist_ok=True)
        preferences = {**PREFERENCES, **(DARK if self.dark else {})}
        (self.profile / "user.js").write_text(
            "".join(
                f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                for name, value in preferences.items()
            ),
            "utf-8",
        )

    def _install_extension(self) -> None:
        package = self.home / "extension.xpi"
        with zipfile.ZipFile(package, "w") as archive:
            for path in sorted(self.extension.rglob("*")):
                archive.write(path, path.relative_to(self.extension))
        self._marionette.call("Addon:Install", path=os.fspath(package), temporary=False)
        self._chrome(PIN_JS, self.extension_id)
        wait_for(self.background_running, "the event page", START_TIMEOUT_S)

    def _quit(self) -> None:
        with suppress(BrowserError):  # when it has gone already, that is what was asked for
            self._marionette.call("Marionette:Quit", flags=["eForceQuit"])
        if self._connection:
            self._connection.close()
            self._connection = None

    # -- documents --------------------------------------------------------------------------------

    def _chrome(self, body: str, *arguments: object) -> Any:
        return self._marionette.script("chrome", body, *arguments)

    def _extension(self, body: str, *arguments: object) -> Any:
        return self._chrome(EXTENSION_JS + body, self.extension_id, *arguments)

    def _eval(self, place: str, expression: str) -> Any:
        """`place` is "page", or the type of one of the extension's views."""
        answer = json.loads(self._extension(EVAL_JS, place, expression))
        if "error" in answer:
            raise BrowserError(answer["error"])
        return answer.get("value")

    # -- what `browser.Browser` promises ----------------------------------------------------------

    def open(self, url: str) -> None:
        self._marionette.call(
            "WebDriver:SwitchToWindow", handle=self._chrome(ACTIVE_HANDLE_JS), focus=False
        )
        self._marionette.call("Marionette:SetContext", value="content")
        self._marionette.call("WebDriver:Navigate", url=url)

    def page_eval(self, expression: str) -> Any:
        return self._eval("page", expression)

    def popup_open(self) -> bool:
        return bool(self._extension(POPUP_SHOWN_JS))

    def popup_eval(self, expression: str) -> Any:
        return self._eval("popup", expression)

    @contextmanager
    def media(self, feature: str, value: str) -> Iterator[None]:
        place = "popup" if self.popup_open() else "page"
        self._extension(MEDIA_JS, place, MEDIA_FEATURES[feature], value)
        yield
        self._extension(MEDIA_JS, place, MEDIA_FEATURES[feature], "none")

    def background_running(self) -> bool:
        return bool(self._extension("return extension.backgroundState === 'running'"))

    def background_eval(self, expression: str) -> Any:
        self._extension("await extension.wakeupBackground()")
        return self._eval("background", expression)

    def terminate_background(self) -> None:
        def stopped() -> bool:
            self._extension(
                "await extension.terminateBackground({ disableResetIdleForTest: true })"
            )
            return not self.background_running()

        # Once is not always enough: an event that was on its way starts the page again.
        wait_for(stopped, "the event page to end")
