"""Only our extension is talked with: whoever else starts the host hears one error, every time."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from flattr_host.browsers import facts, resources
from flattr_host.browsers.process import HostProcess
from flattr_host.browsers.wanted import launcher_script
from flattr_host.native.callers import CALLERS, caller
from tests.conftest import MAIN, Home

CHROMIUM, FIREFOX = CALLERS
STARTED = [sys.executable, "-I", "-c", MAIN]
HELLO = {"id": "1", "type": "hello", "protocol": [1, 1], "extension": "test"}
FLATTR = {"id": "2", "type": "flattr", "url": "https://github.com/smgt/flattr"}

OURS = [
    [CHROMIUM],
    [CHROMIUM, "--parent-window=0"],
    ["/home/jo/.mozilla/native-messaging-hosts/io.github.flattr_host.json", FIREFOX],
]

OTHERS = [
    [],
    [""],
    ["", ""],
    ["chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"],
    [CHROMIUM.rstrip("/")],
    [CHROMIUM.upper()],
    [CHROMIUM + "page.html"],
    [CHROMIUM, "https://evil.example/"],
    ["https://evil.example/"],
    [FIREFOX],
    ["manifest.json", "someone@else.example"],
    ["manifest.json", FIREFOX, "more"],
    ["manifest.json", FIREFOX + " "],
    ["--parent-window=0", "--parent-window=0"],
    ["ümlaut\udcff", "\udcff"],
    ["m", "x" * 100_000],
]


def test_the_callers_are_those_that_are_registered(tmp_path: Path) -> None:
    ids = facts.extension_ids()
    assert (f"chrome-extension://{ids['chromium']}/", ids["gecko"]) == CALLERS
    host = facts.host(str(tmp_path), None)
    assert host.script == launcher_script(sys.executable, None, CALLERS)


def test_what_no_browser_gives_names_nobody() -> None:
    for arguments in OTHERS:
        assert caller(arguments) not in CALLERS, arguments
    assert [caller(arguments) for arguments in OURS] == [CHROMIUM, CHROMIUM, FIREFOX]


@pytest.mark.parametrize("arguments", OURS, ids=["Chromium", "Chromium on Windows", "Firefox"])
def test_our_extension_is_answered(flattr_home: Home, arguments: list[str]) -> None:
    assert flattr_home
    with HostProcess(argv=[*STARTED, *arguments]) as host:
        (answer,) = host.request(HELLO)
    assert answer["type"] == "done"


@pytest.mark.parametrize("arguments", OTHERS, ids=lambda it: ascii(" ".join(it))[:40])
def test_anybody_else_hears_one_error(flattr_home: Home, arguments: list[str]) -> None:
    flattr_home.set(undo_seconds="0")
    with HostProcess(argv=[*STARTED, *arguments]) as host:
        for request in (HELLO, FLATTR, {"id": "3", "type": "flattrs"}, {"id": 4, "type": "odd"}):
            (answer,) = host.request(request)
            assert (answer["id"], answer["code"]) == (request["id"], "caller_not_allowed")
        for rubbish in (b"\2\0\0\0{]", b"\0\0\0\0"):
            host.send_raw(rubbish)
            assert host.receive()["code"] == "caller_not_allowed"
        assert host.close() == 0
    assert sorted(it.name for it in flattr_home.path.rglob("*") if it.is_file()) == [
        "flattr-host.log",
        "settings.toml",
    ]
    log = flattr_home.log.read_text()
    assert log.count("refused caller_not_allowed") == 6
    assert len(log) < 1000


def test_a_build_of_one_s_own_is_answered(
    tmp_path: Path, flattr_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is registered is what the extension's manifest says, and the launcher knows it."""
    assert flattr_home
    extension = tmp_path / "extension"
    shutil.copytree(resources.extension(), extension)
    manifest = json.loads((extension / "manifest.json").read_text())
    manifest["browser_specific_settings"]["gecko"]["id"] = 'it\'s "mine"@ö.example'
    manifest["key"] = "QUJD"
    (extension / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(resources, "extension", lambda: extension)
    script = facts.host(str(tmp_path), None).script
    ids = facts.extension_ids()
    assert script
    launcher = tmp_path / "launcher"
    launcher.write_bytes(script)
    os.chmod(launcher, 0o700)

    def outcome(*arguments: str) -> object:
        with HostProcess(argv=[str(launcher), *arguments]) as host:
            (answer,) = host.request(HELLO)
            return answer.get("code", answer["type"])

    assert outcome("m.json", ids["gecko"]) == "done"
    assert outcome(f"chrome-extension://{ids['chromium']}/") == "done"
    assert outcome("m.json", FIREFOX) == "caller_not_allowed"
    assert outcome(CHROMIUM) == "caller_not_allowed"
