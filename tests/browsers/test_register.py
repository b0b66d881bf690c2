"""Registering for real in a temporary HOME with spaces, quotes and umlauts, and taking it back."""

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from flattr_host.browsers.process import HostProcess

from .conftest import Home

HELLO = {"id": "1", "type": "hello", "protocol": [1, 1], "extension": "test"}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def said(home: Home) -> str:
    return "\n".join(home.said)


def test_a_registered_host_answers_as_both_browsers_start_it(home: Home) -> None:
    home.has("firefox", "chromium")
    assert home.register() == 0, said(home)
    assert "Started it as Firefox does: flattr-host" in said(home)
    for path in (home.firefox, home.chromium):
        assert f"Wrote {path}" in said(home)
        with HostProcess(path) as host:
            (answer,) = host.request(HELLO)
        assert answer["type"] == "done"


def test_modes_hold_whatever_the_umask(home: Home) -> None:
    home.has("firefox", "chromium")
    before = os.umask(0o000)
    try:
        assert home.register() == 0
    finally:
        os.umask(before)
    assert mode(home.firefox) == mode(home.chromium) == 0o644
    assert mode(home.launcher) == mode(home.launcher.parent) == 0o700
    assert mode(home.firefox.parent) == 0o700


def test_only_browsers_that_are_here(home: Home) -> None:
    home.has("chromium")
    assert home.register() == 0
    assert home.chromium.exists()
    assert not (home.path / ".mozilla").exists()


def test_a_browser_that_was_never_started_is_found_in_path(home: Home) -> None:
    program = home.path.parent / "bin/firefox-esr"
    program.write_text("")
    program.chmod(0o755)
    assert home.register() == 0
    assert home.firefox.exists()
    program.unlink()
    home.register()
    assert "No browser was found" in said(home)  # the folder that we made is no sign of one


def test_without_a_browser_it_says_so(home: Home) -> None:
    assert home.register() == 1
    assert "No browser was found" in said(home)


def test_a_second_run_changes_nothing(home: Home) -> None:
    home.has("firefox", "chromium")
    home.register()
    before = home.files()
    assert home.register() == 0
    assert home.files() == before
    assert f"Kept {home.firefox}: right already." in home.said


def test_a_dry_run_prints_the_plan_and_does_nothing(home: Home) -> None:
    home.has("firefox")
    before = home.files()
    assert home.register(dry_run=True) == 0
    assert home.files() == before
    assert f"write 0644 {home.firefox}: for Firefox (~/.mozilla is there)" in said(home)


def test_unregistering_leaves_the_home_as_it_was(home: Home) -> None:
    home.has("firefox", "chromium")
    before = set(home.files())
    home.register()
    assert home.unregister() == 0
    assert set(home.files()) - {".local"} == before
    assert home.unregister() == 0
    assert home.said == ["Nothing is registered."]


def test_a_symlinked_manifest_is_refused_and_its_target_unharmed(home: Home) -> None:
    home.has("firefox", "chromium")
    target = home.path / "managed.json"
    target.write_text("{}")
    home.firefox.parent.mkdir()
    home.firefox.symlink_to(target)
    assert home.register() == 1
    assert f"Problem: {home.firefox} is a symbolic link" in said(home)
    assert target.read_text() == "{}"
    assert home.chromium.exists()  # the other browser is none the worse
    home.unregister()
    assert home.firefox.is_symlink()


def test_an_equal_file_is_fine_even_if_it_is_a_read_only_link(home: Home) -> None:
    home.has("firefox")
    home.register()
    target = home.path / "store.json"
    shutil.move(home.firefox, target)
    target.chmod(0o444)
    home.firefox.symlink_to(target)
    assert home.register() == 0
    assert f"Kept {home.firefox}: right already." in home.said
    assert home.unregister() == 0
    assert f"Left {home.firefox}: it was changed by somebody else, so it stays." in home.said
    assert home.firefox.is_symlink()


def test_an_equal_read_only_file_is_fine(home: Home) -> None:
    home.has("firefox")
    home.register()
    home.firefox.chmod(0o444)
    before = home.files()
    assert home.register() == 0
    assert home.files() == before


def test_a_manifest_edited_by_hand_stays_at_uninstall(home: Home) -> None:
    home.has("firefox", "chromium")
    home.register()
    home.firefox.write_text('{"edited": true}')
    assert home.unregister() == 0
    assert home.firefox.read_text() == '{"edited": true}'
    assert f"Left {home.firefox}: it was changed by somebody else, so it stays." in home.said
    assert not home.chromium.exists()


def test_a_stale_manifest_is_replaced_and_that_is_said(home: Home) -> None:
    home.has("firefox")
    home.firefox.parent.mkdir()
    home.firefox.write_text('{"path": "/gone"}')
    assert home.register() == 0
    assert "replaces another installation's, or one changed by hand" in said(home)
    assert json.loads(home.firefox.read_text())["path"] == str(home.launcher)


def test_a_lost_receipt_comes_back(home: Home) -> None:
    home.has("firefox")
    home.register()
    (home.data / "receipt.json").unlink()
    assert home.register() == 0
    assert home.unregister() == 0
    assert not home.firefox.exists()


def test_a_damaged_receipt_is_a_sentence(home: Home) -> None:
    home.has("firefox")
    home.register()
    (home.data / "receipt.json").write_text("{")
    assert home.register() == home.unregister() == 1
    assert "cannot be read" in said(home)
    assert home.firefox.exists()


def test_what_an_interrupted_write_left_is_cleared_up(home: Home) -> None:
    home.has("firefox")
    home.register()
    debris = home.firefox.with_name(f".{home.firefox.name}.new")
    debris.write_text("half")
    home.firefox.unlink()
    assert home.register() == 0
    assert not debris.exists()
    debris.write_text("half")
    assert home.unregister() == 0
    assert not home.firefox.parent.exists()


def test_a_manifest_in_a_folder_that_is_a_file_is_a_sentence(home: Home) -> None:
    home.has("firefox")
    (home.path / ".mozilla/native-messaging-hosts").write_text("")
    assert home.register() == 1
    assert "could not be written: " in said(home)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give away")
def test_the_home_of_somebody_else_is_refused(home: Home) -> None:
    home.has("firefox")
    home.register()
    home.firefox.write_text("theirs")
    os.chown(home.firefox, 1, -1)
    assert home.register() == 1
    assert "belongs to daemon" in said(home)
    assert home.firefox.read_text() == "theirs"


def test_flattr_host_home_goes_with_the_launcher(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "anders'wo"
    monkeypatch.setenv("FLATTR_HOST_HOME", str(elsewhere))
    home.has("chromium")
    assert home.register() == 0
    assert json.loads(home.chromium.read_text())["path"].startswith(str(elsewhere))
    assert not (home.path / ".local").exists()  # the host that was tried knew it too
    assert home.unregister() == 0
    assert not home.chromium.exists()
