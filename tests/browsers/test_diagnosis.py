"""Break one thing on disk, and see that it is said, and that registering mends what it can."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flattr_host import __version__
from flattr_host.browsers import diagnosis
from flattr_host.browsers.diagnosis import Diagnosis
from flattr_host.browsers.register import Order
from tests.browsers.conftest import Home

COMMAND = os.path.join(os.path.dirname(sys.executable), "flattr-host")
REGISTER = "Run `flattr-host register`."


@pytest.fixture
def registered(home: Home) -> Home:
    home.has("firefox", "chromium")
    assert home.register() == 0
    return home


def is_well(home: Home) -> None:
    said = f"Starts flattr-host {__version__} by"
    assert home.diagnoses() == {
        "Firefox": Diagnosis("Firefox", True, f"{said} {home.firefox}."),
        "Chromium": Diagnosis("Chromium", True, f"{said} {home.chromium}."),
    }


def change(manifest: Path, **fields: object) -> None:
    """Changes fields of a manifest."""
    manifest.write_text(json.dumps(json.loads(manifest.read_text("utf-8")) | fields))


def stand_in(folder: Path, version: str) -> Path:
    """A program that says hello as flattr-host of that *version* does."""
    answer = {"id": "1", "type": "done", "protocol": 1, "host_version": version}
    program = folder / "stand-in"
    program.write_text(
        f"#!{sys.executable} -I\n"
        "import json, struct, sys\n"
        "(length,) = struct.unpack('=I', sys.stdin.buffer.read(4))\n"
        "assert json.loads(sys.stdin.buffer.read(length))['type'] == 'hello'\n"
        f"said = json.dumps({answer!r}).encode()\n"
        "sys.stdout.buffer.write(struct.pack('=I', len(said)) + said)\n"
    )
    program.chmod(0o755)
    return program


def test_all_is_well(registered: Home) -> None:
    before = registered.files()
    is_well(registered)
    assert registered.files() == before


def test_before_registering_it_is_not_known(home: Home) -> None:
    home.has("firefox", "chromium")
    before = home.files()
    found = home.diagnoses()
    assert home.files() == before
    for browser, path in (("Firefox", home.firefox), ("Chromium", home.chromium)):
        said = f"It does not know flattr-host: there is no manifest in {path.parent}."
        assert found[browser] == Diagnosis(browser, False, said, REGISTER, True)
    assert home.register() == 0
    is_well(home)


def test_without_a_browser_that_is_said(home: Home) -> None:
    assert home.diagnoses() == {
        "none": Diagnosis("none", False, "No browser was found.", "Start yours once.")
    }


# ---- What registering mends ----


def truncate(home: Home) -> None:
    for path in (home.firefox, home.chromium):
        path.write_bytes(path.read_bytes()[:50])


def let_others_in(home: Home) -> None:
    change(home.firefox, allowed_extensions=["old@flattr-host"])
    change(home.chromium, allowed_origins=["chrome-extension://old/"])


def lead_astray(path: str) -> Callable[[Home], None]:
    def lead(home: Home) -> None:
        for manifest in (home.firefox, home.chromium):
            change(manifest, path=path)

    return lead


def remove_manifests(home: Home) -> None:
    home.firefox.unlink()
    home.chromium.unlink()


def make_older(home: Home) -> None:
    older = home.launcher.read_bytes().replace(b"rewrites it.", b"rewrites it, sometimes.")
    home.launcher.write_bytes(older)


def remove_python(home: Home) -> None:
    text = home.launcher.read_text("utf-8").replace(sys.executable, "/usr/lib/old/bin/python")
    home.launcher.write_text(text, "utf-8")


MENDED: dict[str, tuple[Callable[[Home], object], str]] = {
    "no manifest": (remove_manifests, "does not know flattr-host"),
    "cut off": (truncate, "is not JSON"),
    "the extension has another id": (let_others_in, "does not let this extension in"),
    "a program that is gone": (lead_astray("/old/run"), "leads to /old/run, which is not there"),
    "a program that is a folder": (lead_astray("/usr"), "/usr is not a file"),
    "a name that no file can have": (lead_astray("/a\0b"), "which is not there any more"),
    "a program from nowhere": (lead_astray("run"), "names 'run', which is no absolute path"),
    "no launcher": (lambda home: home.launcher.unlink(), "which is not there any more"),
    "not executable": (lambda home: home.launcher.chmod(0o600), "may not be executed"),
    "an older launcher": (make_older, "starts another flattr-host than this one"),
    "its Python is gone": (remove_python, "starts /usr/lib/old/bin/python, and that Python is"),
}


@pytest.mark.parametrize(("destroy", "said"), MENDED.values(), ids=MENDED)
def test_what_is_broken_is_said_and_mended(
    registered: Home, destroy: Callable[[Home], object], said: str
) -> None:
    destroy(registered)
    before = registered.files()
    found = registered.diagnoses()
    assert registered.files() == before
    for browser in ("Firefox", "Chromium"):
        one = found[browser]
        assert (one.ok, one.next, one.can_fix) == (False, REGISTER, True)
        assert said in one.message
    assert registered.register() == 0
    is_well(registered)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("0.0.1", f"The host that it starts is version 0.0.1; this is {__version__}."),
        (__version__, ""),
    ],
)
def test_another_installation(registered: Home, version: str, said: str) -> None:
    """One of the same version is as good; one of another is said, and gives way."""
    program = stand_in(registered.path, version)
    change(registered.chromium, path=str(program))
    one = registered.diagnoses()["Chromium"]
    if not said:
        assert (one.ok, one.message) == (
            True,
            f"Starts flattr-host {version} by {registered.chromium}.",
        )
    else:
        assert one == Diagnosis("Chromium", False, said, REGISTER, True)
    assert registered.register() == 0
    is_well(registered)


def test_a_host_that_does_not_answer(registered: Home) -> None:
    mute = registered.path / "mute"
    mute.write_text("#!/bin/sh\nexit 3\n")
    mute.chmod(0o755)
    change(registered.firefox, path=str(mute))
    one = registered.diagnoses()["Firefox"]
    assert one.message.startswith("The host does not answer: The host ended with exit code 3")
    assert (one.ok, one.next, one.can_fix) == (False, REGISTER, True)
    assert registered.diagnoses()["Chromium"].ok


def test_a_host_that_refuses(registered: Home) -> None:
    """It starts, and talks with another extension only."""
    text = registered.launcher.read_text("utf-8")
    other = registered.path / "other"
    other.write_text(text.replace("flattr-host@", "nobody@"), "utf-8")
    other.chmod(0o755)
    change(registered.firefox, path=str(other))
    one = registered.diagnoses()["Firefox"]
    assert not one.ok
    assert one.message.startswith("The host refuses to talk: ")


# ---- What it does not mend, and does not say that it does ----


def test_a_link_to_what_is_wrong(registered: Home) -> None:
    target = registered.path / "managed.json"
    registered.firefox.rename(target)
    registered.firefox.symlink_to(target)
    assert registered.diagnoses()["Firefox"].ok
    change(target, path="/old/run")
    one = registered.diagnoses()["Firefox"]
    assert (one.ok, one.can_fix) == (False, False)
    assert "remove the link and register again" in one.next
    assert registered.register() == 1
    assert registered.diagnoses()["Firefox"] == one


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give away")
def test_what_belongs_to_somebody_else(registered: Home) -> None:
    change(registered.firefox, type="pipe")
    os.chown(registered.firefox, 1, -1)
    one = registered.diagnoses()["Firefox"]
    assert (one.ok, one.can_fix) == (False, False)
    assert "is not of type “stdio”" in one.message
    assert "have daemon remove it" in one.next


def test_a_folder_in_place_of_the_launcher(registered: Home) -> None:
    registered.launcher.unlink()
    registered.launcher.mkdir()
    one = registered.diagnoses()["Firefox"]
    assert (one.message, one.can_fix) == (f"{registered.launcher} is not a file.", False)
    assert registered.register() == 1
    registered.launcher.rmdir()
    assert registered.register() == 0
    is_well(registered)


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_a_disk_on_which_nothing_may_start(home: Home, tmp_path: Path) -> None:
    home.has("chromium")
    disk = tmp_path / "disk"
    disk.mkdir()
    script = Path(__file__).with_name("noexec.sh")
    mounted = ["/usr/bin/unshare", "--user", "--map-root-user", "--mount", "/bin/sh", str(script)]
    env = os.environ | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(
        [*mounted, COMMAND, str(disk)],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = {one["check"]: one for one in map(json.loads, done.stdout.splitlines())}
    one = found["browser Chromium"]
    assert "mounted “noexec”, so nothing in it may start" in one["message"], done.stderr
    assert (one["ok"], one["can_fix"]) == (False, False)
    assert "set FLATTR_HOST_HOME to a folder elsewhere" in one["next"]


# ---- Rows, policies and folders of one's own ----

OWN_ROW = """
[[browser]]
name = "{name}"
family = "{family}"
platform = "{platform}"
here = ["{here}"]
user_dirs = ["{here}/hosts"]
policies = ["{policies}"]
known = "reported"
"""


def add_row(home: Home, name: str, family: str, policies: Path | str = "/nowhere") -> Path:
    """A row in the person's own browsers.toml; the folder of its manifests."""
    here = home.path.parent / "other"
    here.mkdir(exist_ok=True)
    file = home.path / ".config/flattr-host/browsers.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    platform = {"linux": "linux", "darwin": "macos"}.get(sys.platform, "bsd")
    fields = {"family": family, "platform": platform, "here": here, "policies": policies}
    file.write_text(OWN_ROW.format(name=name, **fields))
    return here / "hosts"


def test_a_browser_of_ones_own(home: Home) -> None:
    folder = add_row(home, "Mine", "gecko")
    assert home.diagnoses()["Mine"].can_fix
    assert home.register() == 0
    assert (folder / home.firefox.name).exists()
    assert home.diagnoses()["Mine"].ok


def test_a_row_with_a_mistake_is_said(home: Home) -> None:
    add_row(home, "Mine", "webkit")
    assert home.register() == 1
    assert "Row 1 (Mine" in home.said[-1]
    done = subprocess.run(
        [COMMAND, "doctor", "--json"], capture_output=True, text=True, timeout=60, check=False
    )
    (one,) = [it for it in map(json.loads, done.stdout.splitlines()) if it["check"] == "browsers"]
    assert "Row 1 (Mine" in one["message"]
    assert not one["ok"]


BLOCKED = {"NativeMessagingBlocklist": ["*"]}


@pytest.mark.parametrize(
    ("family", "files", "said"),
    [
        ("chromium", {"a.json": BLOCKED}, "a.json forbids this host (NativeMessagingBlocklist)."),
        ("gecko", {"a.json": {"policies": BLOCKED}}, "a.json forbids this host (Native"),
        (
            "chromium",
            {"a.json": BLOCKED, "b.json": {"NativeMessagingAllowlist": ["io.github.flattr_host"]}},
            "",
        ),
        ("chromium", {"a.json": "no JSON {", "b.json": [3], "c.txt": BLOCKED}, ""),
    ],
    ids=["Chromium's", "Firefox's", "of several files", "what is none"],
)
def test_what_an_administrator_forbids(
    home: Home, tmp_path: Path, family: str, files: dict[str, object], said: str
) -> None:
    policies = tmp_path / "policies"
    policies.mkdir()
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (policies / name).write_text(text)
    add_row(home, "Mine", family, policies)
    assert home.register() == 0
    one = home.diagnoses()["Mine"]
    assert (one.ok, one.can_fix) == (not said, False)
    assert f"{policies}/{said}" in one.message if said else True
    if said:
        assert one.next == "Ask whoever administers this computer."


@pytest.mark.parametrize(
    ("text", "is_forbidden"),
    [
        (
            "<plist><dict><key>NativeMessagingUserLevelHosts</key><false/></dict></plist>",
            True,
        ),
        ("<plist><dict>", False),
        ("<plist><date>x</date></plist>", False),
        ("", False),
    ],
)
def test_a_property_list(home: Home, tmp_path: Path, text: str, is_forbidden: bool) -> None:
    file = tmp_path / "org.example.plist"
    file.write_text(text)
    add_row(home, "Mine", "chromium", file)
    assert home.register() == 0
    one = home.diagnoses()["Mine"]
    assert one.ok is not is_forbidden
    assert ("NativeMessagingUserLevelHosts" in one.message) is is_forbidden


def test_a_folder_that_was_named_once_is_looked_at_later(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "unknown browser" / "hosts"
    order = Order(manifest_dirs=(("chromium", str(folder)),))
    assert home.register(order) == 0
    assert home.diagnoses()[str(folder)].ok
    manifest = folder / home.chromium.name
    change(manifest, allowed_origins=[])
    one = home.diagnoses()[str(folder)]
    assert (one.ok, one.can_fix) == (False, True)
    assert home.register() == 0
    assert home.diagnoses()[str(folder)].ok


# ---- Sandboxes ----


def test_firefox_in_a_flatpak(home: Home) -> None:
    (home.path / ".var/app/org.mozilla.firefox").mkdir(parents=True)
    home.register()
    one = home.diagnoses()["Firefox (Flatpak)"]
    assert (one.ok, one.can_fix) == (False, False)
    assert "xdg-native-messaging-proxy" in one.message
    assert one.next == (
        "Allow it: flatpak override --user "
        "--talk-name=org.freedesktop.NativeMessagingProxy org.mozilla.firefox"
    )


def test_a_sandbox_with_all_that_it_needs(home: Home, tmp_path: Path) -> None:
    """A row of one's own, whose proxy and override lie where a test may put them."""
    proxy, override = tmp_path / "proxy.service", home.path / "overrides"
    folder = add_row(home, "Mine", "gecko")
    file = home.path / ".config/flattr-host/browsers.toml"
    file.write_text(
        file.read_text() + 'confinement = "box"\napp = "org.mine"\n\n[confinement.box]\n'
        f'says = "It is in a box."\ncommand = "open {{app}}"\nneeds = ["{proxy}"]\n'
        'override = ["~/overrides/{app}", "proxy=talk"]\n'
    )
    home.register()
    one = home.diagnoses()["Mine"]
    assert one.message == "It is in a box. That package is not installed."
    proxy.write_text("")
    assert home.diagnoses()["Mine"].message == "It is in a box."
    override.mkdir()
    (override / "org.mine").write_text("[Session Bus Policy]\nproxy=talk\n")
    one = home.diagnoses()["Mine"]
    assert one.ok, one
    assert one.message.endswith("Whether its sandbox lets it can only be seen in the browser.")
    (folder / home.firefox.name).unlink()
    assert home.diagnoses()["Mine"].can_fix


def test_chromium_in_a_snap(home: Home) -> None:
    (home.path / "snap/chromium").mkdir(parents=True)
    home.register()
    one = home.diagnoses()["Chromium (Snap)"]
    assert (one.ok, one.next, one.can_fix) == (False, "", False)
    assert "there is no way to allow it" in one.message


# ---- What there is where a manifest says that the program is ----


def test_what_is_known_of_a_program(registered: Home, tmp_path: Path) -> None:
    about = diagnosis.look_at(str(registered.launcher))
    assert (about.kind, about.is_executable, about.interpreter) == ("file", True, sys.executable)
    assert about.script == registered.launcher.read_bytes()
    assert diagnosis.look_at(sys.executable).interpreter is None
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert diagnosis.look_at(str(pipe)).kind == "other"
    for name in ("/nowhere", "/a\0b", "/" + 300 * "x", ""):
        assert diagnosis.look_at(name).kind == "absent"
