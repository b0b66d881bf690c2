"""Which thing is meant, and whose it is: registered by its first flattr, kept from then on."""

import sqlite3
from typing import NamedTuple

from ..api.errors import InvalidRequest, NotFound, Validation
from ..discovery.explain import thing_title
from ..discovery.model import Discovery
from ..discovery.urls import normal_address, plain_text

#: No text of a thing is stored longer than this, in characters; titles in the wild reach 105.
MAX_TEXT = 1000


class Registered(NamedTuple):
    """A thing that the ledger knows, and its owner's name, if anybody knows it."""

    id: int
    owner: str | None
    deleted: bool


class Registration(NamedTuple):
    """What a thing is registered with."""

    url: str
    title: str
    description: str
    language: str
    category: str
    tags: tuple[str, ...]
    hidden: bool
    owner: str | None


def registered(db: sqlite3.Connection, url: str) -> Registered | None:
    """The thing at this URL, in canonical form; also one that its owner has deleted."""
    return _one(db, "things.url = ?", url)


def numbered(db: sqlite3.Connection, thing_id: int) -> Registered | None:
    """The thing with this number; also one that its owner has deleted."""
    return _one(db, "things.id = ?", thing_id)


def address_of(found: Discovery) -> str:
    """The URL by which a discovered thing is registered, or would be."""
    return found.target or normal_address(found.url) or found.url


def require_one_owner(found: Discovery, thing: Registered | None, *, is_shared: bool) -> None:
    """Raises ``Validation`` where a link names another owner than the ledger or the address.

    Nobody is paid by a mistake, and nobody else's ``thing`` is taken over. Only in a ledger that is
    shared (``is_shared``) no link says whose it is where its address does.
    """
    owner = owner_of(found) if found.flattrable else None
    if not owner:
        return
    if is_shared and found.owner and not _same_owner(f"{found.site}:{found.owner}", owner):
        raise Validation(
            f"Owner mismatch. Its address says that it is {found.site}:{found.owner}'s, but this"
            f" says {owner}."
        )
    if thing and not _same_owner(thing.owner, owner):
        whose = f"{thing.owner}'s" if thing.owner else "nobody's"
        raise Validation(
            "Owner mismatch. Current thing owned by other account:"
            f" this ledger knows it as {whose}, but this says {owner}."
        )


def register(db: sqlite3.Connection, found: Discovery, now: int, old: Registered | None) -> int:
    """The id of the thing that is meant, which is not there yet, or as ``old``, deleted."""
    if not found.flattrable:
        raise NotFound if found.reason in ("unknown_page", "part_of") else InvalidRequest
    return create(db, registration_of(found), now, old)


def registration_of(found: Discovery) -> Registration:
    """What a discovery says of its thing."""
    return Registration(
        found.target or "",
        thing_title(found),
        found.description or "",
        found.language or "",
        found.category or "",
        found.tags,
        found.hidden,
        owner_of(found),
    )


def create(db: sqlite3.Connection, new: Registration, now: int, old: Registered | None) -> int:
    """Stores a thing, and gives its id. ``old``: it was there, and had been deleted."""
    values = (
        *map(stored_text, (new.title, new.description, new.language, new.category)),
        stored_text(",".join(new.tags)),
        new.hidden,
        user_id(db, new.owner) if new.owner else None,
        now,
    )
    if old:
        db.execute(
            "UPDATE things SET title = ?, description = ?, language = ?, category = ?, tags = ?,"
            " hidden = ?, owner_id = coalesce(owner_id, ?), updated_at = ?, deleted = 0"
            " WHERE id = ?",
            (*values, old.id),
        )
        return old.id
    cursor = db.execute(
        "INSERT INTO things (title, description, language, category, tags, hidden, owner_id,"
        " created_at, url) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, new.url),
    )
    return int(cursor.lastrowid or 0)


def stored_text(text: str) -> str:
    """A text of a thing as it is stored: no control characters, and not without end."""
    return plain_text(text)[:MAX_TEXT]


def owner_of(found: Discovery) -> str | None:
    """The username of a discovered thing's owner; None where nobody can know."""
    if found.user_id:
        return found.user_id
    if found.fid:
        return f"fid:{found.fid}"
    return f"{found.site}:{found.owner}" if found.owner else None


def names_of_owner(found: Discovery) -> set[str]:
    """Every name under which the owner of a discovered thing may be known, in lower case."""
    names = {owner_of(found), found.user_id, f"{found.site}:{found.owner}"}
    return {name.lower() for name in names if name}


def user_id(db: sqlite3.Connection, username: str) -> int:
    """The id of a user, who is added if the ledger does not know them."""
    known_id = find_user(db, username)
    if known_id is not None:
        return known_id
    cursor = db.execute("INSERT INTO users (username) VALUES (?)", (username,))
    return int(cursor.lastrowid or 0)


def find_user(db: sqlite3.Connection, username: str) -> int | None:
    """The id of a user; case does not matter."""
    row = db.execute("SELECT id FROM users WHERE username = ?", (username,)).fetchone()
    return int(row[0]) if row else None


def _one(db: sqlite3.Connection, where: str, value: str | int) -> Registered | None:
    query = (
        "SELECT things.id, username, deleted FROM things"  # noqa: S608 - no values in it
        f" LEFT JOIN users ON users.id = owner_id WHERE {where}"
    )
    row = db.execute(query, (value,)).fetchone()
    return Registered(row[0], row[1], bool(row[2])) if row else None


def _same_owner(known_owner: str | None, said: str) -> bool:
    """Whether two names are one owner's. What a site calls ``github:smgt`` a link calls smgt."""
    names = [name.lower() for name in (known_owner or "", said)]
    bare = [name if name.startswith("fid:") else name.rpartition(":")[2] for name in names]
    return bare[0] == bare[1]
