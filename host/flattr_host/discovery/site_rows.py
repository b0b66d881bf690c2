"""The rows of a table of sites, as ``sites.toml`` explains them."""

import re
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace as changed

#: A part in a template, as ``{name}``; or, as ``{name...}``, one of several segments of the path.
PART = re.compile(r"\{(\w+)(\.\.\.)?\}")


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of thing on a site, by the shape of its URL. ``sites.toml`` explains the fields."""

    kind: str
    noun: str
    path: str
    canonical: str
    title: str
    query: dict[str, str] = {}
    owner: str | None = None
    name: str | None = None
    id: str | None = None
    pages: bool = False
    page_parameters: frozenset[str] = frozenset()


class SiteRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One site; with no hosts, software that others are ``like``."""

    hosts: tuple[str, ...]
    name: str = ""
    label: str = ""
    like: str = ""
    shape: tuple[Shape, ...] = ()
    pattern: dict[str, str] = {}
    reserved: dict[str, frozenset[str]] = {}
    replace: dict[str, tuple[tuple[str, str], ...]] = {}
    case_insensitive: frozenset[str] = frozenset()
    capitalized: frozenset[str] = frozenset()
    hashbang: bool = False


# msgspec works out a type when it first converts to it, and crashes the process if two threads do
# so at once (0.22, measured). A module is imported by one thread.
msgspec.convert([], list[SiteRow])


class BadSites(Exception):
    """A table of sites cannot be used; ``str()`` says where and why, as "line 12: ..."."""


def host_part(host: str) -> tuple[str, str] | None:
    """The part with which a host begins, and what follows its dot; None for a host in full."""
    part = PART.match(host)
    return (part[1], host[part.end() + 1 :]) if part else None


def parts_of(template: str) -> list[str]:
    """The names of the parts in a template."""
    return [name for name, _ in PART.findall(template)]


def completed(row: SiteRow, software: SiteRow | None) -> SiteRow:
    """``row`` with all that it did not say: from the software that it is like, else from its host.

    What both say of a part, the row itself is right about; reserved words are added up.
    """
    first = row.hosts[0] if row.hosts else ""
    if software:
        reserved = {
            part: row.reserved.get(part, frozenset()) | software.reserved.get(part, frozenset())
            for part in {*row.reserved, *software.reserved}
        }
        row = changed(
            row,
            shape=row.shape + software.shape,
            pattern=software.pattern | row.pattern,
            reserved=reserved,
            replace=software.replace | row.replace,
            case_insensitive=row.case_insensitive | software.case_insensitive,
            capitalized=row.capitalized | software.capitalized,
            hashbang=row.hashbang or software.hashbang,
        )
    name = row.name or next(_hosts_in_full(row), "")
    shapes = tuple(
        changed(shape, canonical=shape.canonical.replace("{host}", first)) if first else shape
        for shape in row.shape
    )
    return changed(row, name=name, label=row.label or name, shape=shapes)


def _hosts_in_full(row: SiteRow) -> Iterator[str]:
    for host in row.hosts:
        part = host_part(host)
        yield part[1] if part else host
