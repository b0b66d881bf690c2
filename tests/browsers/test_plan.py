"""The plan as data: rows and facts in, words out."""

import json
from typing import Any

import pytest

from flattr_host.browsers import resources, table
from flattr_host.browsers.plan import Action, Found, decide, describe
from flattr_host.browsers.table import Platform
from flattr_host.browsers.wanted import (
    File,
    Host,
    Machine,
    launcher_script,
    manifest,
    present,
    wanted,
)
from flattr_host.native.callers import CALLERS

ROWS = table.load(resources.manifests() / "browsers.toml").rows


def template(family: str) -> dict[str, Any]:
    text = (resources.manifests() / f"{family}.json").read_text()
    decoded: dict[str, Any] = json.loads(text)
    return decoded


HOST = Host(
    "/home/jo/data/launcher/flattr-native-host",
    launcher_script("/home/jo/env/bin/python", None, CALLERS),
    {"gecko": template("gecko"), "chromium": template("chromium")},
    {"gecko": "flattr-host@flattr-host.github.io", "chromium": "a" * 32},
)


def planned(*folders: str, programs: tuple[str, ...] = (), **found: Found) -> str:
    """The plan for a Linux machine with *folders* below /home/jo, as `--dry-run` prints it."""
    here = frozenset(f"/home/jo/{folder}" for folder in folders)
    machine = Machine("linux", "/home/jo", "/home/jo/.config", "", here, frozenset(programs))
    files, _ = wanted(present(ROWS, machine), machine, HOST)
    nothing = Found(folder="/home/jo")
    return describe(decide(files, {file.path: found.get("at", nothing) for file in files}))


LAUNCHER = (
    "write 0700 /home/jo/data/launcher/flattr-native-host: for the host "
    "(what browsers will start)\n"
)
NAME = "io.github.flattr_host.json"


def test_two_browsers() -> None:
    assert planned(".mozilla", ".config/chromium") == LAUNCHER + (
        f"write 0644 /home/jo/.mozilla/native-messaging-hosts/{NAME}: "
        "for Firefox (~/.mozilla is there)\n"
        f"write 0644 /home/jo/.config/chromium/NativeMessagingHosts/{NAME}: "
        "for Chromium ($XDG_CONFIG_HOME/chromium is there)"
    )


def test_browsers_that_share_a_folder_share_a_manifest() -> None:
    assert planned(".zen", programs=("firefox-esr",)) == LAUNCHER + (
        f"write 0644 /home/jo/.mozilla/native-messaging-hosts/{NAME}: "
        "for Firefox, Zen (firefox-esr is in PATH; ~/.zen is there)"
    )


def test_no_browser_no_manifest() -> None:
    assert planned("Documents") + "\n" == LAUNCHER


def test_missing_folders_are_made_first_and_once() -> None:
    machine = Machine(
        "linux", "/h", "/h/.config", "", frozenset({"/h/.mozilla", "/h/.config/chromium"})
    )
    _, *files = wanted(present(ROWS, machine), machine, HOST)[0]
    found = {
        f"/h/.mozilla/native-messaging-hosts/{NAME}": Found(
            missing=("/h/.mozilla/native-messaging-hosts",)
        ),
        f"/h/.config/chromium/NativeMessagingHosts/{NAME}": Found(
            missing=("/h/.config/chromium/NativeMessagingHosts",)
        ),
    }
    assert [(action.verb, action.path, action.mode) for action in decide(files, found)] == [
        ("make", "/h/.mozilla/native-messaging-hosts", 0o700),
        ("write", f"/h/.mozilla/native-messaging-hosts/{NAME}", 0o644),
        ("make", "/h/.config/chromium/NativeMessagingHosts", 0o700),
        ("write", f"/h/.config/chromium/NativeMessagingHosts/{NAME}", 0o644),
    ]


FILE = File("/h/m/x.json", b"right\n", 0o644, "~/m is there", "gecko", ("Firefox",))


def decided(found: Found) -> Action:
    (action,) = decide([FILE], {FILE.path: found})
    return action


@pytest.mark.parametrize(
    "found",
    [
        Found("file", b"right\n", 0o644),
        Found("file", b"right\n", 0o400),
        Found("file", b"right\n", 0o444, writable=False),
        Found("file", b"right\n", 0o644, owner="root"),
        Found("link", b"right\n", 0o444, folder_owner="root"),
    ],
)
def test_what_is_right_is_kept_whoever_made_it(found: Found) -> None:
    assert decided(found).verb == "keep"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Found("link", b"wrong"), "is a symbolic link, so something else manages it"),
        (Found("link", None), "is a symbolic link"),
        (Found("folder"), "is not a file"),
        (Found("other"), "is not a file"),
        (Found("file", b"wrong", owner="eve"), "belongs to eve; have eve remove it"),
        (Found(folder="/h/m", folder_owner="jo"), "register as jo, without sudo"),
        (Found(folder="/h/m", writable=False), "since /h/m is read-only for you"),
    ],
)
def test_what_is_not_ours_is_refused_with_a_sentence(found: Found, said: str) -> None:
    action = decided(found)
    assert action.verb == "refuse"
    assert said in action.reason


def test_a_wrong_file_of_ones_own_is_replaced_and_that_is_said() -> None:
    theirs, ours = decided(Found("file", b"old")), decided(Found("file", b"old", ours=True))
    assert theirs.verb == ours.verb == "write"
    assert "changed by hand" in theirs.reason
    assert "an earlier one of ours" in ours.reason


def test_a_file_that_others_can_write_gets_its_mode_back() -> None:
    action = decided(Found("file", b"right\n", 0o666))
    assert (action.verb, action.mode) == ("mode", 0o644)


def test_a_launcher_folder_that_others_can_enter_is_closed() -> None:
    file = File("/h/l/run", b"x", 0o700, "", private=True)
    open_to_all = Found(folder="/h/l", folder_mode=0o755)
    mode, _ = decide([file], {file.path: open_to_all})
    assert (mode.verb, mode.path, mode.mode) == ("mode", "/h/l", 0o700)


@pytest.mark.parametrize("path", ["/h/ü „“/'\"\\/$x `y`", "/h/a\nb"])
def test_manifests_survive_any_path(path: str) -> None:
    host = Host(path, b"", HOST.templates, HOST.extensions)
    firefox, chromium = (json.loads(manifest(host, f)) for f in ("gecko", "chromium"))
    assert firefox["path"] == chromium["path"] == path
    assert firefox["allowed_extensions"] == ["flattr-host@flattr-host.github.io"]
    assert chromium["allowed_origins"] == [f"chrome-extension://{'a' * 32}/"]
    assert "allowed_origins" not in firefox  # Firefox refuses a manifest with both lists
    assert "allowed_extensions" not in chromium


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name} on {row.platform}")
def test_every_row_is_found_by_each_of_its_signs(row: table.Row) -> None:
    platform: Platform = row.platform
    bare = Machine(platform, "/h", "/h/.config", "/p")
    assert present([row], bare) == []
    for folder in row.here:
        machine = Machine(platform, "/h", "/h/.config", "/p", frozenset({bare.path(folder)}))
        (found,) = present([row], machine)
        (_, *files), values = wanted([found], machine, HOST)
        assert len(files) == len(row.user_dirs) + bool(row.registry)
        assert len(values) == len(row.registry)
    for program in row.programs:
        machine = Machine(platform, "/h", "/h/.config", programs=frozenset({program}))
        assert present([row], machine)[0].why == f"{program} is in PATH"
