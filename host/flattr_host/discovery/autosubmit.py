"""Auto-submit URLs: a thing's URL, its owner and its description in one link.

``https://flattr.com/submit/auto?user_id=…&url=…`` with ``title``, ``description``, ``language``,
``tags`` (by commas), ``hidden`` (``1``) and ``category`` as they please.
"""

import re

from .model import Discovery
from .urls import decode_form, is_web_address

PREFIX = "https://flattr.com/submit/auto?"

_USERNAME = re.compile(r"[\w.@+-]{1,64}")
_READ = frozenset(
    ("user_id", "url", "title", "description", "language", "tags", "hidden", "category", "fid")
)
_ESCAPED_SCHEME = re.compile(r"https?%3A", re.IGNORECASE)


def read(url: str, query: str) -> Discovery:
    """What the auto-submit URL with this ``query`` stands for.

    Without a ``user_id`` the reason is ``no_owner``, and ``target`` is what may yet stand for
    itself. HTML escapes are undone, the first of several values wins, an empty one is none.
    """
    values = _values(query)
    target = values.get("url")
    if target and _ESCAPED_SCHEME.match(target):
        target = decode_form(target)
    user_id, fid = values.get("user_id"), values.get("fid")
    if not target:
        return Discovery(url, False, "no_target", None, user_id)
    if not is_web_address(target):
        return Discovery(url, False, "bad_target", None, user_id)
    if user_id and not _USERNAME.fullmatch(user_id):
        return Discovery(url, False, "bad_owner", target, user_id)
    tags = values.get("tags")
    return Discovery(
        url,
        bool(user_id or fid),
        "autosubmit" if user_id or fid else "no_owner",
        target,
        user_id,
        values.get("title"),
        values.get("description"),
        values.get("language"),
        tuple([tag for part in tags.split(",") if (tag := part.strip())]) if tags else (),
        values.get("hidden") in ("1", "true"),
        values.get("category"),
        fid,
    )


def build(found: Discovery) -> str:
    """The auto-submit URL that says what ``found`` says; :func:`read` gives it back."""
    from urllib.parse import urlencode  # 2 ms that most URLs need not pay

    parts = {
        "user_id": found.user_id,
        "fid": found.fid,
        "url": found.target,
        "title": found.title,
        "description": found.description,
        "language": found.language,
        "tags": ",".join(found.tags),
        "hidden": "1" if found.hidden else None,
        "category": found.category,
    }
    return PREFIX + urlencode({name: value for name, value in parts.items() if value})


def _values(query: str) -> dict[str, str]:
    if "amp;" in query or "&#" in query:
        import html  # 1 ms that most URLs need not pay

        query = html.unescape(query)
    values: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name in _READ and name not in values and value:
            text = decode_form(value).strip()
            if text:
                values[name] = text
    return values
