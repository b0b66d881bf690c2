"""``python3 -m tests.fuzz [TARGET …] [--seconds 60]``: damaged input, for so many seconds each.

The targets are the doors that strangers' bytes come in by (``targets.py``), under atheris, which
sees what is new in the code that a case reaches and goes on from there; and ``host``, the whole
process, which is told conversations. Makes an environment with atheris in ``.venv-fuzz`` where
there is none (Linux on x86-64). Prints a table of cases and crashes, leaves the input of each
crash in a folder, and exits with 1 if there was one.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.__main__ import PYTHON, ROOT, prepare_python

if Path(sys.executable) != PYTHON:
    prepare_python()
    os.execv(PYTHON, [str(PYTHON), "-m", "tests.fuzz", *sys.argv[1:]])  # noqa: S606

from hypothesis import HealthCheck, Phase, given, settings

from tests.conftest import Home
from tests.fuzz.conversing import converse, quiet, streams
from tests.fuzz.targets import TARGETS

ENVIRONMENT = ROOT / ".venv-fuzz"
_CASES = re.compile(r"number_of_executed_units: (\d+)")


class TimeIsUp(BaseException):
    """Ends Hypothesis from inside of a case, which it would take an ``Exception`` for a crash."""


def main() -> int:
    """Fuzz what was asked for; 1 if anything crashed."""
    every = [*TARGETS, "host"]
    parser = argparse.ArgumentParser(prog="python3 -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(every))
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    unknown = set(options.targets) - set(every)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    folder = Path(tempfile.mkdtemp(prefix="flattr-host-fuzz-"))
    rows, crashes = ["| target | cases | crashes |", "|---|---|---|"], 0
    for name in options.targets or every:
        place = folder / name
        place.mkdir()
        fuzz = told if name == "host" else guided
        cases, crashed = fuzz(name, options.seconds, place)
        crashes += crashed
        rows.append(f"| `{name}` | {cases:,} | {crashed} |")
        print(rows[-1], flush=True)
    print("\n".join(["", *rows]))
    if crashes:
        print(f"\nWhat crashed it is in {folder}.")
    return 1 if crashes else 0


def guided(name: str, seconds: int, folder: Path) -> tuple[int, int]:
    """Cases and crashes of a target under atheris; it stops at the first crash."""
    python = prepare_python(ENVIRONMENT, "fuzz")
    command = [str(python), "-m", "tests.fuzz.guided", name, str(seconds), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    counted = _CASES.search(done.stderr)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
    return int(counted[1]) if counted else 0, int(done.returncode != 0)


def told(_name: str, seconds: int, folder: Path) -> tuple[int, int]:
    """Conversations and crashes of the whole process; it stops at the first crash."""
    os.environ["FLATTR_HOST_HOME"] = str(folder)
    quiet(Home(folder))
    cases, end = 0, time.monotonic() + seconds

    @settings(
        max_examples=1_000_000,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(streams())
    def conversation(stream: bytes) -> None:
        nonlocal cases
        if time.monotonic() > end:
            raise TimeIsUp
        cases += 1
        converse(stream)

    try:
        conversation()
    except TimeIsUp:
        return cases, 0
    except Exception:  # whatever it is, it is a crash
        (folder / "crash.txt").write_text(traceback.format_exc(), encoding="utf-8")
        traceback.print_exc()
    return cases, 1


if __name__ == "__main__":
    sys.exit(main())
