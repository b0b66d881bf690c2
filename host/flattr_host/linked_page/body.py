"""The beginning of a page as it arrives, in bounded memory whatever is sent."""

import re
import zlib

#: No more of a page than this (bytes) is taken, neither as sent nor as decompressed.
MAX_BODY = 512 * 1024

#: Content types that hints can be in; a page without any is taken for HTML.
READ_TYPES = frozenset(
    (
        "text/html",
        "application/xhtml+xml",
        "application/atom+xml",
        "application/rss+xml",
        "application/rdf+xml",
        "application/xml",
        "text/xml",
    )
)
#: What is understood of ``Content-Encoding``, in lower case.
PLAIN, GZIP = frozenset(("", "identity")), frozenset(("gzip", "x-gzip"))

_HEAD_ENDS = re.compile(rb"</head[\s>]|<body[\s>]", re.IGNORECASE)
_LONGEST_SIGN = len("</head>")
#: As a payment link to Flattr stands in nearly all heads. Any other is found by the parser.
_PAYMENT = re.compile(
    rb"""<link\s[^<>]{0,2000}?\brel=["']?payment\b[^<>]{0,2000}>""", re.IGNORECASE
)
#: What a link can stand in without being one.
_HIDING = (
    (b"<!--", b"-->"),
    *((b"<" + name, b"</" + name) for name in (b"script", b"style", b"noscript", b"template")),
)
_AUTOSUBMIT = b"://flattr.com/submit/auto?"


class Body:
    """Takes what is sent, piece by piece, until it is enough.

    Of gzip only the first member counts, as in browsers. Raises ``zlib.error`` where it is broken.
    """

    def __init__(self, is_gzip: bool) -> None:
        self.data = bytearray()
        self.is_complete = False
        self._received = 0
        self._searched = 0
        # The 16 stands for gzip's own header and checksum, see zlib.decompressobj.
        self._gzip = zlib.decompressobj(16 + zlib.MAX_WBITS) if is_gzip else None

    def add(self, sent: bytes) -> None:
        """Takes the next piece; ``is_complete`` tells whether more would be of no use."""
        if self.is_complete:
            return  # for zlib, no room would mean no bound
        self._received += len(sent)
        room = MAX_BODY - len(self.data)
        self.data += self._gzip.decompress(sent, room) if self._gzip else sent[:room]
        is_full = max(self._received, len(self.data)) >= MAX_BODY
        self.is_complete = is_full or bool(self._gzip and self._gzip.eof)

    def head_ended(self) -> bool:
        """Whether the end of the head is in what came since the last time this was asked."""
        start = max(0, self._searched - _LONGEST_SIGN)
        self._searched = len(self.data)
        return _HEAD_ENDS.search(self.data, start) is not None

    def names_a_payee(self) -> bool:
        """Whether there surely is a payment link to Flattr, before which nothing else goes."""
        for link in _PAYMENT.finditer(self.data):
            if _AUTOSUBMIT in link[0] and b"user_id=" in link[0]:
                before = self.data[: link.start()].lower()
                return all(before.count(sign) == before.count(end) for sign, end in _HIDING)
        return False
