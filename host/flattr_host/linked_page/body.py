"""The beginning of a page as it arrives, in bounded memory whatever is sent."""

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


class Body:
    """Takes what is sent, piece by piece, until it is enough.

    Of gzip only the first member counts, as in browsers. Raises ``zlib.error`` where it is broken.
    """

    def __init__(self, is_gzip: bool) -> None:
        self.data = bytearray()
        self.is_complete = False
        self._received = 0
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
