"""A part of the long runs: hosts of several browsers at once."""

from pathlib import Path

import pytest

from tests.reliability.processes import crowd


@pytest.mark.parametrize("same", [False, True])
def test_four_hosts_make_each_flattr_once(tmp_path: Path, same: bool) -> None:
    result = crowd(tmp_path, 25, same=same)
    assert result.is_exact, result
