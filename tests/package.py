"""``python3 -m tests.package [--into dist]``: makes what a release consists of.

A wheel, an sdist, and the extension as an archive: ``.zip`` for Chromium, and the same as ``.xpi``
for Firefox. All of it comes out of the sdist, and that out of what git tracks, so that the same
files give the same bytes, whatever else lies beside them and whoever builds them. Prints the
SHA-256, name and size of each.
"""

import argparse
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from tests.__main__ import PYTHON, ROOT, fingerprint, prepare_python

#: A zip's calendar begins in 1980.
_EARLIEST = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp())


class Refusal(Exception):
    """Why nothing was made; the text is a sentence."""


def main(root: Path = ROOT) -> int:
    """Package what is in ``root``, and say what was made; 0 if all is right."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.package", description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "dist", metavar="FOLDER")
    options = parser.parse_args()
    try:
        for file in package(root, options.into):
            print(f"{fingerprint(file)}  {file.name}  {file.stat().st_size:,} bytes")
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def package(root: Path, into: Path) -> list[Path]:
    """Make all of it, and put it into a folder only once all of it is right."""
    version = agreed_version(root)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        source = staged(root, Path(folder) / "source")
        run("build", "--no-isolation", f"--outdir={made}", str(source))
        wheel, sdist = sorted(made.iterdir())  # "-py3-none-any.whl", ".tar.gz"
        run("twine", "check", "--strict", str(wheel), str(sdist))
        archive = made / f"flattr-host-extension-{version}.zip"
        pack_extension(sdist, archive)
        shutil.copyfile(archive, archive.with_suffix(".xpi"))
        into.mkdir(parents=True, exist_ok=True)
        return [shutil.copyfile(file, into / file.name) for file in sorted(made.iterdir())]


def agreed_version(root: Path) -> str:
    """The version that every file names that names one."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    init = (root / "host/flattr_host/__init__.py").read_text(encoding="utf-8")
    manifest = json.loads((root / "extension/manifest.json").read_text(encoding="utf-8"))
    named = {
        "host/flattr_host/__init__.py": "".join(re.findall(r'^__version__ = "(.*)"$', init, re.M)),
        "extension/manifest.json": manifest["version"],
    }
    if "version" in project:  # otherwise hatchling takes that of the package
        named["pyproject.toml"] = project["version"]
    if len(set(named.values())) != 1:
        each = ", ".join(f"{file} says {version}" for file, version in named.items())
        raise Refusal(f"The version is not the same everywhere: {each}.")
    return str(manifest["version"])


def staged(root: Path, folder: Path) -> Path:
    """A copy of what git tracks, so that nothing else that lies there gets into a release.

    An unpacked sdist, where there is no git, is such a copy already.
    """
    if not (root / ".git").exists():
        return root
    for name in tracked(root):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy(root / name, folder / name)
        except FileNotFoundError:
            raise Refusal(f"git tracks {name}, which is not there.") from None
    return folder


def tracked(root: Path) -> list[str]:
    """The paths of all files that git tracks in a checkout."""
    command = ["git", "-C", str(root), "ls-files", "-z"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise Refusal(f"git cannot tell what it tracks: {os.fsdecode(done.stderr).strip()}")
    return os.fsdecode(done.stdout).split("\0")[:-1]


def run(module: str, *arguments: str) -> None:
    """Run a tool of the development environment; what it says counts only if it fails."""
    command = [sys.executable, "-I", "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refusal(f"{done.stdout}{done.stderr}\n{module} failed (see above).")


def pack_extension(sdist: Path, archive: Path) -> None:
    """Zip the extension that is in an sdist, with its manifest at the root."""
    top = f"{sdist.name.removesuffix('.tar.gz')}/extension/"
    with tarfile.open(sdist) as source, zipfile.ZipFile(archive, "w") as target:
        for member in sorted(source.getmembers(), key=lambda member: member.name):
            content = source.extractfile(member)  # None for a folder
            if content and member.name.startswith(top):
                target.writestr(entry(member.name.removeprefix(top)), content.read())


def entry(name: str) -> zipfile.ZipInfo:
    """How a file stands in the archive, which shall not tell when, where or by whom it was made.

    SOURCE_DATE_EPOCH gives the time, as it does for the wheel and the sdist. The commit's time
    would be another one for each, and whoever builds from the sdist does not know it.
    """
    seconds = max(int(os.environ.get("SOURCE_DATE_EPOCH", _EARLIEST)), _EARLIEST)
    at = datetime.fromtimestamp(seconds, UTC)
    info = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix: only then the mode is looked at
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


if __name__ == "__main__":
    if Path(sys.executable) != PYTHON:
        prepare_python()
        os.execv(PYTHON, [str(PYTHON), "-m", "tests.package", *sys.argv[1:]])  # noqa: S606
    sys.exit(main())
