"""URLs as discovery needs them: split, and the host made comparable.

Not :func:`urllib.parse.urlsplit`: discovery runs over every URL that it is given, and this is one
regular expression; what it does not understand, it refuses.
"""

import re
from contextlib import suppress

_URL = re.compile(
    r"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE | re.DOTALL
)
_NAME = r"[^\W_](?:[\w.-]*[^\W_])?"
_HOST = re.compile(_NAME)
_WEB_ADDRESS = re.compile(rf"(https?)://({_NAME})\.?(?::([0-9]{{1,5}}))?(?=[/?#]|$)", re.IGNORECASE)
_PORT_OF = {"http": "80", "https": "443"}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_JOINERS = "\u200c\u200d"  # they make other characters what they are, as in emoji


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


def normal_address(url: str) -> str | None:
    """An http(s) URL with its scheme and host in lower case and without the scheme's own port.

    None for what cannot be the address of a thing: no host, blanks, or characters that cannot be
    seen (controls, those that turn the direction of text).
    """
    match = _WEB_ADDRESS.match(url)
    if not match or not url.isprintable() or " " in url:
        return None
    scheme, host, port = match.groups()
    if not port and host.islower() and scheme.islower() and url[match.end() - 1] != ".":
        return url  # as nearly all are
    scheme, host = scheme.lower(), host.lower()
    port = f":{port}" if port and port != _PORT_OF[scheme] else ""
    return f"{scheme}://{host}{port}{url[match.end() :]}"


def same_host(url: str, other: str) -> bool:
    """Whether both are on one host, ``www.`` aside; the scheme does not matter."""
    return host_of(url) == host_of(other)


def host_of(url: str) -> str:
    """The host of ``url``, with a port that is not the scheme's own; "" where there is none."""
    parts = split(url)
    if not parts:
        return ""
    scheme, host = parts[:2]
    name = (plain_host(scheme, host) or host.lower()).removeprefix("www.")
    if not name.isascii():
        with suppress(UnicodeError):
            return name.encode("idna").decode()
    return name


def plain_text(text: str) -> str:
    """``text`` on one line, without what cannot be seen; it may come from anybody's page."""
    text = text.strip()
    if text.isprintable():
        return text
    from unicodedata import category  # most texts need not be looked at letter by letter

    seen = (char if category(char) not in _UNSEEN or char in _JOINERS else " " for char in text)
    return " ".join("".join(seen).split())


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
    try:
        if "\\" not in value:
            # %C3%A9 as Python's own escape for bytes, since that is undone in C.
            escaped = value.replace("%", "\\x").encode("ascii")
            return escaped.decode("unicode_escape").encode("latin-1").decode("utf-8")
    except ValueError:
        pass  # letters that are not ASCII, half an escape, or bytes that are not UTF-8
    from urllib.parse import unquote  # 2 ms that most URLs need not pay

    return unquote(value, errors="replace")
