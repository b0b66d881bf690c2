"""A release of this very checkout, made once for all tests here."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pathspec
import pytest

from tests import package

ROOT = Path(__file__).parents[2]
VERSION = package.agreed_version(ROOT)


def run(
    *command: str | Path, env: Mapping[str, str] | None = None, umask: int = -1
) -> subprocess.CompletedProcess[str]:
    """A command that was run, with all that it said."""
    return subprocess.run(
        command, env=env, umask=umask, cwd=ROOT, capture_output=True, text=True, check=False
    )


def packaged(
    root: Path, into: Path, umask: int = -1, **env: str
) -> subprocess.CompletedProcess[str]:
    """``python3 -m tests.package --into FOLDER`` for the files below ``root``, with our Python."""
    code = "import pathlib, sys; from tests.package import main; sys.exit(main(pathlib.Path({!r})))"
    command = [sys.executable, "-c", code.format(str(root)), "--into", str(into)]
    timeless = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    return run(*command, env=timeless | env, umask=umask)


class Release:
    """The folder that ``tests.package`` filled, and what it said."""

    def __init__(self, folder: Path) -> None:
        done = packaged(ROOT, folder)
        assert done.returncode == 0, done.stderr
        self.folder = folder
        self.said = done.stdout
        self.wheel = folder / f"flattr_host-{VERSION}-py3-none-any.whl"
        self.sdist = folder / f"flattr_host-{VERSION}.tar.gz"
        self.zip = folder / f"flattr-host-extension-{VERSION}.zip"
        self.xpi = folder / f"flattr-host-extension-{VERSION}.xpi"


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return Release(tmp_path_factory.mktemp("release") / "dist")


@pytest.fixture(scope="session")
def project() -> dict[str, bytes]:
    """Every file of the project: what git tracks, or all that came with the sdist."""
    if (ROOT / ".git").exists():
        names = package.tracked(ROOT)
    else:
        ignored = (ROOT / ".gitignore").read_text().splitlines()
        found = pathspec.GitIgnoreSpec.from_lines(ignored).match_tree_files(ROOT, negate=True)
        names = sorted(set(found) - {"PKG-INFO"})  # of the sdist itself
    return {name: (ROOT / name).read_bytes() for name in names}


def below(folder: str, project: Mapping[str, bytes], put: str = "") -> dict[str, bytes]:
    """The project's files below a folder, by their paths from there, in another folder."""
    there = {name: content for name, content in project.items() if name.startswith(folder)}
    return {put + name.removeprefix(folder): content for name, content in there.items()}
