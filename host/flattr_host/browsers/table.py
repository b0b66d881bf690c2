"""The table of browsers, ``manifests/browsers.toml``, as values."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

Family = Literal["gecko", "chromium"]
Platform = Literal["linux", "macos", "windows"]


class TableError(Exception):
    """The table cannot be used; the text is a sentence that names the row."""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One browser on one platform. The head of ``browsers.toml`` explains each field."""

    name: str
    family: Family
    platform: Platform
    here: tuple[str, ...]
    known: Literal["run", "documented", "reported"]
    user_dirs: tuple[str, ...] = ()
    registry: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    note: str = ""


def load(path: Path) -> list[Row]:
    """The rows of the table at *path*, in its order.

    Raises :exc:`TableError` if it cannot be read or a row is wrong.
    """
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
    return [_row(number, raw, path) for number, raw in enumerate(rows, 1)]


def resolve(path: str, places: Mapping[str, str]) -> str:
    """*path* of a row with its first part, ``~`` or ``$XDG_CONFIG_HOME``, put in from *places*."""
    token, _, rest = path.partition("/")
    return f"{places[token]}/{rest}" if rest else places[token]


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
    if row.platform == "windows":
        return (
            "" if row.registry and not row.user_dirs else "Windows has `registry`, no `user_dirs`"
        )
    if row.registry or not row.user_dirs:
        return "this platform has `user_dirs`, no `registry`"
    for path in (*row.user_dirs, *row.here):
        if path.partition("/")[0] not in ("~", "$XDG_CONFIG_HOME"):
            return f"{path!r} does not begin with ~/ or $XDG_CONFIG_HOME/"
    return ""


def _which(number: int, raw: Any) -> str:
    name = raw.get("name") if isinstance(raw, dict) else None
    platform = raw.get("platform") if isinstance(raw, dict) else None
    return f"Row {number} ({name or 'without a name'}, {platform or 'without a platform'})"
