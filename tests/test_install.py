"""`install.py` for real: a temporary HOME with an awkward name, pip, the host, and all of it gone.

One environment is built for the whole file, after an attempt to build it was killed half-way.
"""

import ast
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import platformdirs
import pytest

from flattr_host.browsers.process import HostGone, HostProcess

ROOT = Path(__file__).parents[1]
INSTALL = ROOT / "install.py"
NAME = "io.github.flattr_host.json"


def pip_settings() -> dict[str, str]:
    """What pip is configured to do here, which it would not find in another HOME."""
    settings = {"PIP_CACHE_DIR": os.path.expanduser("~/.cache/pip")}
    for place in ("~/.config/pip/pip.conf", "~/.pip/pip.conf"):
        path = os.path.expanduser(place)
        if "PIP_CONFIG_FILE" not in os.environ and os.path.exists(path):
            settings["PIP_CONFIG_FILE"] = path
    return settings


PIP = pip_settings()


class Installation:
    """A HOME in which Firefox and Chromium have been started once, and nothing else is in PATH."""

    def __init__(self, path: Path) -> None:
        self.home = path / "Zoë's 'kleines' Heim"
        for folder in (".mozilla/firefox", ".config/chromium"):
            (self.home / folder).mkdir(parents=True)
        (path / "bin").mkdir()
        kept = {k: v for k, v in os.environ.items() if k[:4] != "XDG_" and k != "FLATTR_HOST_HOME"}
        self.env = {**kept, **PIP, "HOME": str(self.home), "PATH": str(path / "bin")}
        self.data = self.home / ".local/share/flattr-host"
        self.firefox = self.home / ".mozilla/native-messaging-hosts" / NAME
        self.chromium = self.home / ".config/chromium/NativeMessagingHosts" / NAME

    def start(self, *words: str, **env: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, INSTALL, *words],
            env=self.env | env,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *words: str, **env: str) -> tuple[int, str, str]:
        """The exit code, stdout and stderr of `install.py` with *words*."""
        with self.start(*words, **env) as process:
            out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def files(self) -> dict[str, int]:
        """Every file and folder, with its time of change in ns; without the host's own log."""
        found = (path for path in self.home.rglob("*") if "/.local/state" not in str(path))
        return {str(p.relative_to(self.home)): p.lstat().st_mtime_ns for p in found}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("install"))


@pytest.fixture
def installed(place: Installation) -> Installation:
    if not place.firefox.exists():
        kill_half_way(place)
        code, out, err = place.run()
        assert code == 0, out + err
        (place.home / "said").write_text(out)
    return place


def kill_half_way(place: Installation) -> None:
    with place.start() as process:
        deadline = time.monotonic() + 60
        while not list(place.data.glob("environment/*/bin/python")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert not list(place.data.glob("environment/*/complete"))


def test_it_says_what_it_wrote_where_and_what_to_do_next(installed: Installation) -> None:
    said = (installed.home / "said").read_text()
    for path in (installed.firefox, installed.chromium):
        assert f"Wrote {path}" in said
    assert "Started it as Firefox does: flattr-host 0." in said
    assert "Started it as Chromium does: flattr-host 0." in said
    assert str(ROOT / "extension/manifest.json") in said
    assert "chrome://extensions" in said


def test_the_registered_host_answers(installed: Installation) -> None:
    for manifest in (installed.firefox, installed.chromium):
        with HostProcess(manifest, env=installed.env) as host:
            hello = {"id": "1", "type": "hello", "protocol": [1, 1], "extension": "test"}
            (answer,) = host.request(hello)
            assert answer["type"] == "done"
            assert host.close() == 0


def test_nothing_is_in_the_environment_that_slows_its_start(installed: Installation) -> None:
    (packages,) = installed.data.glob("environment/current/lib/python*/site-packages")
    names = {path.name for path in packages.iterdir()}
    assert "flattr_host" in names
    assert not [name for name in names if name.startswith(("pip", "setuptools", "_distutils"))]
    assert not [name for name in names if name.endswith(".pth")]


def test_the_command_works_from_its_lasting_place(installed: Installation) -> None:
    command = installed.data / "environment/current/bin/flattr-host"
    out = subprocess.run([command, "--version"], env=installed.env, capture_output=True, text=True)
    assert out.stdout.startswith("flattr-host, version 0.")


def test_running_it_again_changes_nothing(installed: Installation) -> None:
    before = installed.files()
    code, out, _ = installed.run()
    assert code == 0
    assert "is up to date" in out
    assert installed.files() == before


def test_a_dry_run_says_what_is_right_already_and_changes_nothing(
    installed: Installation,
) -> None:
    before = installed.files()
    code, out, _ = installed.run("--dry-run")
    assert code == 0
    assert f"keep {installed.firefox}: right already" in out
    assert "the private environment is up to date" in out
    assert installed.files() == before


def test_quiet_says_nothing_of_what_is_right(installed: Installation) -> None:
    assert installed.run("--quiet") == (0, "", "")


def test_json_is_one_object_a_line(installed: Installation) -> None:
    code, out, err = installed.run("--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert all(line["ok"] is True and line["message"] for line in lines)
    kept = [line["path"] for line in lines if line.get("action") == "keep"]
    assert {str(installed.firefox), str(installed.chromium)} < set(kept)
    assert {"install", "action", "hello", "next"} <= {line["event"] for line in lines}


def test_the_doctor_says_that_all_is_well_and_starts_it_as_each_browser(
    installed: Installation,
) -> None:
    code, out, _ = installed.run("doctor")
    assert code == 0, out
    assert f"ok    browser Firefox: Starts flattr-host 0.1.0 by {installed.firefox}" in out
    assert f"ok    browser Chromium: Starts flattr-host 0.1.0 by {installed.chromium}" in out


def test_an_environment_whose_python_has_gone_is_told_and_made_anew(
    installed: Installation,
) -> None:
    """Python was upgraded, or moved, under it."""
    python = installed.data / "environment/current/bin/python"
    target = os.readlink(python)
    python.unlink()
    python.symlink_to("/nowhere/python3")
    try:
        code, _, err = installed.run("doctor")
        assert code == 1
        assert "the Python that its private environment was made with is gone" in err
        with pytest.raises(HostGone):
            HostProcess(installed.firefox, env=installed.env).receive()
    finally:
        python.unlink()
        python.symlink_to(target)
    assert installed.run("doctor")[0] == 0


def test_an_upgrade_in_place_keeps_all_and_lets_a_running_host_finish(
    installed: Installation, tmp_path: Path
) -> None:
    flattr = {"type": "flattr", "url": "https://github.com/smgt/flattr"}
    newer = tmp_path / "checkout"
    for name in ("host", "extension", "manifests"):
        shutil.copytree(ROOT / name, newer / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "install.py"):
        shutil.copy(ROOT / name, newer)
    module = newer / "host/flattr_host/__init__.py"
    module.write_text(module.read_text().replace('"0.1.0"', '"0.1.1"'))
    with HostProcess(installed.firefox, env=installed.env) as running:
        assert list(running.request({"id": "1", **flattr}))[-1]["type"] == "done"
        done = subprocess.run(
            [sys.executable, newer / "install.py"],
            env=installed.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "replaces an earlier one of ours" in done.stdout
        again = list(running.request({"id": "2", "type": "flattrs"}))
        assert again[-1]["type"] == "done"
        assert running.close() == 0
    with HostProcess(installed.chromium, env=installed.env) as host:
        hello = {"id": "1", "type": "hello", "protocol": [1, 1], "extension": "test"}
        (answer,) = host.request(hello)
        assert answer["host_version"] == "0.1.1"
        *_, history = host.request({"id": "2", "type": "flattrs"})
        assert history["count"] == 1
    assert installed.run("--quiet")[0] == 0  # and back
    (installed.data / "ledger.sqlite3").unlink()
    for left in installed.data.glob("*.sqlite3*"):
        left.unlink()


def test_it_can_be_tried_without_a_trace(installed: Installation) -> None:
    before = installed.files()
    url = "https://github.com/smgt/flattr"
    code, out, err = installed.run("try", "--json", url)
    frames = [json.loads(line) for line in out.splitlines()]
    assert code == 0, err
    assert [f["type"] for f in frames if f["id"] == "2"][-1] == "done"
    (history,) = [frame for frame in frames if frame.get("state") == "flattrs"]
    assert history["flattrs"][0]["thing"]["url"] == url
    assert installed.files() == before


def test_trying_fails_where_nothing_can_be_flattred(installed: Installation) -> None:
    code, out, _ = installed.run("try", "https://example.org/nothing")
    assert code == 1
    assert "not_flattrable" in out


def test_uninstalling_leaves_the_home_as_it_was(installed: Installation) -> None:
    (installed.home / "said").unlink()
    ledger = installed.data / "ledger.sqlite3"
    ledger.touch()
    code, out, err = installed.run("uninstall")
    assert code == 0, err
    assert f"Removed {installed.firefox}." in out
    assert "Your ledger, settings and log stay" in out
    data = {".local", ".local/share", ".local/share/flattr-host"}
    assert set(installed.files()) - data == {
        ".mozilla",
        ".mozilla/firefox",
        ".config",
        ".config/chromium",
        ".local/share/flattr-host/ledger.sqlite3",
    }
    code, out, _ = installed.run("uninstall")
    assert (code, out) == (0, "flattr-host is not installed here.\n")


def test_without_a_package_index_it_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    before = set(place.files())
    off = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    code, _, err = place.run(**off)
    assert code == 1
    assert "Is the package index within reach?" in err
    assert not list(place.data.glob("environment/*/*"))
    assert place.run("uninstall")[0] == 0
    assert set(place.files()) == before


def test_without_a_network_it_takes_what_lies_in_a_folder(tmp_path: Path) -> None:
    place, wheels = Installation(tmp_path), tmp_path / "räder"
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(wheels)]
    subprocess.run([*download, str(ROOT), "hatchling>=1.27"], env=place.env, check=True)
    off = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_CACHE_DIR": str(tmp_path / "c")}
    code, out, err = place.run("--offline", str(wheels), **off)
    assert code == 0, out + err
    assert place.firefox.exists()
    ledger = place.data / "ledger.sqlite3"
    with HostProcess(place.firefox, env=place.env) as host:
        url = "https://github.com/smgt/flattr"
        *_, done = host.request({"id": "1", "type": "flattr", "url": url})
    assert (done["type"], ledger.exists()) == ("done", True)
    assert place.run("uninstall", "--purge", "--yes")[0] == 0
    assert not place.data.exists()
    assert not list(place.home.rglob("flattr-host*"))


def test_the_spinner_is_for_terminals_alone(tmp_path: Path) -> None:
    """On one it shows each step in its line; the last word of each stays."""
    import pty

    place = Installation(tmp_path)
    pid, terminal = pty.fork()
    if not pid:
        os.environ.clear()
        os.environ.update(place.env, PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
        os.environ.update(PYTHONUTF8="1", COLUMNS="60")
        os.execv(sys.executable, [sys.executable, str(INSTALL)])  # noqa: S606 - a list
    said = b""
    with contextlib.suppress(OSError):  # how the end of a terminal looks
        while chunk := os.read(terminal, 4096):
            said += chunk
    os.waitpid(pid, 0)
    lines = said.decode().split("\r")
    assert any(f"{mark} Making a private" in line for line in lines for mark in "⠋⠙⠹")
    assert any("✓ Making a private" in line for line in lines)
    assert any("✗ Installing flattr-host" in line for line in lines)


def run_as(preparation: str, place: Installation) -> tuple[int, str]:
    """Run `install.py` in an interpreter that *preparation* has changed."""
    code = f"import runpy, sys; {preparation}; runpy.run_path({str(INSTALL)!r}, None, '__main__')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=place.env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_an_older_python_is_told_in_one_sentence(tmp_path: Path) -> None:
    code, said = run_as("sys.version_info = (3, 10, 0)", Installation(tmp_path))
    assert code == 1
    assert said.startswith("flattr-host needs Python 3.11 or newer; this is Python 3.")
    assert said.count("\n") == 1
    ast.parse(INSTALL.read_text("utf-8"), feature_version=(3, 6))  # one that gets so far


def test_a_python_without_venv_is_told_what_to_install(tmp_path: Path) -> None:
    code, said = run_as("sys.modules['ensurepip'] = None", Installation(tmp_path))
    assert code == 1
    assert said.endswith(f"sudo apt install python3.{sys.version_info[1]}-venv\n")


@pytest.fixture
def install() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install", INSTALL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("xdg", [None, "", "relative", "/elsewhere/ü"])
@pytest.mark.parametrize("home", [None, "", "/portable", "portable"])
def test_the_data_folder_is_the_one_of_the_host(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, xdg: str | None, home: str | None
) -> None:
    from flattr_host import paths

    for name, value in (("XDG_DATA_HOME", xdg), ("FLATTR_HOST_HOME", home)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert install.data_folder(False) == paths.data_dir()
    assert install.data_folder(True) == paths.system_data_dir()
    if not home:
        assert install.data_folder(False) == platformdirs.user_data_dir(
            "flattr-host", appauthor=False
        )
