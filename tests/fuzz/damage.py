"""Hypothesis strategies: valid inputs with something wrong, and bytes that are nothing at all."""

import copy
import json
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.seeds import seeds

#: What parsers of URLs, markup, headers, JSON and TOML trip over.
TOKENS = [
    "%00", "%25", "%3F", "%3D", "%26", "&amp;amp;", "&#x26;", "#", "?", "@", ":", "//", "\\",
    "[::1]", "xn--", "\u202e", "\u00df", "\u0443", "{{", "%s", "user_id=", "url=", "http://",
    "https%3A%2F%2F", "flattr;uid:", "<a", "<link", "rel=payment", "<!--", "<![CDATA[", "]]>",
    "<!ENTITY", "xmlns=", "<feed>", "<rss>", "</head>", "<base", "data-flattr-uid=",
    "charset=utf-7", "github.com", "flattr.com",
    "\n", "\n\n", "\0", "\\u0000", "\\ud800", '"', "'", '"""', "[", "]]", "{", "}", "[[site]]",
    "null", "true", "-1", "1e999", "9" * 400, "0x", "1979-05-27", "rel=", ";", ",", "<", "(a+)+$",
]  # fmt: skip
_PIECES = [
    *(token.encode() for token in TOKENS),
    b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x1f\x8b\x08", b"\xff" * 4,
    struct.pack("=I", 0), b"[" * 100_000, b'{"a":' * 30_000, b"<b>" * 2_000, b"x" * 70_000,
]  # fmt: skip

#: What a field of a JSON document has instead of what belongs there.
_DEEP: Any = None
for _ in range(900):
    _DEEP = [_DEEP]
ODD_VALUES = [
    None, True, False, 0, -1, 2**53, 2**63, 2**64, 10**400, 1.5, -0.0, 1e308, "", " ", "\0", "\n",
    "\u202e", "\U0001f600" * 70, "x" * 5_000, "x" * 70_000, "../..", "//x", "https://", "[::1]",
    [], [[]], {}, {"": 1}, ["x"] * 40, list(range(2_000)), _DEEP,
]  # fmt: skip


def damaged(target: str) -> st.SearchStrategy[bytes]:
    """Inputs of a target, between whole and hopeless."""
    whole = seeds(target)
    edited = st.builds(
        _edited,
        st.sampled_from(whole),
        st.lists(
            st.tuples(st.integers(0), st.integers(0, 40), st.sampled_from(_PIECES)), max_size=5
        ),
    )
    documents = [found for seed in whole if (found := _document(seed))]
    kinds = [edited, st.binary(max_size=300), edited.flatmap(_with_bytes)]
    if documents:
        kinds.append(st.sampled_from(documents).flatmap(with_one_thing_wrong))
    return st.one_of(kinds)


def _with_bytes(case: bytes) -> st.SearchStrategy[bytes]:
    place = st.integers(0, len(case))
    return st.builds(lambda at, some: case[:at] + some + case[at:], place, st.binary(max_size=4))


def _edited(seed: bytes, edits: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Each edit puts a piece somewhere, in place of so many bytes."""
    case = bytearray(seed)
    for place, length, piece in edits:
        at = place % (len(case) + 1)
        case[at : at + length] = piece
    return bytes(case)


def _document(seed: bytes) -> tuple[bytes, Any] | None:
    """What stands before a JSON document in a seed, and the document; None if there is none."""
    at = min((found for sign in b"{[" if (found := seed.find(sign)) >= 0), default=-1)
    try:
        return (seed[:at], json.loads(seed[at:])) if at >= 0 else None
    except ValueError:
        return None


def with_one_thing_wrong(document: tuple[bytes, Any]) -> st.SearchStrategy[bytes]:
    """The document with one of its values replaced, or one of its fields taken away."""
    before, value = document
    places = list(_places(value))

    def build(place: tuple[str | int, ...], odd: Any, is_gone: bool) -> bytes:
        changed = copy.deepcopy(value)
        if not place:
            return before + _written(odd)
        inside = changed
        for key in place[:-1]:
            inside = inside[key]
        if is_gone:
            del inside[place[-1]]
        else:
            inside[place[-1]] = odd
        return before + _written(changed)

    return st.builds(build, st.sampled_from(places), st.sampled_from(ODD_VALUES), st.booleans())


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value of a document, the outermost first."""
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*at, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _places(inner, (*at, number))
