"""From the bytes of a document to its text, as browsers do (WHATWG Encoding, HTML 13.2.3.2)."""

import codecs
import re
from contextlib import suppress

_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
#: An XML declaration's ``encoding``, or ``charset`` of a ``meta``, has to be within so many bytes.
_SCANNED = 1024
_DECLARED = re.compile(
    rb"""(?:^\s*<\?xml\b[^>]*?\bencoding|<meta\b[^>]*?\bcharset)\s*=\s*["']?\s*([\w.:-]{1,40})""",
    re.IGNORECASE,
)
_IN_HEADER = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
#: Labels that mean another encoding to browsers; utf-7 means none, since it hides markup.
_MEANT = {"iso8859-1": "cp1252", "ascii": "cp1252", "utf-7": "cp1252"}
_NO_CHARSETS = frozenset(("unicode-escape", "raw-unicode-escape", "punycode", "idna", "undefined"))


def decoded(data: bytes, content_type: str | None) -> str:
    """The text of ``data``. ``content_type``: the header, whose charset goes before the document's.

    What says nothing is UTF-8, or windows-1252 where it cannot be that.
    """
    for mark, encoding in _BOMS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    header = _IN_HEADER.search(content_type or "")
    charset = (_known(header[1]) if header else None) or _declared(data)
    if charset:
        with suppress(UnicodeError):
            return data.decode(charset, "replace")
    try:
        # A document that was cut off inside a letter is UTF-8 nevertheless.
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeError:
        return data.decode("cp1252", "replace")


def _declared(data: bytes) -> str | None:
    """What the document says of itself. It could be read as ASCII, so it is no UTF-16."""
    match = _DECLARED.search(data[:_SCANNED])
    charset = _known(match[1].decode("ascii", "replace")) if match else None
    return "utf-8" if charset and charset.startswith("utf-16") else charset


def _known(label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    if name.replace("_", "-") in _NO_CHARSETS or not _is_text(name):
        return None
    return _MEANT.get(name, name)


def _is_text(name: str) -> bool:
    try:
        return isinstance(b"".decode(name), str)
    except (LookupError, ValueError):
        return False
