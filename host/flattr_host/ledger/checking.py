"""What must hold in a ledger, beyond what SQLite sees to itself."""

from ..examining import Fault, Rule, faults
from .store import SCHEMA

_RULES = (
    Rule(
        "SELECT count(*) FROM users WHERE flattrs <>"
        " (SELECT count(*) FROM flattrs WHERE user_id = users.id)",
        "Users whose number of flattrs is wrong: {}.",
    ),
    Rule(
        "SELECT count(*) FROM things WHERE flattrs <>"
        " (SELECT count(*) FROM flattrs WHERE thing_id = things.id)",
        "Things whose number of flattrs is wrong: {}.",
    ),
    Rule(
        "SELECT count(*) FROM (SELECT 1 FROM flattrs GROUP BY user_id"
        " HAVING min(number) <> 1 OR max(number) <> count(*))",
        "Users whose flattrs are not numbered without a gap: {}.",
    ),
    Rule(
        "SELECT count(*) FROM flattrs"
        " WHERE month IS NOT strftime('%Y-%m', created_at, 'unixepoch')",
        "Flattrs whose month is not that of their time: {}.",
    ),
)


def ledger_faults(path: str) -> list[Fault]:
    """What is wrong with a ledger, which is there; empty: nothing. It is not changed."""
    return faults(path, SCHEMA, _RULES)
