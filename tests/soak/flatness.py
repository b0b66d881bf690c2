"""Is a series of numbers flat? Its last third is held against its middle third.

The first third is not judged: there a process imports what it needs first, SQLite's page caches
fill (2 MiB for each connection), and so do the host's 256 remembered look-ups.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Allowed(NamedTuple):
    """``factor`` times the middle third, and ``more`` besides, is still flat."""

    name: str
    factor: float
    more: float


#: By the series. Memory: a leak of 0.4 KiB with each request is 2.3 MiB in a third of half an hour
#: at 10 a second. A descriptor more is a kept-alive connection that happened to be a second one,
#: a leak is none that stays one. Latency depends on what else the machine does, the time that the
#: processes compute much less; the ledger and the outbox get longer all the time, and whatever
#: goes through all of them for one request shows in both.
ALLOWED = {
    "memory": Allowed("memory (MiB)", 1.03, 1.0),
    "descriptors": Allowed("descriptors", 1.0, 1.0),
    "threads": Allowed("threads", 1.0, 1.0),
    "cpu": Allowed("computing per request (ms)", 1.15, 0.1),
    "median": Allowed("median latency (ms)", 1.15, 0.5),
    "p95": Allowed("95th percentile (ms)", 1.15, 5.0),
}

Series = Mapping[tuple[str, str], Sequence[float]]


class Row(NamedTuple):
    """The median of each third, and the most that the last could be."""

    of: str
    what: str
    thirds: tuple[float, float, float]
    most: float

    @property
    def is_flat(self) -> bool:
        """Whether the last third is no more than that."""
        return self.thirds[2] <= self.most


def rows(series: Series) -> list[Row]:
    """One for each series, whose key is whose it is and which of ``ALLOWED``."""
    return [_row(of, ALLOWED[what], values) for (of, what), values in series.items()]


def _row(of: str, allowed: Allowed, values: Sequence[float]) -> Row:
    if len(values) < 3:
        raise ValueError(f"{len(values)} windows have no thirds")
    cut = len(values) // 3
    first, middle, last = values[:cut], values[cut : 2 * cut], values[2 * cut :]
    thirds = statistics.median(first), statistics.median(middle), statistics.median(last)
    return Row(of, allowed.name, thirds, thirds[1] * allowed.factor + allowed.more)


def table(judged: Sequence[Row]) -> list[str]:
    """As Markdown."""
    lines = [
        "| | | first third | middle | last | at most | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in judged:
        numbers = " | ".join(f"{number:.1f}" for number in (*row.thirds, row.most))
        verdict = "flat" if row.is_flat else "**grows**"
        lines.append(f"| {row.of} | {row.what} | {numbers} | {verdict} |")
    return lines
