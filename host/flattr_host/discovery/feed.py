"""Atom and RSS feeds: payment links of the feed itself first, then those of its entries."""

import re
from contextlib import suppress
from urllib.parse import quote
from xml.parsers import expat

from .bounds import absolute, addresses, text
from .model import Hints

_ATOM = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
_BASE = "http://www.w3.org/XML/1998/namespace base"
_FEEDS = ("rss", "feed", "RDF")
_CHANNELS = ("channel", "feed")
_ENTRIES = ("item", "entry")
# Declarations, comments and a document type may stand before the root. Atomic, since a page that is
# no feed would else be tried in ever more ways.
_ROOT = re.compile(
    r"(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[[^\]]*\]\s*)?>)*+<(?:[\w.-]+:)?([\w.-]+)",
    re.DOTALL | re.IGNORECASE,
)
_SCANNED = 16_384
_MAX_DEPTH = 200


def is_feed(document: str) -> bool:
    """Whether the root of ``document`` is a feed's."""
    root = _ROOT.match(document[:_SCANNED].lstrip("\ufeff"))
    return root is not None and root[1] in _FEEDS


def read(document: str, feed_url: str) -> Hints:
    """The hints of a feed; of one that breaks off, those before that. Never raises.

    ``canonical`` is the page that the feed is of. Entities cannot be declared.
    """
    reader = _Reader(feed_url)
    with suppress(expat.ExpatError, _Refused, ValueError):
        reader.parse(document)
    reader.end_entry()
    return Hints(
        title=text(reader.title) or None,
        canonical=reader.page,
        payment=addresses([*reader.of_feed, *reader.of_entries]),
    )


class _Refused(Exception):
    """A feed declares entities, or is nested deeper than any."""


class _Reader:
    def __init__(self, feed_url: str) -> None:
        self.title = ""
        self.page: str | None = None
        self.of_feed: list[str] = []
        self.of_entries: list[str] = []
        self._in_entry: list[str] | None = None
        self._entry_title = ""
        self._bases = [feed_url]
        self._names: list[str] = []
        self._text: list[str] = []

    def parse(self, document: str) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.EntityDeclHandler = self._refuse
        # So that &nbsp; and the like, which feeds have without declaring them, are passed over.
        parser.UseForeignDTD(True)
        # Nothing may stand before an XML declaration, but blank lines of templates often do.
        parser.Parse(document.lstrip("\ufeff \t\r\n"), True)

    def end_entry(self) -> None:
        """Its links are complete; those that have no title of their own get the entry's."""
        for link in self._in_entry or ():
            named = f"{link}&title={quote(text(self._entry_title)[:200], safe='')}"
            is_autosubmit = "/submit/auto?" in link and "#" not in link
            self.of_entries.append(named if self._entry_title and is_autosubmit else link)
        self._in_entry = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._names) == _MAX_DEPTH:
            raise _Refused
        namespace, _, local = name.rpartition(" ")
        base = self._bases[-1]
        self._bases.append(
            absolute(attributes[_BASE], base) or base if _BASE in attributes else base
        )
        if local in _ENTRIES:
            self._in_entry, self._entry_title = [], ""
        elif local == "link" and namespace in _ATOM:
            self._link(attributes)
        self._names.append(local)
        self._text.clear()

    def _end(self, _name: str) -> None:
        local = self._names.pop()
        parent = self._names[-1] if self._names else ""
        said = "".join(self._text)
        self._text.clear()
        if local == "title" and parent in _ENTRIES:
            self._entry_title = self._entry_title or said
        elif parent in _CHANNELS and local == "title":
            self.title = self.title or said
        elif parent in _CHANNELS and local == "link" and said.strip():
            self.page = self.page or absolute(said, self._bases[-1])
        elif local in _ENTRIES:
            self.end_entry()
        self._bases.pop()

    def _link(self, attributes: dict[str, str]) -> None:
        url = absolute(attributes.get("href"), self._bases[-1])
        words = attributes.get("rel", "alternate").lower().split()
        if not url:
            return
        if "payment" in words:
            (self.of_feed if self._in_entry is None else self._in_entry).append(url)
        elif "alternate" in words and self._names and self._names[-1] in _CHANNELS:
            self.page = self.page or url

    def _refuse(self, *_: object) -> None:
        raise _Refused
