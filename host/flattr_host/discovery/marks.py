"""Flattr buttons: ``a.FlattrButton``, with what ``load.js`` made of their attributes.

Parameters stand in ``rel`` or ``rev`` (``flattr;uid:alice;tags:a,b``) or in ``data-flattr-*``,
whose prefix the URL of the script may change; its query also has defaults for all buttons.
"""

from collections.abc import Callable, Iterator

from . import autosubmit
from .model import Button, Discovery
from .urls import decode_form, plain_text, split

_DEFAULTS = ("uid", "category", "language", "revsharekey")


def defaults(loader: str | None) -> dict[str, str]:
    """What the script's URL says for all buttons, and ``html5-key-prefix``."""
    parts = split((loader or "").strip())
    pairs = (pair.partition("=") for pair in ((parts and parts[3]) or "").split("&"))
    read = {name.removeprefix("amp;"): decode_form(value).strip() for name, _, value in pairs}
    return {name: value for name, value in read.items() if value}


def read(
    button: Button,
    own_address: str | None,
    given: dict[str, str],
    about: Callable[[str], Discovery | None],
) -> Discovery:
    """What a button stands for on the page that has ``own_address``.

    ``given``: see :func:`defaults`; ``about``: see :func:`autosubmit.claim`. One whose owner nobody
    tells has the reason ``no_owner``, and its target may be registered.
    """
    said = _parameters(button, given)
    said["url"] = (own_address or "") if button.href is None else button.href.strip()
    return autosubmit.claim(own_address or "", "button", said, about)


def _parameters(button: Button, given: dict[str, str]) -> dict[str, str]:
    """The nearest one counts: of the button's mark, of its data, of its ``lang``, of the script."""
    prefix = given.get("html5-key-prefix", "flattr").lower().removeprefix("data-").rstrip("-") + "-"
    said = {name: given[name] for name in _DEFAULTS if name in given}
    said |= {"language": button.language} if button.language.strip() else {}
    said |= {
        name.lower().removeprefix(prefix): value
        for name, value in button.data.items()
        if name.lower().startswith(prefix) and value.strip()
    }
    said |= dict(_in_mark(button.rel))
    said |= {"title": button.title, "description": button.text}
    said["user_id"] = said.get("uid", "")
    said.pop("fid", None)  # no button has one
    return {name: plain_text(value) for name, value in said.items()}


def _in_mark(mark: str) -> Iterator[tuple[str, str]]:
    for parameter in mark.split(";")[1:] if mark.startswith("flattr;") else ():
        name, _, value = parameter.partition(":")
        if value.strip():
            yield name.strip().lower(), value
