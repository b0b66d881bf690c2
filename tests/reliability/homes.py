"""Hosts in homes of their own: how they are started, what they said, what a ledger has."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flattr_host.browsers.process import HostError, HostProcess, Message
from tests.conftest import MAIN, host_running
from tests.reliability.tracing import KILLED

TRACING = [sys.executable, "-I", str(Path(__file__).with_name("tracing.py"))]

#: Seconds for one message; more than a host may take that waits for a server (``PATIENCE``).
TIMEOUT = 60.0

#: So many passes send all that a harness leaves waiting.
_PASSES = 6


def moved_clock(file: Path, code: str) -> str:
    """``code`` on a machine with another time: ``file`` has what is added to both of its clocks.

    The seconds for the Unix time and for the monotonic time, read anew at each look at a clock.
    """
    return (
        "import time\n"
        "unix, monotonic = time.time, time.monotonic\n"
        f"def ahead(clock): return float(open({str(file)!r}).read().split()[clock])\n"
        "time.time = lambda: unix() + ahead(0)\n"
        "time.monotonic = lambda: monotonic() + ahead(1)\n" + code
    )


def set_clock(file: Path, unix: float, monotonic: float = 0.0) -> None:
    """What :func:`moved_clock` reads from now on, be it in the middle of a look."""
    unfinished = file.with_suffix(".new")
    unfinished.write_text(f"{unix} {monotonic}")
    unfinished.replace(file)


@dataclass
class Told:
    """What the browser was told of one request: its states, and its end if there was one."""

    states: list[str] = field(default_factory=list)
    entries: list[Message] = field(default_factory=list)
    end: Message | None = None

    @property
    def is_done(self) -> bool:
        """Whether the person saw it succeed."""
        return bool(self.end and self.end["type"] == "done")

    @property
    def code(self) -> str:
        """The error's code; "" where there is none."""
        return str(self.end.get("code", "")) if self.end else ""


@dataclass(frozen=True)
class Home:
    """One person's computer. ``clock`` is the file of its moved clock, if it has one."""

    path: Path
    clock: Path | None = None

    @property
    def ledger(self) -> Path:
        """The embedded ledger."""
        return self.path / "data" / "ledger.sqlite3"

    @property
    def outbox(self) -> Path:
        """The outbox's file."""
        return self.path / "data" / "outbox.sqlite3"

    @property
    def env(self) -> dict[str, str]:
        """The environment of a host in it, with no keyring."""
        keyring = "keyring.backends.fail.Keyring"
        return os.environ | {
            "FLATTR_HOST_HOME": str(self.path),
            "PYTHON_KEYRING_BACKEND": keyring,
        }

    def set(self, **settings: str) -> None:
        """Writes settings.toml; the values are TOML."""
        file = self.path / "config" / "settings.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))

    def copy(self, path: Path) -> "Home":
        """Another like it. Nobody may be using it."""
        shutil.copytree(self.path, path)
        return Home(path, self.clock)

    def start(self, tracing: Iterable[str] = ()) -> HostProcess:
        """A host, as a browser starts it; ``tracing`` as in tracing.py, before the "--"."""
        host = host_running(moved_clock(self.clock, MAIN) if self.clock else MAIN)
        argv = [*TRACING, *tracing, "--", *host] if tracing else host
        return HostProcess(argv=argv, env=self.env)


def ask(
    host: HostProcess,
    request: Mapping[str, Any],
    when: Mapping[str, Callable[[HostProcess], None]] = {},
    timeout: float = TIMEOUT,
) -> Told:
    """What the host says to a request until its end, or until it is no more.

    ``when`` has what the person does when they are told a state of that name. ``timeout`` is for
    each message, in seconds.
    """
    told = Told()
    try:
        for message in host.request(dict(request), timeout):
            if message["type"] != "status":
                told.end = message
                break
            told.states.append(message["state"])
            told.entries += message.get("entries", ())
            if message["state"] in when:
                when[message["state"]](host)
    except HostError:
        pass
    return told


def is_killed(host: HostProcess) -> bool:
    """Whether a traced host was killed at its step, now that it has ended."""
    return host.close(20.0) == KILLED


def send_all(host: HostProcess, request_id: str = "send") -> Told:
    """Sends what waits until nothing does; what was told at the last pass."""
    told = Told()
    for number in range(_PASSES):
        request = {"id": f"{request_id}-{number}", "type": "outbox_send", "now": True}
        told = ask(host, request)
        if told.is_done and told.end and not told.end["waiting"]:
            break
    return told


def flattrs(ledger: Path, url_like: str = "%") -> list[str]:
    """The URL of each flattr in a ledger, in the order they were made."""
    if not ledger.exists():
        return []
    query = (
        "SELECT url FROM flattrs JOIN things ON things.id = thing_id WHERE url LIKE ?"
        " ORDER BY flattrs.id"
    )
    with closing(sqlite3.connect(ledger)) as db:
        has_tables = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'flattrs'").fetchone()
        return [url for (url,) in db.execute(query, (url_like,))] if has_tables else []


def states_left(home: Home) -> dict[str, str]:
    """The state of each gesture in the outbox that a killed host left behind.

    Read in a copy: whoever opens the file itself would do what its next host has to do.
    """
    copy = home.path / "copy"
    copy.mkdir()
    for file in home.outbox.parent.glob(f"{home.outbox.name}*"):
        shutil.copy(file, copy)
    with closing(sqlite3.connect(copy / home.outbox.name)) as db:
        has_tables = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'entries'").fetchone()
        found = dict(db.execute("SELECT gesture, state FROM entries")) if has_tables else {}
    shutil.rmtree(copy)
    return found


def damages(file: Path) -> list[str]:
    """What SQLite finds wrong with a file; nothing where there is none."""
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as db:
        found = [str(row[0]) for row in db.execute("PRAGMA integrity_check")]
        found += [f"a row without its parent in {row[0]}" for row in db.execute(_ORPHANS)]
    return [one for one in found if one != "ok"]


_ORPHANS = "PRAGMA foreign_key_check"
