"""What a page or a feed says of itself, as the hints that the extension would read from it."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from . import feed
from .bounds import MAX_ENTRIES, MAX_TEXT, absolute, addresses, text
from .decoding import decoded
from .model import Button, Hints
from .nesting import shallow
from .urls import host_of, split

_OF_A_BUTTON = re.compile(
    r"data-((?:.+-)?(?:uid|owner|tags|category|language|hidden|revsharekey))", re.IGNORECASE
)
_OF_FLATTR = re.compile(r"/(?:submit/auto|thing/|t/|profile/|user/|@)")
# Bounded, since it searches whole scripts, which may repeat its beginning.
_LOADER = re.compile(
    r"""//(?:[\w-]{1,63}\.){0,9}flattr\.com/[^\s'"<>?]{0,200}load\.js(?:\?[^\s'"<>]{0,1000})?"""
)


def read_hints(data: bytes, page_url: str, content_type: str | None = None) -> Hints:
    """The hints in ``data``, the bytes of the HTML page or the feed at ``page_url``. Never raises.

    Which of them it is, the bytes themselves say. ``content_type``: the header, for its charset.
    """
    document = decoded(data, content_type)
    return feed.read(document, page_url) if feed.is_feed(document) else _of_html(document, page_url)


def _of_html(html: str, page_url: str) -> Hints:
    tree = LexborHTMLParser(shallow(html))
    base_node = tree.css_first("base[href]")
    base = absolute(_get(base_node, "href"), page_url) if base_node else None
    base = base or page_url
    title = tree.css_first("title")
    ids = [text(_get(node, "content")) for node in tree.css('meta[name="flattr:id" i][content]')]
    return Hints(
        title=(text(title.text()) or None) if title else None,
        canonical=next(_canonical(tree, base), None),
        payment=addresses(
            absolute(_get(node, "href"), base)
            for node in tree.css('link[rel~="payment" i][href], a[rel~="payment" i][href]')
        ),
        buttons=tuple(_buttons(tree, base))[:MAX_ENTRIES],
        flattr_ids=addresses(ids),
        links=addresses(_links(tree, base)),
        loader=next(_loaders(tree, base), None),
    )


def _canonical(tree: LexborHTMLParser, base: str) -> Iterator[str]:
    nodes = {
        'link[rel~="canonical" i][href]': "href",
        'meta[property="og:url" i][content]': "content",
    }
    for selector, attribute in nodes.items():
        for node in tree.css(selector):
            if url := absolute(_get(node, attribute), base):
                yield url


def _buttons(tree: LexborHTMLParser, base: str) -> Iterator[Button]:
    for node in tree.css("a.FlattrButton"):
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


def _links(tree: LexborHTMLParser, base: str) -> Iterator[str]:
    for node in tree.css('a[href*="flattr.com/" i]:not(.FlattrButton):not([rel~="payment" i])'):
        url = absolute(_get(node, "href"), base)
        parts = split(url) if url else None
        if url and parts and host_of(url) == "flattr.com" and _OF_FLATTR.match(parts[2]):
            yield url


def _loaders(tree: LexborHTMLParser, base: str) -> Iterator[str]:
    """The script's address, which most pages have in a script that loads it."""
    for node in tree.css("script"):
        source = _get(node, "src") or node.text()
        if (found := _LOADER.search(source)) and (url := absolute(found[0], base)):
            yield url


def _get(node: LexborNode | None, name: str) -> str:
    return (node.attributes.get(name) or "") if node else ""
