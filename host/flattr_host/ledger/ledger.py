"""The rules of the API, over the ledger's file, for one person."""

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import cache

import msgspec

from ..api.errors import (
    FlattrError,
    FlattrOnce,
    FlattrOwner,
    Forbidden,
    InvalidParameters,
    NoMeans,
    NotFound,
    Unauthorized,
    Validation,
)
from ..api.objects import (
    COUNT,
    Choice,
    Flattr,
    Flattred,
    Lookup,
    Search,
    SearchResult,
    Thing,
    ThingChange,
    ThingDraft,
    User,
)
from ..discovery.model import Discovery
from ..discovery.rules import Rules, shipped
from ..discovery.urls import normal_address
from .registering import (
    Registered,
    Registration,
    address_of,
    create,
    find_user,
    names_of_owner,
    numbered,
    owner_of,
    register,
    registered,
    require_one_owner,
    stored_text,
    user_id,
)
from .rows import REST_OF_THING, THING, THINGS, Addresses, Objects, rows
from .store import Store

#: No page of a list has more objects than this, and no call for things by their ids.
MAX_COUNT = 1000

#: Somebody's own ledger on their own machine has no account for them.
LOCAL_USER = "local:me"

_CHOICES = os.path.join(os.path.dirname(__file__), "choices.toml")


class Person(msgspec.Struct, frozen=True):
    """Whose calls these are.

    ``own_usernames`` are further names of the same person, whose things are their own;
    ``means`` is whether they have any means to flattr with.
    """

    username: str = LOCAL_USER
    own_usernames: tuple[str, ...] = ()
    means: bool = True


class Ledger:
    """A :class:`flattr_host.backend.Backend` over ``store``, for one person or, with None, nobody.

    ``now`` gives the Unix time in seconds. ``addresses`` are those of a ledger that is served;
    ``rules`` then know the pages there as this server's. All methods raise ``LedgerUnavailable``
    as well.
    """

    def __init__(
        self,
        store: Store,
        person: Person | None,
        now: Callable[[], float] = time.time,
        addresses: Addresses | None = None,
        rules: Rules | None = None,
    ) -> None:
        self._store = store
        self._person = person
        self._now = now
        self._objects = Objects(addresses)
        self._rules = rules or shipped()
        self._is_shared = addresses is not None
        names = (person.username, *person.own_usernames) if person else ()
        self._own = {name.lower() for name in names}

    def flattr(self, url: str) -> Flattred:
        """See ``Backend.flattr``. The thing is registered by its first flattr.

        ``Validation`` where the ledger knows the thing as somebody else's than the auto-submit
        URL says.
        """
        person, found = self._me(), self._rules.of_url(url.strip())
        if found.flattrable and names_of_owner(found) & self._own:
            raise FlattrOwner
        with self._store.transaction() as db:
            thing = self._known(db, found)
            if thing and not thing.deleted:
                return self._flattr(db, thing.id, person)
            if self._objects.is_of_thing(found.target):
                raise NotFound
            return self._flattr(db, register(db, found, int(self._now()), thing), person)

    def flattr_thing(self, thing_id: int) -> Flattred:
        """See ``Backend.flattr_thing``."""
        person = self._me()
        with self._store.transaction() as db:
            return self._flattr(db, thing_id, person)

    def flattr_bulk(self, urls: Sequence[str]) -> list[Flattred | FlattrError]:
        """See ``Backend.flattr_bulk``."""
        outcomes: list[Flattred | FlattrError] = []
        for url in urls:
            try:
                outcomes.append(self.flattr(url))
            except FlattrError as error:
                outcomes.append(error)
        return outcomes

    def flattrs(self, count: int = COUNT, page: int = 1, full: bool = False) -> list[Flattr]:
        """See ``Backend.flattrs``."""
        me = self._me().username
        with self._store.reading() as db:
            return self._flattrs_of(db, find_user(db, me), count, page, full)

    def user_flattrs(
        self, username: str, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Flattr]:
        """See ``Backend.user_flattrs``. Only who has an account here has flattrs to be seen."""
        with self._store.reading() as db:
            row = db.execute(
                "SELECT id, hides_flattrs OR registered_at IS NULL FROM users WHERE username = ?",
                (username,),
            ).fetchone()
            if row is None:
                raise NotFound
            return [] if row[1] else self._flattrs_of(db, row[0], count, page, full)

    def thing_flattrs(
        self, thing_id: int, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Flattr]:
        """See ``Backend.thing_flattrs``. Those who hide their flattrs are left out."""
        with self._store.reading() as db:
            _require_thing(db, thing_id)
            return self._flattrs(
                db,
                "flattrs.thing_id = ? AND NOT flattrers.hides_flattrs"
                " AND flattrers.registered_at IS NOT NULL ORDER BY flattrs.id DESC"
                " LIMIT ? OFFSET ?",
                (thing_id, count, _offset(count, page)),
                full,
            )

    def lookup(self, url: str) -> Lookup:
        """See ``Backend.lookup``."""
        found = self._rules.of_url(url.strip())
        with self._store.reading() as db:
            thing = self._known(db, found)
            things = self._things(db, "things.id = ?", (thing.id,)) if thing else []
        if things:
            return Lookup(message="found", thing=things[0])
        is_flattrable = found.flattrable and not self._objects.is_of_thing(found.target)
        return Lookup(message="flattrable" if is_flattrable else "not_found")

    def thing(self, thing_id: int) -> Thing:
        """See ``Backend.thing``."""
        return self.things((thing_id,))[0]

    def things(self, thing_ids: Sequence[int]) -> list[Thing]:
        """See ``Backend.things``."""
        ids = [it for it in dict.fromkeys(thing_ids) if it < 2**63][:MAX_COUNT]
        with self._store.reading() as db:
            found = self._things(db, f"things.id IN ({','.join('?' * len(ids))})", ids)
        if not found:
            raise NotFound
        order = {thing.id: thing for thing in found}
        return [order[it] for it in ids if it in order]

    def user(self, username: str | None = None) -> User:
        """See ``Backend.user``. ``registered_at`` is in one's own alone."""
        name = username if username is not None else self._me().username
        with self._store.reading() as db:
            query = "SELECT username, registered_at FROM users WHERE username = ?"
            row = db.execute(query, (name,)).fetchone()
        if row is None and username is not None:
            raise NotFound
        user = self._objects.user(row[0] if row else name, full=True)
        if username is None and row and row[1] is not None:
            return msgspec.structs.replace(user, registered_at=row[1])
        return user

    def user_things(
        self, username: str | None = None, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Thing]:
        """See ``Backend.user_things``. Hidden ones are only for their owner to see."""
        name = username if username is not None else self._me().username
        with self._store.reading() as db:
            owner = find_user(db, name)
            if owner is None and username is not None:
                raise NotFound
            seen = "1" if name.lower() in self._own else "NOT things.hidden"
            return self._things(
                db,
                f"things.owner_id = ? AND {seen} ORDER BY things.id DESC LIMIT ? OFFSET ?",
                (owner, count, _offset(count, page)),
                full,
            )

    def search(
        self, search: Search, count: int = COUNT, page: int = 1, full: bool = False
    ) -> SearchResult:
        """See ``Backend.search``."""
        from .searching import condition

        tables, where, order, values = condition(search, int(self._now()))
        with self._store.reading() as db:
            query = f"SELECT count(*) FROM {THINGS} WHERE {where}"  # noqa: S608 - no values in it
            (total,) = db.execute(query, values).fetchone()
            query = f"SELECT things.id FROM {tables} WHERE {where} ORDER BY {order}"  # noqa: S608
            page_of = {"count": count, "offset": _offset(count, page)}
            chosen = db.execute(f"{query} LIMIT :count OFFSET :offset", values | page_of)
            ids = [number for (number,) in chosen]
            found = self._things(db, f"things.id IN ({','.join('?' * len(ids))})", ids, full)
        by_id = {thing.id: thing for thing in found}
        things = tuple(by_id[number] for number in ids)
        return SearchResult(total_items=total, items=len(things), page=page, things=things)

    def categories(self) -> list[Choice]:
        """See ``Backend.categories``."""
        return _choices()["categories"]

    def languages(self) -> list[Choice]:
        """See ``Backend.languages``."""
        return _choices()["languages"]

    def create_thing(self, draft: ThingDraft) -> int:
        """See ``Backend.create_thing``."""
        me = self._me()
        if not draft.url:
            raise InvalidParameters("url is missing")
        found = self._rules.of_url(draft.url.strip())
        address = found.target if found.flattrable else normal_address(draft.url.strip())
        if not address or found.reason not in ("site", "part_of", "unknown_page"):
            raise Validation("Invalid url")
        whole = found.part_of or found
        if whole.flattrable and not names_of_owner(whole) & self._own:
            raise Validation(f"Owner mismatch. Its address says that it is {owner_of(whole)}'s.")
        title = draft.title.strip() or address
        tags = tuple(filter(None, (tag.replace(",", " ").strip() for tag in draft.tags)))
        new = Registration(
            address,
            title,
            draft.description,
            draft.language,
            draft.category,
            tags,
            draft.hidden,
            me.username,
        )
        with self._store.transaction() as db:
            old = registered(db, address)
            if old and not old.deleted:
                raise Validation("The url is already registered")
            if old and (old.owner or "").lower() not in self._own:
                raise Validation("Owner mismatch. Current thing owned by other account")
            return create(db, new, int(self._now()), old)

    def update_thing(self, thing_id: int, change: ThingChange) -> None:
        """See ``Backend.update_thing``."""
        me = self._me()
        asked = {
            name: value
            for name, value in msgspec.structs.asdict(change).items()
            if value is not msgspec.UNSET
        }
        if "tags" in asked:
            asked["tags"] = ",".join(asked["tags"])
        values = {
            name: stored_text(value) if isinstance(value, str) else value
            for name, value in asked.items()
        } | {"updated_at": int(self._now())}
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        with self._store.transaction() as db:
            _require_own(db, thing_id, me)
            query = f"UPDATE things SET {assignments} WHERE id = :id"  # noqa: S608 - field names
            db.execute(query, values | {"id": thing_id})

    def delete_thing(self, thing_id: int) -> None:
        """See ``Backend.delete_thing``."""
        me = self._me()
        with self._store.transaction() as db:
            _require_own(db, thing_id, me)
            db.execute("UPDATE things SET deleted = 1 WHERE id = ?", (thing_id,))

    def _me(self) -> Person:
        if self._person is None:
            raise Unauthorized
        return self._person

    def _known(self, db: sqlite3.Connection, found: Discovery) -> Registered | None:
        """The thing that is meant, if it is registered; also one that its owner has deleted."""
        if self._objects.is_of_thing(found.target):
            thing = numbered(db, found.thing_id or 0)
        else:
            thing = registered(db, address_of(found))
        require_one_owner(found, thing, is_shared=self._is_shared)
        return thing

    def _flattr(self, db: sqlite3.Connection, thing_id: int, person: Person) -> Flattred:
        thing = _require_thing(db, thing_id)
        if (thing["owner"] or "").lower() in self._own:
            raise FlattrOwner
        now = int(self._now())
        me, month = user_id(db, person.username), time.strftime("%Y-%m", time.gmtime(now))
        query = "SELECT 1 FROM flattrs WHERE thing_id = ? AND user_id = ? AND month = ?"
        if db.execute(query, (thing_id, me, month)).fetchone():
            raise FlattrOnce
        if not person.means:
            raise NoMeans
        db.execute("UPDATE users SET flattrs = flattrs + 1 WHERE id = ?", (me,))
        db.execute("UPDATE things SET flattrs = flattrs + 1 WHERE id = ?", (thing_id,))
        db.execute(
            "INSERT INTO flattrs (thing_id, user_id, number, month, created_at)"
            " SELECT ?, id, flattrs, ?, ? FROM users WHERE id = ?",
            (thing_id, month, now, me),
        )
        after = _require_thing(db, thing_id)
        return Flattred(thing=self._objects.mini_thing(after, with_owner=False))

    def _flattrs_of(
        self, db: sqlite3.Connection, user: int | None, count: int, page: int, full: bool
    ) -> list[Flattr]:
        """A page of a user's flattrs. They are numbered, so that any page takes the same time."""
        row = db.execute("SELECT flattrs FROM users WHERE id = ?", (user,)).fetchone()
        last = row[0] - _offset(count, page) if row else 0
        return self._flattrs(
            db,
            "flattrs.user_id = ? AND number <= ? AND number > ? ORDER BY number DESC",
            (user, last, last - count),
            full,
        )

    def _flattrs(
        self, db: sqlite3.Connection, where: str, values: Sequence[int | None], full: bool
    ) -> list[Flattr]:
        me = self._my_id(db)
        more = f", {REST_OF_THING}" if full else ""
        query = (
            f"SELECT {THING}, flattrs.created_at AS created_at,"  # noqa: S608 - no values in it
            f" flattrers.username AS flattrer {more}"
            " FROM flattrs JOIN users AS flattrers ON flattrers.id = flattrs.user_id"
            f" JOIN ({THINGS}) ON things.id = flattrs.thing_id WHERE {where}"
        )
        found = rows(db, query, ((me,) if full else ()) + tuple(values))
        return [self._objects.flattr(row, me, full=full) for row in found]

    def _things(
        self,
        db: sqlite3.Connection,
        where: str,
        values: Sequence[int | None],
        full_owner: bool = False,
    ) -> list[Thing]:
        me = self._my_id(db)
        query = (
            f"SELECT {THING}, {REST_OF_THING} FROM {THINGS} WHERE NOT things.deleted AND {where}"  # noqa: S608
        )
        found = rows(db, query, (me, *values))
        return [self._objects.thing(row, me, full_owner=full_owner) for row in found]

    def _my_id(self, db: sqlite3.Connection) -> int | None:
        """The id of the person, 0 for one whom the ledger does not know yet."""
        return (find_user(db, self._person.username) or 0) if self._person else None


def _offset(count: int, page: int) -> int:
    """How many rows are before a page; never more than SQLite can count."""
    return min(count * (max(page, 1) - 1), 2**62)


def _require_thing(db: sqlite3.Connection, thing_id: int) -> sqlite3.Row:
    query = f"SELECT {THING} FROM {THINGS} WHERE things.id = ? AND NOT things.deleted"  # noqa: S608
    row = next(rows(db, query, (thing_id,)), None) if thing_id < 2**63 else None
    if row is None:
        raise NotFound
    return row


def _require_own(db: sqlite3.Connection, thing_id: int, person: Person) -> None:
    owner = _require_thing(db, thing_id)["owner"]
    if (owner or "").lower() != person.username.lower():
        raise Forbidden("Only its owner can change a thing")


msgspec.convert({}, dict[str, list[Choice]])  # work the type out before there are threads


@cache
def _choices() -> dict[str, list[Choice]]:
    import tomllib

    with open(_CHOICES, "rb") as file:
        return msgspec.convert(tomllib.load(file), dict[str, list[Choice]])
