"""A virtual screen for browsers: one Xvfb with its mouse, keyboard and pictures.

A private D-Bus session comes with it, because the accessibility tree that names toolbar buttons
and menu items travels over one. Neither touches the desktop of the person who runs the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from .processes import ProcessGroup, end_strays

WIDTH, HEIGHT = 1280, 800
TOOL_TIMEOUT_S = 20.0
Crop = tuple[int, int, int, int]
"""x, y, width, height in screen pixels."""


class Display:
    """An Xvfb on a free display number and a message bus, running from enter to exit."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.width = width
        self.height = height
        self.name = ""
        self.bus_address = ""
        # Short, since a Unix socket's path may have no more than 107 bytes.
        self._home = Path(tempfile.mkdtemp(prefix="e2e-d-", dir="/tmp"))
        self._groups: list[ProcessGroup] = []
        self._occupant: object = None

    def __enter__(self) -> Self:
        try:
            self._start_screen()
            self._start_bus()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        for group in reversed(self._groups):
            group.stop()
        self._groups.clear()
        end_strays(f"HOME={self._home}")
        shutil.rmtree(self._home, ignore_errors=True)

    def _start_screen(self) -> None:
        read_end, write_end = os.pipe()
        screen = f"{self.width}x{self.height}x24"
        self._groups.append(
            ProcessGroup(
                [
                    "Xvfb",
                    "-displayfd",
                    str(write_end),
                    "-screen",
                    "0",
                    screen,
                    "-dpi",
                    "96",
                    "-nolisten",
                    "tcp",
                    "-noreset",
                ],
                os.environ,
                self._home / "xvfb.log",
                inherit=(write_end,),
            )
        )
        os.close(write_end)
        with open(read_end, encoding="ascii") as number:
            self.name = f":{number.readline().strip()}"
        if self.name == ":":
            raise RuntimeError(f"Xvfb did not start: {(self._home / 'xvfb.log').read_text()}")

    def _start_bus(self) -> None:
        read_end, write_end = os.pipe()
        self._groups.append(
            ProcessGroup(
                [
                    "dbus-daemon",
                    "--session",
                    "--nofork",
                    f"--print-address={write_end}",
                    f"--address=unix:path={self._home}/bus",
                ],
                self.environment(),
                self._home / "dbus.log",
                inherit=(write_end,),
            )
        )
        os.close(write_end)
        with open(read_end, encoding="ascii") as address:
            self.bus_address = address.readline().strip()
        if not self.bus_address:
            raise RuntimeError(f"dbus-daemon: {(self._home / 'dbus.log').read_text()}")

    def occupy(self, occupant: object) -> None:
        """Let one browser have mouse, keyboard and toolbar. Raises when another one has them."""
        if self._occupant not in (None, occupant):
            raise RuntimeError("one browser at a time per display: close the other one first")
        self._occupant = occupant

    def release(self, occupant: object) -> None:
        """The opposite of `occupy`; does nothing for one that does not have the display."""
        if self._occupant is occupant:
            self._occupant = None

    def environment(self) -> dict[str, str]:
        """The environment for programs that are to use this display and this bus only."""
        home = str(self._home)
        return {
            **os.environ,
            "DISPLAY": self.name,
            "DBUS_SESSION_BUS_ADDRESS": self.bus_address,
            "XDG_RUNTIME_DIR": home,
            "XDG_CACHE_HOME": home,
            "HOME": home,
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "LANGUAGE": "en",
        }

    def xdotool(self, *arguments: str | int) -> None:
        """Move the mouse, click, type: the arguments are those of the xdotool command."""
        subprocess.run(
            ["xdotool", *map(str, arguments)],
            env=self.environment(),
            capture_output=True,
            timeout=TOOL_TIMEOUT_S,
            check=True,
        )

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Move the mouse to x, y (screen pixels) and press a button: 1 left, 3 right."""
        self.xdotool("mousemove", x, y)
        self.xdotool("click", button)

    def focus_window(self, window_class: str) -> None:
        """Give the keyboard to the visible window of that class, waiting until there is one."""
        self.xdotool(
            "search", "--sync", "--onlyvisible", "--class", window_class, "windowfocus", "--sync"
        )

    def screenshot(self, path: Path, crop: Crop | None = None) -> Path:
        """Write the screen, or the part `crop` of it, to `path` as PNG; returns `path`."""
        cut: list[str] = []
        if crop:
            x, y, width, height = crop
            cut = ["-crop", f"{width}x{height}+{x}+{y}", "+repage"]
        subprocess.run(
            ["import", "-window", "root", *cut, f"png:{path}"],
            env=self.environment(),
            timeout=TOOL_TIMEOUT_S,
            check=True,
        )
        return path
