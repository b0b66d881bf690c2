"""What an HTML page says of itself, as the hints that the extension would read from it."""

from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from .model import Hints

_MAX_PAYMENT_LINKS = 32


def read_hints(html: bytes, page_url: str) -> Hints:
    """The hints in ``html``, the bytes of the page at ``page_url``. Never raises."""
    tree = LexborHTMLParser(html)
    base = _absolute(tree.css_first("base[href]"), page_url) or page_url
    title = tree.css_first("title")
    canonical = tree.css_first('link[rel~="canonical" i][href]')
    payment = [
        url
        for node in tree.css('link[rel~="payment" i][href], a[rel~="payment" i][href]')
        if (url := _absolute(node, base))
    ]
    return Hints(
        title=" ".join(title.text().split()) or None if title else None,
        canonical=_absolute(canonical, base),
        payment=tuple(payment[:_MAX_PAYMENT_LINKS]),
    )


def _absolute(node: LexborNode | None, base: str) -> str | None:
    href = node.attributes.get("href") if node else None
    if not href:
        return None
    try:
        return urljoin(base, href.strip())
    except ValueError:  # a host in brackets that is no address
        return None
