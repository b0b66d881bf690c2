"""Chromium with a window, an unpacked extension, and a debugging pipe."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .browser import BrowserError, wait_for
from .cdp import COMMAND_TIMEOUT_S, CdpPipe, Json
from .driver import Driver
from .processes import ProcessGroup

PROGRAM = "chromium"
START_TIMEOUT_S = 20.0
QUIET = (
    # Whatever the browser wants of the network by itself fails at the name; tests are local.
    "--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, "
    "EXCLUDE localhost",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-quic",
    "--no-pings",
    "--disable-client-side-phishing-detection",
    "--disable-field-trial-config",
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider",
    "--disable-breakpad",
    "--disable-search-engine-choice-screen",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
)
LOOK_LIMIT_S = 4.0
"""A popup that is just closing may never say what it is, and does not close while it is asked."""
LOADED_BY_PROTOCOL = 0x8000
"""The one difference, in the profile, to an extension that a person loaded unpacked: Chromium
forgets those with this flag when it quits."""
# Bash because its redirections take descriptors of more than one digit.
PIPE_ON_3_AND_4 = 'exec "${@:3}" 3<&"$1" 4>&"$2"'


class Chromium(Driver):
    """See `browser.Browser`."""

    name = "chromium"
    button_after_extensions = -1
    _connection: CdpPipe | None = None

    @property
    def _pipe(self) -> CdpPipe:
        if self._connection is None:
            raise BrowserError("Chromium is not running")
        return self._connection

    @property
    def native_hosts(self) -> Path:
        return self.profile / "NativeMessagingHosts"

    @property
    def native_manifest_permission(self) -> dict[str, list[str]]:
        return {"allowed_origins": [self.extension_url("")]}

    @property
    def extension_id(self) -> str:
        """From the manifest's `key`, or for lack of one from the directory, as Chromium does."""
        key = self.manifest.get("key")
        seed = base64.b64decode(key) if key else os.fsencode(self.extension)
        return "".join(
            chr(ord("a") + int(digit, 16)) for digit in hashlib.sha256(seed).hexdigest()[:32]
        )

    def extension_url(self, path: str) -> str:
        return f"chrome-extension://{self.extension_id}/{path.lstrip('/')}"

    # -- life ---------------------------------------------------------------------------------

    def _launch(self, first: bool) -> None:
        if first:
            self._write_preferences()
        else:
            self._keep_extension()
        child_reads, we_write = map(_high, os.pipe())
        we_read, child_writes = map(_high, os.pipe())
        self._process = ProcessGroup(
            [
                "bash",
                "-c",
                PIPE_ON_3_AND_4,
                "-",
                str(child_reads),
                str(child_writes),
                *self._command(),
            ],
            self._environment(),
            self._log_file,
            inherit=(child_reads, child_writes),
        )
        os.close(child_reads)
        os.close(child_writes)
        self._connection = CdpPipe(we_read, we_write)
        wait_for(lambda: self._targets("page"), "the first tab", START_TIMEOUT_S)
        if first:
            self._load_extension()

    def _command(self) -> list[str]:
        width, height = self.display.width, self.display.height
        return [
            PROGRAM,
            f"--user-data-dir={self.profile}",
            "--remote-debugging-pipe",
            "--enable-unsafe-extension-debugging",
            "--force-renderer-accessibility",
            "--window-position=0,0",
            f"--window-size={width},{height}",
            "--test-type",  # no bar that warns of the flags above
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            *(["--force-dark-mode"] if self.dark else []),
            *QUIET,
            "about:blank",
        ]

    def _write_preferences(self) -> None:
        path = self.profile / "Default" / "Preferences"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps(
                {
                    "extensions": {
                        "pinned_extensions": [self.extension_id],
                        "ui": {"developer_mode": True},
                    },  # or it is off after a restart
                    "search": {"suggest_enabled": False},
                    "safebrowsing": {"enabled": False},
                    "signin": {"allowed": False},
                    "translate": {"enabled": False},
                    "browser": {"enable_spellchecking": False},
                    "credentials_enable_service": False,  # its question would lie over the page
                }
            ),
            "utf-8",
        )

    def _keep_extension(self) -> None:
        """Make the extension one that is there again at the next start."""
        path = self.profile / "Default" / "Preferences"
        preferences = json.loads(path.read_text("utf-8"))
        entry = preferences["extensions"]["settings"][self.extension_id]
        entry["creation_flags"] &= ~LOADED_BY_PROTOCOL
        path.write_text(json.dumps(preferences), "utf-8")

    def _load_extension(self) -> None:
        loaded = self._pipe.call("Extensions.loadUnpacked", path=str(self.extension))["id"]
        if loaded != self.extension_id:
            raise BrowserError(f"expected the id {self.extension_id}, got {loaded}")
        wait_for(self.background_running, "the service worker", START_TIMEOUT_S)

    def _quit(self) -> None:
        with suppress(BrowserError):  # when it has gone already, that is what was asked for
            self._pipe.call("Browser.close")
        if self._connection:
            self._connection.close()
            self._connection = None

    # -- targets: tabs, popups, the worker -------------------------------------------------------

    def _targets(self, kind: str) -> list[Json]:
        found: list[Json] = self._pipe.call("Target.getTargets", filter=[{"type": kind}])[
            "targetInfos"
        ]
        return found

    @contextmanager
    def _attached(self, target: Json) -> Iterator[str]:
        """A session with a target. Let go at once: it would keep a worker or popup from ending."""
        session: str = self._pipe.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )["sessionId"]
        try:
            yield session
        finally:
            with suppress(BrowserError):  # when the target ended meanwhile
                self._pipe.call("Target.detachFromTarget", sessionId=session)

    def _eval(self, target: Json, expression: str, limit_s: float = COMMAND_TIMEOUT_S) -> Any:
        with self._attached(target) as session:
            answer = self._pipe.call(
                "Runtime.evaluate",
                session,
                limit_s,
                expression=f"({expression})",
                awaitPromise=True,
                returnByValue=True,
            )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            thrown = details.get("exception", {})
            raise BrowserError(
                str(thrown.get("description") or thrown.get("value") or details["text"])
            )
        return answer["result"].get("value")

    def _active_page(self) -> Json:
        for target in self._targets("page"):
            if not self._is_popup(target) and (
                self._eval(target, "document.visibilityState") == "visible"
            ):
                return target
        raise BrowserError("no tab is to be seen")

    def _is_popup(self, target: Json) -> bool:
        """The same page can be open in a tab too; only a tab is told which tab it is."""
        return bool(
            target["url"].startswith(self.extension_url(""))
            and self._eval(target, "browser.tabs.getCurrent().then((tab) => !tab)", LOOK_LIMIT_S)
        )

    def _popup(self) -> Json | None:
        return next((t for t in self._targets("page") if self._is_popup(t)), None)

    def _worker(self) -> Json | None:
        return next(
            (
                t
                for t in self._targets("service_worker")
                if t["url"].startswith(self.extension_url(""))
            ),
            None,
        )

    # -- what `browser.Browser` promises ----------------------------------------------------------

    def open(self, url: str) -> None:
        page = self._active_page()
        with self._attached(page) as session:
            failure = self._pipe.call("Page.navigate", session, url=url).get("errorText")
        if failure:
            raise BrowserError(f"{url}: {failure}")
        wait_for(
            lambda: self._eval(page, "document.readyState"),
            f"{url} to load",
            until=lambda state: state == "complete",
        )

    def page_eval(self, expression: str) -> Any:
        return self._eval(self._active_page(), expression)

    def popup_open(self) -> bool:
        return self._popup() is not None

    def popup_eval(self, expression: str) -> Any:
        popup = self._popup()
        if popup is None:
            raise BrowserError("no popup is open")
        return self._eval(popup, expression)

    @contextmanager
    def media(self, feature: str, value: str) -> Iterator[None]:
        # It lasts as long as the session does.
        with self._attached(self._popup() or self._active_page()) as session:
            features = [{"name": feature, "value": value}]
            self._pipe.call("Emulation.setEmulatedMedia", session, features=features)
            yield

    def background_running(self) -> bool:
        return self._worker() is not None

    def background_eval(self, expression: str) -> Any:
        if not self.background_running():
            self._service_worker_command("startWorker", scopeURL=self.extension_url(""))
        worker = wait_for(self._ready_worker, "the service worker to wake")
        assert worker is not None
        return self._eval(worker, expression)

    def _ready_worker(self) -> Json | None:
        """The worker once it has its APIs: it can be talked to a little before that."""
        worker = self._worker()
        return worker if worker and self._eval(worker, "typeof browser") == "object" else None

    def terminate_background(self) -> None:
        def stopped() -> bool:
            self._service_worker_command("stopAllWorkers")
            return not self.background_running()

        # Once is not always enough: an event that was on its way starts the worker again.
        wait_for(stopped, "the service worker to end")

    def _service_worker_command(self, name: str, **params: Any) -> None:
        # The domain exists in pages only, but reaches all workers of the profile.
        with self._attached(self._active_page()) as session:
            self._pipe.call("ServiceWorker.enable", session)
            self._pipe.call(f"ServiceWorker.{name}", session, **params)


def _high(descriptor: int) -> int:
    """The same pipe end, numbered 10 or more: 3 and 4 must be free in the child."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved
