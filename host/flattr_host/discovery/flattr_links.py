"""The links that Flattr itself made: auto-submit URLs, things and profiles of flattr.com."""

import re

from . import autosubmit
from .model import Discovery

HOSTS = ("flattr.com", "www.flattr.com")

_THING = re.compile(r"/(?:thing|t)/([0-9]{1,18})(?:/[^/]*)?/?")
_PROFILE = re.compile(r"/(?:profile/|user/|@)([\w.+-]{1,64})/?")


def read(url: str, path: str, query: str | None, _fragment: str | None) -> Discovery | None:
    """What a URL of flattr.com stands for; None for its other pages."""
    if path in ("/submit/auto", "/submit/auto/"):
        return autosubmit.read(url, query or "")
    if thing := _THING.fullmatch(path):
        number = int(thing[1])
        return Discovery(url, True, "thing", f"https://flattr.com/thing/{number}", thing_id=number)
    if profile := _PROFILE.fullmatch(path):
        name = profile[1]
        return Discovery(url, True, "profile", f"https://flattr.com/profile/{name}", user_id=name)
    return None
