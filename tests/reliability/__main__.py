"""``python -m tests.reliability``: the long runs, and their results as Markdown."""

import sys
import tempfile
import time
from pathlib import Path

import click

from tests.reliability import crash as crashes
from tests.reliability import faults as deliveries
from tests.reliability import processes as crowds
from tests.reliability.server_crash import NAME, crash_server

#: Worlds whose hosts are started again when the leases are really over.
_REAL = ("embedded ledger", "embedded, with a grace period", "server", "server, from the outbox")

#: So much of the network's calls meet with a fault.
_SHARE = 0.25


@click.group()
def commands() -> None:
    """Try to lose a flattr, or to make one twice."""


@commands.command("crash")
@click.option("--kills", type=click.IntRange(1), help="About so many. Default: at every point.")
def crash_command(kills: int | None) -> None:
    """Kill hosts, and a server, before and after each step of a flattr."""
    names = [*crashes.WORLDS, NAME]
    most = kills and -(-kills // len(names))
    results: list[crashes.Result] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(names):
            begun, place = time.monotonic(), Path(folder) / str(number)
            if name == NAME:
                results.append(crash_server(place, most))
            else:
                is_real = name in _REAL and most is None
                results.append(crashes.crash(place, name, most, is_real=is_real))
            done = results[-1]
            seconds = time.monotonic() - begun
            click.echo(f"{name}: {done.kills.total()} kills, {seconds:.0f} s", err=True)
    _print(*crashes.table(results))
    _end([one for result in results for one in result.wrong])


@commands.command("faults")
@click.option("--flattrs", type=click.IntRange(100), default=10_000, show_default=True)
@click.option(
    "--silences", default=2, show_default=True, help="Of each kind, about; half a minute each."
)
def faults_command(flattrs: int, silences: int) -> None:
    """Deliver over a network that breaks: fifty in a call, one by one, broken from the start."""
    wrong = []
    for has_bulk, at_once in ((True, False), (False, False), (True, True)):
        with tempfile.TemporaryDirectory() as folder:
            done = deliveries.deliver(
                Path(folder),
                flattrs,
                has_bulk=has_bulk,
                share=_SHARE,
                silences=silences,
                is_broken_at_once=at_once,
            )
        _print(
            f"{done.different} of {done.asked} arrived, {done.arrived - done.different} twice;"
            f" queued in {done.queued_seconds:.0f} s, delivered in {done.seconds:.0f} s by"
            f" {done.passes} passes{'' if has_bulk else ', to a server without bulk calls'}"
            f"{', broken from the first try on' if at_once else ''}.",
            "",
            *deliveries.table(done),
            "",
        )
        wrong += [] if done.is_exact else [str(done)]
    _end(wrong)


@commands.command("processes")
@click.option("--flattrs", type=click.IntRange(1), default=2000, show_default=True)
def processes_command(flattrs: int) -> None:
    """Four hosts in one home, all at the same time."""
    wrong = []
    for same in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            done = crowds.crowd(Path(folder), flattrs, same=same)
        what = "of the same things" if same else "of different things"
        _print(
            f"{crowds.HOSTS} hosts, {flattrs} flattrs each {what}: {dict(done.ends)};"
            f" {done.arrived} in the ledger, {done.arrived - done.different} twice;"
            f" {done.seconds:.0f} s."
        )
        wrong += [] if done.is_exact else [str(done)]
    _end(wrong)


def _print(*lines: str) -> None:
    for line in lines:
        click.echo(line)


def _end(wrong: list[str]) -> None:
    _print(*wrong)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    commands()
