"""The launcher, by really running it: whatever the path, the interpreter gets what it must."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flattr_host.browsers.wanted import launcher_script
from flattr_host.native.callers import CALLERS

# In the interpreter's place: a program that says what it was given.
REPORT = f"""#!{sys.executable}
import json, os, sys
print(json.dumps([os.getpid(), sys.argv[1:], os.environ.get("FLATTR_HOST_HOME")]))
"""

AWKWARD = [
    "plain",
    "two words",
    "it's",
    'say "hi"',
    "$HOME `id` \\",
    "Jürgen 日本",
    "a\nb",
    "-x",
    "*",
]


def run(script: Path, *arguments: str, **environment: str) -> tuple[int, list[object]]:
    import json

    with subprocess.Popen(
        [script, *arguments], stdout=subprocess.PIPE, env={"PATH": "/nowhere", **environment}
    ) as process:
        out, _ = process.communicate()
    assert process.returncode == 0
    return process.pid, json.loads(out)


@pytest.mark.parametrize("name", AWKWARD)
def test_any_folder_name_works(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    python, script = folder / "python", folder / "flattr-native-host"
    python.write_text(REPORT)
    python.chmod(0o755)
    script.write_bytes(launcher_script(str(python), str(folder), CALLERS))
    script.chmod(0o755)
    pid, (ran_as, arguments, home) = run(script, "/a b/x.json", "ümlaut@x", "")
    assert ran_as == pid  # exec: one process, which gets the browser's signals
    assert arguments[:2] == ["-I", "-c"]  # type: ignore[index]
    assert arguments[3:] == ["/a b/x.json", "ümlaut@x", ""]  # type: ignore[index]
    assert home == str(folder)


def test_a_folder_name_that_is_not_utf8_works(tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xe9")
    os.mkdir(folder)
    Path(folder, "python").write_text(REPORT)
    os.chmod(f"{folder}/python", 0o700)
    script = Path(folder, "run")
    script.write_bytes(launcher_script(f"{folder}/python", None, CALLERS))
    script.chmod(0o755)
    _, (_, arguments, home) = run(script, "x")
    assert arguments[3:] == ["x"]  # type: ignore[index]
    assert home is None


def test_no_module_can_be_slipped_in(tmp_path: Path) -> None:
    (tmp_path / "flattr_host.py").write_text("raise SystemExit('slipped in')")
    script = tmp_path / "flattr-native-host"
    script.write_bytes(launcher_script(sys.executable, str(tmp_path / "home"), CALLERS))
    script.chmod(0o755)
    done = subprocess.run(
        [script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")
