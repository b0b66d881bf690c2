"""Reads what is left of a damaged ledger from its bytes, without SQLite, which stops at damage.

Nothing but the pages of the rows themselves is needed: where the trees that lead to them are
broken, pages that look like rows of the ledger are taken for such. Of what has lost its own row, an
index may still have the address, the name, or all of a flattr. Pure: no I/O.
https://www.sqlite.org/fileformat2.html
"""

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

Values: TypeAlias = tuple[Any, ...]
#: A file's bytes, or a memory map of them.
Bytes: TypeAlias = Any

_MAGIC = b"SQLite format 3\0"
_USUAL_SIZE = 4096  # of a page, in every file that SQLite makes since 2016
_LEAF, _INTERIOR = 13, 5  # pages of a table
_INDEX_LEAF, _INDEX_INTERIOR = 10, 2
_INDEX_OF_USERS = "sqlite_autoindex_users_1"
#: How long the header of each kind of page is, in bytes.
_HEADERS = {_LEAF: 8, _INTERIOR: 12, _INDEX_LEAF: 8, _INDEX_INTERIOR: 12}
#: No row of ours is longer, in bytes: six texts of a thing and its address, four bytes a letter.
_MAX_ROW = 64 * 1024
#: Added to the id of a flattr where another has that, from before or after they were put in order.
OTHER_AGE = 2**48
_ADDRESS = re.compile(r"https?://").match
#: In 1987, before all flattrs; other numbers that stand first in an index are smaller.
_LONG_AGO = 2**29
_MONTH = re.compile(r"[1-9]\d{3}-(0[1-9]|1[0-2])", re.ASCII)


class Salvage(NamedTuple):
    """What could be read: the rows of each table by their ids, without the ids.

    Columns that a row has not, because an older version wrote it, are left out at its end.
    What indices have, by the same ids: the ``usernames``; of rows that are lost, ``addresses`` of
    things, ``flattrs`` as thing, user and month, and their ``times``. ``unreadable``: how many rows
    were met that could not be read.
    """

    tables: dict[str, dict[int, Values]]
    addresses: dict[int, str]
    usernames: dict[int, str]
    flattrs: dict[int, tuple[int, int, str]]
    times: dict[int, int]
    unreadable: int


class _Pages:
    """The pages of a file, as the WAL's last commit left them."""

    def __init__(self, main: Bytes, wal: Bytes) -> None:
        self._main, self._wal = main, wal
        self.size = _page_size(main, wal)
        self._in_wal = _committed(wal, self.size)
        self.count = max(-(-len(main) // self.size), *self._in_wal, 0)

    def __getitem__(self, number: int) -> bytes:
        """A page by its number, from 1; filled up with zeros where the file is cut off."""
        at = self._in_wal.get(number)
        source, start = (self._main, (number - 1) * self.size) if at is None else (self._wal, at)
        return bytes(source[start : start + self.size]).ljust(self.size, b"\0")


def salvage(main: Bytes, wal: Bytes) -> Salvage:
    """What can be read of a ledger with these bytes, of its file and of its WAL."""
    pages = _Pages(main, wal)
    tables: dict[str, dict[int, Values]] = {name: {} for name in _SHAPES}
    free = _free_pages(pages)
    seen = set(free)
    unreadable = 0
    roots = _roots(pages, seen)
    for name in _SHAPES:
        for number in _leaves(pages, roots.get(name, 0), seen):
            for rowid, values in _cells(pages, number):
                if values is not None and _SHAPES[name](values):
                    tables[name][rowid] = values
                else:
                    unreadable += 1
    for number in range(2, pages.count + 1):
        if number not in seen and pages[number][0] == _LEAF:
            unreadable += _take_stray(pages, number, tables)
    found = Salvage(tables, {}, {}, {}, {}, unreadable)
    for number in range(2, pages.count + 1):
        if number not in free:
            _take_indexed(_of_index(pages, number), found)
    for number in _tree(pages, roots.get(_INDEX_OF_USERS, 0), set(free)):
        names = (it for it in _of_index(pages, number) if _USERNAME(it))
        found.usernames.update((rowid, name) for name, rowid in names)
    return found


def _of_index(pages: _Pages, number: int) -> Iterator[Values]:
    """What can be read of a page, if it is an index's: some columns, then the id."""
    if pages[number][0] in (_INDEX_LEAF, _INDEX_INTERIOR):
        for _, values in _cells(pages, number):
            if values:
                yield values


def _take_indexed(entries: Iterable[Values], found: Salvage) -> None:
    """Takes what our indices have of rows that are lost; addresses and flattrs never change."""
    things, flattrs = found.tables["things"], found.tables["flattrs"]
    for values in entries:
        rowid = values[-1]
        if _ADDRESSED(values) and _ADDRESS(values[0]):
            if rowid not in things:
                found.addresses.setdefault(rowid, values[0])
        elif rowid in flattrs:
            continue
        elif _ONCE_A_MONTH(values) and _MONTH.fullmatch(values[2]):
            found.flattrs.setdefault(rowid, values[:3])
        elif _TIMED(values) and values[0] > _LONG_AGO:
            found.times.setdefault(rowid, values[0])


def _take_stray(pages: _Pages, number: int, tables: dict[str, dict[int, Values]]) -> int:
    """Takes the rows of a page that no tree leads to; how many of them could not be read.

    It may be an old one, so that it replaces nothing, and gives nobody a right: what was revoked
    or changed must not come back.
    """
    unreadable = 0
    for rowid, values in _cells(pages, number):
        name = values and next((it for it in _STRAYS if _SHAPES[it](values)), None)
        if values is None:
            unreadable += 1
        elif name == "users":
            tables[name].setdefault(rowid, values[:2])
        elif name == "things":
            tables[name].setdefault(rowid, values)
        elif name:
            while tables[name].get(rowid, values) != values:
                rowid += OTHER_AGE  # flattrs are numbered anew by an import that puts them in order
            tables[name][rowid] = values
    return unreadable


def _page_size(main: Bytes, wal: Bytes) -> int:
    found = 0
    if main[:16] == _MAGIC:
        found = int.from_bytes(main[16:18], "big")
    elif len(wal) >= 32 and wal[:3] == b"\x37\x7f\x06":
        found = int.from_bytes(wal[8:12], "big")
    found = 65536 if found == 1 else found
    return found if found in (1 << power for power in range(9, 17)) else _USUAL_SIZE


def _committed(wal: Bytes, size: int) -> dict[int, int]:
    """Where in the WAL each page lies that was committed there."""
    if len(wal) < 32 or int.from_bytes(wal[:4], "big") | 1 != 0x377F0683:
        return {}
    order = ">" if wal[3] & 1 else "<"
    words, salts = struct.Struct(f"{order}{size // 4}I"), wal[16:24]
    sums = _checksum(struct.unpack(f"{order}6I", wal[:24]), (0, 0))
    if sums != struct.unpack(">2I", wal[24:32]):
        return {}
    committed: dict[int, int] = {}
    pending: dict[int, int] = {}
    for at in range(32, len(wal) - size - 23, size + 24):
        number, pages_after = struct.unpack(">2I", wal[at : at + 8])
        sums = _checksum(struct.unpack(f"{order}2I", wal[at : at + 8]), sums)
        sums = _checksum(words.unpack(wal[at + 24 : at + 24 + size]), sums)
        if wal[at + 8 : at + 16] != salts or sums != struct.unpack(">2I", wal[at + 16 : at + 24]):
            break
        pending[number] = at + 24
        if pages_after:
            committed |= pending
            pending.clear()
    return committed


def _checksum(words: tuple[int, ...], sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    for at in range(0, len(words), 2):
        first = (first + words[at] + second) & 0xFFFFFFFF
        second = (second + words[at + 1] + first) & 0xFFFFFFFF
    return first, second


def _free_pages(pages: _Pages) -> set[int]:
    """The pages that hold nothing any more, as far as the list of them can be read."""
    free: set[int] = set()
    first = pages[1]
    trunk = int.from_bytes(first[32:36], "big") if first[:16] == _MAGIC else 0
    while 1 < trunk <= pages.count and trunk not in free:
        page = pages[trunk]
        free.add(trunk)
        trunk, count = struct.unpack(">2I", page[:8])
        leaves = page[8 : 8 + 4 * min(count, pages.size // 4 - 2)]
        free.update(number for (number,) in struct.iter_unpack(">I", leaves))
    return free


def _roots(pages: _Pages, seen: set[int]) -> dict[str, int]:
    """Where the tree of each table and index begins, as far as the schema can be read."""
    roots: dict[str, int] = {}
    for number in _leaves(pages, 1, seen):
        for _, values in _cells(pages, number):
            if values and len(values) == 5 and _is(values[1], str) and _is(values[3], int):
                roots[values[1]] = values[3]
    return roots


def _leaves(pages: _Pages, root: int, seen: set[int]) -> Iterator[int]:
    """The leaves of a table's tree, in their order; all that was met of it goes into ``seen``."""
    for number in _tree(pages, root, seen):
        if pages[number][100 if number == 1 else 0] == _LEAF:
            yield number


def _tree(pages: _Pages, root: int, seen: set[int]) -> Iterator[int]:
    """The pages of a tree, which go into ``seen``."""
    below = [root]
    while below:
        number = below.pop()
        if not 1 <= number <= pages.count or number in seen:
            continue
        page, start = pages[number], 100 if number == 1 else 0
        kind = page[start]
        if kind in _HEADERS:
            seen.add(number)
            yield number
        if kind in (_INTERIOR, _INDEX_INTERIOR):
            pointers = [page[at : at + 4] for at in _cell_places(page, start)]
            last = page[start + 8 : start + 12]
            below += [int.from_bytes(it, "big") for it in reversed([*pointers, last])]


def _cell_places(page: bytes, start: int) -> list[int]:
    """Where the cells of a page begin. Those that would be outside of it are left out."""
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    first = start + _HEADERS.get(page[start], 8)
    listed = page[first : first + 2 * min(count, (len(page) - first) // 2)]
    places = (int.from_bytes(listed[at : at + 2], "big") for at in range(0, len(listed), 2))
    return [place for place in places if first + len(listed) <= place < len(page)]


def _cells(pages: _Pages, number: int) -> Iterator[tuple[int, Values | None]]:
    """The id and the values of each row on a page, None where they cannot be read.

    Those of an index have their id as their last value.
    """
    page, start = pages[number], 100 if number == 1 else 0
    is_table = page[start] == _LEAF
    usable = pages.size
    most = usable - 35 if is_table else (usable - 12) * 64 // 255 - 23
    for place in _cell_places(page, start):
        rowid = 0
        try:
            length, at = _varint(page, place + (4 if page[start] == _INDEX_INTERIOR else 0))
            if is_table:
                rowid, at = _varint(page, at)
            values = _record(_payload(pages, page, at, length, most))
        except (IndexError, ValueError, struct.error):  # with UnicodeDecodeError
            values = None
        yield rowid, values


def _payload(pages: _Pages, page: bytes, at: int, length: int, most: int) -> bytes:
    """The bytes of a row, of which one with more than ``most`` continues on other pages."""
    if not 0 <= length <= _MAX_ROW:
        raise ValueError
    local = length
    if length > most:
        least = (pages.size - 12) * 32 // 255 - 23
        local = least + (length - least) % (pages.size - 4)
        local = local if local <= most else least
    payload = page[at : at + local]
    following = page[at + local : at + local + 4] if local < length else b""
    while len(payload) < length:
        number = int.from_bytes(following, "big")
        if not 1 < number <= pages.count:
            raise ValueError
        following, more = pages[number][:4], pages[number][4:]
        payload += more[: length - len(payload)]
    return payload


def _record(payload: bytes) -> Values:
    end, at = _varint(payload, 0)
    body, values = end, []
    while at < end:
        kind, at = _varint(payload, at)
        value, body = _value(payload, kind, body)
        values.append(value)
    if body != len(payload):
        raise ValueError
    return tuple(values)


def _value(payload: bytes, kind: int, at: int) -> tuple[object, int]:
    """A column's value of one of SQLite's serial types, and where the next one begins."""
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    if kind <= 6:
        length = (1, 2, 3, 4, 6, 8)[kind - 1]
    elif kind >= 13 and kind % 2:
        length = (kind - 13) // 2
    else:
        raise ValueError  # a fraction or a blob: there are none in a ledger
    part = payload[at : at + length]
    if len(part) < length:
        raise ValueError
    if kind <= 6:
        return int.from_bytes(part, "big", signed=True), at + length
    return part.decode(), at + length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for _ in range(8):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    value = value << 8 | data[at]
    return value - (1 << 64 if value >> 63 else 0), at + 1


def _is(value: object, *kinds: type) -> bool:
    return isinstance(value, kinds)


_NONE = type(None)


def _shape(*columns: tuple[type, ...], least: int) -> Callable[[Values], bool]:
    """Whether values are a row of these columns, or of the first ``least`` or more of them."""

    def fits(values: Values) -> bool:
        return least <= len(values) <= len(columns) and all(map(_is_one_of, values, columns))

    return fits


def _is_one_of(value: object, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds)


_ID, _TEXT, _INT = (_NONE,), (str,), (int,)
_OR_TEXT, _OR_INT = (str, _NONE), (int, _NONE)
_is_user = _shape(_ID, _TEXT, _OR_TEXT, _OR_INT, _INT, _OR_INT, _INT, least=2)
_is_thing = _shape(_ID, *[_TEXT] * 6, _INT, _OR_INT, *[_INT] * 4, least=10)
_is_flattr = _shape(_ID, _INT, _INT, _INT, _TEXT, _INT, least=6)
_is_old_flattr = _shape(_ID, _INT, _INT, _TEXT, _INT, least=5)


def _is_flattr_of_any_version(values: Values) -> bool:
    if not (_is_flattr(values) or _is_old_flattr(values)):
        return False
    return bool(_MONTH.fullmatch(values[-2]))


#: The tables of the ledger, and which values are rows of them; see schema/*.sql.
_SHAPES: dict[str, Callable[[Values], bool]] = {
    "users": _is_user,
    "things": _is_thing,
    "flattrs": _is_flattr_of_any_version,
    "apps": _shape(_ID, _TEXT, _TEXT, _OR_TEXT, _TEXT, _INT, least=6),
    "tokens": _shape(_ID, _TEXT, _INT, _OR_INT, _TEXT, _INT, _OR_INT, least=7),
}
#: What stands in indices: a username or a URL; what makes a flattr one; when it was made, of what.
_USERNAME = _ADDRESSED = _shape(_TEXT, _INT, least=2)
_ONCE_A_MONTH = _shape(_INT, _INT, _TEXT, _INT, least=4)
_TIMED = _shape(_INT, _INT, _INT, least=3)

_STRAYS = ("flattrs", "things", "users")
