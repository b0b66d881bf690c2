"""The longer questions that are asked of the outbox's file, and what goes with them."""

import sqlite3
from collections.abc import Iterable

from .entries import NEEDS_PERSON, Entry, Recipient
from .rows import COLUMNS

_CODES = ", ".join(f"'{code}'" for code in sorted(NEEDS_PERSON))

#: What waits for the person; the parameters are a recipient's.
IS_HELD = (
    f"server = ? AND username = ? AND ended_at = 0 AND state = 'pending' AND code IN ({_CODES})"
)

#: What can be tried; the parameters are those of ``Outbox._claimable``.
CLAIMABLE = (
    f"SELECT {COLUMNS} FROM entries"  # noqa: S608 - no values in it
    " WHERE server = ? AND username = ? AND ended_at = 0 AND number > ?"
    " AND (? IS NULL OR gesture = ?) AND"
    " (state = 'pending' AND NOT (? AND next_try_at > ? AND next_try_at <= ?)"
    " OR state = 'sending' AND NOT (lease_until > ? AND lease_until <= ?))"
    " ORDER BY number LIMIT ?"
)

#: The present try did not arrive: if it was the first that may have, none may.
NO_DOUBT = (
    "UPDATE entries SET unsure_try = 0, unsure_since = 0 WHERE number = ? AND unsure_try = tries"
)

#: So many bytes of addresses are sent together at most; servers bound what they read.
MOST_TOGETHER = 32_768


def mend_all(db: sqlite3.Connection, recipient: Recipient) -> None:
    """What waits for the person can be tried again."""
    query = f"UPDATE entries SET code = '', next_try_at = 0 WHERE {IS_HELD}"  # noqa: S608
    db.execute(query, recipient)


def fitting(plain: Iterable[Entry]) -> list[Entry]:
    """As many of them as one call can carry; the first one anyhow."""
    found: list[Entry] = []
    size = 0
    for entry in plain:
        size += len(entry.wish_key.encode())
        if found and size > MOST_TOGETHER:
            break
        found.append(entry)
    return found
