"""One direction of knowledge: each room imports only what docs/architecture.md lets it know."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "host" / "flattr_host"

COMMON = {"paths", "settings", "log"}
KNOWS = {
    "api": set[str](),
    "discovery": set[str](),
    "undo": set[str](),
    "paths": set[str](),
    "log": {"paths"},
    "files": set[str](),
    "settings": {"paths", "api", "files"},
    "own_sites": {"discovery", "paths", "settings"},
    "backend": {"api"},
    "connections": set[str](),
    "database": {"api", "files"},
    "examining": {"database"},
    "ledger": {"api", "connections", "database", "discovery", "examining", "files", "log"},
    "linked_page": {"api", "discovery"},
    "outbox": {"api", "database", "examining"},
    "flattring": {"api", "backend", "discovery", "linked_page", "outbox", "undo"},
    "account": {"api", "connections", "files", "undo"} | COMMON,
    "native": (
        {"account", "api", "backend", "discovery", "flattring", "ledger", "linked_page", "outbox"}
        | {"own_sites", "undo"}
        | COMMON
    ),
    "browsers": {"files", "paths"},
    "cli": (
        {"account", "api", "browsers", "discovery", "examining", "files", "ledger", "native"}
        | {"outbox", "own_sites", "undo"}
        | COMMON
    ),
}


def rooms_imported_by(file: Path) -> set[str]:
    """The rooms that a module names in its imports, wherever in it they stand."""
    depth = len(file.relative_to(PACKAGE).parts)
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            named = [node.module] if node.module else [alias.name for alias in node.names]
            rooms |= {name.split(".")[0] for name in named}
    return rooms - {"__version__"}


@pytest.mark.parametrize("room", KNOWS)
def test_a_room_knows_only_those_below_it(room: str) -> None:
    folder = PACKAGE / room
    files = list(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]
    imported = set[str]().union(*map(rooms_imported_by, files))
    assert imported <= KNOWS[room]


def test_every_room_is_listed() -> None:
    found = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith(("_", "py.typed"))}
    assert found == set(KNOWS)
