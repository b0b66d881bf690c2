"""The trial in real browsers: a profile of its own, the host known there, nothing left of it.

What a click does then is for tests/e2e; here the browser is opened, and closed with Ctrl-C.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from .conftest import Home

# What the extension shows in front of the page when it was just installed.
TITLE = "Setting up flattr-host"
NAME = "io.github.flattr_host.json"
MANIFESTS = {
    "chromium": f"flattr-host-*/profile/NativeMessagingHosts/{NAME}",
    "firefox": f"flattr-host-*/person/.mozilla/native-messaging-hosts/{NAME}",
}
NEEDED = ("Xvfb", "xdotool", "chromium", "firefox-esr")
PATH = os.environ["PATH"]


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """The name of a virtual screen."""
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        what = f"not installed: {', '.join(missing)}"
        pytest.fail(what) if os.environ.get("CI") == "true" else pytest.skip(what)
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL) as screen:
        os.close(write)
        with open(read, encoding="ascii") as number:
            yield f":{number.readline().strip()}"
        screen.terminate()


class Page(BaseHTTPRequestHandler):
    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>A page for a trial</title>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A place for temporary files with a short path: Chromium has a socket there."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        yield Path(path)


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_real_browser_with_a_profile_of_its_own(
    browser: str, url: str, display: str, home: Home, temporary: Path
) -> None:
    run = f"trial.run({url + browser!r}, {browser!r})"
    code = f"from flattr_host.browsers import trial; raise SystemExit({run})"
    env = {**os.environ, "PATH": PATH, "DISPLAY": display, "TMPDIR": str(temporary)}
    env.pop("WAYLAND_DISPLAY", None)
    before = home.files()

    def title_is_shown() -> bool:
        command = ["/usr/bin/env", "xdotool", "search", "--onlyvisible", "--name", TITLE]
        return not subprocess.run(command, env=env, capture_output=True, check=False).returncode

    with subprocess.Popen(
        [sys.executable, "-I", "-c", code], env=env, stdout=subprocess.PIPE, text=True
    ) as trial:
        try:
            wait_for(lambda: title_is_shown() or trial.poll() is not None)
            wait_for(lambda: f"/{browser}" in Page.seen)
            assert len(list(temporary.glob(MANIFESTS[browser]))) == 1
        finally:
            trial.send_signal(signal.SIGINT)
            said, _ = trial.communicate(timeout=60)
    assert said.startswith("Opening ")
    assert said.endswith("Nothing was flattred: the temporary ledger is empty.\n")
    assert trial.returncode == 1
    assert home.files() == before
    assert not list(temporary.glob("flattr-host-*"))
    assert not title_is_shown()
