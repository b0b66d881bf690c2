"""Opening a browser with a profile of its own, in which everything is set up already."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from . import facts, resources
from .marionette import Marionette, MarionetteError
from .place import Place
from .process import HostError
from .table import Family, Row
from .wanted import Machine

_START_TIMEOUT = 60.0  # seconds for a browser with an empty profile on a slow machine
_FIRST_CHROME_WITHOUT_LOADING = 137

_CHROMIUM_OPTIONS = (
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--password-store=basic",
)

_FIREFOX_PREFERENCES = """\
user_pref("marionette.port", 0);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.tabs.warnOnClose", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
user_pref("termsofuse.bypassNotification", true);
"""


def visit(here: Place, family: Family, url: str, tell: Callable[[str], None]) -> int:
    """Open a browser of *family* at *url* and wait until the person has closed it.

    *tell* gets the words. Returns 0, or 1 after having told why no browser could be opened.
    """
    rows = candidates(family)
    found = find(rows)
    if found is None:
        names = ", ".join(program for row in rows for program in row.programs)
        tell(f"None of these is in PATH: {names}. Install one, or leave --browser out.")
        return 1
    if sys.platform.startswith("linux") and not _has_display():
        tell(
            "There is no display to open a browser on (neither DISPLAY nor WAYLAND_DISPLAY is set)."
        )
        return 1
    row, program = found
    extension = f"{here.root}/extension"
    shutil.copytree(resources.extension(), extension)
    os.makedirs(f"{here.root}/profile", mode=0o700)
    tell(
        f"Opening {row.name} with a temporary profile. Your own browser, ledger and settings stay "
        "as they are.\nThe page is in the first tab; the other one tells if the button works.\n"
        "Click the green heart, in the toolbar or behind the puzzle piece there, or right-click a "
        "link. Close the browser when you have seen enough."
    )
    if family == "gecko":
        _firefox(here, row, program, url)
    else:
        _chromium(here, program, url, tell)
    return 0


def candidates(family: Family) -> list[Row]:
    """The browsers of *family* for this platform, those first that we know to work."""
    ours = [
        row for row in facts.browsers() if (row.family, row.platform) == (family, facts.platform())
    ]
    return sorted(ours, key=lambda row: row.known != "run")


def find(rows: Iterable[Row]) -> tuple[Row, str] | None:
    """The first of *rows* that is in PATH, and its program."""
    for row in rows:
        for name in row.programs:
            program = shutil.which(name)
            if program:
                return row, program
    return None


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _environment(here: Place) -> dict[str, str]:
    """Ours, but everything that a browser writes goes to the temporary place."""
    home = f"{here.root}/person"
    os.makedirs(home, mode=0o700, exist_ok=True)
    moved = {
        "HOME": home,
        "XDG_CONFIG_HOME": f"{home}/.config",
        "XDG_CACHE_HOME": f"{home}/.cache",
        "XDG_DATA_HOME": f"{home}/.local/share",
        "XDG_STATE_HOME": f"{home}/.local/state",
        "FLATTR_HOST_HOME": here.home,
    }
    cookie = os.path.expanduser("~/.Xauthority")  # what lets us onto an X display lies in the HOME
    if "XAUTHORITY" not in os.environ and os.path.exists(cookie):
        moved["XAUTHORITY"] = cookie
    return {**os.environ, **moved}


def _chromium(here: Place, program: str, url: str, tell: Callable[[str], None]) -> None:
    profile, extension = f"{here.root}/profile", f"{here.root}/extension"
    here.register(f"{profile}/NativeMessagingHosts", "chromium")
    options = [f"--user-data-dir={profile}", f"--load-extension={extension}", *_CHROMIUM_OPTIONS]
    if ignores_loading(_version(program, here)):
        tell(
            "This is Google Chrome, which no longer loads an extension from its command line. Open"
        )
        tell(f"chrome://extensions, turn on “Developer mode”, choose “Load unpacked”: {extension}")
    if sys.platform.startswith("linux") and os.getuid() == 0:
        options.append("--no-sandbox")
        tell("You are root, so the browser runs without its sandbox: visit only what you trust.")
    browser = _open([program, *options, url], here)
    _wait(browser, here)


def _version(program: str, here: Place) -> str:
    """What the browser says of itself; even for that it writes into its HOME."""
    command = [program, "--version"]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        asked = subprocess.run(command, capture_output=True, env=_environment(here), timeout=20)
        return asked.stdout.decode("utf-8", "replace").strip()
    return ""


def ignores_loading(version: str) -> bool:
    """Whether *version*, as ``--version`` prints it, ignores ``--load-extension``."""
    match = re.match(r"Google Chrome (?:beta |dev |canary )?(\d+)", version)
    return match is not None and int(match[1]) >= _FIRST_CHROME_WITHOUT_LOADING


def _firefox(here: Place, row: Row, program: str, url: str) -> None:
    profile, environment = f"{here.root}/profile", _environment(here)
    machine = Machine("linux", environment["HOME"], environment["XDG_CONFIG_HOME"])
    for folder in row.user_dirs:
        here.register(machine.path(folder), "gecko")
    Path(profile, "user.js").write_text(_FIREFOX_PREFERENCES, "utf-8")
    browser = _open([program, "--no-remote", "--marionette", "--profile", profile], here)
    try:
        with Marionette(_port(profile, browser)) as session:
            session.call("Addon:Install", {"path": f"{here.root}/extension", "temporary": True})
            session.call("WebDriver:Navigate", {"url": url})
    except MarionetteError as error:
        _end(browser)
        raise HostError(f"The extension could not be loaded. {error}") from error
    except BaseException:
        _end(browser)
        raise
    _wait(browser, here)


def _port(profile: str, browser: subprocess.Popen[bytes]) -> int:
    """The loopback port that the browser chose and wrote into its profile."""
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline and browser.poll() is None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int(Path(profile, "MarionetteActivePort").read_text("ascii"))
        time.sleep(0.1)
    raise MarionetteError("The browser did not start.")


def _open(command: list[str], here: Place) -> subprocess.Popen[bytes]:
    with open(f"{here.root}/browser.log", "wb") as log:
        return subprocess.Popen(
            command,
            env=_environment(here),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # so that an end by Ctrl-C is ours to give, to all of it
        )


def _wait(browser: subprocess.Popen[bytes], here: Place) -> None:
    """Until the person has closed it; Ctrl-C closes it too.

    Raises :exc:`HostError` if it ended by itself with a failure.
    """
    try:
        code = browser.wait()
    except KeyboardInterrupt:
        code = 0
    finally:
        _end(browser)
    if code:
        said = Path(here.root, "browser.log").read_text("utf-8", "replace").splitlines()[-3:]
        raise HostError("\n".join([f"The browser ended with exit code {code}. It said:", *said]))


def _end(browser: subprocess.Popen[bytes]) -> None:
    """End the browser and whatever it left running."""
    if browser.poll() is None:
        browser.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            browser.wait(10)
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(browser.pid, signal.SIGKILL)
