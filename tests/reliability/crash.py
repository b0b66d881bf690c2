"""The crash harness: a host is killed before and after each step of a flattr, and started again."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.reliability.homes import Home
from tests.reliability.judging import FAULTS, Trial, aftermath, damage, tally
from tests.reliability.worlds import LEASES_ARE_OVER, World, embedded, served

_AT_ONCE = 3

OpenWorld = Callable[[Path], AbstractContextManager[World]]

#: All the worlds, each opened in a folder of its own.
WORLDS: dict[str, OpenWorld] = {
    name: partial(make, name=name, **given)
    for name, make, given in (
        ("embedded ledger", embedded, {"undo_seconds": 0}),
        ("embedded, with a grace period", embedded, {"undo_seconds": 0.2}),
        (
            "embedded, browser closed in the grace period",
            embedded,
            {"undo_seconds": 1, "deed": "leave"},
        ),
        ("embedded, undone", embedded, {"undo_seconds": 1, "deed": "undo"}),
        (
            "embedded, started again in another month",
            embedded,
            {"undo_seconds": 0, "next_month": True},
        ),
        ("server", served, {}),
        ("server, from the outbox", served, {"deed": "retry"}),
        ("server, started again in another month", served, {"next_month": True}),
        (
            "server, from the outbox, in another month",
            served,
            {"deed": "retry", "next_month": True},
        ),
    )
}


class Point(NamedTuple):
    """Where to kill: at the step with that name and number, ``before`` or ``after`` it."""

    step: str
    number: int
    side: str

    @property
    def arguments(self) -> list[str]:
        """For tracing.py."""
        return [self.step, str(self.number), self.side]


@dataclass
class Result:
    """What came of the kills in one world: the faults found, by the kind of step."""

    world: str
    steps: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    verdicts: dict[Point, list[str]] = field(default_factory=dict)

    @property
    def wrong(self) -> list[str]:
        """Each fault with its point, for a person."""
        return [
            f"{self.world}, {' '.join(point.arguments)}: {one}"
            for point, found in self.verdicts.items()
            for one in found
        ]


def points(steps: Counter[str]) -> list[Point]:
    """Before and after each step."""
    return [
        Point(name, number, side)
        for name, total in sorted(steps.items())
        for number in range(1, total + 1)
        for side in ("before", "after")
    ]


def spread(every: list[Point], most: int | None) -> list[Point]:
    """At most so many of the points, evenly spread."""
    if most is None or most >= len(every):
        return every
    return [every[number * len(every) // most] for number in range(most)]


def crash(folder: Path, name: str, most: int | None = None, *, is_real: bool = False) -> Result:
    """Kills at every point of a world, or at ``most``; ``is_real``: leases end by waiting."""
    result = Result(name)
    folder.mkdir(parents=True)
    with WORLDS[name](folder) as world:
        result.steps = rehearsed(world)
        chosen = spread(points(result.steps), most)
        homes = world.homes(len(chosen))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            trials = list(pool.map(partial(_attempt, world), homes, chosen))
            if not world.later(is_real):
                time.sleep(LEASES_ARE_OVER)
            found = pool.map(partial(_judged, world), trials)
            for point, trial, wrong in zip(chosen, trials, found, strict=True):
                result.kills[point.step] += trial.is_killed
                result.verdicts[point] = wrong
    return result


def rehearsed(world: World) -> Counter[str]:
    """How many steps of each kind there are, where nobody is killed."""
    (home,) = world.homes(1)
    log = _log(home)
    trial = world.attempt(home, [str(log)])
    assert not trial.is_killed
    return Counter(log.read_text().split())


def _attempt(world: World, home: Home, point: Point) -> Trial:
    return world.attempt(home, [str(_log(home)), *point.arguments])


def _log(home: Home) -> Path:
    return home.path.with_name(f"{home.path.name}.steps")


def _judged(world: World, trial: Trial) -> list[str]:
    host = trial.home.start()
    try:
        wrong = aftermath(trial, world.counter(trial.home), host)
    finally:
        host.close()
    wrong += damage(trial.home)
    if not wrong:
        shutil.rmtree(trial.home.path)
    return wrong


def table(results: list[Result]) -> Iterator[str]:
    """The results as a table in Markdown: by world, by kind of step, and all."""
    head = ("Killed", "Steps", "Kills", *(fault.capitalize() for fault in FAULTS))
    yield _row(*head)
    yield _row(*("---" for _ in head))
    for result in results:
        found = tally({str(at): wrong for at, wrong in result.verdicts.items()})
        yield _row(result.world, result.steps.total(), result.kills.total(), *found.values())
    steps = sum((result.steps for result in results), Counter[str]())
    kills = sum((result.kills for result in results), Counter[str]())
    verdicts = {
        (result.world, *at): wrong for result in results for at, wrong in result.verdicts.items()
    }
    for step in sorted(steps):
        found = tally({str(at): wrong for at, wrong in verdicts.items() if at[1] == step})
        yield _row(f"at `{step}`, in all of them", steps[step], kills[step], *found.values())
    found = tally({str(at): wrong for at, wrong in verdicts.items()})
    yield _row("**all**", steps.total(), kills.total(), *found.values())


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
