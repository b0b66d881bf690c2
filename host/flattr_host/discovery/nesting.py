"""How deep a page may be nested: the parser takes the square of it, 10 s for half a megabyte."""

import re
from collections import Counter

#: So many elements may be open at once. Pages have some dozens.
MAX_OPEN = 10_000

_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]{0,30})", re.IGNORECASE)
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
     "track", "wbr")
)  # fmt: skip


def shallow(html: str) -> str:
    """``html`` up to where more elements than ``MAX_OPEN`` may be open."""
    if html.count("<") <= MAX_OPEN:
        return html
    open_by_name: Counter[str] = Counter()
    are_open = 0
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if name in _VOID:
            continue
        if not tag[1]:
            open_by_name[name] += 1
            are_open += 1
        elif open_by_name[name]:  # an end tag of what is not open ends nothing
            open_by_name[name] -= 1
            are_open -= 1
        if are_open > MAX_OPEN:
            return html[: tag.start()]
    return html
