"""A machine of one's own: file systems that nobody else sees, and a Python for everybody."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import pytest

from .kills import ROOT

SYSTEM_PYTHON = "/usr/bin/python3"

_OF_A_USER = ["--user", "--map-root-user"]


class Namespace:
    """Mounts that end with the ``with``. *is_real*: other users are there too; for root alone."""

    def __init__(self, script: str, *arguments: object, is_real: bool = False) -> None:
        self._unshare = ["unshare", *([] if is_real else _OF_A_USER), "--mount"]
        command = f"set -e\n{script}\necho ready\nread end"
        self._process = subprocess.Popen(
            [*self._unshare, "sh", "-c", command, "sh", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._is_real = is_real

    def __enter__(self) -> "Namespace":
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            if not subprocess.run([*self._unshare, "true"], check=False).returncode:
                pytest.fail("the mounts did not succeed")
            sentence = f"no namespaces here: {' '.join(self._unshare)} must work"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate("\n")

    def path(self, place: Path | str) -> Path:
        """Where one sees from outside what is inside at *place*."""
        return Path(f"/proc/{self._process.pid}/root{place}")

    def entering(self) -> list[str]:
        """What a command is begun with to be inside."""
        user = [] if self._is_real else ["--user", "--preserve-credentials"]
        return [program("nsenter"), "--target", str(self._process.pid), *user, "--mount"]


def program(name: str) -> str:
    """The path of a tool, for whoever gets a PATH without it."""
    return shutil.which(name) or name


def run(
    argv: list[str], env: Mapping[str, str], *, uid: int | None = None, umask: int = -1
) -> tuple[int, str]:
    """The exit code and all words of a command, for another user if asked."""
    as_user = {} if uid is None else {"user": uid, "group": uid, "extra_groups": list[int]()}
    done = subprocess.run(
        argv, env=env, umask=umask, capture_output=True, text=True, check=False, **as_user
    )  # type: ignore[call-overload]
    return done.returncode, done.stdout + done.stderr


def python_for_everybody(folder: Path) -> list[str]:
    """The command of an installation in *folder* that every user can start.

    The system's Python with what is installed here: no package index has to be within reach.
    """
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    code = 'import sys; print("%d.%d" % sys.version_info[:2])'
    if (
        not os.path.exists(SYSTEM_PYTHON)
        or run([SYSTEM_PYTHON, "-c", code], {})[1].strip() != version
    ):
        sentence = f"needs {SYSTEM_PYTHON} of version {version}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)
    subprocess.run([SYSTEM_PYTHON, "-m", "venv", "--without-pip", folder], check=True)
    packages = folder / f"lib/python{version}/site-packages"
    for name in sorted(_needed("flattr-host", set())):
        for file in importlib.metadata.distribution(name).files or ():
            if ".." not in file.parts and file.suffix != ".pyc" and "flattr_host" not in str(file):
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), packages / file)
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "host/flattr_host", packages / "flattr_host", ignore=unwanted)
    for data in ("manifests", "extension"):
        shutil.copytree(ROOT / data, packages / "flattr_host/_data" / data, ignore=unwanted)
    script = folder / "bin/flattr-host"
    script.write_text("from flattr_host.cli import main; main()\n")
    subprocess.run(["chmod", "-R", "u=rwX,go=rX", folder], check=True)
    return [str(folder / "bin/python"), str(script)]


def _needed(name: str, known: set[str]) -> set[str]:
    """The distributions that *name* needs here, with itself."""
    known.add(name)
    for requirement in importlib.metadata.requires(name) or ():
        other = re.match(r"[\w.-]+", requirement)
        if "extra ==" in requirement or not other or other[0] in known:
            continue
        try:
            importlib.metadata.distribution(other[0])
        except importlib.metadata.PackageNotFoundError:  # for another platform
            continue
        _needed(other[0], known)
    return known
