"""Rows of the outbox's file as entries."""

import sqlite3
from typing import Any

from .entries import Entry

COLUMNS = ", ".join(Entry.__struct_fields__)


def one(db: sqlite3.Connection, where: str, *values: object) -> Entry | None:
    """The first row of which ``where`` holds."""
    query = f"SELECT {COLUMNS} FROM entries WHERE {where}"  # noqa: S608 - no values in it
    row = db.execute(query, values).fetchone()
    return entry_of(row) if row else None


def required(db: sqlite3.Connection, entry: Entry) -> Entry:
    """The entry as it is now; as it was where somebody removed it meanwhile."""
    return one(db, "number = ?", entry.number) or entry


def entry_of(row: tuple[Any, ...]) -> Entry:
    """A row of ``COLUMNS``."""
    values = dict(zip(Entry.__struct_fields__, row, strict=True))
    return Entry(**values | {"is_news": bool(values["is_news"])})
