"""Where files lie: as platformdirs says, and all together where the person says."""

import platformdirs
import pytest

from flattr_host import paths

KINDS = ("config", "data", "state")


@pytest.mark.parametrize("value", [None, "", " ", "/srv/xdg", "/srv/xdg/", "relative", "~/xdg"])
def test_the_platform_s_folders(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLATTR_HOST_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/ö b")
    for kind in KINDS:
        monkeypatch.delenv(f"XDG_{kind.upper()}_HOME", raising=False)
        if value is not None:
            monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", value)
        theirs = getattr(platformdirs, f"user_{kind}_dir")("flattr-host", appauthor=False)
        assert getattr(paths, f"{kind}_dir")().replace("//", "/") == theirs


def test_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLATTR_HOST_HOME", "/srv/flattr")
    assert [getattr(paths, f"{kind}_dir")() for kind in KINDS] == [
        "/srv/flattr/config",
        "/srv/flattr/data",
        "/srv/flattr/state",
    ]
    assert paths.ledger_path() == "/srv/flattr/data/ledger.sqlite3"
    assert paths.served_ledger_path() == "/srv/flattr/data/served.sqlite3"
