"""``python3 -m tests [PYTEST ARGUMENTS]``: everything that is checked about flattr-host.

Makes a development environment where there is none (Python packages in ``.venv``, npm's tools in
``tests/node_modules``), then runs the linters, the type checkers, the extension's own tests and
pytest, and says what failed. With arguments, only pytest runs, and gets them.

Standard library only: this is the first thing that a contributor starts.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
NPM = ROOT / "tests"

CHECKS: dict[str, list[str]] = {
    "ruff format": [str(PYTHON), "-m", "ruff", "format", "--check", "--quiet", "."],
    "ruff check": [str(PYTHON), "-m", "ruff", "check", "--quiet", "."],
    "mypy --strict": [str(PYTHON), "-m", "mypy"],
    "mypy --platform win32": [str(PYTHON), "-m", "mypy", "--platform", "win32", "host"],
    "bandit": [
        str(PYTHON),
        "-m",
        "bandit",
        "-q",
        "-r",
        "-c",
        "pyproject.toml",
        "host",
        "install.py",
    ],
    "pip-audit": [str(PYTHON), "-m", "tests.audit"],
    "web-ext lint": ["npm", "--prefix", str(NPM), "run", "--silent", "lint"],
    "tsc --checkJs": ["npm", "--prefix", str(NPM), "run", "--silent", "types"],
    "node --test": ["npm", "--prefix", str(NPM), "run", "--silent", "unit"],
}
PYTEST = [str(PYTHON), "-m", "pytest"]


def main() -> int:
    """Run what was asked for; 0 if all of it passed."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older one is told so
        sys.exit("flattr-host needs Python 3.11 or newer.")
    if not shutil.which("npm"):
        sys.exit("The extension's checks need Node.js 20 and npm (Debian: apt install nodejs npm).")
    prepare_python()
    prepare_npm()
    arguments = sys.argv[1:]
    checks = {"pytest": PYTEST + arguments} if arguments else CHECKS | {"pytest": PYTEST}
    failed = [name for name, command in checks.items() if not passes(name, command)]
    print(f"\nFailed: {', '.join(failed)}" if failed else "\nEverything passed.")
    return 1 if failed else 0


def passes(name: str, command: list[str]) -> bool:
    """Run one check, and say how it went."""
    print(f"\n== {name}", flush=True)
    begun = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    outcome = "passed" if code == 0 else f"FAILED (exit code {code})"
    print(f"== {name}: {outcome}, {time.monotonic() - begun:.1f} s", flush=True)
    return code == 0


def prepare_python(environment: Path = ENVIRONMENT, extra: str = "test") -> Path:
    """Make ``.venv``, or bring it up to date with pyproject.toml; the path of its Python.

    Or another environment, which has what pyproject.toml names for that ``extra``.
    """
    python = environment / PYTHON.relative_to(ENVIRONMENT)
    wanted = fingerprint(ROOT / "pyproject.toml") + sys.version
    stamp = environment / "flattr-host-tests"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"Making the development environment in {environment} …", flush=True)
    venv.create(environment, clear=True, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--editable", f"{ROOT}[{extra}]"], check=True)
    stamp.write_text(wanted)
    return python


def prepare_npm() -> None:
    """Install the npm tools exactly as package-lock.json has them."""
    wanted = fingerprint(NPM / "package-lock.json")
    stamp = NPM / "node_modules" / ".flattr-host-tests"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Installing the extension's development tools with npm …", flush=True)
    npm = ["npm", "--prefix", str(NPM), "ci", "--silent", "--no-audit", "--no-fund"]
    subprocess.run(npm, check=True)
    stamp.write_text(wanted)


def fingerprint(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(map(str, error.cmd))} ended with exit code {error.returncode}.")
