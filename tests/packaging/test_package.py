"""What a release consists of: what belongs to it and no more, with the same bytes anywhere.

That is what lets anybody build it from the sources, and compare.
"""

import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement

from tests import package

from .conftest import ROOT, VERSION, Release, below, packaged, run

STRAY = (
    "extension/.DS_Store",
    "extension/node_modules/left-pad/index.js",
    "extension/note.py",
    "extension/x.swp",
    "host/flattr_host/.paths.py.swp",
    "host/flattr_host/__pycache__/paths.cpython-311.pyc",
    "host/flattr_host/note.py",
    "manifests/own.json",
    "tests/note.txt",
    "notes.md",
)
INFO = f"flattr_host-{VERSION}.dist-info/"
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)]+)\)")  # of Markdown; with "!" it is a picture
WEB_EXT = ROOT / "tests/node_modules/.bin/web-ext"


def hashes(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def contents(archive: Path) -> dict[str, bytes]:
    """The files of a zip, a wheel or an sdist, by name; of an sdist without its top folder."""
    if archive.suffix == ".gz":
        with tarfile.open(archive) as tar:
            files = {member.name: tar.extractfile(member) for member in tar}
            top = archive.name.removesuffix(".tar.gz") + "/"
            return {name.removeprefix(top): file.read() for name, file in files.items() if file}
    with zipfile.ZipFile(archive) as zipped:
        assert len(set(zipped.namelist())) == len(zipped.namelist())
        return {name: zipped.read(name) for name in zipped.namelist()}


def unpack(release: Release, folder: Path) -> Path:
    """The sdist, unpacked."""
    shutil.unpack_archive(release.sdist, folder, filter="data")
    (top,) = folder.iterdir()
    return top


def disturb(checkout: Path) -> None:
    """Let a checkout look as if somebody had worked in it, years later and in privacy."""
    for command in ("init", "--quiet"), ("add", "--all", "--force"):
        assert run("git", "-C", checkout, *command).returncode == 0
    for number, path in enumerate(sorted(checkout.rglob("*"))):
        if path.is_file() and ".git" not in path.parts:
            path.chmod(path.stat().st_mode & 0o700)
            os.utime(path, (2_000_000_000 + number, 2_000_000_000 + number))
    for name in STRAY:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("stray")


@pytest.mark.skipif(
    not shutil.which("git"), reason="without git, all that lies there belongs to it"
)
def test_the_same_files_give_the_same_bytes(release: Release, tmp_path: Path) -> None:
    checkout = unpack(release, tmp_path / "jemand anderes' Ordner")
    disturb(checkout)
    done = packaged(checkout, tmp_path / "dist", umask=0o077, LC_ALL="C", TZ="Pacific/Kiritimati")
    assert done.returncode == 0, done.stderr
    assert hashes(tmp_path / "dist") == hashes(release.folder)
    assert done.stdout == release.said


def test_an_unpacked_sdist_gives_the_same_bytes_without_git(
    release: Release, tmp_path: Path
) -> None:
    done = packaged(unpack(release, tmp_path / "unpacked"), tmp_path / "dist")
    assert done.returncode == 0, done.stderr
    assert hashes(tmp_path / "dist") == hashes(release.folder)


def test_the_wheel_does_not_depend_on_the_way_through_the_sdist(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    source = package.staged(ROOT, tmp_path / "source")
    package.run("build", "--no-isolation", "--wheel", f"--outdir={tmp_path / 'dist'}", str(source))
    assert (tmp_path / "dist" / release.wheel.name).read_bytes() == release.wheel.read_bytes()


def test_it_says_what_it_made(release: Release) -> None:
    made = [release.xpi, release.zip, release.wheel, release.sdist]
    sizes = {file.name: f"{file.stat().st_size:,} bytes" for file in made}
    lines = [f"{digest}  {name}  {sizes[name]}" for name, digest in hashes(release.folder).items()]
    assert sorted(release.said.splitlines()) == sorted(lines)


def test_the_wheel_has_the_package_and_its_data_and_nothing_else(
    release: Release, project: dict[str, bytes]
) -> None:
    made = contents(release.wheel)
    written = {INFO + name for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt")}
    assert written <= made.keys()
    assert {name: content for name, content in made.items() if name not in written} == (
        below("host/flattr_host/", project, "flattr_host/")
        | below("extension/", project, "flattr_host/_data/extension/")
        | below("manifests/", project, "flattr_host/_data/manifests/")
        | {f"{INFO}licenses/LICENSE": project["LICENSE"]}
    )


def test_the_sdist_is_the_whole_project(release: Release, project: dict[str, bytes]) -> None:
    made = contents(release.sdist)
    assert made.pop("PKG-INFO") == contents(release.wheel)[INFO + "METADATA"]
    assert made.keys() == project.keys()  # first, since this is shown shorter
    assert made == project


def test_the_extension_is_what_browsers_load_from_the_checkout(
    release: Release, project: dict[str, bytes]
) -> None:
    assert contents(release.zip) == below("extension/", project)
    assert release.xpi.read_bytes() == release.zip.read_bytes()
    with zipfile.ZipFile(release.zip) as archive:
        assert archive.namelist() == sorted(archive.namelist())
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.external_attr >> 16 == stat.S_IFREG | 0o644
            assert info.compress_type == zipfile.ZIP_DEFLATED
            assert not info.extra


@pytest.mark.parametrize(
    ("epoch", "time"),
    [("1700000000", (2023, 11, 14, 22, 13, 20)), ("0", (1980, 1, 1, 0, 0, 0))],
)
def test_source_date_epoch_gives_the_time(
    epoch: str, time: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    assert package.entry("manifest.json").date_time == time


def test_twine_would_upload_it(release: Release) -> None:
    twine = [sys.executable, "-I", "-m", "twine", "check", "--strict"]
    done = run(*twine, release.wheel, release.sdist)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASSED") == 2


def test_web_ext_finds_nothing_wrong_with_the_archive(release: Release, tmp_path: Path) -> None:
    if not (WEB_EXT.exists() and shutil.which("node")):
        what = "web-ext is not installed; python3 -m tests does that"
        pytest.fail(what) if os.environ.get("CI") == "true" else pytest.skip(what)
    shutil.unpack_archive(release.xpi, tmp_path / "extension", "zip")
    lint = ["lint", "--warnings-as-errors", "--no-config-discovery", "--source-dir"]
    quiet = os.environ | {"NO_UPDATE_NOTIFIER": "1"}
    done = run(WEB_EXT, *lint, tmp_path / "extension", env=quiet)
    assert done.returncode == 0, done.stdout


def test_pypi_shows_the_readme_with_links_that_lead_somewhere(
    release: Release, project: dict[str, bytes]
) -> None:
    shown = contents(release.wheel)[INFO + "METADATA"].decode().split("\n\n", 1)[1]
    here = "https://github.com/flattr-host/flattr-host"
    addresses = {"": f"{here}/blob/v{VERSION}/", "!": f"{here}/raw/v{VERSION}/"}
    readme = project["README.md"].decode()
    assert re.sub("|".join(addresses.values()), "", shown) == readme
    links = LINK.findall(shown)
    assert all(target.startswith(("https://", "#")) for _, target in links)
    ours = {t.removeprefix(addresses[p]) for p, t in links if t.startswith(addresses[p])}
    assert "docs/images/flattr.png" in ours
    assert {path.partition("#")[0] for path in ours} <= project.keys()


def test_what_pypi_shows_is_what_pyproject_says(
    release: Release, project: dict[str, bytes]
) -> None:
    shown = Metadata.from_email(contents(release.wheel)[INFO + "METADATA"])  # validates it too
    told = tomllib.loads(project["pyproject.toml"].decode())["project"]
    assert (shown.name, str(shown.version)) == ("flattr-host", VERSION)
    assert (shown.summary, shown.author) == (told["description"], told["authors"][0]["name"])
    assert (shown.license_expression, shown.license_files) == ("MIT", ["LICENSE"])
    assert str(shown.requires_python) == ">=3.11"
    assert shown.description_content_type == "text/markdown"
    assert sorted(shown.classifiers or []) == sorted(told["classifiers"])
    assert shown.project_urls == told["urls"]
    always = [each for each in shown.requires_dist or [] if not each.marker]
    assert {*map(str, always)} == {str(Requirement(each)) for each in told["dependencies"]}


def test_versions_that_differ_are_refused_in_one_sentence(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "host/flattr_host/__init__.py", "extension/manifest.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    manifest = tmp_path / "extension/manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": "9.8.7"}))
    done = packaged(tmp_path, tmp_path / "dist")
    assert done.returncode == 1
    assert done.stderr == (
        f"The version is not the same everywhere: host/flattr_host/__init__.py says {VERSION}, "
        "extension/manifest.json says 9.8.7.\n"
    )
    assert not (tmp_path / "dist").exists()


def test_a_version_in_pyproject_has_to_be_the_same_too(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "extension", tmp_path / "extension")
    (tmp_path / "host/flattr_host").mkdir(parents=True)
    shutil.copy(ROOT / "host/flattr_host/__init__.py", tmp_path / "host/flattr_host")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "9.8.7"\n')
    with pytest.raises(package.Refusal, match=r"pyproject\.toml says 9\.8\.7\.$"):
        package.agreed_version(tmp_path)


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_a_tracked_file_that_is_gone_is_refused(release: Release, tmp_path: Path) -> None:
    checkout = unpack(release, tmp_path / "unpacked")
    disturb(checkout)
    (checkout / "install.py").unlink()
    done = packaged(checkout, tmp_path / "dist")
    assert done.stderr == "git tracks install.py, which is not there.\n"
    assert (done.returncode, (tmp_path / "dist").exists()) == (1, False)
