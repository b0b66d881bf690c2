"""What a page or a feed says of itself, as the hints that the extension would read from it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from . import feed
from .bounds import MAX_ENTRIES, MAX_TEXT, absolute, addresses, text
from .decoding import decoded
from .model import Button, Hints
from .urls import host_of, split

_OF_A_BUTTON = re.compile(
    r"data-((?:.+-)?(?:uid|owner|tags|category|language|hidden|revsharekey))", re.IGNORECASE
)
_OF_FLATTR = re.compile(r"/(?:submit/auto|thing/|t/|profile/|user/|@)")
# Whole, not inside another address. Bounded, since it searches whole scripts, which may repeat its
# beginning.
_LOADER = re.compile(
    r"""(?:^|['"\s])(?:https?:|:)?(//(?:[\w-]{1,63}\.){0,9}flattr\.com/(?:[^\s'"<>?#]{0,200}/)?"""
    r"""load\.js(?:\?[^\s'"<>\\]{0,1000})?)(?=['"\s<>#\\]|$)"""
)
#: What stands in these is none of HTML's, as ``a`` and ``title`` of a picture; but in those it is.
_FOREIGN = ("svg", "math")
_HTML_IN_FOREIGN = ("foreignObject", "desc", "title", "mi", "mo", "mn", "ms", "mtext")


class TooLarge(Exception):
    """There is not enough memory to parse the page."""


def read_hints(data: bytes, page_url: str, content_type: str | None = None) -> Hints:
    """The hints in ``data``, the bytes of the HTML page or the feed at ``page_url``.

    Which of them it is, the bytes themselves say. ``content_type``: the header, for its charset.
    A page can be made so that parsing it takes any time and memory, see ``linked_page.parsing``.
    Raises ``TooLarge``, and nothing else.
    """
    document = decoded(data, content_type)
    if feed.is_feed(document):
        return feed.read(document, page_url)
    try:
        return _of_html(document, page_url)
    except SelectolaxError:
        raise TooLarge from None


def _of_html(html: str, page_url: str) -> Hints:
    page = _Page(LexborHTMLParser(html))
    base_node = next(page.scripted("base[href]"), None)
    base = absolute(_get(base_node, "href"), page_url) if base_node else None
    base = base or page_url
    title = next(page.scripted("title"), None)
    ids = page.scripted('meta[name="flattr:id" i][content]')
    return Hints(
        title=(text(title.text()) or None) if title else None,
        canonical=next(_canonical(page, base), None),
        payment=addresses(
            absolute(_get(node, "href"), base)
            for node in page.all('link[rel~="payment" i][href], a[rel~="payment" i][href]')
        ),
        buttons=tuple(_buttons(page, base))[:MAX_ENTRIES],
        flattr_ids=addresses(text(_get(node, "content")) for node in ids),
        links=addresses(_links(page, base)),
        loader=next(_loaders(page, base), None),
    )


class _Place(NamedTuple):
    """Where a node's children stand."""

    is_foreign: bool = False
    is_unscripted: bool = False


class _Page:
    """The elements of HTML in a page, of which other elements have the names too."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        # Selectors with ancestors would take seconds for a page that is nested deep.
        self._places: dict[int, _Place] = {}

    def all(self, selector: str) -> Iterator[LexborNode]:
        """Those in a ``noscript`` too, where buttons for people without scripts stand."""
        return (node for node in self._tree.css(selector) if not self._around(node).is_foreign)

    def scripted(self, selector: str) -> Iterator[LexborNode]:
        """Those of the page itself: to a browser, what stands in a ``noscript`` is text."""
        return (node for node in self.all(selector) if not self._around(node).is_unscripted)

    def _around(self, node: LexborNode) -> _Place:
        """Where ``node`` stands."""
        way: list[LexborNode] = []
        above = node.parent
        while above and above.mem_id not in self._places:
            way.append(above)
            above = above.parent
        place = self._places[above.mem_id] if above else _Place()
        for above in reversed(way):
            name = above.tag or ""
            place = self._places[above.mem_id] = _Place(
                name in _FOREIGN or (place.is_foreign and name not in _HTML_IN_FOREIGN),
                name == "noscript" or place.is_unscripted,
            )
        return place


def _canonical(page: _Page, base: str) -> Iterator[str]:
    nodes = {
        'link[rel~="canonical" i][href]': "href",
        'meta[property="og:url" i][content]': "content",
    }
    for selector, attribute in nodes.items():
        for node in page.scripted(selector):
            if url := absolute(_get(node, attribute), base):
                yield url


def _buttons(page: _Page, base: str) -> Iterator[Button]:
    for node in page.all("a.FlattrButton"):
        given = _get(node, "href")
        href = absolute(given, base) if given else None
        if given and not href:
            continue  # an address that none can go to
        marks = (_get(node, "rel"), _get(node, "rev"))
        data = {
            match[1]: (value or "")[:MAX_TEXT]
            for name, value in node.attributes.items()
            if (match := _OF_A_BUTTON.fullmatch(name[:MAX_TEXT]))
        }
        yield Button(
            href=href,
            rel=next((mark for mark in marks if mark.startswith("flattr;")), "")[:MAX_TEXT],
            title=_get(node, "title")[:MAX_TEXT],
            language=_get(node, "lang")[:MAX_TEXT],
            text=text(node.text()),
            data=dict(list(data.items())[:MAX_ENTRIES]),
        )


def _links(page: _Page, base: str) -> Iterator[str]:
    plain = 'a[href*="flattr.com/" i]:not(.FlattrButton):not([rel~="payment" i])'
    for node in page.all(plain):
        url = absolute(_get(node, "href"), base)
        parts = split(url) if url else None
        if url and parts and host_of(url) == "flattr.com" and _OF_FLATTR.match(parts[2]):
            yield url


def _loaders(page: _Page, base: str) -> Iterator[str]:
    """The script's address, which most pages have in a script that loads it."""
    for node in page.scripted("script"):
        # In JSON, slashes are escaped.
        source = _get(node, "src").strip() or node.text().replace("\\/", "/")
        if (found := _LOADER.search(source)) and (url := absolute(found[1], base)):
            yield url


def _get(node: LexborNode | None, name: str) -> str:
    return (node.attributes.get(name) or "") if node else ""
