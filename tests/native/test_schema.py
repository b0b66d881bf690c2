"""The extension's types of messages and the host's are the same, as ``tsc`` sees it.

``typescript.py`` makes types of the host's msgspec Structs, and ``schema_check.ts`` holds those of
``extension/conversation/messages.js`` against them: each request is one that the host takes, each
answer is what the extension takes it for, and neither side knows a request, nor the extension a
field, that the other does not. Lengths and ranges are no types; they are bounded in
``conversation/hints.js``, which tests of its own hold against the frame.
"""

import copy
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from . import typescript
from .typescript import Schema

HERE = Path(__file__).parent
TESTS = HERE.parent
TSC = TESTS / "node_modules" / ".bin" / "tsc"
CONVERSATION = TESTS.parent / "extension" / "conversation"

TAKEN = typescript.schema_of(typescript.REQUESTS)
GIVEN = typescript.schema_of(kind for kinds in typescript.answers().values() for kind in kinds)


def types_of_the_host(taken: Schema, given: Schema) -> list[str]:
    omits = typescript.omitting_defaults()
    answers = typescript.answers().items()
    return [
        "namespace Takes {",
        typescript.what_is_taken(taken),
        _union("Request", [name for name in taken if _tag(taken[name])]),
        "}",
        "namespace Gives {",
        typescript.what_is_given(given, omits),
        *(_union(f"Any{name}", [kind.__name__ for kind in kinds]) for name, kinds in answers),
        "}",
    ]


def _union(name: str, kinds: list[str]) -> str:
    return f"  export type {name} = {' | '.join(kinds)};"


def _tag(struct: Any) -> str | None:
    """The type of a request; None for what is only a part of one."""
    tag: str | None = struct["properties"].get("type", {}).get("enum", [None])[0]
    return tag


def _is_taken(name: str, tag: str) -> str:
    return f'export const asks_{tag} = (request: Sent<"{tag}">): Takes.{name} => request;'


def write_check(folder: Path, taken: Schema = TAKEN, given: Schema = GIVEN) -> Path:
    """The check in a folder of its own, beside a copy of the extension's side, which it gives."""
    checks = [_is_taken(name, tag) for name, it in taken.items() if (tag := _tag(it))]
    lines = [
        'import * as Ext from "./conversation/messages.js";',
        *types_of_the_host(taken, given),
        (HERE / "schema_check.ts").read_text(),
        *checks,
    ]
    extension = Path(shutil.copytree(CONVERSATION, folder / "conversation"))
    (folder / "check.ts").write_text("\n".join(lines))
    return extension


def complaints(root: Path) -> dict[str, dict[str, str]]:
    """What ``tsc`` finds wrong in each folder, by the name of the line in its check."""
    if not TSC.exists():
        sentence = "no TypeScript here: npm --prefix tests ci"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)
    config = {"extends": str(TESTS / "tsconfig.json"), "include": ["*/check.ts"]}
    (root / "tsconfig.json").write_text(json.dumps(config))
    command = [str(TSC), "--project", str(root), "--pretty", "false"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    error = re.compile(r"^(.+)/check\.ts\((\d+),\d+\): (.*(?:\n .*)*)", re.MULTILINE)
    found: dict[str, dict[str, str]] = {}
    for folder, number, words in error.findall(done.stdout):
        line = (root / folder / "check.ts").read_text().splitlines()[int(number) - 1]
        named = re.match(r"export const (\w+)", line)
        found.setdefault(folder, {})[named[1] if named else line] = words
    assert bool(found) == bool(done.returncode), done.stdout + done.stderr
    return found


def test_both_sides_say_the_same(tmp_path: Path) -> None:
    write_check(tmp_path / "as it is")
    assert complaints(tmp_path) == {}


class Slip(NamedTuple):
    """Something written wrong in the extension, and the lines of the check that then fail."""

    right: str
    wrong: str
    fails: set[str]


SLIPS = {
    "a field of a request that the host does not know": Slip(
        "{true} [ask] ", "{true} [asks] ", {"asked_fields"}
    ),
    "a field of a part of one": Slip(
        "{boolean} means", "{boolean} mean", {"asked_fields", "settings_fields", "is_settings"}
    ),
    "a field of the hints": Slip("{string} rel ", "{string} relation ", {"asked_fields"}),
    "a field of another type": Slip(
        "@property {number} thing", "@property {string} thing", {"asks_flattrers"}
    ),
    "a field that is left out": Slip(
        '{"connect"} type\n * @property {string} api_url',
        '{"connect"} type\n * @property {string} [api_url]',
        {"asks_connect"},
    ),
    "a request that is not known": Slip(
        '{"image"} type', '{"picture"} type', {"known_types", "sent_types"}
    ),
    "a request that nothing makes": Slip(
        "export function image(", "function image(", {"made_types"}
    ),
    "a request that is not listed": Slip(
        "ImageRequest\n *   |", "", {"made_requests", "sent_types"}
    ),
    "a field of an answer that is no more": Slip(
        "{string} [host_version] of `hello`", "{string} [version] of `hello`", {"done_fields"}
    ),
    "a field of an entry that is no more": Slip(
        "{number} asked_at", "{number} [wished_at]", {"status_fields", "failure_fields"}
    ),
    "an answer of another type": Slip("{string[]} [features]", "{string} [features]", {"is_done"}),
    "a state that is not known": Slip(
        '| "refused" | "interrupted"', '| "refused"', {"is_status", "is_failure"}
    ),
    "what may be null": Slip(
        '| "file" | null} token_place', '| "file"} token_place', {"is_account"}
    ),
}


def test_a_slip_on_either_side_is_found(tmp_path: Path) -> None:
    for name, (right, wrong, _) in SLIPS.items():
        extension = write_check(tmp_path / name)
        texts = {file: file.read_text() for file in extension.glob("*.js")}
        (file,) = (file for file, text in texts.items() if text.count(right) == 1)
        file.write_text(texts[file].replace(right, wrong))
    write_check(tmp_path / "of the host", *slips_of_the_host())
    expected = {name: slip.fails for name, slip in SLIPS.items()}
    expected["of the host"] = {
        "asks_outbox_told", "sent_types", "done_fields", "is_status", "is_done",
    }  # fmt: skip
    assert {name: set(lines) for name, lines in complaints(tmp_path).items()} == expected


def slips_of_the_host() -> tuple[Schema, Schema]:
    """A field that is asked for, a new request, a field that is no more, one of another type."""
    taken, given = copy.deepcopy(TAKEN), copy.deepcopy(GIVEN)
    taken["OutboxTold"]["required"].append("at")
    taken["OutboxTold"]["properties"]["at"] = {"type": "integer"}
    taken["Pay"] = copy.deepcopy(taken["Disconnect"])
    taken["Pay"]["properties"]["type"]["enum"] = ["pay"]
    del given["HelloDone"]["properties"]["features"]
    given["Thing"]["properties"]["title"] = {"type": "integer"}
    return taken, given


def test_what_has_no_type_is_not_passed_over() -> None:
    schema = copy.deepcopy(TAKEN)
    unknowns: list[Schema] = [{}, {"not": {}}, {"type": "array"}, {"format": "uri"}]
    for unknown in unknowns:
        schema["Connect"]["properties"]["api_url"] = unknown
        with pytest.raises(ValueError, match="there is no type"):
            typescript.what_is_taken(schema)
