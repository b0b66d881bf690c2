"""``GET /things/search``: its parameters as SQL."""

from typing import Any, NamedTuple

from ..api.objects import Search

DAY = 86_400

#: How each ``sort`` orders the things. ":n" is the time now, ":q" the query in lower case.
_ORDER = {
    "relevance": "(:q <> '' AND instr(lower(things.title), :q) > 0) DESC, things.flattrs DESC",
    "flattrs": "things.flattrs DESC",
    "flattrs_month": f"{{since}} - {30 * DAY}) DESC",
    "flattrs_week": f"{{since}} - {7 * DAY}) DESC",
    "flattrs_day": f"{{since}} - {DAY}) DESC",
    # What gets more this week than in the week before.
    "trend": f"2 * {{since}} - {7 * DAY}) - {{since}} - {14 * DAY}) DESC",
}
_SINCE = "(SELECT count(*) FROM flattrs WHERE thing_id = things.id AND created_at > :n"


class Condition(NamedTuple):
    """What follows WHERE and ORDER BY, and the named values in both."""

    where: str
    order: str
    values: dict[str, Any]


def condition(search: Search, now: int) -> Condition:
    """The things that ``search`` asks for; those that are hidden or deleted are never found."""
    values: dict[str, Any] = {"q": search.query.strip().lower(), "n": now}
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
    order = _ORDER[search.sort].format(since=_SINCE) + ", things.id DESC"
    return Condition(" AND ".join(parts), order, values)


def _tags(expression: str, values: dict[str, Any]) -> str:
    """``a&b|!c``: tagged with a and b, or not with c. A comma is an "or" too."""
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
