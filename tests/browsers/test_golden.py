"""The plan of every row on every platform, held against what is kept to be read."""

import pytest

from flattr_host.browsers.table import Platform
from flattr_host.browsers.wanted import Scope
from tests.browsers.golden import CASES, file_of, text_of


@pytest.mark.parametrize(("platform", "scope"), CASES)
def test_the_plan_is_the_one_that_was_read(platform: Platform, scope: Scope) -> None:
    """If it shall be another: ``python3 -m tests.browsers.golden``, and read what has changed."""
    assert text_of(platform, scope) == file_of(platform, scope).read_text("utf-8")
