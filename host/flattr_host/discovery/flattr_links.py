"""The links that Flattr itself made: auto-submit URLs, things and profiles of flattr.com."""

import re
from collections.abc import Callable

from . import autosubmit
from .model import Discovery

HOSTS = ("flattr.com", "www.flattr.com")

_THING = re.compile(r"/(?:thing|t)/([0-9]{1,18})(?:/[^/]*)?/?")
_PROFILE = re.compile(r"/(?:profile/|user/|@)((?=[\w.+-]*\w)[\w.+-]{1,64})/?")


def read(
    url: str, path: str, query: str | None, about: Callable[[str], Discovery | None]
) -> Discovery | None:
    """What a URL of flattr.com stands for; None for its other pages. ``about``: see autosubmit."""
    if path in ("/submit/auto", "/submit/auto/"):
        return autosubmit.read(url, query or "", about)
    if thing := _THING.fullmatch(path):
        number = int(thing[1])
        return Discovery(url, True, "thing", f"https://flattr.com/thing/{number}", thing_id=number)
    if profile := _PROFILE.fullmatch(path):
        name = profile[1]
        target = f"https://flattr.com/profile/{name.lower()}"
        return Discovery(url, True, "profile", target, user_id=name)
    return None
