"""Auto-submit URLs: a thing's URL, its owner and its description in one link.

``https://flattr.com/submit/auto?user_id=…&url=…`` with ``title``, ``description``, ``language``,
``tags`` (by commas), ``hidden`` (``1``) and ``category`` as they please.
"""

import re
from collections.abc import Callable

from .model import MAX_TARGET, MAX_URL, Discovery
from .urls import decode_form, normal_address, plain_text

PREFIX = "https://flattr.com/submit/auto?"

_USERNAME = re.compile(r"[\w.@+-]{1,64}")
_WORDS = frozenset(("title", "description", "language", "tags", "category"))
_NOTHING_KNOWN = (None,) * 6
_READ = frozenset(
    ("user_id", "url", "title", "description", "language", "tags", "hidden", "category", "fid")
)
_FID = re.compile(r"[A-Za-z0-9]{1,32}")
_ITSELF = re.compile(r"https?://(?:www\.)?flattr\.com(?::[0-9]+)?/submit/auto")
#: What a URL that would be too long is built without, in this order.
_DISPENSABLE = ("description", "tags", "title", "category", "language")
_ESCAPED_SCHEME = re.compile(r"https?%3A", re.IGNORECASE)


def read(url: str, query: str, about: Callable[[str], Discovery | None]) -> Discovery:
    """What the auto-submit URL with this ``query`` stands for.

    HTML escapes are undone, the first of several values wins, an empty one is none. ``about`` tells
    what an address says of itself: without an owner in the link, the target stands for itself; with
    one that the address does not confirm, there is a caution, since anybody can make a link that
    names them as the owner of anything.
    """
    values = _values(query)
    get = values.get
    user_id, fid = get("user_id"), get("fid")
    target = get("url")
    if not target:
        return Discovery(url, False, "no_target", None, user_id)
    if _ESCAPED_SCHEME.match(target):
        target = decode_form(target)
    target = normal_address(target)
    if not target or ("/submit/auto" in target and _ITSELF.match(target)):
        return Discovery(url, False, "bad_target", None, user_id)
    if len(target) > MAX_TARGET // 4 and len(target.encode()) > MAX_TARGET:
        return Discovery(url, False, "too_long", None, user_id)
    if (user_id and not _USERNAME.fullmatch(user_id)) or (fid and not _FID.fullmatch(fid)):
        return Discovery(url, False, "bad_owner", target, user_id)
    itself = about(target)
    if itself is None and not user_id and not fid:
        return Discovery(url, False, "no_owner", target)
    said = (itself.user_id or itself.owner) if itself else None
    doubtful = itself and (fid or (user_id and user_id.lower() != (said or "").lower()))
    tags = get("tags")
    return Discovery(
        url,
        True,
        "autosubmit",
        itself.target if itself else target,
        user_id or (itself.user_id if itself and not fid else None),
        get("title"),
        get("description"),
        get("language"),
        tuple([tag for part in tags.split(",") if (tag := part.strip())]) if tags else (),
        get("hidden") in ("1", "true"),
        get("category"),
        fid,
        *((itself.thing_id, itself.site, itself.kind, itself.owner, itself.name, itself.id)
          if itself else _NOTHING_KNOWN),
        "other_owner" if doubtful else None,
    )  # fmt: skip


def build(found: Discovery) -> str:
    """The auto-submit URL that says what ``found`` says; :func:`read` gives it back.

    Descriptions and the like are left out where they would make it longer than ``MAX_URL``.
    """
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
    parts = {name: value for name, value in parts.items() if value}
    dispensable = iter(_DISPENSABLE)
    while len(url := PREFIX + urlencode(parts)) > MAX_URL:
        parts.pop(next(dispensable), None)
    return url


def _values(query: str) -> dict[str, str]:
    if "amp;" in query or "&#" in query:
        import html  # 1 ms that most URLs need not pay

        query = html.unescape(query)
    values: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name in _READ and name not in values and value:
            text = decode_form(value) if "%" in value or "+" in value else value
            text = text.strip()
            if name in _WORDS and not text.isprintable():
                text = plain_text(text)
            if text:
                values[name] = text
    return values
