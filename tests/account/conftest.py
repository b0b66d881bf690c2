"""A served ledger for the tests of accounts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.account.served import ServedLedger
from tests.conftest import Home


@pytest.fixture
def served(
    tmp_path: Path, flattr_home: Home, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServedLedger]:
    """A server with a ledger of its own, no account connected to it, and no keyring here."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    flattr_home.set(undo_seconds="0")
    with ServedLedger(tmp_path / "server") as server:
        yield server
