#!/usr/bin/env python3
"""Install flattr-host for the person who runs this, show it, or remove it again.

    python3 install.py                  install or update, and register with the browsers found
    python3 install.py uninstall        remove exactly that; the ledger and the settings stay
    python3 install.py try [URL]        show it at work in a temporary place, and clean up

Needs Python 3.11 or newer with venv, and of that only the standard library. It makes a private
environment in the person's data folder, pip-installs this checkout into it, and leaves the rest to
the `flattr-host` in there. Each version gets a folder of its own, named by a fingerprint of the
sources and of Python; it counts only once its file `complete` is there, which is written last.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import TextIO

ROOT = os.path.dirname(os.path.abspath(__file__))
SOURCES = ("host", "extension", "manifests", "pyproject.toml", "README.md", "LICENSE")
CLI = "import sys; sys.argv[0] = 'flattr-host'; from flattr_host.cli import main; sys.exit(main())"


class Problem(Exception):
    """What stops the installation; the text says what happened and what to do."""


def main() -> int:
    """Do what the command line asks for, and return the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older one is told so
        tell("flattr-host needs Python 3.11 or newer; this is Python " + sys.version.split()[0])
        return 1
    arguments = parse()
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, lambda received, _: sys.exit(128 + received))  # and clean up
    os.umask(os.umask(0o022) | 0o022)  # nobody else may change what browsers will start
    try:
        if arguments.command == "try":
            return attempt(arguments)
        return uninstall() if arguments.command == "uninstall" else install()
    except KeyboardInterrupt:
        tell("Stopped. Run it again to go on.", sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read what we say has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Problem as problem:
        tell(str(problem), sys.stderr)
    except OSError as error:
        where = error.filename or "a file"
        tell(f"Stopped: {where}: {error.strerror}. See to that, then run it again.", sys.stderr)
    return 1


def parse() -> argparse.Namespace:
    """The command line as values."""
    parser = argparse.ArgumentParser(description="Without a command: install flattr-host.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("uninstall", help="remove what was installed; ledger and settings stay")
    trial = commands.add_parser("try", help="show it at work, temporarily", allow_abbrev=False)
    trial.add_argument("url", metavar="URL", nargs="?", help="what to flattr")
    trial.add_argument("--browser", choices=("chromium", "firefox"), help="open a real browser")
    trial.add_argument("--json", action="store_true", help="print one JSON object a line")
    return parser.parse_args()


def install() -> int:
    """Make the environment unless it is there already, and register what is in it."""
    data = data_folder()
    remember_folders(data)
    wait_for_others(environments(data))
    place = os.path.join(environments(data), fingerprint())
    before = current(data)
    if is_complete(place):
        tell(f"The private environment {place} is up to date.")
    else:
        build(place, sys.stdout)
    code = run_cli(python_in(place), ["register"])
    point_at(data, place)
    remove_old(data, keep=(place, before))
    tell(f"In a terminal: {os.path.join(environments(data), 'current', 'bin', 'flattr-host')}")
    return code


def uninstall() -> int:
    """Unregister, then remove the environment and the folders made for it."""
    data = data_folder()
    place = current(data)
    if place is not None:
        if run_cli(python_in(place), ["unregister"]):
            raise Problem("The environment was left in place, so that this can be run again.")
    elif os.path.exists(os.path.join(data, "receipt.json")):
        raise Problem("The private environment is damaged. Run install.py first, then this again.")
    if not os.path.isdir(environments(data)):
        tell("flattr-host is not installed here.")
        return 0
    wait_for_others(environments(data))
    made = folders_made(data)
    shutil.rmtree(environments(data))
    for folder in reversed(made):
        with contextlib.suppress(OSError):  # the ledger or somebody else's files are in it
            os.rmdir(folder)
    tell(f"Removed {environments(data)}. Your ledger, settings and log stay.")
    return 0


def attempt(arguments: argparse.Namespace) -> int:
    """Show flattr-host at work, in an environment that is there or in a temporary one."""
    words = sys.argv[1:]
    installed = os.path.join(environments(data_folder()), fingerprint())
    if is_complete(installed):
        return run_cli(python_in(installed), words)
    if is_ours():
        return run_cli(sys.executable, words)
    with tempfile.TemporaryDirectory(prefix="flattr-host-environment-") as temporary:
        place = os.path.join(temporary, "environment")
        build(place, sys.stderr if arguments.json else sys.stdout)
        return run_cli(python_in(place), words)


def data_folder() -> str:
    """The person's data folder of flattr-host, as `flattr_host.paths.data_dir()` has it."""
    home = os.environ.get("FLATTR_HOST_HOME")
    if home:
        return os.path.join(os.path.abspath(home), "data")
    base = os.environ.get("XDG_DATA_HOME", "")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
    elif not os.path.isabs(base):
        mac = sys.platform == "darwin"
        base = os.path.expanduser("~/Library/Application Support" if mac else "~/.local/share")
    return os.path.join(base, "flattr-host")


def environments(data: str) -> str:
    """The folder that holds an environment for each version."""
    return os.path.join(data, "environment")


def current(data: str) -> "str | None":
    """The environment in use, if there is one that works."""
    place = os.path.realpath(os.path.join(environments(data), "current"))
    return place if is_complete(place) else None


def point_at(data: str, place: str) -> None:
    """Let the link `current` name *place*, for people and for the next run."""
    link = os.path.join(environments(data), "current")
    if os.path.realpath(link) != os.path.realpath(place):
        with contextlib.suppress(OSError):  # Windows allows links only to some
            if os.path.lexists(link + ".new"):
                os.unlink(link + ".new")
            os.symlink(os.path.basename(place), link + ".new")
            os.replace(link + ".new", link)


def remove_old(data: str, keep: "tuple[str | None, ...]") -> None:
    """Remove earlier versions and interrupted builds, but not what a browser may still run."""
    kept = {os.path.basename(place) for place in keep if place}
    for entry in os.scandir(environments(data)):
        if entry.is_dir(follow_symlinks=False) and entry.name not in kept:
            shutil.rmtree(entry.path, ignore_errors=True)


def fingerprint() -> str:
    """What the environment is made from: the sources and this Python, as 16 hex digits."""
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {sys.version_info[:3]}".encode())
    for top in [os.path.join(ROOT, name) for name in SOURCES]:
        if not os.path.exists(top):
            raise Problem(f"{top} is missing. Run the install.py of a complete checkout.")
        walk = [(folder, names) for folder, _, names in os.walk(top) if "__pycache__" not in folder]
        below = [os.path.join(folder, name) for folder, names in walk for name in names]
        for path in sorted(below) or [top]:
            with open(path, "rb") as file:
                content = file.read()
            digest.update(f"\0{os.path.relpath(path, ROOT)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def python_in(place: str) -> str:
    """The interpreter of the environment *place*."""
    return os.path.join(place, r"Scripts\python.exe" if sys.platform == "win32" else "bin/python")


def is_complete(place: str) -> bool:
    """Whether *place* holds an environment that was finished and still starts."""
    with contextlib.suppress(OSError):  # Python itself was removed or upgraded
        command = [python_in(place), "-I", "-c", "import flattr_host.cli"]
        if os.path.isfile(os.path.join(place, "complete")):
            return not subprocess.run(command, capture_output=True, check=False).returncode
    return False


def is_ours() -> bool:
    """Whether the running Python has this very checkout in it, as a developer's has."""
    command = [sys.executable, "-I", "-c", "import flattr_host.cli as cli; print(cli.__file__)"]
    done = subprocess.run(command, capture_output=True, check=False)
    return not done.returncode and done.stdout.startswith(os.fsencode(ROOT) + b"/host/")


def build(place: str, progress: "TextIO") -> None:
    """Make the environment *place*, and its file `complete` last; tell *progress* of each step."""
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise Problem(
            "Python's modules venv and ensurepip, which make a private environment, are missing. "
            f"On Debian and Ubuntu this installs them: sudo apt install {package}"
        )
    shutil.rmtree(place, ignore_errors=True)
    python = python_in(place)
    pip = [python, "-I", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    try:
        tell(f"Making a private Python environment in {place} …", progress)
        step([sys.executable, "-I", "-m", "venv", place], "Python could not make it (see above).")
        tell("Installing flattr-host and what it needs into it …", progress)
        step([*pip, "install", ROOT], "pip failed (see above). Is the package index within reach?")
        # They are not needed any more, and setuptools has every start of Python wait for it.
        step([*pip, "uninstall", "--yes", "setuptools", "pip"], "pip failed (see above).")
        with open(os.path.join(place, "complete"), "w", encoding="utf-8") as file:
            file.write("Written last.\n")
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def step(command: "list[str]", failure: str) -> None:
    """Run one quiet command; if it fails, what it said comes before *failure*."""
    done = subprocess.run(command, capture_output=True, env=clean(), check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
        raise Problem(f"{said}\n\n{failure} What was there is as before.")


def clean() -> "dict[str, str]":
    """Our environment without what would send pip or Python elsewhere; pip's index stays."""
    away = ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
    return {name: value for name, value in os.environ.items() if name not in away}


def run_cli(python: str, words: "list[str]") -> int:
    """Run `flattr-host` by *python*. Ctrl-C reaches it too, and it may clean up in peace."""
    process = subprocess.Popen([python, "-I", "-c", CLI, *words], env=clean())
    try:
        return process.wait()
    except KeyboardInterrupt:
        return process.wait()
    finally:
        process.terminate()  # does nothing to one that has ended
        process.wait()


def remember_folders(data: str) -> None:
    """Make the data folder, and write down which folders had to be made for it."""
    made, folder = folders_made(data), environments(data)
    missing: list[str] = []
    while not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    if sys.platform != "win32" and os.stat(folder).st_uid not in (0, os.getuid()):
        raise Problem(f"{folder} belongs to somebody else. Run this as its owner, without sudo.")
    for folder in missing:
        os.mkdir(folder, 0o700)
    if missing:
        with open(os.path.join(environments(data), "folders"), "wb") as file:
            file.write(os.fsencode("\0".join([*made, *missing])))


def folders_made(data: str) -> "list[str]":
    """The folders that were made for the environment, from the top."""
    try:
        with open(os.path.join(environments(data), "folders"), "rb") as file:
            return os.fsdecode(file.read()).split("\0")
    except FileNotFoundError:
        return []


def wait_for_others(folder: str) -> None:
    """Wait until no other installer is at work here, and keep others waiting while this one is."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)


def tell(text: str, stream: "TextIO | None" = None) -> None:
    """Print a line at once; a letter that the terminal does not have becomes a question mark."""
    encoding = (stream or sys.stdout).encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), file=stream, flush=True)


if __name__ == "__main__":
    sys.exit(main())
