"""Playing the browser: what a host is given, and what is made of its answers."""

import json
import os
import sys
from pathlib import Path

import pytest

from flattr_host.browsers.process import (
    HostError,
    HostGone,
    HostProcess,
    HostSilent,
    Message,
)

# A host of a few lines, which answers each message with what it was started with.
HOST = """
import json, os, struct, sys, time
def out(o):
    b = json.dumps(o).encode(); os.write(1, struct.pack("=I", len(b)) + b)
while head := sys.stdin.buffer.read(4):
    m = json.loads(sys.stdin.buffer.read(*struct.unpack("=I", head)))
    if m.get("raw"): os.write(1, bytes.fromhex(m["raw"])); continue
    if m.get("exit"): sys.exit(m["exit"])
    if m.get("sleep"): time.sleep(m["sleep"])
    out({"id": "other", "type": "status"})
    out({"id": m["id"], "type": "status"})
    try: third = os.fstat(3).st_mode >> 12
    except OSError: third = None
    fds = sorted(int(n) for n in os.listdir("/proc/self/fd")) if os.path.isdir("/proc") else None
    out({"id": m["id"], "type": "done", "argv": sys.argv, "cwd": os.getcwd(), "third": third,
         "fds": fds})
sys.exit(7)
"""

FIFO = 0o1


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "höst dir" / "host"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\n{HOST}")
    path.chmod(0o755)
    return path


def manifest(program: Path, **allowed: list[str]) -> Path:
    path = program.with_name("io.github.flattr_host.json")
    path.write_text(json.dumps({"path": str(program), **allowed}))
    return path


def ask(host: HostProcess, **more: object) -> Message:
    *_, last = host.request({"id": "1", **more}, 10)
    return last


def test_firefox_gives_manifest_and_id_and_a_third_pipe(program: Path) -> None:
    path = manifest(program, allowed_extensions=["a@b"])
    with HostProcess(path) as host:
        answer = ask(host)
        assert host.close() == 7
    assert answer["argv"] == [str(program), str(path), "a@b"]
    assert answer["cwd"] == str(program.parent)
    assert answer["third"] == FIFO


def test_chromium_gives_the_origin(program: Path) -> None:
    with HostProcess(manifest(program, allowed_origins=["chrome-extension://x/"])) as host:
        answer = ask(host)
    assert answer["argv"] == [str(program), "chrome-extension://x/"]
    assert answer["cwd"] == str(program.parent)
    assert answer["third"] != FIFO


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_nothing_else_of_ours_leaks_into_the_host(program: Path) -> None:
    others = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]
    with HostProcess(argv=[str(program)], family="gecko") as host:
        assert ask(host)["fds"][:4] == [0, 1, 2, 3]
        assert len(ask(host)["fds"]) == 5  # and the listing's own
    for descriptor in others:
        os.close(descriptor)


def test_answers_to_others_are_kept_for_them(program: Path) -> None:
    with HostProcess(argv=[str(program)]) as host:
        frames = list(host.request({"id": "1"}))
        assert [frame["type"] for frame in frames] == ["status", "done"]
        assert host.receive(0)["id"] == "other"
        with pytest.raises(HostSilent):
            host.receive(0.05)


def test_a_host_that_ends_is_told_with_its_exit_code(program: Path) -> None:
    with HostProcess(argv=[str(program)]) as host:
        with pytest.raises(HostGone, match="exit code 3"):
            ask(host, exit=3)
        assert host.close() == 3


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("00000000", "0 bytes"),
        ("ffffffff", "4294967295 bytes"),
        ("020000007b7b", "no JSON object"),
        ("0300000031323334", "no JSON object"),
    ],
)
def test_what_a_browser_refuses_is_an_error(program: Path, raw: str, said: str) -> None:
    with HostProcess(argv=[str(program)]) as host, pytest.raises(HostError, match=said):
        ask(host, raw=raw)


def test_a_program_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(HostGone, match="cannot be started: No such file or directory"):
        HostProcess(manifest(tmp_path / "gone", allowed_extensions=["a@b"]))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"path": "/x", "allowed_origins": []}'])
def test_a_manifest_that_is_none_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(HostGone, match="is not usable"):
        HostProcess(path)
    with pytest.raises(HostGone, match="is not usable"):
        HostProcess(tmp_path / "none.json")


def test_a_host_that_does_not_end_is_killed(program: Path) -> None:
    with HostProcess(argv=[str(program)]) as host:
        host.send({"id": "1", "sleep": 60})
        assert host.close(timeout=0.2) == -9
