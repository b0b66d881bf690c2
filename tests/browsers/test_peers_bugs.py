"""What other installers and hosts were found to get wrong, tried with ours as it is registered."""

import contextlib
import json
import os
import shutil
import signal
import statistics
import struct
import sys
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flattr_host.browsers import resources, table, wanted
from flattr_host.browsers.facts import extension_ids
from flattr_host.browsers.process import HostGone, HostProcess, HostSilent
from flattr_host.native.callers import CALLERS

from .kills import COMMAND, NAME, Ground
from .world import Namespace, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="launchers are for sh")

HELLO = {"id": "1", "type": "hello", "protocol": [1, 1], "extension": "test"}
AUTOSUBMIT = "https://flattr.com/submit/auto?user_id=anna&url=https://blog.example/x&title="
SHELLS = ("sh", "dash", "bash", "busybox", "ksh", "mksh", "zsh")
ROWS = tuple(table.load(resources.manifests() / "browsers.toml"))


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    ground = Ground(tmp_path)
    for folder in (".mozilla/firefox", ".config/chromium"):
        (ground.home / folder).mkdir(parents=True)
    return ground


@pytest.fixture
def registered(ground: Ground) -> Ground:
    code, said = ground.run("register")
    assert code == 0, said
    return ground


@pytest.fixture(params=["firefox", "chromium"])
def host(registered: Ground, request: pytest.FixtureRequest) -> Iterator[HostProcess]:
    """The registered host, as each of the browsers starts it."""
    manifest = registered.manifests[request.param == "chromium"]
    with HostProcess(manifest, env=registered.env) as process:
        yield process


def frame(message: dict[str, Any]) -> bytes:
    payload = json.dumps(message, ensure_ascii=False).encode()
    return struct.pack("=I", len(payload)) + payload


def test_each_browser_gets_its_own_allow_list_when_all_are_registered_at_once(
    ground: Ground,
) -> None:
    """nativemessaging-ng changes one manifest for all: Chrome's ends with no list."""
    for folder in (".librewolf", ".config/google-chrome", ".waterfox"):
        (ground.home / folder).mkdir()
    assert ground.run("register")[0] == 0
    ids = extension_ids()
    lists = {
        "allowed_extensions": [ids["gecko"]],
        "allowed_origins": [f"chrome-extension://{ids['chromium']}/"],
    }
    families = {
        "allowed_extensions": (".mozilla", ".librewolf", ".waterfox"),
        "allowed_origins": (".config/chromium", ".config/google-chrome"),
    }
    for key, folders in families.items():
        for folder in folders:
            (path,) = (ground.home / folder).rglob(NAME)
            manifest = json.loads(path.read_text())
            assert manifest[key] == lists[key]
            assert set(manifest) == {"name", "description", "path", "type", key}


def test_absent_folders_above_are_made_and_go_again(ground: Ground) -> None:
    """Where that one ends with a traceback."""
    shutil.rmtree(ground.home)
    ground.home.mkdir()
    for name in ("firefox", "chromium"):
        program = ground.folder / "bin" / name
        program.write_text("")
        program.chmod(0o755)
    assert ground.run("register")[0] == 0
    assert all(path.exists() for path in ground.manifests)
    assert ground.run("unregister")[0] == 0
    assert ground.tree() == {}


def test_what_does_not_work_is_no_success(registered: Ground) -> None:
    """Its check of a host that is not there exits with 0."""
    assert registered.run("doctor")[0] == 0
    (registered.data / "launcher/flattr-native-host").unlink()
    code, said = registered.run("doctor")
    assert code == 1
    assert "flattr-native-host" in said


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}, {row.platform}")
def test_every_row_has_places_on_its_platform(row: table.Row) -> None:
    """vdhcoapp looks for browsers in systems that they are not made for, and stops there."""
    machine = wanted.Machine(row.platform, "/home/anna", "/home/anna/.config", "C:/Programs")
    template = {"name": "io.github.flattr_host", "path": "{launcher}"}
    host = wanted.Host(
        "/launcher",
        b"script",
        {"gecko": template, "chromium": template},
        {"gecko": "a@b", "chromium": "c"},
        manifests="/data/manifests",
    )
    files, values = wanted.wanted([wanted.Presence(row, "it is here")], machine, host)
    named = [file.path for file in files if row.name in file.browsers]
    assert bool(named) == bool(row.user_dirs or row.registry)
    assert named or row.confinement or row.system_dirs
    assert all(os.path.isabs(path) and "$" not in path and "~" not in path for path in named)
    assert [value.key.partition("\\")[0] for value in values] == ["HKCU"] * len(row.registry)


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell)])
def test_the_launcher_runs_in_any_shell(registered: Ground, shell: str) -> None:
    """Chrome's sample is for bash alone, though it says sh."""
    program = str(shutil.which(shell))
    sh = [program, "sh"] if shell == "busybox" else [program]
    launcher = str(registered.data / "launcher/flattr-native-host")
    checked = run([*sh, "-n", launcher], registered.env)
    assert checked == (0, "")
    argv = [*sh, launcher, CALLERS[0]]
    with HostProcess(argv=argv, env=registered.env) as host:
        assert [answer["type"] for answer in host.request(HELLO)] == ["done"]
        assert host.close() == 0


@pytest.mark.parametrize(("size", "piece"), [(4_093, 1_000), (4_093, 4_092), (200_000, 4_092)])
def test_a_long_request_may_come_in_pieces(host: HostProcess, size: int, piece: int) -> None:
    """gopass-jsonapi reads once: what is longer than that read is an error."""
    data = frame(HELLO | {"padding": ""})
    data = frame(HELLO | {"padding": "p" * (4 + size - len(data))})
    assert len(data) == 4 + size
    for start in range(0, len(data), piece):
        host.send_raw(data[start : start + piece])
        time.sleep(0.002)  # so that each is a read of its own
    assert host.receive()["type"] == "done"


def test_nothing_is_written_through_a_link(ground: Ground) -> None:
    """Four of them write into the file that a manifest links to; and there are more ways to it."""
    firefox, chromium = ground.manifests
    victim, twin = ground.home / "victim", ground.home / "twin"
    for path, manifest in ((victim, firefox), (twin, chromium)):
        path.write_text("precious")
        manifest.parent.mkdir()
    firefox.with_name(f".{NAME}.new").symlink_to(victim)
    chromium.hardlink_to(twin)
    assert ground.run("register")[0] == 0
    assert (victim.read_text(), twin.read_text()) == ("precious", "precious")
    assert not list(ground.home.rglob(".*.new"))
    assert ground.run("unregister")[0] == 0
    assert (victim.read_text(), twin.read_text()) == ("precious", "precious")


def children(pid: int) -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # one that has ended meanwhile
            if f"\nPPid:\t{pid}\n" in (place / "status").read_text():
                found.append(place.name)
    return found


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_there_is_one_process_which_knows_the_caller_and_ends(host: HostProcess) -> None:
    """web-ext-native-msg's has a shell above it: the id is lost, and SIGTERM ends the shell."""
    list(host.request(HELLO))
    asked = Path(f"/proc/{host.pid}/cmdline").read_bytes().split(b"\0")
    assert os.fsencode(host.argv[-1]) in asked
    assert b"-I" in asked  # it is Python, no longer a shell
    assert not children(host.pid)
    os.kill(host.pid, signal.SIGTERM)
    with pytest.raises(HostGone):
        host.receive(5)
    host.process.wait(5)
    assert not os.path.exists(f"/proc/{host.pid}")


def test_a_warm_answer_takes_far_less_than_the_blink_of_an_eye(host: HostProcess) -> None:
    """keepassxc-proxy sleeps 100 ms for each message."""
    list(host.request(HELLO))
    taken = []
    for number in range(100):
        begun = time.monotonic()
        list(host.request(HELLO | {"id": number}))
        taken.append(time.monotonic() - begun)
    assert statistics.median(taken) < 0.02
    assert sum(taken) < 5


@pytest.mark.parametrize("title", ["Grüße", "日本" * 80, "👍🏽", "e\u0301", "ﷺ" * 50])
def test_letters_of_several_bytes_come_back_whole(host: HostProcess, title: str) -> None:
    """It counts letters where bytes are meant, and cuts the rest off."""
    request = {"id": title[:20], "type": "discover", "url": AUTOSUBMIT + urllib.parse.quote(title)}
    host.send_raw(frame(request))
    answer = host.receive()
    assert (answer["id"], answer["discovery"]["title"]) == (title[:20], title)


def test_what_is_asked_twice_is_answered_twice_and_no_more(host: HostProcess) -> None:
    """native-client answers a version twice, with an error the second time, and falls over."""
    host.send_raw(frame(HELLO) + frame(HELLO | {"id": "2"}) + frame({"id": "3", "type": "version"}))
    answers = [host.receive() for _ in range(3)]
    assert sorted((answer["id"], answer["type"]) for answer in answers) == [
        ("1", "done"), ("2", "done"), ("3", "error"),
    ]  # fmt: skip
    with pytest.raises(HostSilent):
        host.receive(0.3)
    assert [answer["type"] for answer in host.request(HELLO)] == ["done"]
    assert host.close() == 0


#: All programs of the machine but a shell, hidden.
ONLY_A_SHELL = """
mkdir "$1"
cp "$(readlink -f /bin/sh)" "$1/sh"
for place in /sbin /usr/sbin /usr/local/bin; do mount -t tmpfs none "$place"; done
[ -L /bin ] || mount --bind "$1" /bin
mount --bind "$1" /usr/bin
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a namespace of Linux's")
def test_neither_installing_nor_uninstalling_needs_a_tool(ground: Ground) -> None:
    """browserpass has no uninstalling, and its installing needs those of GNU."""
    before = ground.tree()
    with Namespace(ONLY_A_SHELL, ground.folder / "only") as inside:
        assert {path.name for path in inside.path("/usr/bin").iterdir()} == {"sh"}
        entering = inside.entering()
        env = ground.env | {"PATH": f"{ground.folder / 'bin'}:/usr/bin:/bin"}
        code, said = run([*entering, *COMMAND, "register"], env)
        assert code == 0, said
        assert "Started it as Firefox does" in said
        code, said = run([*entering, *COMMAND, "unregister"], env)
        assert code == 0, said
    assert ground.tree() == before
