"""What must hold in an outbox, beyond what SQLite sees to itself."""

from ..examining import Fault, Rule, faults
from .outbox import SCHEMA

_RULES = (
    Rule(
        "SELECT count(*) FROM entries WHERE (ended_at > 0)"
        " <> (state IN ('settled', 'refused', 'interrupted'))",
        "Entries whose state and end do not agree: {}.",
    ),
    Rule(
        "SELECT count(*) FROM entries WHERE state = 'settled' AND answer IS NULL",
        "Entries that are settled without an answer: {}.",
    ),
    Rule(
        "SELECT count(*) FROM entries WHERE state IN ('grace', 'sending') AND lease = ''",
        "Entries that nobody has, and that are being sent: {}.",
    ),
)


def outbox_faults(path: str) -> list[Fault]:
    """What is wrong with an outbox, which is there; empty: nothing. It is not changed."""
    return faults(path, SCHEMA, _RULES)
