"""Sites whose URLs tell whose the thing is. What is known of them is in ``sites.toml``."""

import os
import re
from collections.abc import Callable, Collection, Iterable
from functools import cache, cached_property, partial

import msgspec

from .model import Discovery
from .site_paths import escaped, in_lower_case, plain_path, text_of, with_capital
from .site_rows import PART, BadSites, Shape, SiteRow, completed, host_part, parts_of
from .urls import decode_form

__all__ = ["BadSites", "Shape", "Site", "SiteRow"]

_TABLE = os.path.join(os.path.dirname(__file__), "sites.toml")

#: Longer paths than this (characters) are no thing's, which bounds what expressions can cost.
MAX_PATH = 1000
#: A page is looked for in things whose paths have at most so many segments.
_MAX_DEPTH = 24

# Segments that mean other things to servers than to who reads them: none, dots, and escaped
# slashes, backslashes and controls.
_DECEPTIVE = re.compile(r"//|/\.{1,2}(?:/|$)|%(?:2F|5C|[01][0-9A-F]|7F)")
_PLAIN = re.compile(r"[A-Za-z0-9/._~!$&'()*+,;=:@-]*").fullmatch
_HEADS = re.compile(r'^(name|hosts) = (?:"([^"]*)"|\[([^\]]*)\])', re.MULTILINE)


class _Reading:
    """A shape, ready to be matched: what the row says of its parts, and of no others."""

    def __init__(self, row: SiteRow, shape: Shape, host_parts: Iterable[str]) -> None:
        self.shape = shape
        self.query = shape.query
        self.page_parameters = frozenset(shape.page_parameters)
        self.asks_query = bool(shape.query or shape.page_parameters)
        self.match = re.compile(_expression(shape.path, row.pattern)).fullmatch
        parts = {*parts_of(shape.path), *shape.query.values(), *host_parts}
        self.reserved = [
            (part, _as_in_paths(words)) for part, words in row.reserved.items() if part in parts
        ]
        self.replaced = [
            (part, [(re.compile(old).sub, new) for old, new in pairs])
            for part, pairs in row.replace.items()
            if part in parts
        ]
        self.capitalized = [part for part in row.capitalized if part in parts]
        self.is_told = shape.owner is shape.name is shape.id is None
        named = set(parts_of(shape.canonical))
        fixed = PART.sub("", shape.canonical)
        self.is_respelt = bool(self.replaced or self.capitalized)
        #: The path can be made lower case as a whole.
        self.is_all_lower = named <= row.case_insensitive and fixed.islower()
        #: What the canonical URL has before the path, where the path is the rest of it; else "".
        self.origin = shape.canonical.removesuffix(shape.path)
        keeps_case = not named & row.case_insensitive
        is_other = self.origin == shape.canonical or shape.query or "..." in shape.path
        if is_other or "{" in self.origin or not (self.is_all_lower or keeps_case):
            self.origin = ""


class Site:
    """A row that can be asked. Its expressions are compiled when a URL of its length comes by."""

    def __init__(self, row: SiteRow) -> None:
        self._prepare(row.name, row.hosts, lambda: row)

    @classmethod
    def deferred(cls, name: str, hosts: tuple[str, ...], read_row: Callable[[], SiteRow]) -> "Site":
        """A site whose row is read only when a URL of one of its hosts comes by."""
        site = cls.__new__(cls)
        site._prepare(name, hosts, read_row)
        return site

    def _prepare(self, name: str, hosts: tuple[str, ...], read_row: Callable[[], SiteRow]) -> None:
        self.name = name
        self.hosts = hosts
        self._read_row = read_row
        self._by_depth: dict[int, list[_Reading]] = {}
        self._by_depth_with_pages: dict[int, list[_Reading]] = {}

    @cached_property
    def row(self) -> SiteRow:
        """All that is known of the site."""
        return self._read_row()

    def read(
        self,
        url: str,
        path: str,
        query: str | None,
        fragment: str | None,
        host_label: str | None = None,
    ) -> Discovery | None:
        """What a URL of this site stands for; None for its other pages.

        ``host_label`` is the text of the part with which the host begins, see ``suffix_hosts``.
        A page inside a thing is not flattrable: its reason is ``part_of``.
        """
        if fragment and self.row.hashbang and fragment.startswith("!/") and path in ("", "/"):
            path = fragment[1:]
        if len(path) > MAX_PATH:
            return None
        if not _PLAIN(path):
            plain = plain_path(path)
            if plain is None:
                return None
            path = plain
        if path.endswith("/"):
            path = path[:-1]
        depth = path.count("/")
        readings = self._by_depth.get(depth) or self._readings(depth)
        found = self._thing(url, readings, path, query, host_label)
        return found or self._page(url, path, depth if query else depth - 1, host_label)

    def _thing(
        self,
        url: str,
        readings: list[_Reading],
        path: str,
        query: str | None,
        host_label: str | None,
    ) -> Discovery | None:
        for reading in readings:
            matched = reading.match(path)
            if matched:
                parts = matched.groupdict()
                if (host_label is None or self._takes(parts, host_label)) and (
                    not reading.asks_query or self._takes_query(parts, reading, query)
                ):
                    found = self._found(url, reading, path, parts)
                    if found:
                        return found
        return None

    def _page(self, url: str, path: str, depth: int, host_label: str | None) -> Discovery | None:
        """The page as part of the thing with the longest path before it, of this depth at most."""
        for above in range(min(depth, _MAX_DEPTH), -1, -1):
            readings = self._with_pages(above)
            if readings:
                start = "/".join(path.split("/", above + 1)[: above + 1])
                found = self._thing(url, readings, start, None, host_label)
                if found:
                    is_deceptive = _DECEPTIVE.search(path)
                    return None if is_deceptive else Discovery(url, False, "part_of", part_of=found)
        return None

    def _readings(self, depth: int) -> list[_Reading]:
        readings = self._by_depth.get(depth)
        if readings is None:
            readings = self._by_depth[depth] = self._compile(depth)
        return readings

    def _with_pages(self, depth: int) -> list[_Reading]:
        readings = self._by_depth_with_pages.get(depth)
        if readings is None:
            readings = [reading for reading in self._readings(depth) if reading.shape.pages]
            self._by_depth_with_pages[depth] = readings
        return readings

    def _takes(self, parts: dict[str, str], host_label: str) -> bool:
        """Whether the host begins as the row says; then the part is among the others."""
        for name in self._host_parts:
            if re.fullmatch(self.row.pattern[name], host_label):
                parts[name] = host_label
                return True
        return False

    def _takes_query(self, parts: dict[str, str], reading: _Reading, query: str | None) -> bool:
        """Whether the query has the parameters of the shape, and none that make it a page's.

        The first of a name counts.
        """
        given: dict[str, str] = {}
        for field in (query or "").split("&"):
            key, _, value = field.partition("=")
            given.setdefault(key, value)
        if not reading.page_parameters.isdisjoint(given):
            return False
        for parameter, name in reading.query.items():
            text = decode_form(given.get(parameter, ""))
            if not re.fullmatch(self.row.pattern[name], text):
                return False
            parts[name] = escaped(text)
        return True

    def _found(
        self, url: str, reading: _Reading, path: str, parts: dict[str, str]
    ) -> Discovery | None:
        for part, reserved in reading.reserved:
            if parts.get(part, "").lower() in reserved:
                return None
        if reading.is_respelt:
            as_found = parts.copy()
            if not self._respell(reading, parts):
                return None
            path = path if parts == as_found else ""
        owner, name, id_ = parts.get("owner"), parts.get("name"), parts.get("id")
        shape = reading.shape
        if not reading.is_told:
            owner = owner if shape.owner is None else shape.owner.format_map(parts)
            name = name if shape.name is None else shape.name.format_map(parts)
            id_ = id_ if shape.id is None else shape.id.format_map(parts)
        if path and reading.origin and "%" not in path:  # as nearly all are
            canonical = reading.origin + (path.lower() if reading.is_all_lower else path)
        else:
            canonical = self._canonical(reading, parts)
            owner, name = _shown(owner), _shown(name)
        # By position, which takes half the time: no user_id to hidden, category, fid or thing_id.
        return Discovery(
            url, True, "site", canonical, None, None, None, None, (), False, None, None, None,
            self.name, shape.kind, owner, name, id_,
        )  # fmt: skip

    def _respell(self, reading: _Reading, parts: dict[str, str]) -> bool:
        """Gives the parts their one spelling; False where such a part is none any more."""
        for part, pairs in reading.replaced:
            text = parts.get(part, "")
            for replace, new in pairs:
                text = replace(new, text)
            if text != parts.get(part, ""):
                if not self._can_be(reading, part, text):
                    return False
                parts[part] = text
        for part in reading.capitalized:
            parts[part] = with_capital(parts.get(part, ""))
        return True

    def _canonical(self, reading: _Reading, parts: dict[str, str]) -> str:
        lowered = self.row.case_insensitive
        plain = {
            part: in_lower_case(text) if part in lowered else text for part, text in parts.items()
        }
        return reading.shape.canonical.format_map(plain)

    def _can_be(self, reading: _Reading, part: str, text: str) -> bool:
        """Whether a part can still be what its spelling was replaced by."""
        if any(text.lower() in words for of_part, words in reading.reserved if of_part == part):
            return False
        pattern = self.row.pattern[part]
        return all(re.fullmatch(pattern, segment) for segment in text.split("/"))

    @cached_property
    def _host_parts(self) -> list[str]:
        """The parts with which hosts of the row begin."""
        return list(dict.fromkeys(part[0] for part in map(host_part, self.hosts) if part))

    def _compile(self, depth: int) -> list[_Reading]:
        return [
            _Reading(self.row, shape, self._host_parts)
            for shape in self.row.shape
            if _has_depth(shape.path, depth)
        ]


def _as_in_paths(words: Collection[str]) -> frozenset[str]:
    """Reserved words as a part of a plain path has them, in lower case.

    Other letters than ASCII's are escaped there, so that ``lower`` leaves them as they were: each
    such word may begin with a capital or not. Nearly all, of hundreds, are plain as they are.
    """
    odd = [word for word in words if not _PLAIN(word)]
    forms = (form for word in odd for form in (word, with_capital(word)))
    plain = [*filter(_PLAIN, words), *filter(None, map(plain_path, forms))]
    return frozenset(word.lower() for word in plain)


def _shown(text: str | None) -> str | None:
    return text_of(text) if text and "%" in text else text


def _has_depth(path: str, depth: int) -> bool:
    """Whether paths of this shape can have so many slashes."""
    least = path.rstrip("/").count("/")
    return least == depth or (least < depth and "...}" in path)


def _expression(path: str, patterns: dict[str, str]) -> str:
    """The regular expression of a path such as ``/{owner}/{name...}``."""
    expression, end = "", 0
    path = path.rstrip("/")
    for part in PART.finditer(path):
        one = f"(?:{patterns[part[1]]})"
        several = f"(?:/{one})*" if part[2] else ""
        expression += f"{re.escape(path[end : part.start()])}(?P<{part[1]}>{one}{several})"
        end = part.end()
    return expression + re.escape(path[end:])


@cache
def load() -> tuple[Site, ...]:
    """Every site of the table, in its order. A row is read when a URL of its site comes by.

    Reading all of them takes a tenth of the time of a click that finds no host running.
    """
    return tuple(
        Site.deferred(name, hosts, partial(_row, text)) for name, hosts, text in _table() if hosts
    )


@cache
def software(name: str) -> SiteRow | None:
    """The row of the table that has no hosts and this name, which other rows can be like."""
    texts = (text for row_name, hosts, text in _table() if row_name == name and not hosts)
    return next(map(_row, texts), None)


def _software_for_any_host() -> list[str]:
    """The names of the software that whoever has a host of it can be ``like``."""
    rows = [_row(text) for _, hosts, text in _table() if not hosts]
    return [row.name for row in rows if any("{host}" in shape.canonical for shape in row.shape)]


def read_rows(text: bytes) -> tuple[SiteRow, ...]:
    """The rows of a person's own table. Raises ``BadSites``."""
    from . import site_checks  # here, since most have no table of their own

    return site_checks.read_rows(text, load(), software, _software_for_any_host)


def exact_hosts(sites: Iterable[Site]) -> dict[str, Site]:
    """The site of each host that is written in full; the first of the sites wins."""
    hosts: dict[str, Site] = {}
    for site in sites:
        for host in site.hosts:
            if not host.startswith("{"):
                hosts.setdefault(host, site)
    return hosts


def suffix_hosts(sites: Iterable[Site]) -> dict[str, Site]:
    """The site of each host that begins with a part, by what follows its first dot.

    ``{"bandcamp.com": ...}``: for ``nine.bandcamp.com``, ``read`` is given the label ``nine``. A
    host in full goes before. The first of the sites wins.
    """
    hosts: dict[str, Site] = {}
    for site in sites:
        for host in site.hosts:
            if host.startswith("{"):
                hosts.setdefault(host.partition(".")[2], site)
    return hosts


def remember(rows: Iterable[SiteRow]) -> None:
    """From now on ``label`` and ``shapes`` know these rows of the person's own, and no others."""
    global _own  # one process has one such file, and its words are told anywhere
    _own = tuple(rows)


_own: tuple[SiteRow, ...] = ()


def label(name: str | None) -> str:
    """What people call the site; "" for none."""
    return next((row.label for row in _named(name)), name or "")


def shapes(name: str | None, kind: str | None) -> list[Shape]:
    """The shapes of one kind of thing on a site."""
    return [shape for row in _named(name) for shape in row.shape if shape.kind == kind]


def _named(name: str | None) -> list[SiteRow]:
    """The rows of one site: the person's own, then those of the table.

    A row of their own may be for some hosts of a shipped site.
    """
    own = [row for row in _own if row.name == name]
    return own + [site.row for site in _by_name().get(name or "", ())]


@cache
def _by_name() -> dict[str, list[Site]]:
    by_name: dict[str, list[Site]] = {}
    for site in load():
        by_name.setdefault(site.name, []).append(site)
    return by_name


@cache
def _table() -> list[tuple[str, tuple[str, ...], str]]:
    """Name, hosts and text of each row, which has both before all that is inside the row."""
    with open(_TABLE, encoding="utf-8") as file:
        _, *texts = file.read().split("\n[[site]]\n")
    return [(*_head(text), text) for text in texts]


def _head(text: str) -> tuple[str, tuple[str, ...]]:
    head = {key: (name, hosts) for key, name, hosts in _HEADS.findall(text.partition("\n[")[0])}
    return head["name"][0], tuple(re.findall(r'"([^"]+)"', head["hosts"][1]))


def _row(text: str) -> SiteRow:
    import tomllib  # here, since a hello needs no site

    rows = tomllib.loads("[[site]]\n" + text)["site"]
    row = msgspec.convert(rows[0], SiteRow)
    return completed(row, software(row.like) if row.like else None)
