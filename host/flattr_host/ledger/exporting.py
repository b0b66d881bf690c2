"""A whole ledger as lines of JSON, from which ``importing`` makes the same one again."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from .accounts import OWN_CLIENT_ID
from .lines import (
    FORMAT,
    KINDS,
    VERSION,
    AppLine,
    FlattrLine,
    Header,
    Row,
    ThingLine,
    TokenLine,
    UserLine,
    end_line,
)
from .store import Store


def export(store: Store, *, with_secrets: bool) -> Iterator[bytes]:
    """The lines, each with its end: one moment of the ledger, whoever writes meanwhile.

    ``with_secrets``: with the hashes of passwords and client secrets, and with the tokens.
    Raises ``LedgerUnavailable``.
    """
    digest, counts, encode = (
        hashlib.sha256(),
        dict.fromkeys(KINDS, 0),
        msgspec.json.Encoder().encode,
    )

    def line(value: msgspec.Struct) -> bytes:
        text = encode(value) + b"\n"
        digest.update(text)
        return text

    with store.reading() as db:
        db.execute("BEGIN")
        db.execute("SELECT 1 FROM users").fetchone()  # the moment is that of the first read
        try:
            yield line(Header(FORMAT, VERSION, with_secrets))
            for kind in KINDS if with_secrets else KINDS[:-1]:
                for row in _rows(db, kind, with_secrets):
                    counts[kind] += 1
                    yield line(row)
            yield encode(end_line(counts, digest.hexdigest())) + b"\n"
        finally:
            db.rollback()


def _rows(db: sqlite3.Connection, kind: type[Row], with_secrets: bool) -> Iterator[Row]:
    query, read = _READ[kind]
    for row in db.execute(query):
        yield read(row, with_secrets)


def _user(row: tuple[Any, ...], with_secrets: bool) -> UserLine:
    name, since, hides, means, password = row
    return UserLine(name, since, bool(hides), means, password if with_secrets else UNSET)


def _app(row: tuple[Any, ...], with_secrets: bool) -> AppLine:
    client_id, name, redirect_uri, created_at, secret = row
    is_shown = with_secrets and secret is not None
    confidential, shown = secret is not None, secret if is_shown else UNSET
    return AppLine(client_id, name, redirect_uri, confidential, created_at, shown)


def _thing(row: tuple[Any, ...], _: bool) -> ThingLine:
    number, url, title, description, language, category, tags, hidden, deleted, *rest = row
    split = tuple(tags.split(",")) if tags else ()
    texts = (title, description, language, category)
    return ThingLine(number, url, *texts, split, bool(hidden), bool(deleted), *rest)


_READ: dict[type[Row], tuple[str, Callable[[tuple[Any, ...], bool], Row]]] = {
    UserLine: (
        "SELECT username, registered_at, hides_flattrs, means, password FROM users ORDER BY id",
        _user,
    ),
    AppLine: (
        # All but flattr-host itself, which every ledger has.
        "SELECT client_id, name, redirect_uri, created_at, secret FROM apps"  # noqa: S608
        f" WHERE client_id <> '{OWN_CLIENT_ID}' ORDER BY id",
        _app,
    ),
    ThingLine: (
        "SELECT things.id, url, title, description, language, category, tags, hidden, deleted,"
        " username, created_at, updated_at FROM things LEFT JOIN users ON users.id = owner_id"
        " ORDER BY things.id",
        _thing,
    ),
    FlattrLine: (
        "SELECT url, username, month, flattrs.created_at FROM flattrs"
        " JOIN things ON things.id = thing_id JOIN users ON users.id = user_id"
        " ORDER BY flattrs.id",
        lambda row, _: FlattrLine(*row),
    ),
    TokenLine: (
        "SELECT token, username, client_id, scope, tokens.created_at, revoked_at FROM tokens"
        " JOIN users ON users.id = user_id LEFT JOIN apps ON apps.id = app_id ORDER BY tokens.id",
        lambda row, _: TokenLine(*row),
    ),
}
