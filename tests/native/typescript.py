"""The host's messages as types of TypeScript, made from the JSON Schema that msgspec makes of them.

What JSON Schema does not say is added here: which fields with a default are left out when they are
written (``omit_defaults``), and what the objects are that the host has as JSON already (``RAW``).
What TypeScript does not say is lost: lengths, ranges and patterns of texts and numbers.
"""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import msgspec

from flattr_host.api.objects import Flattr
from flattr_host.native.messages import AnyRequest, Done, Error, OutboxEntry, Status

Schema = dict[str, Any]

REQUESTS: tuple[type[msgspec.Struct], ...] = get_args(AnyRequest)

#: What is in the lists of JSON whose size is counted before it is sent.
RAW: Mapping[tuple[str, str], type[msgspec.Struct]] = {
    ("Status", "flattrs"): Flattr,
    ("Status", "entries"): OutboxEntry,
}

_SCALARS = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
#: What TypeScript has no word for, or no use.
_UNSAID = {
    "title", "description", "default", "minLength", "maxLength", "minimum", "maximum", "pattern",
    "minItems", "maxItems", "propertyNames", "maxProperties",
}  # fmt: skip
_PLACE = "#/$defs/"


def answers() -> dict[str, list[type[msgspec.Struct]]]:
    """All that the host can answer, by its type."""
    kinds: tuple[type[msgspec.Struct], ...] = (Status, Done, Error)
    return {kind.__name__: [kind, *_below(kind)] for kind in kinds}


def _below(kind: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    return [it for child in kind.__subclasses__() for it in (child, *_below(child))]


def schema_of(structs: Iterable[type[msgspec.Struct]]) -> Schema:
    """The JSON Schema of each, and of all that is in them, by name."""
    kinds = list(structs)
    raw = {at: kind for at, kind in RAW.items() if at[0] in {it.__name__ for it in kinds}}
    wanted = [*kinds, *raw.values()]
    _, found = msgspec.json.schema_components(wanted, ref_template=_PLACE + "{name}")
    for (owner, name), kind in raw.items():
        listed = found[owner]["properties"][name]["anyOf"][0]
        assert listed == {"type": "array", "items": {}}
        listed["items"] = {"$ref": _PLACE + kind.__name__}
    return dict(found)


def what_is_taken(schema: Schema) -> str:
    """Interfaces of what the host understands: what has a default may be left out."""
    return "\n".join(_interface(name, it, is_given=False) for name, it in schema.items())


def what_is_given(schema: Schema, omits_defaults: frozenset[str]) -> str:
    """Interfaces of what the host writes. ``omits_defaults``: the structs that say so."""
    return "\n".join(
        _interface(name, it, is_given=True, omits=name in omits_defaults)
        for name, it in schema.items()
    )


def omitting_defaults() -> frozenset[str]:
    """The names of the answers that leave out what is as by default."""
    kinds = [kind for several in answers().values() for kind in several]
    return frozenset(it.__name__ for it in kinds if it.__struct_config__.omit_defaults)


def _interface(name: str, schema: Schema, *, is_given: bool, omits: bool = False) -> str:
    assert schema["type"] == "object"
    fields = []
    for field, kind in schema["properties"].items():
        is_optional = field not in schema["required"]
        if is_given and "default" in kind and not omits:
            is_optional = False  # it is always written; only what is UNSET is not
        text = _type(kind, is_given=is_given)
        if omits and kind.get("default", "") is None:
            text = text.removesuffix(" | null")
        fields.append(f"    {field}{'?' if is_optional else ''}: {text};")
    return "\n".join([f"  export interface {name} {{", *fields, "  }"])


def _type(schema: Schema, *, is_given: bool) -> str:
    said = {key: value for key, value in schema.items() if key not in _UNSAID}
    prefix = "" if is_given else "readonly "
    match said:
        case {"$ref": str(place), **rest} if not rest:
            return place.removeprefix(_PLACE)
        case {"enum": [*values], **rest} if not rest:
            return " | ".join(msgspec.json.encode(value).decode() for value in values)
        case {"anyOf": [*kinds], **rest} if not rest:
            return " | ".join(_type(kind, is_given=is_given) for kind in kinds)
        case {"type": "array", "prefixItems": [*kinds], "items": False, **rest} if not rest:
            inside = ", ".join(_type(kind, is_given=is_given) for kind in kinds)
            return f"{prefix}[{inside}]"
        case {"type": "array", "items": dict(kind), **rest} if not rest:
            return f"{prefix}({_type(kind, is_given=is_given)})[]"
        case {"type": "object", "additionalProperties": dict(kind), **rest} if not rest:
            return f"Record<string, {_type(kind, is_given=is_given)}>"
        case {"type": str(word), **rest} if not rest and word in _SCALARS:
            return _SCALARS[word]
    raise ValueError(f"there is no type for {schema}")
