"""What the kernel says of a process, and windows of time of which each has one number for it."""

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Look:
    """A process at one moment: resident memory in MiB, and the seconds that it has computed."""

    memory: float
    descriptors: int
    threads: int
    cpu: float


def look(pid: int) -> Look:
    """Raises ``OSError`` if the process is no more."""
    folder = Path("/proc", str(pid))
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    times = (folder / "stat").read_text().rpartition(")")[2].split()
    return Look(
        int(status["VmRSS"].split()[0]) / 1024,
        len(os.listdir(folder / "fd")),
        int(status["Threads"]),
        (int(times[11]) + int(times[12])) / _TICK,
    )


def usage(looks: Sequence[Look]) -> dict[str, float]:
    """What a window shows: the most memory, and the descriptors and threads that stay.

    Those that come and go with a request are no leak, so the fewest that were seen count.
    """
    return {
        "memory": max(one.memory for one in looks),
        "descriptors": min(one.descriptors for one in looks),
        "threads": min(one.threads for one in looks),
        "cpu": (looks[-1].cpu - looks[0].cpu) * 1000,
    }


def speed(latencies: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds, and how many there were."""
    if not latencies:
        return {"median": 0.0, "p95": 0.0, "answers": 0}
    ordered = sorted(latencies)
    return {
        "median": statistics.median(ordered) * 1000,
        "p95": ordered[int(0.95 * (len(ordered) - 1))] * 1000,
        "answers": len(ordered),
    }
