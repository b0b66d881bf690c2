"""``Link`` header fields (RFC 8288), as far as they name payment links.

aiohttp's ``response.links`` splits at every comma, also at those in URLs and in quotes, and knows
one link of each relation; so this is the parser of the RFC's appendix B.2.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urldefrag

from ..discovery.bounds import absolute

_TARGET = re.compile(r"[\s,]*<([^>]*)>")
_PARAMETER = re.compile(
    r'\s*;\s*([^\s=;,"]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;,]*)))?', re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def payment_links(fields: Iterable[str], page_url: str) -> tuple[str, ...]:
    """The targets of ``rel=payment`` in the values of the header's ``fields``, http(s), each once.

    Links with an ``anchor`` are about another page than this one, unless it is this one's address.
    """
    found: dict[str, None] = {}
    for field in fields:
        for target, parameters in _links(field):
            relations = parameters.get("rel", "").lower().split()
            url = absolute(target, page_url)
            anchor = absolute(parameters.get("anchor", ""), page_url)
            if "payment" in relations and url and anchor and _same_page(anchor, page_url):
                found[url] = None
    return tuple(found)


def _links(field: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Target and parameters of each link; the first counts where a parameter stands twice."""
    at = 0
    while target := _TARGET.match(field, at):
        at = target.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(field, at):
            at = parameter.end()
            name, quoted, plain = parameter.groups()
            value = _ESCAPED.sub(r"\1", quoted) if quoted is not None else (plain or "").strip()
            parameters.setdefault(name.lower(), value)
        yield target[1].strip(), parameters


def _same_page(url: str, other: str) -> bool:
    return urldefrag(url).url == urldefrag(other).url
