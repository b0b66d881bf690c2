"""Registering on this machine for real: other users, disks that are full or read-only, for all."""

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flattr_host.browsers import receipt
from flattr_host.browsers.process import HostProcess
from flattr_host.browsers.receipt import Receipt

from .kills import COMMAND, NAME, Ground, Tree
from .world import Namespace, program, python_for_everybody, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts and users as of Linux")
for_root = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can be somebody else"
)

HELLO = {"id": "1", "type": "hello", "protocol": [1, 1], "extension": "test"}
LAUNCHER = ".local/share/flattr-host/launcher/flattr-native-host"
FIREFOX = f".mozilla/native-messaging-hosts/{NAME}"
CHROMIUM = f".config/chromium/NativeMessagingHosts/{NAME}"
NOBODY = 65534


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return with_browsers(Ground(tmp_path / "ground"))


def with_browsers(ground: Ground) -> Ground:
    for folder in (".mozilla/firefox", ".config/chromium"):
        (ground.home / folder).mkdir(parents=True)
    return ground


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that other users can enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="flattr-host-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - that is what it is for
        yield Path(folder)


@pytest.fixture(scope="module")
def command(open_folder: Path) -> list[str]:
    return python_for_everybody(open_folder / "python")


@pytest.fixture
def theirs(open_folder: Path, request: pytest.FixtureRequest) -> Iterator[Ground]:
    """A HOME that belongs to nobody, the user of that name."""
    ground = with_browsers(Ground(open_folder / str(request.node.name)))
    give(ground.folder, NOBODY)
    yield ground
    shutil.rmtree(ground.folder)


def give(folder: Path, uid: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, uid, follow_symlinks=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def answers(manifest: Path, ground: Ground) -> bool:
    with HostProcess(manifest, env=ground.env) as host:
        (answer,) = host.request(HELLO)
    return bool(answer["type"] == "done")


@pytest.mark.parametrize("umask", [0o077, 0o000, 0o777])
def test_modes_are_exact_whatever_the_umask(ground: Ground, umask: int) -> None:
    code, said = run([*COMMAND, "register"], ground.env, umask=umask)
    assert code == 0, said
    data = ".local/share/flattr-host"
    expected = {
        **dict.fromkeys((".local", ".local/share", data, f"{data}/launcher"), 0o700),
        **dict.fromkeys((os.path.dirname(FIREFOX), os.path.dirname(CHROMIUM)), 0o700),
        LAUNCHER: 0o700,
        FIREFOX: 0o644,
        CHROMIUM: 0o644,
        f"{data}/receipt.json": 0o600,
    }
    made = {path: mode for path, (mode, _) in ground.tree().items()}
    assert {path: made.get(path) for path in expected} == expected


def test_a_second_run_touches_nothing(ground: Ground) -> None:
    """Not even to write the same: every file is the one that it was, changed when it was."""

    def touched() -> dict[str, tuple[int, int]]:
        found = {str(path): path.lstat() for path in ground.home.rglob("*")}
        return {path: (about.st_ino, about.st_ctime_ns) for path, about in found.items()}

    assert ground.run("register")[0] == 0
    before = touched()
    assert ground.run("register")[0] == 0
    assert touched() == before


def test_a_dry_run_names_exactly_what_is_made(ground: Ground) -> None:
    before = ground.tree()
    code, said = ground.run("register", "--dry-run", "--json")
    assert code == 0
    assert ground.tree() == before
    planned = [json.loads(line) for line in said.splitlines()]
    named = {line["path"] for line in planned if line.get("action") in ("make", "write")}
    assert ground.run("register")[0] == 0
    made = ground.tree().keys() - before.keys()
    assert named == {str(ground.home / path) for path in made}


def test_what_a_person_changed_or_added_stays(ground: Ground) -> None:
    before = ground.tree()
    ground.run("register")
    launcher, own = ground.home / LAUNCHER, (ground.home / FIREFOX).with_name("own.json")
    launcher.write_text("#!/bin/sh\n")
    own.write_text("{}")
    code, said = ground.run("unregister")
    assert code == 0
    assert f"Left {launcher}: it was changed by somebody else, so it stays." in said
    left = {path for path, (_, content) in ground.tree().items() if content is not None}
    assert left == {LAUNCHER, str(own.relative_to(ground.home))}
    code, said = ground.run("register")
    assert code == 0
    assert f"Wrote {launcher}: for the host (what browsers will start); replaces another" in said
    own.unlink()
    assert ground.run("unregister")[0] == 0
    kept = {".local", ".local/share", ".local/share/flattr-host", os.path.dirname(LAUNCHER)}
    assert ground.tree().keys() - kept == before.keys() | {os.path.dirname(FIREFOX)}


def test_a_link_to_nowhere_stays_one(ground: Ground) -> None:
    """Writing through it would make a file where it leads."""
    link, nowhere = ground.home / FIREFOX, ground.home / "nowhere.json"
    link.parent.mkdir()
    link.symlink_to(nowhere)
    code, said = ground.run("register")
    assert code == 1
    assert f"Problem: {link} is a symbolic link" in said
    assert link.is_symlink()
    assert not nowhere.exists()
    assert answers(ground.home / CHROMIUM, ground)


def test_a_folder_that_is_a_link_is_used(ground: Ground) -> None:
    """As of somebody who keeps a browser's folder on another disk."""
    elsewhere = ground.folder / "elsewhere"
    (ground.home / ".mozilla").rename(elsewhere)
    (ground.home / ".mozilla").symlink_to(elsewhere)
    assert ground.run("register")[0] == 0
    assert answers(ground.home / FIREFOX, ground)
    assert ground.run("unregister")[0] == 0
    assert (ground.home / ".mozilla").is_symlink()
    assert [path.name for path in elsewhere.iterdir()] == ["firefox"]


def test_two_at_once_are_as_one(ground: Ground) -> None:
    ground.begins()
    assert ground.run("register")[0] == 0
    expected = with_folders_sorted(ground)
    for _ in range(10):
        ground.reset()
        both = [
            subprocess.Popen(
                [*COMMAND, "register"],
                env=ground.env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(2)
        ]
        said = [process.communicate()[0] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert with_folders_sorted(ground) == expected


def with_folders_sorted(ground: Ground) -> tuple[Tree, Receipt]:
    """All that is there; which of two runs noted its folders first does not matter."""
    tree = ground.tree()
    del tree[".local/share/flattr-host/receipt.json"]
    known = receipt.load(str(ground.data))
    known.folders.sort()
    return tree, known


@pytest.mark.parametrize("what", ["the launcher's folder", "the launcher"])
def test_no_browser_is_sent_to_a_launcher_that_is_not_there(ground: Ground, what: str) -> None:
    launcher = ground.home / LAUNCHER
    if what == "the launcher":
        launcher.mkdir(parents=True)
        launcher.joinpath("own").touch()
        launcher.rename(launcher.with_name("own"))
        launcher.symlink_to("nowhere")
    else:
        launcher.parent.parent.mkdir(parents=True)
        launcher.parent.touch()
    code, said = ground.run("register")
    assert code == 1
    assert f"Problem: {launcher} " in said
    for manifest in ground.manifests:
        assert f"Problem: {manifest} was not written, since {launcher} is not there." in said
        assert not manifest.exists()


def test_a_full_disk_is_a_sentence(ground: Ground) -> None:
    """Whatever the moment at which there is no more room: nothing is half-written."""
    size = 64 * 1024
    with Namespace(f'mount -t tmpfs -o size={size} none "$1"', ground.home) as inside:
        command = [*inside.entering(), *COMMAND]
        home, codes = inside.path(ground.home), list[int]()
        with_browsers_in(home)
        for pages in range(8):
            room = pages * os.sysconf("SC_PAGE_SIZE")
            with (home / "fill").open("wb") as fill:
                fill.write(bytes(free(home) - room))
            code, said = run([*command, "register"], ground.env)
            codes.append(code)
            assert code == 0 or "No space left on device" in said
            assert not list(home.rglob(".*.new"))
            for manifest in (home / FIREFOX, home / CHROMIUM):
                if manifest.exists():
                    assert json.loads(manifest.read_text())["path"] == str(ground.home / LAUNCHER)
                    assert (home / LAUNCHER).read_text().endswith('"$@"\n')
            (home / "fill").unlink()
            if not code:
                break
            run([*command, "unregister"], ground.env)
            assert not any((home / path).exists() for path in (FIREFOX, CHROMIUM, LAUNCHER))
        assert codes[0] == 1
        assert codes[-1] == 0


def free(folder: Path) -> int:
    about = os.statvfs(folder)
    return about.f_bavail * about.f_frsize


def with_browsers_in(home: Path) -> None:
    for folder in (".mozilla/firefox", ".config/chromium"):
        (home / folder).mkdir(parents=True)


READ_ONLY = 'mount --bind "$1" "$1"\nmount -o remount,bind,ro "$1"'


@pytest.mark.parametrize("has_data", [False, True])
def test_a_read_only_disk_is_a_sentence(ground: Ground, has_data: bool) -> None:
    if has_data:
        (ground.data / "launcher").mkdir(parents=True)
    before = ground.tree()
    with Namespace(READ_ONLY, ground.home) as inside:
        code, said = run([*inside.entering(), *COMMAND, "register"], ground.env)
    assert code == 1
    assert "cannot be used: Read-only file system." in said
    assert "Traceback" not in said
    assert ground.tree() == before


def test_what_is_right_on_a_read_only_disk_is_fine(ground: Ground) -> None:
    assert ground.run("register")[0] == 0
    with Namespace(READ_ONLY, ground.home) as inside:
        code, said = run([*inside.entering(), *COMMAND, "register"], ground.env)
        assert code == 0, said
        assert f"Kept {ground.home / FIREFOX}: right already." in said
        code, said = run([*inside.entering(), *COMMAND, "unregister"], ground.env)
    assert code == 1
    assert f"Problem: {ground.home / FIREFOX} could not be removed: Read-only file system" in said
    assert ground.run("unregister")[0] == 0  # the receipt still knows


@for_root
def test_somebody_else_s_home_is_a_sentence(theirs: Ground, command: list[str]) -> None:
    give(theirs.home, 0)
    before = theirs.tree()
    code, said = run([*command, "register"], theirs.env, uid=NOBODY)
    assert code == 1
    assert "cannot be used: Permission denied." in said
    assert "Traceback" not in said
    assert theirs.tree() == before


@for_root
def test_a_manifest_that_sudo_made_is_left_to_root(theirs: Ground, command: list[str]) -> None:
    manifest = theirs.home / FIREFOX
    manifest.parent.mkdir()
    manifest.write_text("{}")
    manifest.chmod(0o666)  # it could be written, and yet it is not ours
    os.chown(manifest.parent, NOBODY, NOBODY)
    code, said = run([*command, "register"], theirs.env, uid=NOBODY)
    assert code == 1
    assert f"Problem: {manifest} belongs to root; have root remove it, and register again." in said
    assert (manifest.read_text(), manifest.stat().st_uid) == ("{}", 0)
    assert (theirs.home / CHROMIUM).stat().st_uid == NOBODY
    shutil.copy(theirs.home / CHROMIUM, manifest.with_name("copy"))
    assert run([*command, "unregister"], theirs.env, uid=NOBODY)[0] == 0
    assert manifest.read_text() == "{}"


@for_root
def test_a_right_manifest_of_root_s_is_fine(theirs: Ground, command: list[str]) -> None:
    assert run([*command, "register"], theirs.env, uid=NOBODY)[0] == 0
    manifest = theirs.home / FIREFOX
    give(manifest.parent, 0)
    manifest.parent.chmod(0o755)
    code, said = run([*command, "register"], theirs.env, uid=NOBODY)
    assert code == 0, said
    assert f"Kept {manifest}: right already." in said


@for_root
def test_a_browser_s_folder_that_sudo_made_is_named(theirs: Ground, command: list[str]) -> None:
    give(theirs.home / ".mozilla", 0)
    code, said = run([*command, "register"], theirs.env, uid=NOBODY)
    assert code == 1
    assert f"{theirs.home}/.mozilla is read-only for you" in said
    assert not (theirs.home / FIREFOX).exists()
    assert (theirs.home / CHROMIUM).exists()


@for_root
@pytest.mark.parametrize("variable", ["SUDO_USER", "DOAS_USER"])
def test_sudo_without_system_is_refused(ground: Ground, variable: str) -> None:
    before = ground.tree()
    code, said = run([*COMMAND, "register"], ground.env | {variable: "anna"})
    assert code == 1
    assert "This would register for root and not for anna." in said
    assert "--system" in said
    assert ground.tree() == before


@for_root
def test_root_is_told_for_whom_it_registers(ground: Ground) -> None:
    code, said = ground.run("register")
    assert code == 0
    assert said.startswith("You are root, so this is for root's own browsers; --system is for")


@for_root
def test_only_root_registers_for_everybody(theirs: Ground, command: list[str]) -> None:
    code, said = run([*command, "register", "--system"], theirs.env, uid=NOBODY)
    assert code == 1
    assert said == "Only root can register for everybody: run this with sudo.\n"


#: Arguments: a folder for what is written, an installation, and where it is to be seen.
SYSTEM = """
mount -t tmpfs none "$1"
for place in usr etc; do
    mkdir "$1/$place" "$1/$place-work"
    mount -t overlay none -o "lowerdir=/$place,upperdir=$1/$place,workdir=$1/$place-work" "/$place"
done
mkdir -p "$3"
mount --bind "$2" "$3"
"""
PLACE = Path("/usr/local/lib/flattr-host-for-all/python")
ASKS = """
import json, sys
from flattr_host.browsers.process import HostProcess
with HostProcess(sys.argv[1]) as host:
    (answer,) = host.request(json.loads(sys.argv[2]))
print(json.dumps(answer))
"""


@pytest.fixture
def system(tmp_path: Path, open_folder: Path, command: list[str]) -> Iterator[Namespace]:
    """This machine, with an installation for everybody; what is written to it is soon forgotten."""
    assert command
    written = tmp_path / "written"
    written.mkdir()
    with Namespace(SYSTEM, written, open_folder / "python", PLACE, is_real=True) as inside:
        yield inside


def for_all(system: Namespace) -> list[str]:
    return [*system.entering(), str(PLACE / "bin/python"), str(PLACE / "bin/flattr-host")]


def files_written(system: Namespace, tmp_path: Path) -> dict[str, int]:
    """The files that are not there on the machine itself, with their modes."""
    found = {}
    for place in ("usr", "etc"):
        top = system.path(tmp_path / "written" / place)
        for path in top.rglob("*"):
            name = f"/{place}/{path.relative_to(top)}"
            if not name.startswith(str(PLACE.parent)) and not os.path.lexists(name):
                found[name] = mode(path)
    return found


@for_root
def test_for_everybody(system: Namespace, tmp_path: Path, ground: Ground, theirs: Ground) -> None:
    programs = ground.folder / "bin"
    for name in ("firefox", "chromium"):
        (programs / name).write_text("")
        (programs / name).chmod(0o755)
    shutil.rmtree(ground.home)
    ground.home.mkdir()
    code, said = run([*for_all(system), "register", "--system"], ground.env, umask=0o077)
    assert code == 0, said
    assert ground.tree() == {}
    written = files_written(system, tmp_path)
    manifests = [path for path in written if path.endswith(NAME)]
    assert set(manifests) == {
        f"/usr/lib/mozilla/native-messaging-hosts/{NAME}",
        f"/usr/lib64/mozilla/native-messaging-hosts/{NAME}",
        f"/etc/chromium/native-messaging-hosts/{NAME}",
    }
    launcher = "/usr/local/lib/flattr-host/launcher/flattr-native-host"
    assert {written[path] for path in manifests} == {0o644}
    assert written[launcher] == 0o755
    noted = "/usr/local/lib/flattr-host/receipt.json"
    folders = written.keys() - {*manifests, launcher, noted}
    assert {written[path] for path in folders} == {0o755}
    for manifest in manifests:
        answer = ask_as_nobody(system, manifest, theirs)
        assert answer["type"] == "done", answer
    code, said = run([*for_all(system), "unregister", "--system"], ground.env)
    assert code == 0, said
    assert files_written(system, tmp_path) == {}


def ask_as_nobody(system: Namespace, manifest: str, person: Ground) -> dict[str, object]:
    name = pwd.getpwuid(NOBODY).pw_name
    as_nobody = [program("setpriv"), "--reuid", name, "--regid", str(NOBODY), "--clear-groups"]
    asks = [str(PLACE / "bin/python"), "-c", ASKS, manifest, json.dumps(HELLO)]
    code, said = run([*system.entering(), *as_nobody, *asks], person.env)
    assert code == 0, said
    answer: dict[str, object] = json.loads(said)
    return answer


@for_root
@pytest.mark.parametrize(
    ("change", "said_of_it"),
    [
        (["chmod", "0700"], "is closed to other users"),
        (["chmod", "0777"], "can be changed by others than root"),
        (["chown", "1"], "can be changed by others than root"),
    ],
)
def test_what_everybody_cannot_trust_is_refused(
    system: Namespace, tmp_path: Path, ground: Ground, change: list[str], said_of_it: str
) -> None:
    (ground.folder / "bin/firefox").write_text("")
    (ground.folder / "bin/firefox").chmod(0o755)
    before = files_written(system, tmp_path)
    run([*system.entering(), program(change[0]), *change[1:], str(PLACE.parent)], ground.env)
    code, said = run([*for_all(system), "register", "--system"], ground.env)
    assert code == 1
    assert f"{PLACE.parent} {said_of_it}" in said
    assert "sudo /usr/bin/python3 install.py --system" in said
    assert files_written(system, tmp_path) == before
