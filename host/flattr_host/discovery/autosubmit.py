"""Auto-submit URLs: a thing's URL, its owner and its description in one link.

``https://flattr.com/submit/auto?user_id=…&url=…`` with ``title``, ``description``, ``language``,
``tags`` (by commas), ``hidden`` (``1``), ``category``, ``owner`` and ``revsharekey`` as wanted.
"""

import re
from collections.abc import Callable

from .model import MAX_TARGET, MAX_URL, Discovery, FlattrableReason
from .urls import decode_form, plain_text, thing_address

PREFIX = "https://flattr.com/submit/auto?"

USERNAME = re.compile(r"[\w.@+-]{1,64}")
_WORDS = frozenset(("title", "description", "language", "tags", "category"))
_READ = _WORDS | {"user_id", "url", "hidden", "fid", "owner", "revsharekey"}
#: What is no part of an unencoded ``url``, because it was meant for Flattr, read or not.
_MEANT_FOR_FLATTR = _READ | {"uid", "userid", "user\\_id", "button", "popout"}
_PAIRS = re.compile(rf"(?:^|&)({'|'.join(sorted(_READ))})=([^&]+)").findall
_FID = re.compile(r"[A-Za-z0-9]{1,32}")
_KEY = re.compile(r"[\w.:@+-]{1,128}")
#: What a URL that would be too long is built without, in this order.
_DISPENSABLE = ("description", "tags", "title", "category", "language")
_ESCAPED_SCHEME = re.compile(r"https?%(?:25)*3A", re.IGNORECASE)
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_MAX_ESCAPES = 3
_YES = frozenset(("1", "true", "yes"))
_NOTHING_KNOWN = Discovery("", False, "unknown_page")


def read(url: str, query: str, about: Callable[[str], Discovery | None]) -> Discovery:
    """What the auto-submit URL with this ``query`` stands for.

    HTML escapes are undone, the first of several values wins, an empty one is none. ``about``: see
    :func:`claim`.
    """
    return claim(url, "autosubmit", _values(query), about)


def claim(
    url: str,
    reason: FlattrableReason,
    values: dict[str, str],
    about: Callable[[str], Discovery | None],
) -> Discovery:
    """What the parameters of an auto-submit URL claim, wherever they stand.

    ``about`` tells what an address says of itself: without an owner among the ``values``, the
    target stands for itself; with one that the address does not confirm, there is a caution, since
    anybody can name themselves as the owner of anything.
    """
    get = values.get
    user_id, fid = get("user_id"), get("fid")
    target = get("url")
    if not target:
        return Discovery(url, False, "no_target", None, user_id)
    target = thing_address(target)
    itself = about(target) if target else None
    if not target or (itself and itself.reason == "bad_target"):
        return Discovery(url, False, "bad_target", None, user_id)
    if len(target) > MAX_TARGET:
        return Discovery(url, False, "too_long", None, user_id)
    if (user_id and not USERNAME.fullmatch(user_id)) or (fid and not _FID.fullmatch(fid)):
        return Discovery(url, False, "bad_owner", target, user_id)
    thing = itself if itself and itself.flattrable else None
    if not user_id and not fid and not thing:
        return Discovery(url, False, "no_owner", target)
    known = thing or _NOTHING_KNOWN
    tags, hidden = get("tags"), get("hidden")
    owner, revsharekey = get("owner"), get("revsharekey")
    return Discovery(
        url,
        True,
        reason,
        thing.target if thing else target,
        user_id or (thing.user_id if thing and not fid else None),
        get("title") or None,
        get("description") or None,
        get("language"),
        tuple([tag for part in tags.split(",") if (tag := part.strip())]) if tags else (),
        hidden is not None and hidden.lower() in _YES,
        get("category"),
        fid,
        known.thing_id,
        known.site,
        known.kind,
        known.owner,
        known.name,
        known.id,
        "other_owner" if itself and (user_id or fid) and is_another(user_id, fid, itself) else None,
        None,
        owner if owner and _KEY.fullmatch(owner) else None,
        revsharekey if revsharekey and _KEY.fullmatch(revsharekey) else None,
    )


def is_another(user_id: str | None, fid: str | None, itself: Discovery) -> bool:
    """Whether the named owner is not whom the target's own address names, if any.

    On a site that tells owners, a page of which it does not tell whose it is, is somebody's too.
    """
    if itself.reason == "unknown_page":
        return True
    whole = itself.part_of or itself
    owner = whole.user_id or whole.owner
    if not owner and whole.thing_id is None:
        return False  # a thing on Flattr is somebody's, whom only its server can tell
    if user_id == owner:
        return False
    if not user_id:
        return fid is not None
    return owner is None or user_id.lower() != owner.lower()


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
        "owner": found.partner_owner,
        "revsharekey": found.revsharekey,
    }
    parts = {name: value for name, value in parts.items() if value}
    dispensable = iter(_DISPENSABLE)
    while len(url := PREFIX + urlencode(parts)) > MAX_URL:
        parts.pop(next(dispensable), None)
    return url


def _values(query: str) -> dict[str, str]:
    """The decoded values, without empty ones. What was escaped once too often is undone."""
    escapes = 0
    while ("amp;" in query or "&#" in query) and escapes < _MAX_ESCAPES:
        import html  # 1 ms that most URLs need not pay

        query = html.unescape(query)
        escapes += 1
    values = _decoded_pairs(query)
    while "url" not in values and escapes < _MAX_ESCAPES and "%3D" in query.upper():
        query = decode_form(query.replace("+", "%2B"))  # as a whole: user_id%3Dalice%26url%3D...
        values = _decoded_pairs(query)
        escapes += 1
    if "user_id" not in values and "user%5" in query:
        values = _decoded_pairs(re.sub("user%5Fid=", "user_id=", query, flags=re.IGNORECASE))
    if "%" in values.get("url", "")[:8]:
        while _ESCAPED_SCHEME.match(values["url"]) and escapes < _MAX_ESCAPES:
            # Who escaped the URL twice did it with all of them.
            values = {name: _decoded(name, text) for name, text in values.items()}
            escapes += 1
    return values


def _decoded_pairs(query: str) -> dict[str, str]:
    """The first value that is not empty of each parameter that is read.

    A parameter that nobody meant for Flattr, right behind a URL that has an unencoded query, is one
    of that URL's.
    """
    values: dict[str, str] = {}
    for name, value in _PAIRS(query):
        if value.isalnum() and value.isascii():  # as owners, languages, categories are
            values.setdefault(name, value)
        elif name not in values and (text := _decoded(name, value)):
            values[name] = text
            if name == "url" and "?" in value and (_is_plain(value) or "=" in value):
                values[name] += _rest_of_url(f"&{query}".partition(f"&url={value}")[2])
    return values


def _rest_of_url(query: str) -> str:
    """The parameters at the beginning of ``query``, after "&", that nobody meant for Flattr."""
    rest = ""
    for pair in query.split("&")[1:]:
        if pair.partition("=")[0] in _MEANT_FOR_FLATTR:
            break
        rest += "&" + decode_form(pair.replace("+", "%2B"))
    return rest


def _decoded(name: str, value: str) -> str:
    if "+" in value and name == "url" and _is_plain(value):
        value = value.replace("+", "%2B")  # in a URL that nobody encoded, a plus is a plus
    if "%" in value or "+" in value:
        value = decode_form(value)
    value = value.strip()
    return plain_text(value) if name in _WORDS and not value.isprintable() else value


def _is_plain(url: str) -> bool:
    return _SCHEME.match(url) is not None
