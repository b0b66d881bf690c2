"""A home of one's own: every test here registers in a temporary HOME with an awkward name."""

import os
from pathlib import Path

import pytest

from flattr_host.browsers import register
from flattr_host.browsers.diagnosis import Diagnosis, diagnose
from flattr_host.browsers.register import Order
from flattr_host.browsers.words import Report


class Home:
    """A temporary HOME, and what was said while registering in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[str] = []

    @property
    def data(self) -> Path:
        return self.path / ".local/share/flattr-host"

    @property
    def launcher(self) -> Path:
        return self.data / "launcher/flattr-native-host"

    @property
    def firefox(self) -> Path:
        return self.path / ".mozilla/native-messaging-hosts/io.github.flattr_host.json"

    @property
    def chromium(self) -> Path:
        folder = self.path / ".config/chromium/NativeMessagingHosts"
        return folder / "io.github.flattr_host.json"

    def has(self, *browsers: str) -> None:
        for browser in browsers:
            folder = {"firefox": ".mozilla/firefox", "chromium": ".config/chromium"}[browser]
            (self.path / folder).mkdir(parents=True)

    def _echo(self, message: str, /, *, err: bool = False) -> None:  # noqa: ARG002
        self.said.append(message)

    def register(self, order: Order = Order(), *, dry_run: bool = False) -> int:  # noqa: B008
        self.said.clear()
        return register.register(order, Report(self._echo), dry_run=dry_run)

    def unregister(self) -> int:
        self.said.clear()
        return register.unregister(report=Report(self._echo))

    def diagnoses(self) -> dict[str, Diagnosis]:
        """What is said of each browser."""
        return {one.browser: one for one in diagnose(Order())}

    def files(self) -> dict[str, int]:
        """Every file below, with its time of change in ns; without the host's own log."""
        found = (path for path in self.path.rglob("*") if ".local/state" not in str(path))
        return {str(p.relative_to(self.path)): p.lstat().st_mtime_ns for p in found}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    path = tmp_path / "Jürgens 'neues' $HOME"
    path.mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("PATH", str(programs))  # so that this machine's own browsers are not seen
    for name in list(os.environ):
        if name.startswith("XDG_") or name in ("FLATTR_HOST_HOME", "SUDO_USER", "DOAS_USER"):
            monkeypatch.delenv(name)
    return Home(path)
