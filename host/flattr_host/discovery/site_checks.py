"""A person's own table of sites: read, and each mistake in it told with its line."""

import codecs
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard

import msgspec
from msgspec.structs import replace as changed

from .site_patterns import MAX_REPETITIONS, can_match_a_slash, repetitions, why_slow
from .site_rows import PART, BadSites, Shape, SiteRow, completed, host_part, parts_of

if TYPE_CHECKING:  # it imports this module
    from .sites import Site

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:\{{\w+\}}\.)?{_LABEL}(?:\.{_LABEL})*")
_NAME = re.compile(r"[a-z0-9.-]{1,64}")
_HEADER = re.compile(r"^[ \t]*\[\[?[ \t]*site[ \t.]*(\w*)[ \t]*\]\]?", re.MULTILINE)
_AT = re.compile(r"\$(?:\.(\w+))?(?:\[(\d+)\])?(?:\.(\w+))?")
#: What is told of an owner; a title can be made of nothing else.
_TOLD = ("owner", "name", "id")

_SHOULD_BE = {
    "hosts": 'a list of hosts, as ["git.example.org"]',
    "shape": "made of [[site.shape]]",
    "pattern": 'a table of expressions, as owner = "[a-z]+"',
    "reserved": 'a table of lists, as owner = ["about", "login"]',
    "replace": 'a table of lists of pairs, as name = [["_", "-"]]',
    "case_insensitive": 'a list of parts, as ["owner"]',
    "capitalized": 'a list of parts, as ["name"]',
    "hashbang": "true or false",
    "pages": "true or false",
    "page_parameters": 'a list of parameters, as ["page_id"]',
    "query": 'a table of parameters and parts, as { v = "id" }',
}


def read_rows(
    text: bytes,
    shipped: Sequence["Site"],
    software: Callable[[str], SiteRow | None],
    software_names: Callable[[], list[str]],
) -> tuple[SiteRow, ...]:
    """The rows with hosts, complete. Raises ``BadSites``.

    ``software`` finds the shipped row without hosts that a row says it is like; rows without hosts
    of the table itself go before. ``software_names`` gives those to choose from.
    """
    table = _Table(text)
    rows = [table.row(number) for number in range(len(table.rows))]
    own_software = {row.name: row for row in rows if not row.hosts}
    complete: list[SiteRow] = []
    for number, row in enumerate(rows):
        _check_patterns(table, number, row)
        _check_reserved(table, number, row)
        like = own_software.get(row.like) or (software(row.like) if row.like else None)
        if row.like and (like is None or like is row):
            names = ", ".join(sorted({*software_names(), *own_software} - {row.name}))
            why = f'there is no software "{row.like}" to be like; there is {names}'
            table.refuse(why, number, field="like")
        if row.hosts:
            whole = completed(_labelled(row, shipped), like)
            _check_row(table, number, whole, shipped)
            _check_parts(table, number, row, whole)
            _check_apart(table, number, whole, complete, shipped)
            complete.append(whole)
    return tuple(complete)


def _labelled(row: SiteRow, shipped: Iterable["Site"]) -> SiteRow:
    """``row`` with the label of the shipped site whose hosts it has, unless it has one itself."""
    theirs = (site for site in shipped if not row.label and set(row.hosts) <= set(site.hosts))
    site = next(theirs, None)
    return changed(row, label=site.row.label) if site else row


class _Table:
    """The text, what TOML makes of it, and where each thing stands in it."""

    def __init__(self, text: bytes) -> None:
        import tomllib

        try:
            self.text = text.removeprefix(codecs.BOM_UTF8).decode()
            values = tomllib.loads(self.text)
        except UnicodeDecodeError as error:
            line = text[: error.start].count(b"\n") + 1
            raise BadSites(f"line {line}: this is not UTF-8 text.") from None
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise BadSites(_as_sentence(str(error))) from None
        for key in values:
            if key != "site":
                raise BadSites(
                    f"line {self._line_after(0, key)}: the file has [[site]] rows and nothing"
                    f' else, but here is "{key}".'
                )
        rows = values.get("site", [])
        if not _is_tables(rows):
            raise BadSites(f"line {self._line_after(0, 'site')}: a site begins with [[site]].")
        self.rows = rows

    def row(self, number: int) -> SiteRow:
        """One row as it stands there."""
        try:
            row = msgspec.convert(self.rows[number], SiteRow)
        except msgspec.ValidationError as error:
            self._refuse_value(number, str(error))
        if not row.hosts and not row.name:
            self.refuse("it has no hosts, and no name for others to be like", number)
        return row

    def refuse(
        self, why: str, number: int, shape: int | None = None, field: str | None = None
    ) -> NoReturn:
        """Raises ``BadSites`` with the line of a row, of a shape in it, or of a field of theirs."""
        raise BadSites(f"line {self._line(number, shape, field)}: {why}.")

    def _refuse_value(self, number: int, error: str) -> NoReturn:
        """Says in people's words what msgspec found wrong with a row."""
        place = _AT.search(error)
        outer, index, inner = place.groups() if place else (None, None, None)
        shape = int(index) if outer == "shape" and index else None
        in_shape = shape is not None
        what = "[[site.shape]]" if in_shape else "[[site]]"
        field = re.search(r"field `(\w+)`", error)
        if field and "unknown" in error:
            self.refuse(f'a {what} has no field "{field[1]}"', number, shape, field[1])
        if field and "missing" in error:
            self.refuse(f'this {what} has no "{field[1]}"', number, shape)
        wrong = (inner if in_shape else outer) or ""
        should_be = _SHOULD_BE.get(wrong, 'text in quotation marks, as "text"')
        self.refuse(f'"{wrong}" should be {should_be}', number, shape, wrong)

    def _line(self, number: int, shape: int | None, field: str | None) -> int:
        """The line; that of the header where the field is not found, 1 where there is neither."""
        headers = list(_HEADER.finditer(self.text))
        sites = [header for header in headers if not header[1]]
        if number >= len(sites):
            return 1
        after = sites[number + 1].start() if number + 1 < len(sites) else len(self.text)
        inside = [header for header in headers if sites[number].start() < header.start() < after]
        begin, end = sites[number], after
        if shape is not None:
            shapes = [header for header in inside if header[1] == "shape"]
            if shape < len(shapes):
                begin = shapes[shape]
                end = min((h.start() for h in inside if h.start() > begin.start()), default=after)
        return self._line_after(begin.start(), field, end)

    def _line_after(self, begin: int, field: str | None, end: int | None = None) -> int:
        if field:
            place = re.compile(
                rf"^[ \t]*(?:\[site\.)?[\"']?{re.escape(field)}\b", re.MULTILINE
            ).search(self.text, begin, len(self.text) if end is None else end)
            begin = place.start() if place else begin
        return self.text.count("\n", 0, begin) + 1


def _is_tables(value: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _as_sentence(error: str) -> str:
    """What tomllib says, with the line in front: "Invalid value (at line 1, column 2)"."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", error)
    if not found:
        return f"line 1: {error}."
    if not found[2]:
        return f"the end of the file: {found[1]}."
    hint = "; text stands in quotation marks" if found[1] == "Invalid value" else ""
    return f"line {found[2]}: {found[1]}, at column {found[3]}{hint}."


def _check_row(table: _Table, number: int, row: SiteRow, shipped: Iterable["Site"]) -> None:
    for host in row.hosts:
        if not _HOST.fullmatch(host):
            table.refuse(f'"{host}" is no host; {_how_to_write(host)}', number, field="hosts")
    if not _NAME.fullmatch(row.name):
        table.refuse(
            f'the name "{row.name}" should be of lower-case letters, digits, "." and "-"',
            number,
            field="name",
        )
    theirs = _hosts_of(row.name, shipped)
    if theirs and not theirs.issuperset(row.hosts):
        table.refuse(
            f'"{row.name}" is the name of another site, whose owners would be taken for those of'
            " this one; choose another name, or leave it out, and it is the host",
            number,
            field="name",
        )
    if not row.shape:
        table.refuse("this [[site]] has no [[site.shape]], nor is it like any software", number)
    for index, shape in enumerate(row.shape):
        _check_shape(table, number, index, row, shape)
        _check_canonical_host(table, number, index, shape, {*row.hosts, *theirs})


def _how_to_write(host: str) -> str:
    if host.isascii():
        return 'it is written as "git.example.org", in lower case, without https://, port and path'
    from .urls import ascii_name  # it needs a table of all letters

    name = ascii_name(host.lower())
    return f'it is written as "{name}"' if name else "no address can have it"


def _hosts_of(name: str, shipped: Iterable["Site"]) -> set[str]:
    """The hosts of a shipped site; empty where none has this name."""
    return {host for site in shipped if site.name == name for host in site.hosts}


def _check_apart(
    table: _Table, number: int, row: SiteRow, before: Iterable[SiteRow], shipped: Iterable["Site"]
) -> None:
    """Whether the row has neither a host nor, so that owners stay apart, the name of another."""
    hosts = {PART.sub("{}", host) for host in row.hosts}
    for other in before:
        for host in other.hosts:
            if PART.sub("{}", host) in hosts:
                table.refuse(f'"{host}" is a host of another row above', number, field="hosts")
        if other.name == row.name and not _hosts_of(row.name, shipped):
            table.refuse(
                f'"{row.name}" is the name of another row above, whose owners would be taken for'
                " those of this one; choose another name, or leave it out, and it is the host",
                number,
                field="name",
            )


def _check_reserved(table: _Table, number: int, row: SiteRow) -> None:
    for part, words in row.reserved.items():
        for word in sorted(words):
            if word != word.lower():
                why = f'the reserved word "{word}" should be in lower case; it counts in any case'
                table.refuse(why, number, field=part)


def _check_parts(table: _Table, number: int, row: SiteRow, whole: SiteRow) -> None:
    """Whether all that ``row`` says is of parts that its URLs have."""
    known = {part[0] for part in map(host_part, whole.hosts) if part}
    for shape in whole.shape:
        known |= {*parts_of(shape.path), *shape.query.values()}
    told = [
        (part, part) for of_parts in (row.pattern, row.reserved, row.replace) for part in of_parts
    ]
    told += [(part, "case_insensitive") for part in sorted(row.case_insensitive)]
    told += [(part, "capitalized") for part in sorted(row.capitalized)]
    for part, field in told:
        if part not in known:
            names = ", ".join(sorted(known)) or "none"
            why = f'no address of this row has a part "{part}"; its parts are: {names}'
            table.refuse(why, number, field=field)


def _check_canonical_host(
    table: _Table, number: int, index: int, shape: Shape, hosts: Iterable[str]
) -> None:
    host = shape.canonical.partition("://")[2].partition("/")[0]
    if PART.sub("{}", host) not in {PART.sub("{}", one) for one in hosts}:
        why = f'canonical is on the host "{host}", which is none of this row'
        table.refuse(why, number, index, "canonical")


def _check_shape(table: _Table, number: int, index: int, row: SiteRow, shape: Shape) -> None:
    """Whether every part has a pattern, and templates are made of parts that the URL has."""
    in_hosts = [part[0] for part in map(host_part, row.hosts) if part]
    in_path = parts_of(shape.path)
    _check_path(table, number, index, shape, [*in_hosts, *shape.query.values()])
    in_every_host = set(in_hosts[:1]) if in_hosts == in_hosts[:1] * len(row.hosts) else set()
    known = {*in_path, *shape.query.values(), *in_every_host}
    for part in sorted((known | set(in_hosts)) - row.pattern.keys()):
        field = "path" if part in in_path else "hosts" if part in in_hosts else "query"
        in_shape = None if field == "hosts" else index
        table.refuse(f'the part "{part}" has no pattern', number, in_shape, field)
    for parts in map(parts_of, shape.path.split("/")):
        together = sum(repetitions(row.pattern[part]) for part in parts)
        if len(parts) > 1 and together > MAX_REPETITIONS:
            why = "the patterns of one segment's parts have more than two repetitions together"
            table.refuse(why, number, index, "path")
    told = {name: getattr(shape, name) for name in _TOLD if getattr(shape, name) is not None}
    for field, template in {"canonical": shape.canonical, **told}.items():
        _check_template(table, number, index, field, template, known)
    can_tell = {name for name in _TOLD if name in known or name in told}
    _check_template(table, number, index, "title", shape.title, can_tell)
    if shape.page_parameters and not shape.pages:
        why = "page_parameters is for a shape with pages = true"
        table.refuse(why, number, index, "page_parameters")
    if not re.match(r"https?://[^/]", shape.canonical):
        table.refuse("canonical should begin with https://", number, index, "canonical")


def _check_path(table: _Table, number: int, index: int, shape: Shape, elsewhere: list[str]) -> None:
    parts = parts_of(shape.path)
    if not shape.path.startswith("/"):
        table.refuse('the path should begin with "/"', number, index, "path")
    if re.search(
        r"[{}]|^\d", re.sub(r"\{[A-Za-z_]\w*(?:\.\.\.)?\}", "", shape.path, flags=re.ASCII)
    ):
        table.refuse("a part is written as {name}, or as {name...}", number, index, "path")
    if any(segment.count("{") > 2 for segment in shape.path.split("/")):
        table.refuse("one segment of the path has more than two parts", number, index, "path")
    if len(parts) != len(set(parts)) or set(parts) & set(elsewhere):
        table.refuse("a part stands twice in a URL of this shape", number, index, "path")


def _check_template(
    table: _Table, number: int, index: int, field: str, template: str, known: set[str]
) -> None:
    unknown = [part for part in parts_of(template) if part not in known]
    if unknown:
        can = ", ".join(sorted(known)) or "nothing"
        table.refuse(
            f'{field} names "{unknown[0]}", which this URL does not tell; it tells {can}',
            number,
            index,
            field,
        )
    if re.search(r"[{}]", re.sub(r"\{\w+\}", "", template)):
        table.refuse("a part is written as {name}", number, index, field)


def _check_patterns(table: _Table, number: int, row: SiteRow) -> None:
    for part, pattern in row.pattern.items():
        _check_pattern(table, number, part, pattern)
        if can_match_a_slash(pattern):
            table.refuse(
                f'the pattern of "{part}" can match "/", but a part is within one segment;'
                " write [^/] for any other character",
                number,
                field=part,
            )
    for part, pairs in row.replace.items():
        for old, new in pairs:
            _check_pattern(table, number, part, old)
            try:
                re.sub(old, new, "")
            except (re.error, IndexError) as error:
                table.refuse(f'what "{part}" is replaced by is wrong: {error}', number, field=part)


def _check_pattern(table: _Table, number: int, part: str, pattern: str) -> None:
    try:
        with warnings.catch_warnings():  # of sets in sets, which a later Python reads otherwise
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        table.refuse(
            f'the pattern of "{part}" is no regular expression: {error}', number, field=part
        )
    why = why_slow(pattern)
    if why:
        table.refuse(f'the pattern of "{part}" {why}', number, field=part)
