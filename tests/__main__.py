"""``python3 -m tests [PYTEST ARGUMENTS]``: everything that is checked about flattr-host.

Makes a development environment where there is none (Python packages in ``.venv``, npm's tools in
``tests/node_modules``), then runs the linters, the type checkers, the extension's own tests and
pytest, several at once, and says what failed. With arguments, only pytest runs, and gets them.

Standard library only: this is the first thing that a contributor starts.
"""

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
NPM = ROOT / "tests"

PYTEST = [str(PYTHON), "-m", "pytest"]
# Each of the parts would overwrite what the others note for --last-failed.
PART = [*PYTEST, "-p", "no:cacheprovider"]
BROWSERS = "tests/e2e"
ROOMS = [f"tests/{name}" for name in ("account", "api", "discovery", "ledger", "linked_page")]
INSTALLING = [
    f"tests/{name}" for name in ("browsers", "packaging", "test_doctor.py", "test_install.py")
]

AT_ONCE = 3
"""Browsers wait more than they work: two of them and something else keep two processors busy."""

LIMIT = 30 * 60.0
"""Seconds for each, many times what it takes: one that hangs fails, and shows how far it was."""

GRACE = 30.0
"""Seconds to clean up in, for a check that is told to end."""

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
    # Together they are all of pytest's tests, each once.
    "pytest in Firefox": [*PART, BROWSERS, "-k", "firefox"],
    "pytest in Chromium": [*PART, BROWSERS, "-k", "not firefox"],
    "pytest of the host's rooms": [*PART, *ROOMS],
    "pytest of installing": [*PART, *INSTALLING],
    "pytest of the rest": [
        *PART,
        *(f"--ignore={part}" for part in (BROWSERS, *ROOMS, *INSTALLING)),
    ],
}


def main() -> int:
    """Run what was asked for; 0 if all of it passed."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older one is told so
        sys.exit("flattr-host needs Python 3.11 or newer.")
    if not shutil.which("npm"):
        sys.exit("The extension's checks need Node.js 20 and npm (Debian: apt install nodejs npm).")
    prepare_python()
    prepare_npm()
    if sys.argv[1:]:
        return subprocess.run([*PYTEST, *sys.argv[1:]], cwd=ROOT, check=False).returncode
    failed = asyncio.run(run_all(CHECKS))
    print(f"\nFailed: {', '.join(failed)}" if failed else "\nEverything passed.")
    return 1 if failed else 0


async def run_all(checks: dict[str, list[str]]) -> list[str]:
    """Run them in their order, as many at once as is good; the names of those that failed."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # ends all of them too
    free = asyncio.Semaphore(AT_ONCE)

    async def in_turn(name: str, command: list[str]) -> bool:
        async with free:
            return await passes(name, command)

    passed = await asyncio.gather(*(in_turn(*check) for check in checks.items()))
    return [name for name, is_passed in zip(checks, passed, strict=True) if not is_passed]


async def passes(name: str, command: list[str]) -> bool:
    """Run one check; when it has ended, print what it said and how it went."""
    print(f"-- {name} …", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryFile() as said:
        code = await exit_code(command, said)
        said.seek(0)
        text = said.read().decode(errors="replace").strip()
    outcomes = {0: "passed", None: f"FAILED (had not ended after {LIMIT:g} s)"}
    outcome = outcomes.get(code, f"FAILED (exit code {code})")
    seconds = time.monotonic() - begun
    print(f"\n== {name}", text, f"== {name}: {outcome}, {seconds:.1f} s\n", sep="\n", flush=True)
    return code == 0


async def exit_code(command: list[str], output: IO[bytes]) -> int | None:
    """Of a command, or None where it takes too long.

    It is told when we are cancelled or its time is up, and can then clean up.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},  # or the last that it said would be missing
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # or Ctrl-C would reach it twice, the second while it cleans up
    )
    try:
        return await asyncio.wait_for(process.wait(), LIMIT)
    except TimeoutError:
        await end(process)
        return None
    except asyncio.CancelledError:
        await end(process)
        raise


async def end(process: asyncio.subprocess.Process) -> None:
    """Tell it and what it started to end; where that does not help in time, end them."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGINT)
            await asyncio.wait_for(process.wait(), GRACE)
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
    if os.name == "nt":
        process.kill()
    await process.wait()


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
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
