"""The rules of the API, over the ledger's file, for one person."""

import sqlite3
import time
from collections.abc import Callable

import msgspec

from ..api.errors import FlattrOnce, FlattrOwner, InvalidRequest, NoMeans, NotFound, Validation
from ..api.objects import Flattr, Flattred, MiniThing, MiniUser
from ..discovery.discovering import discover
from ..discovery.explain import thing_title
from ..discovery.model import Discovery
from .store import Store

#: No text of a thing is stored longer than this, in characters; titles in the wild reach 105.
MAX_TEXT = 1000

_FLATTRS = """
    SELECT flattrs.created_at, things.id, things.url, things.title, owners.username,
           (SELECT count(*) FROM flattrs AS every WHERE every.thing_id = things.id)
    FROM flattrs
    JOIN things ON things.id = flattrs.thing_id
    LEFT JOIN users AS owners ON owners.id = things.owner_id
    WHERE flattrs.user_id = (SELECT id FROM users WHERE username = ?)
    ORDER BY flattrs.id DESC LIMIT ? OFFSET ?
"""


class Person(msgspec.Struct, frozen=True):
    """Whose clicks these are.

    ``own_usernames`` are further names of the same person, whose things are their own;
    ``means`` is whether they have any means to flattr with.
    """

    username: str = "local:me"
    own_usernames: tuple[str, ...] = ()
    means: bool = True


class Ledger:
    """The embedded backend: a :class:`flattr_host.backend.Backend` for one person, over ``store``.

    ``now`` gives the Unix time in seconds. All methods raise ``LedgerUnavailable`` as well.
    """

    def __init__(self, store: Store, person: Person, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._person = person
        self._now = now
        self._own = {name.lower() for name in (person.username, *person.own_usernames)}

    def flattr(self, url: str) -> Flattred:
        """See ``Backend.flattr``. The thing is registered by its first flattr.

        ``Validation`` where the ledger knows the thing as somebody else's than the auto-submit
        URL says: nobody is paid by a mistake, and nobody else's thing is taken over.
        """
        found = discover(url)
        with self._store.transaction() as db:
            return self._flattr(db, self._thing(db, found))

    def flattr_thing(self, thing_id: int) -> Flattred:
        """``POST /things/:id/flattr``. Raises as :meth:`flattr` does."""
        with self._store.transaction() as db:
            return self._flattr(db, thing_id)

    def flattrs(self, count: int = 30, page: int = 1) -> list[Flattr]:
        """See ``Backend.flattrs``."""
        with self._store.reading() as db:
            rows = db.execute(
                _FLATTRS, (self._person.username, count, count * (page - 1))
            ).fetchall()
        me = MiniUser(username=self._person.username)
        return [
            Flattr(
                thing=MiniThing(
                    id=thing_id,
                    url=url,
                    title=title,
                    flattrs=flattrs,
                    owner=MiniUser(username=owner) if owner else None,
                ),
                owner=me,
                created_at=created_at,
            )
            for created_at, thing_id, url, title, owner, flattrs in rows
        ]

    def _flattr(self, db: sqlite3.Connection, thing_id: int) -> Flattred:
        row = db.execute(
            "SELECT things.url, title, username FROM things"
            " LEFT JOIN users ON users.id = owner_id WHERE things.id = ?",
            (thing_id,),
        ).fetchone()
        if row is None:
            raise NotFound
        url, title, owner = row
        if owner and owner.lower() in self._own:
            raise FlattrOwner
        now = int(self._now())
        values = (thing_id, _user_id(db, self._person.username), _month(now), now)
        if _is_flattred(db, *values[:3]):
            raise FlattrOnce
        if not self._person.means:
            raise NoMeans
        db.execute(
            "INSERT INTO flattrs (thing_id, user_id, month, created_at) VALUES (?, ?, ?, ?)",
            values,
        )
        query = "SELECT count(*) FROM flattrs WHERE thing_id = ?"
        (flattrs,) = db.execute(query, (thing_id,)).fetchone()
        return Flattred(thing=MiniThing(id=thing_id, url=url, title=title, flattrs=flattrs))

    def _thing(self, db: sqlite3.Connection, found: Discovery) -> int:
        """The thing that is meant, which is registered if it is not there."""
        if not found.flattrable:
            return _registered(db, found)
        owner = _owner(found)
        names = {owner, found.user_id, f"{found.site}:{found.owner}"}
        if any(name and name.lower() in self._own for name in names):
            raise FlattrOwner
        known = db.execute(
            "SELECT things.id, username FROM things LEFT JOIN users ON users.id = owner_id"
            " WHERE things.url = ?",
            (found.target,),
        ).fetchone()
        if known is None:
            return _create_thing(db, found, owner, int(self._now()))
        thing_id, known_owner = known
        if owner and not _same_owner(known_owner, owner):
            whose = f"{known_owner}'s" if known_owner else "nobody's"
            raise Validation(f"Your ledger knows this thing as {whose}, but this says {owner}.")
        return int(thing_id)


def _registered(db: sqlite3.Connection, found: Discovery) -> int:
    """The thing at a URL that discovery knows nothing of."""
    row = db.execute("SELECT id FROM things WHERE url = ?", (found.url,)).fetchone()
    if row is None:
        raise NotFound if found.reason == "unknown_page" else InvalidRequest
    return int(row[0])


def _same_owner(known: str | None, said: str) -> bool:
    """Whether two names are one owner's. What a site calls ``github:smgt`` a link calls smgt."""
    names = [name.lower() for name in (known or "", said)]
    bare = [name if name.startswith("fid:") else name.rpartition(":")[2] for name in names]
    return bare[0] == bare[1]


def _owner(found: Discovery) -> str | None:
    """The username of a discovered thing's owner; None where nobody can know."""
    if found.user_id:
        return found.user_id
    if found.fid:
        return f"fid:{found.fid}"
    return f"{found.site}:{found.owner}" if found.owner else None


def _create_thing(db: sqlite3.Connection, found: Discovery, owner: str | None, now: int) -> int:
    values = (
        found.target,
        thing_title(found)[:MAX_TEXT],
        (found.description or "")[:MAX_TEXT],
        (found.language or "")[:MAX_TEXT],
        (found.category or "")[:MAX_TEXT],
        ",".join(found.tags)[:MAX_TEXT],
        found.hidden,
        _user_id(db, owner) if owner else None,
        now,
    )
    cursor = db.execute(
        "INSERT INTO things (url, title, description, language, category, tags, hidden,"
        " owner_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    return int(cursor.lastrowid or 0)


def _user_id(db: sqlite3.Connection, username: str) -> int:
    query = "SELECT id FROM users WHERE username = ?"
    row = db.execute(query, (username,)).fetchone()
    if row is None:
        row = db.execute(
            "INSERT INTO users (username) VALUES (?) RETURNING id", (username,)
        ).fetchone()
    return int(row[0])


def _is_flattred(db: sqlite3.Connection, thing_id: int, user_id: int, month: str) -> bool:
    query = "SELECT 1 FROM flattrs WHERE thing_id = ? AND user_id = ? AND month = ?"
    return db.execute(query, (thing_id, user_id, month)).fetchone() is not None


def _month(now: int) -> str:
    return time.strftime("%Y-%m", time.gmtime(now))
