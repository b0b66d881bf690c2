"""Programs that tests start, ended with everything that they started in turn."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("Xvfb", "xdotool", "import", "dbus-daemon", "chromium", "firefox-esr")
DEBIAN_PACKAGES = "chromium firefox-esr xvfb xdotool dbus-daemon at-spi2-core imagemagick"

GRACE_S = 5.0
DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM", "--")
"""For a test run that is itself killed, and then cannot end what it started."""


def missing_programs() -> str:
    """What is not installed that browsers are tried with, as a sentence; empty for nothing."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if not missing:
        return ""
    return f"not installed: {', '.join(missing)}. On Debian: apt install {DEBIAN_PACKAGES}"


class ProcessGroup:
    """A program in a session of its own, so that one signal reaches all of its children."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        inherit: tuple[int, ...] = (),
    ) -> None:
        """`log` receives stdout and stderr; `inherit` are file descriptors to keep open."""
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*DIE_WITH_PARENT, *command],
                env=environment,
                pass_fds=inherit,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout: float = GRACE_S) -> bool:
        """Whether the program ended by itself within `timeout` seconds."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End what is left of the group: asked first, and killed when that is not enough."""
        self._signal(signal.SIGTERM)
        self.wait()
        self.kill()

    def kill(self) -> None:
        """End all of the group at once."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def with_environment(marker: str) -> list[int]:
    """The ids of the processes whose environment holds `marker` ("NAME=value").

    A child that left its parent's process group is still found this way, since the environment
    is handed down.
    """
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # ended meanwhile, or somebody else's
                if marker.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def end_strays(marker: str) -> None:
    """Kill the processes that `with_environment` finds."""
    for pid in with_environment(marker):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
