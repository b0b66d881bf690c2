"""Discovery in words: sentences, titles, and the line that programs read."""

import os
from functools import cache
from typing import Any

from . import sites
from .model import Discovery, Line
from .urls import host_of

_TABLE = os.path.join(os.path.dirname(__file__), "explanations.toml")


def line(found: Discovery) -> Line:
    """``found`` with its sentences."""
    fields: dict[str, Any] = {name: getattr(found, name) for name in found.__struct_fields__}
    fields["part_of"] = line(found.part_of) if found.part_of else None
    sentences = {"explanation": explanation(found), "caution": caution(found)}
    words = {"caution_reason": found.caution, "site_label": sites.label(found.site)}
    return Line(**fields | sentences | words)


def explanation(found: Discovery) -> str:
    """Why ``found`` can be flattred, or why not, as a sentence."""
    sentences = _sentences()["flattrable" if found.flattrable else "not_flattrable"]
    is_owned = found.user_id or found.fid or found.owner
    ownerless = None if is_owned else sentences.get(f"{found.reason}_without_owner")
    return (ownerless or sentences[found.reason]).format_map(_words(found))


def caution(found: Discovery) -> str | None:
    """Why the person should be asked first, as a sentence; None if there is no reason to."""
    if not found.caution:
        return None
    return _sentences()["caution"][found.caution].format_map(_words(found))


def thing_title(found: Discovery) -> str:
    """What the thing is called: its own title, else as its site calls it, else its address.

    Where the site takes capitals for small letters, the parts are spelt as in the target, so that
    a thing is called the same by whatever URL it is reached.
    """
    if found.title:
        return found.title
    for shape in sites.shapes(found.site, found.kind):
        parts = {part: _as_in_target(found, part) for part in ("owner", "name", "id")}
        if not any(f"{{{part}}}" in shape.title for part, text in parts.items() if not text):
            return shape.title.format_map(parts)
    return (found.target or found.url).removeprefix("https://").removeprefix("http://")


def _as_in_target(found: Discovery, part: str) -> str | None:
    text: str | None = getattr(found, part)
    target = found.target or ""
    if text and text not in target and text.lower() in target:
        return text.lower()
    return text


def _whole(whole: Discovery) -> str:
    """What a page is a part of. Titles as "Tweet 12 by @max" say already what they are of."""
    label, title = sites.label(whole.site), thing_title(whole)
    noun = next((shape.noun for shape in sites.shapes(whole.site, whole.kind)), "")
    words = title.lower()
    if not noun or noun.lower() not in words:
        return f"the {label} {noun} {title}"
    return title if label.lower() in words else f"{title} on {label}"


def _words(found: Discovery) -> dict[str, object]:
    fid = f"with the Flattr id {found.fid}" if found.fid else None
    owner = f"{found.owner} on {sites.label(found.site)}" if found.owner and found.site else None
    shapes = sites.shapes(found.site, found.kind)
    return {
        "target": found.target,
        "thing_id": found.thing_id,
        "fid": found.fid,
        "owner": found.owner,
        "user": found.user_id or fid or owner or "unknown",
        "label": sites.label(found.site),
        "noun": shapes[0].noun if shapes else "",
        "whole": _whole(found.part_of) if found.part_of else "",
        "host": host_of(found.target or ""),
        "page": host_of(found.url),
    }


@cache
def _sentences() -> dict[str, dict[str, str]]:
    import tomllib  # here, since a hello needs no sentence

    with open(_TABLE, "rb") as file:
        return tomllib.load(file)
