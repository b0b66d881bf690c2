"""Makes a new ledger of what is left of a damaged one, which is kept aside."""

import calendar
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from .. import files
from .checking import ledger_faults
from .importing import COUNT_ANEW
from .lines import LATEST, month_of
from .registering import MAX_TEXT
from .salvage import OTHER_AGE, Salvage, Values
from .store import Store


class CannotRecover(Exception):
    """Nothing was changed; ``str()`` says why."""


@dataclass
class Rescue:
    """What could be read, as rows for a new ledger, and what could not.

    ``lost_flattrs``: as far as the counts that can still be read tell. ``nameless_things``: things
    whose address is lost, and ``nameless_users``; both stand in the new ledger under made-up names,
    so that the flattrs stay. ``bare_things``: those of which only the address is left.
    ``unreadable``: rows that were met and could not be read.
    """

    users: dict[int, Values] = field(default_factory=dict)
    things: dict[int, Values] = field(default_factory=dict)
    flattrs: list[Values] = field(default_factory=list)
    apps: list[Values] = field(default_factory=list)
    tokens: list[Values] = field(default_factory=list)
    nameless_users: int = 0
    nameless_things: int = 0
    bare_things: int = 0
    lost_flattrs: int = 0
    lost_tokens: int = 0
    unreadable: int = 0


@contextmanager
def alone(path: str) -> Iterator[tuple[bytes, bytes]]:
    """The bytes of a ledger and of its WAL, while no other process can use it.

    Raises ``CannotRecover`` if one has it open. By the locks that SQLite itself uses, so that this
    process must not have it open with SQLite; and through one descriptor, since closing any other
    would end them. On Windows nobody is kept out here: a file in use cannot be renamed there.
    """
    try:
        with ExitStack() as held:
            # The shared bytes of the file, and the byte of the shared memory that says "in use".
            main = _locked(held, path, 0x40000002, 510)
            _locked(held, f"{path}-shm", 128, 1)
            yield main, _read(f"{path}-wal")
    except BlockingIOError:
        raise CannotRecover(
            "Another program has the ledger open. Close your browsers (and stop `flattr-host"
            " serve`), then try again."
        ) from None
    except OSError as error:
        raise CannotRecover(f"It cannot be opened: {error.strerror}.") from error


def _locked(held: ExitStack, path: str, start: int, length: int) -> bytes:
    """What is in a file, none of whose bytes from ``start`` on others have locked, nor can."""
    if sys.platform == "win32":
        return _read(path)
    import fcntl

    if not os.path.exists(path):
        return b""
    file = held.enter_context(open(path, "r+b"))  # noqa: SIM115 - ended by "held"
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
    return file.read()


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def rescue(found: Salvage, local_user: str | None) -> Rescue:
    """The rows of a new ledger.

    ``local_user``: whose flattrs those of a lost name are, in a ledger of one person.
    """
    made = Rescue(unreadable=found.unreadable)
    names = {rowid: (None, name) for rowid, name in found.usernames.items()}
    user_of = _unique(names | found.tables["users"], made.users, 1, str.lower)
    bare = _bare_things(found)
    thing_of = _unique(bare | found.tables["things"], made.things, 1, str)
    made.bare_things = len(bare)
    _take_flattrs(_indexed_flattrs(found) | found.tables["flattrs"], made, user_of, thing_of)
    for rowid, values in made.things.items():
        owner = user_of.get(values[8], values[8])
        made.things[rowid] = (*values[:8], owner, *values[9:])
    made.lost_flattrs = _lost_flattrs(found, made)
    _name_the_nameless(made, local_user)
    _take_rights(found, made)
    return made


def _bare_things(found: Salvage) -> dict[int, Values]:
    """Things of which an index has the address, and which their first flattr gives a time."""
    times: dict[int, int] = {}
    for values in (*found.tables["flattrs"].values(), *_indexed_flattrs(found).values()):
        if values[1] in found.addresses:
            times[values[1]] = min(values[-1], times.get(values[1], values[-1]))
    return {
        rowid: _bare_thing(address, "", times.get(rowid, 0))
        for rowid, address in found.addresses.items()
    }


def _bare_thing(address: str, title: str, created_at: int) -> Values:
    return (None, address, title or address[:MAX_TEXT], "", "", "", "", 0, None, created_at)


def _indexed_flattrs(found: Salvage) -> dict[int, Values]:
    """Flattrs of which the indices have all but, maybe, the time; then it is the month's first."""
    rows: dict[int, Values] = {}
    for rowid, (thing, user, month) in found.flattrs.items():
        created_at = found.times.get(rowid) or _begin_of(month)
        rows[rowid] = (None, thing, user, month, created_at)
    return rows


def _begin_of(month: str) -> int:
    return calendar.timegm(time.strptime(month, "%Y-%m"))


def _unique(
    rows: dict[int, Values], kept: dict[int, Values], column: int, key: Any
) -> dict[int, int]:
    """Keeps one row of each name, and says under which id each is kept."""
    kept_as: dict[int, int] = {}
    by_name: dict[str, int] = {}
    for rowid, values in sorted(rows.items()):
        first = by_name.setdefault(key(values[column]), rowid)
        kept_as[rowid] = first
        kept.setdefault(first, values)
    return kept_as


def _take_flattrs(
    rows: dict[int, Values], made: Rescue, user_of: dict[int, int], thing_of: dict[int, int]
) -> None:
    taken: set[tuple[int, int, str]] = set()
    for _, values in sorted(rows.items(), key=lambda it: (it[0] % OTHER_AGE, it[1][-1])):
        thing, user = (
            of.get(it, it) for of, it in zip((thing_of, user_of), values[1:3], strict=True)
        )
        month: str = values[-2]
        created_at: int = values[-1]
        # The month that its time says, if that is free; else the one that it says itself.
        possible = ((_month(created_at), created_at), (month, _begin_of(month)))
        free = (it for it in possible if it[0] and (thing, user, it[0]) not in taken)
        if chosen := next(free, None):
            taken.add((thing, user, chosen[0] or ""))
            made.flattrs.append((thing, user, *chosen))


def _month(created_at: int) -> str | None:
    """The month of a time; None for a time that no flattr has."""
    if not 0 <= created_at <= LATEST:
        return None
    return month_of(created_at)


def _lost_flattrs(found: Salvage, made: Rescue) -> int:
    """How many flattrs the users had more than were read: they are counted and numbered."""
    had: dict[int, int] = {}
    for rowid, values in found.tables["users"].items():
        had[rowid] = values[6] if len(values) > 6 else 0
    for values in found.tables["flattrs"].values():
        if len(values) == 6:
            had[values[2]] = max(had.get(values[2], 0), values[3])
    return max(0, sum(had.values()) - len(made.flattrs))


def _name_the_nameless(made: Rescue, local_user: str | None) -> None:
    """Gives whom and what a row speaks of a name, where theirs is lost."""
    owners = {values[8] for values in made.things.values() if values[8] is not None}
    names = {values[1].lower() for values in made.users.values()}
    nameless = {user for _, user, *_ in made.flattrs} - set(made.users)
    if local_user and len(nameless) == 1 and local_user not in names:
        made.users[nameless.pop()] = (None, local_user)
    for user in sorted((nameless | owners) - set(made.users)):
        made.users[user] = (None, f"lost:{user}")
        made.nameless_users += 1
    for thing, *_, created_at in made.flattrs:
        if thing not in made.things:
            address = f"https://lost.invalid/thing/{thing}"  # reserved by RFC 2606, leads nowhere
            title = f"A thing whose address is lost ({thing})"
            made.things[thing] = _bare_thing(address, title, created_at)
            made.nameless_things += 1


def _take_rights(found: Salvage, made: Rescue) -> None:
    """Takes applications, and the tokens of which all is known: no right is guessed."""
    apps = found.tables["apps"]
    made.apps = [(rowid, *values[1:]) for rowid, values in apps.items()]
    for rowid, values in found.tables["tokens"].items():
        user, app = values[2], values[3]
        is_known = user in found.tables["users"] and (app is None or app in apps)
        if is_known and user in made.users:
            made.tokens.append((rowid, *values[1:]))
        else:
            made.lost_tokens += 1


def replace(path: str, made: Rescue) -> list[str]:
    """Puts a new ledger at ``path``; the names under which the damaged one is kept.

    To be called while it is ``alone``. At every moment the damaged ledger or the new one is there,
    whole. Raises ``CannotRecover`` and ``LedgerUnavailable``.
    """
    new = files.aside(path)
    try:
        _remove(new, "", "-wal", "-shm")
        _write(new, made)
        wrong = ledger_faults(new)
        if wrong:
            raise CannotRecover(f"What was read makes no ledger. {wrong[0].message}")
        kept = _keep(path)
        _remove(path, "-wal", "-shm")
        # A ledger that another process began meanwhile, where there was none, is not replaced.
        put = os.replace if os.path.exists(path) else os.link
        put(new, path)
        files.sync_names(os.path.dirname(path))
    except OSError as error:
        raise CannotRecover(f"The new ledger cannot be put in place: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            _remove(new, "", "-wal", "-shm")
    return kept


def _remove(path: str, *ends: str) -> None:
    for end in ends:
        with suppress(FileNotFoundError):
            os.unlink(path + end)


def _keep(path: str) -> list[str]:
    """Gives the damaged files second names, with the date, which no file has; durably."""
    kept: list[str] = []
    name = f"{path}.damaged-{time.strftime('%Y-%m-%d')}"
    number, base = 1, name
    while any(os.path.lexists(base + end) for end in ("", "-wal")):
        number += 1
        base = f"{name}.{number}"
    for end in ("", "-wal"):
        if os.path.exists(path + end):
            os.link(path + end, base + end)
            kept.append(base + end)
    files.sync_names(os.path.dirname(path))
    return kept


def _write(new: str, made: Rescue) -> None:
    store = Store(new)
    try:
        with store.transaction() as db:
            db.execute("PRAGMA defer_foreign_keys = ON")
            for name, rows in (
                ("users", (_filled(it, _USER) for it in made.users.items())),
                ("things", (_filled(it, _THING) for it in made.things.items())),
                ("apps", made.apps),
                ("tokens", made.tokens),
            ):
                db.executemany(_INSERT[name], rows)
            db.executemany(_INSERT["flattrs"], _numbered(made.flattrs))
            for statement in COUNT_ANEW:
                db.execute(statement)
    finally:
        store.close()


def _filled(row: tuple[int, Values], defaults: Values) -> Values:
    """A whole row, with what an older version did not write as it would be brought up to date."""
    rowid, values = row
    return (rowid, *values[1:], *defaults[len(values) - 1 :])


def _numbered(flattrs: list[Values]) -> Iterator[Values]:
    last: dict[int, int] = {}
    for thing, user, month, created_at in flattrs:
        last[user] = last.get(user, 0) + 1
        yield thing, user, last[user], month, created_at


_USER: Values = (None, None, None, 0, None, 0)
_THING: Values = (*[None] * 9, 0, 0, 0)
_INSERT = {
    "users": (
        "INSERT INTO users (id, username, password, registered_at, hides_flattrs, means, flattrs)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
    ),
    "things": (
        "INSERT INTO things (id, url, title, description, language, category, tags, hidden,"
        " owner_id, created_at, updated_at, deleted, flattrs)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ),
    "apps": (  # with that of flattr-host itself, which every ledger begins with
        "INSERT OR REPLACE INTO apps (id, client_id, name, secret, redirect_uri, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?)"
    ),
    "tokens": (
        "INSERT OR IGNORE INTO tokens (id, token, user_id, app_id, scope, created_at, revoked_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
    ),
    "flattrs": (
        "INSERT INTO flattrs (thing_id, user_id, number, month, created_at) VALUES (?, ?, ?, ?, ?)"
    ),
}
