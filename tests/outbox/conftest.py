"""An outbox with clocks that the test sets."""

from pathlib import Path

import pytest

from flattr_host.outbox.outbox import Outbox


class Clocks:
    """The wall's, which jumps, and the machine's, which nobody can set; in seconds."""

    def __init__(self) -> None:
        self.now = 1_795_500_000.0  # 24 November 2026
        self.monotonic = 1_000.0

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.monotonic += seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "outbox.sqlite3")


@pytest.fixture
def outbox(path: str, clocks: Clocks) -> Outbox:
    return open_at(path, clocks)


def open_at(path: str, clocks: Clocks) -> Outbox:
    return Outbox(path, lambda: clocks.now, lambda: clocks.monotonic)
