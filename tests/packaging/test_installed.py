"""The wheel in an environment of its own, as ``pipx install`` and ``uv tool install`` make one.

What it needs is borrowed from the environment of the tests, so that no index has to be asked.
"""

import os
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from flattr_host.browsers.process import HostProcess
from flattr_host.native.callers import CALLERS

from .conftest import VERSION, Release, below, run

HELLO = {"id": "1", "type": "hello", "protocol": [1, 1], "extension": "test"}
WHERE = "from flattr_host.browsers.resources import *; print(extension(), manifests(), sep='\\n')"


class Environment:
    """A fresh virtual environment with the wheel in it, and a HOME where Firefox was started."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder / "environment"
        venv.create(self.folder)
        self.bin = self.folder / "bin"
        pip = [sys.executable, "-I", "-m", "pip", "--python", str(self.bin / "python")]
        done = run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel)
        assert done.returncode == 0, done.stderr
        (packages,) = self.folder.glob("lib/python*/site-packages")
        (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()))
        self.packages = packages
        self.home = folder / "home"
        (self.home / ".mozilla/firefox").mkdir(parents=True)
        kept = {k: v for k, v in os.environ.items() if k[:4] != "XDG_" and k != "FLATTR_HOST_HOME"}
        self.env = {**kept, "HOME": str(self.home), "PATH": str(self.bin)}

    def run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return run(self.bin / program, *arguments, env=self.env)


@pytest.fixture(scope="module")
def environment(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("installed"), release.wheel)


def test_the_program_for_people_is_there(environment: Environment) -> None:
    done = environment.run("flattr-host", "--version")
    assert done.returncode == 0, done.stderr
    assert VERSION in done.stdout


def test_the_program_for_browsers_is_there(environment: Environment) -> None:
    native = str(environment.bin / "flattr-native-host")
    with HostProcess(argv=[native, CALLERS[0]], env=environment.env) as host:
        (answer,) = host.request(HELLO)
    assert answer["type"] == "done"


def test_what_travels_with_the_program_is_found(
    environment: Environment, project: dict[str, bytes]
) -> None:
    done = environment.run("python", "-I", "-c", WHERE)
    assert done.returncode == 0, done.stderr
    for name, place in zip(("extension", "manifests"), done.stdout.splitlines(), strict=True):
        assert Path(place) == environment.packages / "flattr_host/_data" / name
        found = [path for path in Path(place).rglob("*") if path.is_file()]
        assert {str(path.relative_to(place)): path.read_bytes() for path in found} == below(
            f"{name}/", project
        )


def test_it_would_register_with_the_browser_that_is_here(environment: Environment) -> None:
    before = sorted(environment.home.rglob("*"))
    done = environment.run("flattr-host", "register", "--dry-run")
    assert done.returncode == 0, done.stderr
    manifest = ".mozilla/native-messaging-hosts/io.github.flattr_host.json"
    assert str(environment.home / manifest) in done.stdout
    assert sorted(environment.home.rglob("*")) == before
