"""Sites whose URLs tell whose the thing is. What is known of them is in ``sites.toml``."""

import os
import re
from functools import cache
from typing import Any

import msgspec

from .model import Discovery
from .urls import decode_unreserved

_PART = re.compile(r"\{(\w+)\}")
_TABLE = os.path.join(os.path.dirname(__file__), "sites.toml")


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of thing on a site, by the shape of its path. ``sites.toml`` explains the fields."""

    kind: str
    noun: str
    path: str
    canonical: str
    title: str


class SiteRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One site of ``sites.toml``."""

    name: str
    label: str
    hosts: tuple[str, ...]
    shape: tuple[Shape, ...]
    pattern: dict[str, str]
    reserved: dict[str, frozenset[str]] = {}
    case_insensitive: frozenset[str] = frozenset()
    hashbang: bool = False


# msgspec works out a type when it first converts to it, and crashes the process if two threads do
# so at once (0.22, measured). A module is imported by one thread.
msgspec.convert([], list[SiteRow])


class Site:
    """A row that can be asked. Its expressions are compiled when a URL of its length comes by."""

    def __init__(self, row: SiteRow) -> None:
        self.row = row
        self._by_depth: dict[int, list[tuple[re.Pattern[str], Shape]]] = {}

    def read(
        self, url: str, path: str, _query: str | None, fragment: str | None
    ) -> Discovery | None:
        """What a URL of this site stands for; None for its other pages."""
        if self.row.hashbang and path in ("", "/") and fragment and fragment.startswith("!/"):
            path = fragment[1:]
        if path.endswith("/"):
            path = path[:-1]
        if "%" in path:
            path = decode_unreserved(path)
        depth = path.count("/")
        shapes = self._by_depth.get(depth)
        if shapes is None:
            shapes = self._by_depth[depth] = self._compile(depth)
        for expression, shape in shapes:
            match = expression.fullmatch(path)
            if match:
                return self._found(url, shape, match.groupdict())
        return None

    def _found(self, url: str, shape: Shape, parts: dict[str, str]) -> Discovery | None:
        row = self.row
        for part, reserved in row.reserved.items():
            if parts.get(part, "").lower() in reserved:
                return None
        plain = {
            part: text.lower() if part in row.case_insensitive else text
            for part, text in parts.items()
        }
        get = parts.get
        return Discovery(
            url,
            True,
            "site",
            shape.canonical.format_map(plain),
            site=row.name,
            kind=shape.kind,
            owner=get("owner"),
            name=get("name"),
            id=get("id"),
        )

    def _compile(self, depth: int) -> list[tuple[re.Pattern[str], Shape]]:
        return [
            (re.compile(_expression(shape.path, self.row.pattern)), shape)
            for shape in self.row.shape
            if shape.path.count("/") == depth
        ]


def _expression(path: str, patterns: dict[str, str]) -> str:
    """The regular expression of a path such as ``/{owner}/{name}``."""
    literals_and_parts = _PART.split(path)
    return "".join(
        f"(?P<{text}>{patterns[text]})" if position % 2 else re.escape(text)
        for position, text in enumerate(literals_and_parts)
    )


@cache
def load() -> tuple[Site, ...]:
    """Every row of the table, in its order."""
    import tomllib  # here, since a hello needs no site

    with open(_TABLE, "rb") as file:
        rows: list[dict[str, Any]] = tomllib.load(file)["site"]
    return tuple(map(Site, msgspec.convert(rows, list[SiteRow])))


def label(name: str | None) -> str:
    """What people call the site; "" for none."""
    return next((site.row.label for site in load() if site.row.name == name), "")


def shapes(name: str | None, kind: str | None) -> list[Shape]:
    """The shapes of one kind of thing on a site."""
    rows = (site.row for site in load() if site.row.name == name)
    return [shape for row in rows for shape in row.shape if shape.kind == kind]
