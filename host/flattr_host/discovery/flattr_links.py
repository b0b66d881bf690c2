"""The links that Flattr itself made, and a server like it: auto-submit URLs, things, profiles."""

import re
from collections.abc import Callable

from . import autosubmit
from .model import Discovery

#: Where the links of the service itself lead.
FLATTR = "https://flattr.com"
HOSTS = ("flattr.com", "www.flattr.com")

_THING = re.compile(r"/(?:thing|t)/([0-9]{1,18})(?:/[^/]*)?/?")
_PROFILE = re.compile(r"/(?:profile/|user/|@)((?=[\w.+-]*\w)[\w.+-]{1,64})/?")
_AUTOSUBMIT = "/submit/auto"
#: "&" as WordPress and others write it in attributes, when it was escaped once too often.
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp;)*#(?:0*38|x0*26);", re.IGNORECASE)


def read(
    about: Callable[[str], Discovery | None],
    server: str,
    url: str,
    path: str,
    query: str | None,
    fragment: str | None,
) -> Discovery | None:
    """What a URL of ``server`` stands for; None for its other pages.

    ``path`` is what follows the base URL ``server``. ``about``: see :func:`autosubmit.read`.
    """
    if fragment and query and query.endswith(("&", "&amp;")):
        query = _with_fragment(query, fragment)
    if path == _AUTOSUBMIT:  # as nearly all are
        return autosubmit.read(url, query or "", about)
    if path.startswith(_AUTOSUBMIT):
        found = _autosubmit_query(path, query)
        return None if found is None else autosubmit.read(url, found, about)
    if thing := _THING.fullmatch(path):
        number = int(thing[1])
        return Discovery(url, True, "thing", f"{server}/thing/{number}", thing_id=number)
    if profile := _PROFILE.fullmatch(path):
        name = profile[1]
        return Discovery(url, True, "profile", f"{server}/profile/{name.lower()}", user_id=name)
    return None


def _with_fragment(query: str, fragment: str) -> str:
    """The query, whose first ``#`` may be that of an escaped ``&``; a raw one cuts off the rest."""
    return _ESCAPED_AMPERSAND.sub("&", f"{query}#{fragment}").partition("#")[0]


def _autosubmit_query(path: str, query: str | None) -> str | None:
    """The query of an auto-submit URL, also where its ``?`` was escaped; None for other paths."""
    rest = path.removeprefix(_AUTOSUBMIT).removeprefix("/")
    if not rest:
        return query or ""
    if rest[:3].upper() == "%3F":
        return rest[3:] if query is None else f"{rest[3:]}?{query}"
    return None
