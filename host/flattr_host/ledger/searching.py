"""``GET /things/search``: its parameters as SQL."""

from typing import Any, NamedTuple

from ..api.errors import InvalidParameters
from ..api.objects import Search
from .rows import THINGS

DAY = 86_400

#: More tags than this are not looked for at once.
MAX_TAGS = 50

#: How each ``sort`` orders the things, which get ``n`` flattrs in so many days, and ``m`` of them
#: in the later half.
_ORDER = {
    "relevance": (0, "(:q <> '' AND instr(lower(things.title), :q) > 0) DESC, things.flattrs DESC"),
    "flattrs": (0, "things.flattrs DESC"),
    "flattrs_month": (30, "coalesce(n, 0) DESC"),
    "flattrs_week": (7, "coalesce(n, 0) DESC"),
    "flattrs_day": (1, "coalesce(n, 0) DESC"),
    "trend": (14, "coalesce(2 * m - n, 0) DESC"),
}
_RECENT = """
    LEFT JOIN (SELECT thing_id, count(*) AS n, sum(created_at > :now - :seconds / 2) AS m
               FROM flattrs WHERE created_at > :now - :seconds GROUP BY thing_id) AS recent
    ON recent.thing_id = things.id
"""


class Condition(NamedTuple):
    """What follows FROM, WHERE and ORDER BY, and the named values in it."""

    tables: str
    where: str
    order: str
    values: dict[str, Any]


def condition(search: Search, now: int) -> Condition:
    """The things that ``search`` asks for; those that are hidden or deleted are never found.

    Raises ``InvalidParameters`` for more than ``MAX_TAGS`` tags.
    """
    days, order = _ORDER[search.sort]
    values: dict[str, Any] = {"q": search.query.strip().lower(), "now": now, "seconds": days * DAY}
    parts = ["NOT things.hidden", "NOT things.deleted"]
    if values["q"]:
        texts = ("things.title", "things.description", "things.tags", "things.url")
        parts.append(f"({' OR '.join(f'instr(lower({text}), :q) > 0' for text in texts)})")
    exact = {
        "things.url": search.url,
        "things.language": search.language,
        "things.category": search.category,
        "owners.username": search.user,
    }
    for number, (column, value) in enumerate(exact.items()):
        if value:
            values[f"v{number}"] = value
            parts.append(f"{column} = :v{number} COLLATE NOCASE")
    if search.tags:
        parts.append(_tags(search.tags.lower(), values))
    tables = THINGS + (_RECENT if days else "")
    return Condition(tables, " AND ".join(parts), f"{order}, things.id DESC", values)


def _tags(expression: str, values: dict[str, Any]) -> str:
    """``a&b|!c``: tagged with a and b, or not with c. A comma is an "or" too."""
    if sum(map(expression.count, "|&,")) >= MAX_TAGS:
        raise InvalidParameters(f"No more than {MAX_TAGS} tags can be looked for at once")
    either = []
    for alternative in expression.replace(",", "|").split("|"):
        every = []
        for tag in filter(None, (it.strip() for it in alternative.split("&"))):
            name = f"t{len(values)}"
            values[name] = f",{tag.lstrip('!').strip()},"
            every.append(
                f"instr(',' || lower(things.tags) || ',', :{name})"
                f" {'= 0' if tag.startswith('!') else '> 0'}"
            )
        either.append(" AND ".join(every) or "1")
    return f"({' OR '.join(f'({it})' for it in either)})"
