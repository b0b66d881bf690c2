"""The one page that the browser shows at the end of signing in."""

import base64
import hashlib
import html
import os
import re
from collections.abc import Mapping
from string import Template

_FILE = os.path.join(os.path.dirname(__file__), "page.html")


def page(title: str, text: str, *, is_trouble: bool) -> str:
    """The page as HTML. Both texts may come from strangers."""
    return Template(_source()).substitute(
        title=html.escape(title),
        text=html.escape(text),
        kind="trouble" if is_trouble else "done",
    )


def headers() -> Mapping[str, str]:
    """What goes with it: only its own style counts, nothing is kept, nothing is told further."""
    style = re.search("<style>(.*)</style>", _source(), re.DOTALL)
    digest = hashlib.sha256(style[1].encode() if style else b"").digest()
    policy = f"default-src 'none'; style-src 'sha256-{base64.b64encode(digest).decode()}'"
    return {
        "Content-Security-Policy": f"{policy}; frame-ancestors 'none'; base-uri 'none'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _source() -> str:
    with open(_FILE, encoding="utf-8") as file:
        return file.read()
