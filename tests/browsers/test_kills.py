"""Registering and unregistering killed at each kind of step; all of them: tests.browsers.kills."""

import sys
from pathlib import Path

import pytest

from .kills import WORLDS, kill

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs ptrace and seccomp")


@pytest.mark.parametrize("world", WORLDS)
def test_whoever_is_killed_can_be_run_again(tmp_path: Path, world: str) -> None:
    result = kill(tmp_path, world, everywhere=False)
    assert result.kills == len(result.verdicts) > 0
    assert result.wrong == []
