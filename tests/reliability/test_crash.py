"""A part of the crash harness: some of the points at which a host, or its server, is killed."""

from pathlib import Path

import pytest

from tests.reliability.crash import WORLDS, crash
from tests.reliability.server_crash import crash_server

#: Kills in each world; `python -m tests.reliability crash` does all.
_KILLS = 4


@pytest.mark.parametrize("world", WORLDS)
def test_a_killed_host_neither_loses_nor_doubles_a_flattr(tmp_path: Path, world: str) -> None:
    result = crash(tmp_path / "world", world, _KILLS)
    assert result.kills.total() >= _KILLS - 1  # a step of the network's may be one less this time
    assert result.wrong == []


def test_a_killed_server_neither_loses_nor_doubles_a_flattr(tmp_path: Path) -> None:
    result = crash_server(tmp_path, _KILLS)
    assert result.kills.total() >= _KILLS - 1
    assert result.wrong == []
