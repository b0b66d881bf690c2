"""Paths of URLs, and their parts, in one form: RFC 3986, sections 2 and 6.2.2."""

import re

# What a path holds as it is: unreserved characters, sub-delims, and ":", "@" and "/". Browsers
# and servers take these for the same, escaped or not, but for the slash.
_KEPT = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@"
)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})|([^A-Za-z0-9/._~!$&'()*+,;=:@-])")
_OF_OTHER_LETTERS = re.compile(r"(?:%[89A-F][0-9A-F])+")
_ESCAPES = re.compile(r"(?:%[0-9A-F]{2})+")
_NOT_KEPT = re.compile(r"[^A-Za-z0-9/._~!$&'()*+,;=:@%-]+")
_RESERVED = re.compile(r"[^A-Za-z0-9._~-]+")


def plain_path(path: str) -> str | None:
    """``path`` with its needless escapes undone, and others made, in upper case and as UTF-8 (NFC).

    ``%2F`` stays. None for escapes that are no UTF-8, and for half an escape.
    """
    try:
        plain = _ESCAPE.sub(_plain, path)
        if not _OF_OTHER_LETTERS.search(plain):
            return plain
        from unicodedata import normalize  # as few need it

        letters = _OF_OTHER_LETTERS.sub(_decoded, plain)
        if any(normalize("NFC", one).isascii() for one in letters if not one.isascii()):
            return None  # as of the sign for Kelvin, which would become a plain K
        letters = normalize("NFC", letters)
    except ValueError:
        return None
    return _NOT_KEPT.sub(_escaped, letters)


def escaped(text: str) -> str:
    """``text`` as it can stand anywhere in a URL."""
    return _RESERVED.sub(_escaped, text)


def text_of(part: str) -> str:
    """A part of a plain path as people read it; as it is where that cannot all be seen."""
    text = _ESCAPES.sub(_decoded, part)
    return text if text.isprintable() else part


def with_capital(part: str) -> str:
    """A part of a plain path with a capital as its first letter, as MediaWiki has it."""
    escapes = _OF_OTHER_LETTERS.match(part)
    if not escapes:
        return part[:1].upper() + part[1:]
    letters = _decoded(escapes)
    capital = letters[0].upper()
    if len(capital) != 1:  # as of "ß", which is left as it is
        return part
    return _NOT_KEPT.sub(_escaped, capital + letters[1:]) + part[escapes.end() :]


def in_lower_case(part: str) -> str:
    """A part of a plain path in lower case; its escapes stay in upper case."""
    if "%" not in part:
        return part.lower()
    pieces = re.split(r"((?:%[0-9A-F]{2})+)", part)
    return "".join(
        _OF_OTHER_LETTERS.sub(_in_lower_case, piece) if piece.startswith("%") else piece.lower()
        for piece in pieces
    )


def _in_lower_case(escapes: re.Match[str]) -> str:
    return _NOT_KEPT.sub(_escaped, _decoded(escapes).lower())


def _plain(match: re.Match[str]) -> str:
    if match[2]:
        if match[2] == "%":
            raise ValueError
        return _escaped(match, 2)
    byte = int(match[1], 16)
    return chr(byte) if byte in _KEPT else f"%{byte:02X}"


def _escaped(match: re.Match[str], group: int = 0) -> str:
    return "".join(f"%{byte:02X}" for byte in match[group].encode())


def _decoded(escapes: re.Match[str]) -> str:
    return bytes.fromhex(escapes[0].replace("%", "")).decode()
