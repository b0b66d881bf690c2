"""A host with the embedded ledger, and one that is connected to a server, both kept busy."""

import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from flattr_host.browsers.process import HostProcess
from tests.conftest import HOST
from tests.reliability.homes import Home, damages, flattrs
from tests.reliability.serving import Port, Server, connect, make_ledger
from tests.soak.driving import Driver
from tests.soak.flatness import ALLOWED, Series
from tests.soak.mix import UNDO_SECONDS, thing
from tests.soak.watching import Look, look, speed, usage

EMBEDDED, CONNECTED, SERVER = "host, embedded", "host, connected", "server"

#: So many looks at each process in a window.
_LOOKS = 20


@dataclass
class Soak:
    """What was seen: ``series`` has a number for each window, by whose and what.

    ``wrong`` are sentences. ``grown`` counts what there is more of at the end, by design.
    """

    seconds: float
    window: float
    series: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    grown: Counter[str] = field(default_factory=Counter)

    def add(self, of: str, numbers: dict[str, float]) -> None:
        """The numbers of one more window."""
        for what, number in numbers.items():
            self.series.setdefault((of, what), []).append(number)


def soak(
    folder: Path, seconds: float, per_second: float, window: float, argv: list[str] = HOST
) -> Soak:
    """Asks both hosts ``per_second`` requests for so long. ``argv`` starts the embedded one."""
    result = Soak(seconds, window)
    homes = {name: Home(folder / name) for name in (EMBEDDED, CONNECTED)}
    ledger = folder / "served" / "ledger.sqlite3"
    token = make_ledger(ledger)
    with closing(Port()) as port, Server(ledger, port.number) as server:
        homes[EMBEDDED].set(undo_seconds=str(UNDO_SECONDS))
        connect(homes[CONNECTED], server, token, undo_seconds=str(UNDO_SECONDS))
        with tempfile.TemporaryFile() as stderr:
            drivers = {
                name: Driver(
                    HostProcess(
                        argv=argv if name == EMBEDDED else HOST, env=home.env, stderr=stderr
                    ),
                    per_second,
                )
                for name, home in homes.items()
            }
            try:
                _watch(result, drivers, server)
            finally:
                for driver in drivers.values():
                    driver.stop()
            stderr.seek(0)
            result.wrong += stderr.read().decode().splitlines()
    ledgers = {EMBEDDED: homes[EMBEDDED].ledger, CONNECTED: ledger}
    for name, driver in drivers.items():
        _judge(result, name, driver, homes[name], ledgers[name])
    return result


def judged(result: Soak) -> Series:
    """The series that have to be flat."""
    return {key: values for key, values in result.series.items() if key[1] in ALLOWED}


def _watch(result: Soak, drivers: dict[str, Driver], server: Server) -> None:
    assert server.process
    pids = {name: driver.host.pid for name, driver in drivers.items()}
    pids[SERVER] = server.process.pid
    for driver in drivers.values():
        driver.start()
    begun = time.monotonic()
    for number in range(int(result.seconds / result.window)):
        looks: dict[str, list[Look]] = {name: [look(pid)] for name, pid in pids.items()}
        for part in range(1, _LOOKS + 1):
            until = begun + result.window * (number + part / _LOOKS)
            time.sleep(max(0.0, until - time.monotonic()))
            for name, pid in pids.items():
                looks[name].append(look(pid))
        speeds = {name: speed(driver.latencies()) for name, driver in drivers.items()}
        for name, numbers in speeds.items():
            result.add(name, numbers)
        for name, its in looks.items():
            used = usage(its)
            used["cpu"] /= max(1.0, speeds[CONNECTED if name == SERVER else name]["answers"])
            result.add(name, used)


def _judge(result: Soak, name: str, driver: Driver, home: Home, ledger: Path) -> None:
    """What was asked for is there once, and nothing that was taken back."""
    result.ends += driver.ends
    result.wrong += [f"{name}: {one}" for one in driver.wrong]
    result.wrong += [f"{name}: {one}" for one in damages(ledger) + damages(home.outbox)]
    there = flattrs(ledger)
    if sorted(there) != [thing(number) for number in range(driver.things)]:
        result.wrong.append(f"{name}: the ledger has other flattrs than were asked for")
    if "defect" in (home.path / "state" / "flattr-host.log").read_text():
        result.wrong.append(f"{name}: the log has a defect")
    result.grown["flattrs in the ledgers"] += len(there)
    with closing(sqlite3.connect(home.outbox)) as db:
        (count,) = db.execute("SELECT count(*) FROM entries").fetchone()
        result.grown["entries in the outboxes"] += count
