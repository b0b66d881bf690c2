"""``python3 -m tests.browsers.kills``: registering is killed at every step, and run again.

The real command in a HOME with an awkward name, with SIGKILL before and after each system call that
changes a file (tests/reliability/tracing.py). What browsers find at that moment must work; and what
the next run leaves must be what one leaves that nobody disturbed, and go without a trace.
"""

import itertools
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import click

from flattr_host.browsers import apply, receipt
from flattr_host.files import write
from tests.reliability.crash import Point, points
from tests.reliability.tracing import KILLED

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, str(Path(sys.executable).with_name("flattr-host"))]
NAME = "io.github.flattr_host.json"

_AT_ONCE = 2
_DATA = ".local/share/flattr-host"

#: What can be wrong after a kill, as the head of a column and the beginning of a verdict.
FAULTS = ("dead end", "half", "failed", "different", "debris", "left over")

#: path below HOME -> mode, and content unless it is a folder.
Tree = dict[str, tuple[int, bytes | None]]


class Step(NamedTuple):
    """A system call of the rehearsal, and what it is about, whichever the browser."""

    name: str
    number: int
    role: str


class Ground:
    """A HOME, always at the same path because manifests name it, and what it begins as."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "Jürgens 'neues' $HOME"
        self.log = folder / "steps"
        for place in ("home-at-first", "bin", "state"):
            (folder / place).mkdir(parents=True)
        kept = {name: value for name, value in os.environ.items() if name[:4] not in _UNKEPT}
        self.env = kept | {
            "HOME": str(self.home),
            "PATH": str(folder / "bin"),  # so that this machine's own browsers are not seen
            "XDG_STATE_HOME": str(folder / "state"),  # the host's log is not what this is about
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    @property
    def data(self) -> Path:
        return self.home / _DATA

    @property
    def manifests(self) -> list[Path]:
        folders = (".mozilla/native-messaging-hosts", ".config/chromium/NativeMessagingHosts")
        return [self.home / folder / NAME for folder in folders]

    def begins(self) -> None:
        """From now on :meth:`reset` leads to what HOME is now."""
        shutil.rmtree(self.folder / "home-at-first")
        shutil.copytree(self.home, self.folder / "home-at-first")

    def reset(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.folder / "home-at-first", self.home)

    def run(self, *words: str) -> tuple[int, str]:
        """The exit code of a command that nobody disturbs, and what it said."""
        return self._run([*COMMAND, *words])

    def traced(self, words: tuple[str, ...], *point: str) -> int:
        tracer = [sys.executable, "-m", "tests.browsers.stepping", str(self.log), *point, "--"]
        return self._run([*tracer, *COMMAND, *words])[0]

    def _run(self, argv: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            argv, env=self.env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def tree(self, *but_empty: str) -> Tree:
        """All below HOME, without those folders if nothing is in them, noted or not."""
        found: Tree = {}
        for path in sorted(self.home.rglob("*")):
            mode = stat.S_IMODE(path.lstat().st_mode)
            content = None if path.is_dir() else path.read_bytes()
            if path.name == "receipt.json" and content:
                for folder in but_empty:
                    content = content.replace(f'    "{self.home / folder}",\n'.encode(), b"")
            found[str(path.relative_to(self.home))] = (mode, content)
        for folder in but_empty:
            if not any(os.path.dirname(other) == folder for other in found):
                found.pop(folder, None)
        return found


_UNKEPT = ("XDG_", "FLAT", "SUDO", "DOAS")


def _is_used(ground: Ground) -> None:
    """As on a desktop: other programs have their data there, and both browsers were started."""
    for folder in (".local/share", ".mozilla/firefox", ".config/chromium"):
        (ground.home / folder).mkdir(parents=True)


def _is_bare(ground: Ground) -> None:
    """Nothing but two browsers."""
    for folder in (".mozilla/firefox", ".config/chromium"):
        (ground.home / folder).mkdir(parents=True)


def _is_registered(ground: Ground) -> None:
    _is_used(ground)
    code, said = ground.run("register", "--quiet")
    assert code == 0, said


def _is_older(ground: Ground) -> None:
    """What another version wrote: a launcher and manifests with other words."""
    _is_registered(ground)
    known = receipt.load(str(ground.data))
    for path in known.files:
        content = Path(path).read_bytes().replace(b"Browsers start", b"They start")
        content = content.replace(b"on this computer", b"here")
        write(path, content, stat.S_IMODE(os.stat(path).st_mode))
        known.files[path] = [receipt.digest(content)]
    apply.save(str(ground.data), known)


class World(NamedTuple):
    """What is done to which HOME; *may_stay* are folders that a kill may leave, if empty.

    *new* are the roles in which it is not like the worlds before it; none means all.
    """

    prepare: Callable[[Ground], None]
    words: tuple[str, ...]
    may_stay: tuple[str, ...] = ()
    new: tuple[str, ...] = ()


#: Nobody can tell who made a folder that everybody uses; and the receipt goes before its folder.
WORLDS: dict[str, World] = {
    "register": World(_is_used, ("register", "--quiet")),
    "register in a bare home": World(
        _is_bare,
        ("register", "--quiet"),
        may_stay=(".local/share", ".local"),
        new=("data folder", "new receipt", "receipt"),
    ),
    "register over another version": World(_is_older, ("register", "--quiet")),
    "unregister": World(_is_registered, ("unregister", "--quiet")),
}


@dataclass
class Result:
    """What came of the kills in one world."""

    world: str
    steps: list[Step] = field(default_factory=list)
    verdicts: dict[Point, list[str]] = field(default_factory=dict)
    kills: int = 0

    @property
    def wrong(self) -> list[str]:
        """Each fault with its point, for a person."""
        return [
            f"{self.world}, {' '.join(point.arguments)}: {one}"
            for point, found in self.verdicts.items()
            for one in found
        ]


def kill(folder: Path, name: str, *, everywhere: bool) -> Result:
    """Kill at every point of a world, or once at each kind of step with each kind of file."""
    world, result = WORLDS[name], Result(name)
    grounds: SimpleQueue[tuple[Ground, Tree, Tree]] = SimpleQueue()
    for number in range(_AT_ONCE):
        ground = Ground(folder / str(number))
        ground.home.mkdir()
        world.prepare(ground)
        ground.begins()
        if not number:
            result.steps = _rehearsed(ground, world)
            ground.reset()
        grounds.put((ground, *_undisturbed(ground, world)))

    def attempt(point: Point) -> tuple[bool, list[str]]:
        ground, after, before = grounds.get()
        try:
            return _attempt(ground, world, point, after, before)
        finally:
            grounds.put((ground, after, before))

    chosen = _every(result.steps) if everywhere else _one_of_each(result.steps, world.new)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for point, (is_killed, wrong) in zip(chosen, pool.map(attempt, chosen), strict=True):
            result.kills += is_killed
            result.verdicts[point] = wrong
    return result


def _rehearsed(ground: Ground, world: World) -> list[Step]:
    code = ground.traced(world.words)
    assert code == 0
    steps, counts, program = [], Counter[str](), ""
    for line in ground.log.read_text("utf-8").splitlines():
        name, process, path = line.split("\t")
        program = program or process
        counts[name] += 1
        role = _role(ground, path) if process == program else _HOST
        steps.append(Step(name, counts[name], role))
    return steps


_FILES = {"receipt.json": "receipt", "flattr-native-host": "launcher", NAME: "manifest"}
_HOST = "the host's own"  # which register starts when all is written
_ROLES = (
    *_FILES.values(), *(f"new {one}" for one in _FILES.values()), "data folder", "folder", "words",
)  # fmt: skip


def _role(ground: Ground, path: str) -> str:
    if not path:
        return "words"
    name = os.path.basename(path)
    for end, role in _FILES.items():
        if name == f".{end}.new":
            return f"new {role}"
        if name == end:
            return role
    return "data folder" if str(ground.data).startswith(path) else "folder"


def _undisturbed(ground: Ground, world: World) -> tuple[Tree, Tree]:
    """What there is after the run, and once all is unregistered."""
    code, said = ground.run(*world.words)
    assert code == 0, said
    after = ground.tree(*world.may_stay)
    ground.run("unregister")
    return after, ground.tree(*world.may_stay)


def _every(steps: list[Step]) -> list[Point]:
    return points(Counter(step.name for step in steps))


def _one_of_each(steps: list[Step], roles: tuple[str, ...]) -> list[Point]:
    """After the first of each kind. What is there before a step is there after the last one."""
    counted = [step for step in steps if step.role in (roles or _ROLES)]
    first = {(step.name, step.role): step for step in reversed(counted)}
    return [Point(step.name, step.number, "after") for step in sorted(first.values())]


def _attempt(
    ground: Ground, world: World, point: Point, after: Tree, before: Tree
) -> tuple[bool, list[str]]:
    ground.reset()
    is_killed = ground.traced(world.words, *point.arguments) == KILLED
    wrong = [] if is_killed else ["failed: it was not killed"]
    wrong += _found_by_browsers(ground)
    code, said = ground.run(*world.words)
    wrong += [f"failed: {said}"] if code else []
    wrong += _unlike(after, ground.tree(*world.may_stay), "different")
    wrong += [f"debris: {path}" for path in ground.home.rglob(".*.new")]
    ground.run("unregister")
    wrong += _unlike(before, ground.tree(*world.may_stay), "left over")
    return is_killed, wrong


def _found_by_browsers(ground: Ground) -> Iterator[str]:
    """What is wrong with a manifest that is there; none may be."""
    for path in ground.manifests:
        if not path.exists():
            continue
        try:
            program = json.loads(path.read_bytes())["path"]
        except (ValueError, KeyError):
            yield f"half: {path}"
            continue
        if not os.access(program, os.X_OK):
            yield f"dead end: {path}"
        elif not Path(program).read_bytes().endswith(b' "$@"\n'):
            yield f"half: {program}"


def _unlike(expected: Tree, found: Tree, fault: str) -> list[str]:
    names = sorted(expected.keys() | found.keys())
    return [f"{fault}: {name}" for name in names if expected.get(name) != found.get(name)]


def table(results: list[Result]) -> Iterator[str]:
    """The results as a table in Markdown: by world, by kind of step, and all."""
    head = ("Killed", "Steps", "Kills", *(fault.capitalize() for fault in FAULTS))
    yield _row(*head)
    yield _row(*("---" for _ in head))
    for result in results:
        yield _row(
            result.world,
            len(result.steps),
            result.kills,
            *_tally(itertools.chain(*result.verdicts.values())),
        )
    steps = Counter(step.name for result in results for step in result.steps)
    tried = [(at, wrong) for result in results for at, wrong in result.verdicts.items()]
    for name in sorted(steps):
        of_kind = [wrong for at, wrong in tried if at.step == name]
        row = (steps[name], len(of_kind), *_tally(itertools.chain.from_iterable(of_kind)))
        yield _row(f"at `{name}`, in all of them", *row)
    every = itertools.chain.from_iterable(wrong for _, wrong in tried)
    kills = sum(result.kills for result in results)
    yield _row("**all**", steps.total(), kills, *_tally(every))


def _tally(verdicts: Iterable[str]) -> list[int]:
    counts = Counter(verdict.partition(":")[0] for verdict in verdicts)
    return [counts[fault] for fault in FAULTS]


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


@click.command()
@click.option("--sample", is_flag=True, help="Once at each kind of step with each kind of file.")
def main(sample: bool) -> None:
    """Kill registering and unregistering before and after each of their steps."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in WORLDS:
            begun = time.monotonic()
            results.append(kill(Path(folder) / name, name, everywhere=not sample))
            done, seconds = results[-1], time.monotonic() - begun
            click.echo(f"{name}: {done.kills} kills, {seconds:.0f} s", err=True)
    wrong = list(itertools.chain.from_iterable(result.wrong for result in results))
    for line in (*table(results), *wrong):
        click.echo(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
