"""From rows of the ledger to the API's objects."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ..api.objects import Flattr, Thing, User

#: The tables that :data:`THING` names, and what it needs of them.
THINGS = "things LEFT JOIN users AS owners ON owners.id = things.owner_id"

#: A mini thing.
THING = """
    things.id AS thing_id, things.url AS thing_url, things.title AS title,
    things.flattrs AS thing_flattrs, owners.username AS owner
"""

#: What a thing in full has besides; a user's id as its one parameter.
REST_OF_THING = """
    (SELECT count(DISTINCT user_id) FROM flattrs WHERE thing_id = things.id) AS flattrs_user_count,
    things.description AS description, things.tags AS tags, things.language AS language,
    things.category AS category, things.created_at AS thing_created_at, things.hidden AS hidden,
    things.updated_at AS updated_at, things.owner_id AS owner_id,
    EXISTS (SELECT 1 FROM flattrs WHERE thing_id = things.id AND user_id = ?) AS flattred,
    (SELECT max(created_at) FROM flattrs WHERE thing_id = things.id) AS last_flattr_at
"""


class Addresses(msgspec.Struct, frozen=True):
    """Where a served ledger is: the base URLs of its API and its pages; no slash at the end."""

    api_url: str
    web_url: str


class Objects:
    """Makes the API's objects; with addresses if the ledger is served."""

    def __init__(self, addresses: Addresses | None) -> None:
        self._addresses = addresses

    def user(self, username: str, *, full: bool) -> User:
        """A user, mini or in full."""
        mini = User(
            resource=self._resource(f"users/{_quoted(username)}"),
            link=self._link(f"user/{_quoted(username)}"),
            username=username,
        )
        if not full:
            return mini
        texts = dict.fromkeys(
            ("url", "firstname", "lastname", "avatar", "about", "city", "country"), ""
        )
        return msgspec.structs.replace(mini, **texts)

    def mini_thing(self, row: sqlite3.Row, *, with_owner: bool) -> Thing:
        """A thing from :data:`THING`, as it stands in a list of flattrs or in the answer to one."""
        return Thing(
            resource=self._resource(f"things/{row['thing_id']}"),
            link=self._link(f"thing/{row['thing_id']}"),
            id=row["thing_id"],
            url=row["thing_url"],
            title=row["title"],
            flattrs=row["thing_flattrs"],
            owner=self._owner(row, full=False) if with_owner else UNSET,
        )

    def thing(self, row: sqlite3.Row, user_id: int | None, *, full_owner: bool = False) -> Thing:
        """A thing in full, from :data:`THING` and :data:`REST_OF_THING`, for that user."""
        is_owner = user_id is not None and row["owner_id"] == user_id
        for_user: bool | UnsetType = UNSET if user_id is None else bool(row["flattred"])
        more: dict[str, Any] = {
            "owner": self._owner(row, full=full_owner),
            "flattrs_user_count": row["flattrs_user_count"],
            "description": row["description"],
            "tags": tuple(filter(None, row["tags"].split(","))),
            "language": row["language"],
            "category": row["category"],
            "created_at": row["thing_created_at"],
            "hidden": bool(row["hidden"]),
            "flattred": for_user,
            "subscribed": UNSET if user_id is None else False,
            "last_flattr_at": (row["last_flattr_at"] or 0) if is_owner else UNSET,
            "updated_at": row["updated_at"] if is_owner else UNSET,
        }
        return msgspec.structs.replace(self.mini_thing(row, with_owner=False), **more)

    def flattr(self, row: sqlite3.Row, user_id: int | None, *, full: bool) -> Flattr:
        """A flattr, from a thing's columns and ``flattrer`` and ``created_at``."""
        if full:
            thing = self.thing(row, user_id, full_owner=True)
        else:
            thing = self.mini_thing(row, with_owner=True)
        flattrer = self.user(row["flattrer"], full=full)
        return Flattr(thing=thing, owner=flattrer, created_at=row["created_at"])

    def _owner(self, row: sqlite3.Row, *, full: bool) -> User | None:
        return self.user(row["owner"], full=full) if row["owner"] else None

    def _resource(self, path: str) -> str | UnsetType:
        return f"{self._addresses.api_url}/{path}" if self._addresses else UNSET

    def _link(self, path: str) -> str | UnsetType:
        return f"{self._addresses.web_url}/{path}" if self._addresses else UNSET

    def is_of_thing(self, url: str | None) -> bool:
        """Whether ``url`` is where this ledger shows one of its things, there or not."""
        pages = f"{self._addresses.web_url}/thing/" if self._addresses else None
        return bool(pages and url and url.startswith(pages))


def rows(db: sqlite3.Connection, query: str, values: Iterable[Any] = ()) -> Iterator[sqlite3.Row]:
    """The rows of a query, whose columns have names."""
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(query, tuple(values))


def _quoted(username: str) -> str:
    if username.isalnum() and username.isascii():
        return username
    from urllib.parse import quote  # 2 ms that the embedded ledger need not pay

    return quote(username, safe=":")
