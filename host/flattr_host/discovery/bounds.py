"""What markup holds, in the sizes of :class:`.model.Hints` and as browsers would have it."""

from collections.abc import Iterable
from urllib.parse import urljoin

from .model import MAX_URL
from .urls import split, with_escapes

#: Entries of a list, and letters of a text, at most.
MAX_ENTRIES = 32
MAX_TEXT = 4096


def absolute(href: str | None, base: str) -> str | None:
    """``href`` as an absolute http(s) URL; None for what is none, or too long."""
    if href is None or len(href) > MAX_URL:
        return None
    try:
        url = urljoin(base, href.strip().translate({9: None, 10: None, 13: None}))
    except ValueError:  # a host in brackets that is no address
        return None
    parts = split(url)
    if not parts or not parts[1]:
        return None
    place = len(parts[0]) + 3 + len(parts[1])
    url = url[:place] + with_escapes(url[place:])
    return url if len(url) <= MAX_URL else None


def addresses(hrefs: Iterable[str | None]) -> tuple[str, ...]:
    """The different ones, in order, so many at most."""
    return tuple(dict.fromkeys(href for href in hrefs if href))[:MAX_ENTRIES]


def text(words: str | None) -> str:
    """``words`` on one line."""
    return " ".join((words or "")[: 10 * MAX_TEXT].split())[:MAX_TEXT]
