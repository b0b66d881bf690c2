"""URLs as discovery needs them: split, and the host made comparable.

Not :func:`urllib.parse.urlsplit`: discovery runs over every URL that it is given, and this is one
regular expression; what it does not understand, it refuses.
"""

import re

_URL = re.compile(
    r"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE | re.DOTALL
)
_NAME = r"[^\W_](?:[\w.-]*[^\W_])?"
_HOST = re.compile(_NAME)
_WEB_ADDRESS = re.compile(rf"https?://{_NAME}(?::[0-9]{{1,5}})?(?:[/?#]|$)", re.IGNORECASE)
_PORT_OF = {"http": "80", "https": "443"}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HEX = "0123456789abcdefABCDEF"
_ASCII = {high + low: chr(int(high + low, 16)) for high in "01234567" for low in _HEX}


#: Scheme, host (with port and user information), path, and query and fragment or None.
Parts = tuple[str, str, str, str | None, str | None]


def split(url: str) -> Parts | None:
    """The parts of an http(s) URL as they stand in it; None for anything else."""
    match = _URL.fullmatch(url)
    return match.groups() if match else None  # type: ignore[return-value]


def plain_host(scheme: str, host: str) -> str | None:
    """``host`` in lower case and without the scheme's own port; None if it is no such name.

    None, too, for user information, other ports, IP literals in brackets and whatever parsers
    disagree on: none of them is a host that a rule is about.
    """
    name, colon, port = host.lower().partition(":")
    if colon and port not in ("", _PORT_OF[scheme.lower()]):
        return None
    name = name.removesuffix(".")
    return name if _HOST.fullmatch(name) else None


def is_web_address(url: str) -> bool:
    """Whether ``url`` is http(s) with a host that can be one, so that it can be a thing's URL."""
    return _WEB_ADDRESS.match(url) is not None


def same_site(url: str, other: str) -> bool:
    """Whether both are on one host, ``www.`` aside; the scheme does not matter."""
    return _bare_host(url) == _bare_host(other)


def host_of(url: str) -> str:
    """The host of ``url`` for a person to read; "" where there is none."""
    return _bare_host(url) or ""


def _bare_host(url: str) -> str | None:
    parts = split(url)
    return parts[1].lower().removeprefix("www.") if parts else None


def decode_unreserved(path: str) -> str:
    """``path`` with the needless escapes undone (RFC 3986, section 6.2.2.2); ``%2F`` stays."""

    def undo(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if char in _UNRESERVED else match[0]

    return _ESCAPE.sub(undo, path)


def decode_form(value: str) -> str:
    """One value of a form-encoded query: ``+`` is a blank, escapes are UTF-8."""
    if "+" in value:
        value = value.replace("+", " ")
    if "%" not in value:
        return value
    first, *rest = value.split("%")
    try:
        # Most escapes are of ASCII, which needs no bytes in between.
        return first + "".join([_ASCII[part[:2]] + part[2:] for part in rest])
    except KeyError:
        from urllib.parse import unquote  # 2 ms that most URLs need not pay

        return unquote(value, errors="replace")
