#!/usr/bin/env python3
"""Install flattr-host for the person who runs this, show it, or remove it again.

    python3 install.py                  install or update, and register with the browsers found
    python3 install.py --dry-run        say what that would do
    python3 install.py uninstall        remove exactly that; the ledger and the settings stay
    python3 install.py doctor           find out what is wrong
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
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import TextIO

ROOT = os.path.dirname(os.path.abspath(__file__))
SOURCES = ("host", "extension", "manifests", "pyproject.toml", "README.md", "LICENSE")
CLI = "import sys; sys.argv[0] = 'flattr-host'; from flattr_host.cli import main; sys.exit(main())"
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

#: How it tells what it does: "words", "quiet" (only trouble) or "json" (one object a line).
style = "words"


class Problem(Exception):
    """What stops the installation; the text says what happened and what to do."""


def main() -> int:
    """Do what the command line asks for, and return the exit code."""
    global style
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older one is told so
        tell("flattr-host needs Python 3.11 or newer; this is Python " + sys.version.split()[0])
        return 1
    arguments = parse()
    style = "json" if arguments.json else "quiet" if arguments.quiet else "words"
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, lambda received, _: sys.exit(128 + received))  # and clean up
    # Nobody else may change what browsers will start; and what is for everybody, all may read.
    os.umask(0o022 if arguments.system else os.umask(0o022) | 0o022)
    try:
        return COMMANDS[arguments.command or "install"](arguments)
    except KeyboardInterrupt:
        tell("Stopped. Run it again to go on.", ok=False)
        return 130
    except BrokenPipeError:  # whoever read what we say has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Problem as problem:
        tell(str(problem), ok=False)
    except OSError as error:
        where = error.filename or "a file"
        tell(f"Stopped: {where}: {error.strerror}. See to that, then run it again.", ok=False)
    return 1


def parse() -> argparse.Namespace:
    """The command line as values."""
    parser = argparse.ArgumentParser(description="Without a command: install flattr-host.")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    parser.add_argument("--offline", metavar="WHEELDIR", help="take packages from there alone")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    removal = commands.add_parser("uninstall", help="remove it; ledger and settings stay")
    removal.add_argument("--purge", action="store_true", help="remove those too, after asking")
    removal.add_argument("--yes", action="store_true", help="do not ask before that")
    doctor = commands.add_parser("doctor", help="find out what is wrong, and what to do")
    trial = commands.add_parser("try", help="show it at work, temporarily", allow_abbrev=False)
    trial.add_argument("url", metavar="URL", nargs="?", help="what to flattr")
    trial.add_argument("--browser", choices=("chromium", "firefox"), help="open a real browser")
    for one, default in ((parser, False), (removal, argparse.SUPPRESS), (trial, argparse.SUPPRESS)):
        one.add_argument(
            "--json", action="store_true", default=default, help="print one JSON object a line"
        )
    for one, default in ((parser, False), (removal, argparse.SUPPRESS)):
        one.add_argument(
            "--system", action="store_true", default=default, help="for everybody; needs root"
        )
        one.add_argument(
            "--quiet", action="store_true", default=default, help="say only what is wrong"
        )
    doctor.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    doctor.add_argument("--fix", action="store_true", help="repair what is flattr-host's own")
    return parser.parse_args()


def install(arguments: argparse.Namespace) -> int:
    """Make the environment unless it is there already, and register what is in it."""
    check_person(arguments.system)
    data = data_folder(arguments.system)
    place = os.path.join(environments(data), fingerprint())
    if arguments.dry_run:
        return announce(arguments, place)
    remember_folders(data, 0o755 if arguments.system else 0o700)
    wait_for_others(environments(data))
    before = current(data)
    if is_complete(place):
        tell(f"The private environment {place} is up to date.")
    else:
        build(place, arguments.offline)
    code = run_cli(python_in(place), ["register", *passed_on(arguments)])
    point_at(data, place)
    remove_old(data, keep=(place, before))
    tell(f"In a terminal: {os.path.join(environments(data), 'current', 'bin', 'flattr-host')}")
    return code


def announce(arguments: argparse.Namespace, place: str) -> int:
    """Say what installing would do; what plans it is put into a temporary environment."""
    words = ["register", "--dry-run", *passed_on(arguments), "--interpreter", python_in(place)]
    if is_complete(place):
        tell(f"keep {place}: the private environment is up to date")
        return run_cli(python_in(place), words)
    tell(f"make folder {place}: a private Python environment with flattr-host in it")
    with temporary_environment(arguments.offline) as python:
        return run_cli(python, words)


def uninstall(arguments: argparse.Namespace) -> int:
    """Unregister, then remove the environment and the folders made for it."""
    check_person(arguments.system)
    data = data_folder(arguments.system)
    place = current(data)
    if place is not None:
        words = [f"--{name}" for name in ("purge", "yes") if getattr(arguments, name)]
        if run_cli(python_in(place), ["unregister", *words, *passed_on(arguments)]):
            raise Problem("The environment was left in place, so that this can be run again.")
    elif os.path.exists(os.path.join(data, "receipt.json")) or arguments.purge:
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
    stays = "" if arguments.purge else " Your ledger, settings and log stay."
    tell(f"Removed {environments(data)}.{stays}")
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Ask the installed flattr-host what is wrong; where it cannot be asked, that is it."""
    place = current(data_folder(False))
    if place is None:
        raise Problem(
            "flattr-host is not installed for you, or the Python that its private environment was "
            "made with is gone. Either way: python3 install.py"
        )
    words = [f"--{name}" for name in ("fix", "json") if getattr(arguments, name)]
    return run_cli(python_in(place), ["doctor", *words])


def attempt(arguments: argparse.Namespace) -> int:
    """Show flattr-host at work, in an environment that is there or in a temporary one."""
    words = sys.argv[sys.argv.index("try") :]
    words += ["--json"] if arguments.json and "--json" not in words else []
    installed = os.path.join(environments(data_folder(False)), fingerprint())
    if is_complete(installed):
        return run_cli(python_in(installed), words)
    if is_ours():
        return run_cli(sys.executable, words)
    with temporary_environment(arguments.offline) as python:
        return run_cli(python, words)


COMMANDS = {"install": install, "uninstall": uninstall, "doctor": doctor, "try": attempt}


def passed_on(arguments: argparse.Namespace) -> "list[str]":
    """What the program is told as it was told to us."""
    return [f"--{name}" for name in ("system", "quiet", "json") if getattr(arguments, name)]


def check_person(is_for_all: bool) -> None:
    """Root's is not to be taken for the person's, and what is for everybody is root's."""
    if sys.platform == "win32":
        return
    person = os.environ.get("SUDO_USER") or os.environ.get("DOAS_USER") or "root"
    if is_for_all and os.getuid():
        raise Problem("Only root can install for everybody: sudo python3 install.py --system")
    if not is_for_all and not os.getuid() and person != "root":
        raise Problem(
            f"This would install for root and not for {person}. Run it without sudo, or, for "
            "everybody on this computer, with --system."
        )
    python, closed = os.path.realpath(sys.executable), ""
    while is_for_all and python != os.path.dirname(python):
        closed = closed if os.stat(python).st_mode & 0o001 else python
        python = os.path.dirname(python)
    if closed:
        raise Problem(
            f"This Python, {os.path.realpath(sys.executable)}, is closed to other users at {closed}"
            ". Use the system's: sudo /usr/bin/python3 install.py --system"
        )


def data_folder(is_for_all: bool) -> str:
    """Where flattr-host lies, as `flattr_host.paths` has it: the person's, or everybody's."""
    if is_for_all:
        if sys.platform == "win32":
            return os.path.join(os.environ.get("PROGRAMFILES", r"C:\Program Files"), "flattr-host")
        mac = sys.platform == "darwin"
        return f"{'/Library/Application Support' if mac else '/usr/local/lib'}/flattr-host"
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


@contextlib.contextmanager
def temporary_environment(offline: "str | None") -> "Iterator[str]":
    """The Python of an environment that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="flattr-host-environment-") as temporary:
        place = os.path.join(temporary, "environment")
        build(place, offline)
        yield python_in(place)


def build(place: str, offline: "str | None") -> None:
    """Make the environment *place*, and its file `complete` last; tell of each step."""
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise Problem(
            "Python's modules venv and ensurepip, which make a private environment, are missing. "
            f"On Debian and Ubuntu this installs them: sudo apt install {package}"
        )
    shutil.rmtree(place, ignore_errors=True)
    pip = [python_in(place), "-I", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    source = ["--no-index", "--find-links", os.path.abspath(offline)] if offline else []
    lacks = (
        "Is all in there? docs/installing.md says what."
        if offline
        else "Is the package index within reach?"
    )
    try:
        step(
            f"Making a private Python environment in {place}",
            [sys.executable, "-I", "-m", "venv", place],
            "Python could not make it (see above).",
        )
        step(
            "Installing flattr-host and what it needs into it",
            [*pip, "install", *source, ROOT],
            f"pip failed (see above). {lacks}",
        )
        # They are not needed any more, and setuptools has every start of Python wait for it.
        step(
            "Clearing up",
            [*pip, "uninstall", "--yes", "setuptools", "pip"],
            "pip failed (see above).",
        )
        with open(os.path.join(place, "complete"), "w", encoding="utf-8") as file:
            file.write("Written last.\n")
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def step(words: str, command: "list[str]", failure: str) -> None:
    """Run one quiet command and show that it goes on; if it fails, what it said is told first."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=clean())
        try:
            watch(process, words)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.returncode:
            said.seek(0)
            text = said.read().decode("utf-8", "replace").strip()
            raise Problem(f"{text}\n\n{failure} What was there is as before.")


def watch(process: "subprocess.Popen[bytes]", words: str) -> None:
    """Wait for *process*: with a spinner and the time it takes on a terminal, else in one line."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if style != "words" or not sys.stdout.isatty() or encoding != "utf8":
        tell(f"{words} …")
        process.wait()
        return
    begun, turn = time.monotonic(), 0
    width = shutil.get_terminal_size().columns - 10  # a line that wraps cannot be written anew
    shown = words[: max(width, 0)]
    while process.poll() is None:
        seconds = time.monotonic() - begun
        spinner = SPINNER[turn % len(SPINNER)]
        print(f"\r\x1b[K{spinner} {shown} … {seconds:.0f} s", end="", flush=True)
        turn += 1
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    mark = "✗" if process.returncode else "✓"
    print(f"\r\x1b[K{mark} {words}", flush=True)


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


def remember_folders(data: str, mode: int) -> None:
    """Make the data folder, and write down which folders had to be made for it."""
    made, folder = folders_made(data), environments(data)
    missing: list[str] = []
    while not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    if sys.platform != "win32" and os.stat(folder).st_uid not in (0, os.getuid()):
        raise Problem(f"{folder} belongs to somebody else. Run this as its owner, without sudo.")
    for folder in missing:
        os.mkdir(folder, mode)
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


def tell(text: str, *, ok: bool = True) -> None:
    """Print a line at once; a letter that the terminal does not have becomes a question mark."""
    stream: TextIO = sys.stdout if ok or style == "json" else sys.stderr
    if style == "json":
        text = json.dumps({"event": "install", "ok": ok, "message": text})
    elif style == "quiet" and ok:
        return
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), file=stream, flush=True)


if __name__ == "__main__":
    sys.exit(main())
