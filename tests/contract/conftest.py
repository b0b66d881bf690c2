"""Each test of the contract runs three times, see worlds.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .worlds import Served, World, embedded, raw, through_the_client


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("served") / "ledger.sqlite3")
    yield server
    assert server.stop() == 0


@pytest.fixture(params=["embedded", "client", "raw"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    if request.param == "embedded":
        return embedded(tmp_path / "ledger.sqlite3")
    server: Served = request.getfixturevalue("served")
    return through_the_client(server) if request.param == "client" else raw(server)
