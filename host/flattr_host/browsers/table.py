"""The table of browsers, ``manifests/browsers.toml`` and a person's own rows, as values."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

Family = Literal["gecko", "chromium"]
Platform = Literal["linux", "bsd", "macos", "windows"]

#: What a path of a row may begin with, besides "/".
TOKENS = ("~", "$XDG_CONFIG_HOME", "$PROGRAMFILES")


class TableError(Exception):
    """The table cannot be used; the text is a sentence that names the row."""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One browser on one platform. The head of ``browsers.toml`` explains each field."""

    name: str
    family: Family
    platform: Platform
    known: Literal["run", "documented", "reported"]
    here: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    user_dirs: tuple[str, ...] = ()
    system_dirs: tuple[str, ...] = ()
    registry: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    confinement: str = ""
    app: str = ""
    note: str = ""


class Confinement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser in a sandbox needs. The head of ``browsers.toml`` explains each field."""

    says: str
    command: str = ""
    needs: tuple[str, ...] = ()
    override: tuple[str, str] | None = None
    asks: bool = False


class Table(msgspec.Struct, frozen=True):
    """The rows, in the files' order, and the sandboxes that they name."""

    rows: tuple[Row, ...]
    confinements: Mapping[str, Confinement] = {}

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


def load(path: Path, own: Path | None = None) -> Table:
    """The table at *path*, and the person's *own* rows if that file is there.

    An own row stands in the place of one with its name and platform. Raises :exc:`TableError` if a
    file cannot be read or a row is wrong.
    """
    rows, confinements = _read(path)
    if own is not None and own.exists():
        more, more_confinements = _read(own)
        mine = {(row.name, row.platform) for row in more}
        rows = [row for row in rows if (row.name, row.platform) not in mine] + more
        confinements |= more_confinements
    for number, row in enumerate(rows, 1):
        if row.confinement and row.confinement not in confinements:
            raise TableError(
                f"Row {number} ({row.name}) is wrong: there is no [confinement.{row.confinement}]."
            )
    return Table(tuple(rows), confinements)


def resolve(path: str, places: Mapping[str, str]) -> str:
    """*path* of a row with its first part put in from *places*, if that is one of ``TOKENS``."""
    token, _, rest = path.partition("/")
    if token not in places:
        return path
    return f"{places[token]}/{rest}" if rest else places[token]


def _read(path: Path) -> tuple[list[Row], dict[str, Confinement]]:
    try:
        document = msgspec.toml.decode(path.read_bytes())
    except OSError as error:
        raise TableError(
            f"The table of browsers {path} cannot be read: {error.strerror}."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TableError(f"The table of browsers {path} is not valid TOML: {error}") from error
    rows = document.get("browser") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise TableError(f"The table of browsers {path} has no [[browser]] rows.")
    try:
        confinements = msgspec.convert(document.get("confinement", {}), dict[str, Confinement])
    except msgspec.ValidationError as error:
        raise TableError(f"A [confinement.…] of {path} is wrong: {error}.") from error
    return [_row(number, raw, path) for number, raw in enumerate(rows, 1)], confinements


def _row(number: int, raw: Any, path: Path) -> Row:
    try:
        row = msgspec.convert(raw, Row)
    except msgspec.ValidationError as error:
        raise TableError(f"{_which(number, raw)} of {path} is wrong: {error}.") from error
    wrong = _mistake(row)
    if wrong:
        raise TableError(f"{_which(number, raw)} of {path} is wrong: {wrong}.")
    return row


def _mistake(row: Row) -> str:
    """What the types of the fields cannot say; empty if the row is right."""
    if not row.here and not row.programs:
        return "without `here` or `programs` nobody can tell whether this browser is here"
    if bool(row.confinement) != bool(row.app):
        return "`confinement` and `app` go together"
    for path in (*row.user_dirs, *row.system_dirs, *row.here):
        if not path.startswith("/") and path.partition("/")[0] not in TOKENS:
            return f"{path!r} does not begin with {', '.join(f'{token}/' for token in TOKENS)} or /"
    if row.platform == "windows":
        return "" if row.registry and not _folders(row) else "Windows has `registry`, no folders"
    if row.registry or not (_folders(row) or row.confinement):
        return "this platform has `user_dirs` or `system_dirs`, no `registry`"
    return ""


def _folders(row: Row) -> bool:
    return bool(row.user_dirs or row.system_dirs)


def _which(number: int, raw: Any) -> str:
    name = raw.get("name") if isinstance(raw, dict) else None
    platform = raw.get("platform") if isinstance(raw, dict) else None
    return f"Row {number} ({name or 'without a name'}, {platform or 'without a platform'})"
