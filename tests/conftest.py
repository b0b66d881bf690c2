"""What most tests stand on: a place of their own, and the real host process in it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flattr_host.browsers.process import HostProcess
from flattr_host.native.callers import CALLERS

MAIN = "from flattr_host.native import main; raise SystemExit(main())"

StartHost = Callable[[], HostProcess]


def host_running(code: str) -> list[str]:
    """The command line of a host that runs ``code``, with what Chromium adds to it."""
    return [sys.executable, "-I", "-c", code, CALLERS[0]]


#: How the launcher starts the host, see browsers/plan.py.
HOST = host_running(MAIN)


class Home:
    """FLATTR_HOST_HOME of one test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = path / "data" / "ledger.sqlite3"
        self.log = path / "state" / "flattr-host.log"

    def set(self, **settings: str) -> None:
        """Writes settings.toml; the values are TOML."""
        file = self.path / "config" / "settings.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))


@pytest.fixture
def flattr_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("FLATTR_HOST_HOME", str(tmp_path / "flattr-host"))
    return Home(tmp_path / "flattr-host")


@pytest.fixture
def start_host(flattr_home: Home) -> Iterator[StartHost]:
    """Starts the real host, as a browser does, as often as it is called."""
    assert flattr_home
    hosts: list[HostProcess] = []

    def start() -> HostProcess:
        hosts.append(HostProcess(argv=HOST))
        return hosts[-1]

    yield start
    for host in hosts:
        host.close()


@pytest.fixture
def host(start_host: StartHost) -> HostProcess:
    return start_host()
