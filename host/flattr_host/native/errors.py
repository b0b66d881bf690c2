"""The codes that an ``error`` frame can carry, with their sentences; see ``errors.toml``."""

import os
from functools import cache
from typing import Any

from ..api.errors import FlattrError

_TABLE = os.path.join(os.path.dirname(__file__), "errors.toml")


@cache
def _table() -> dict[str, Any]:
    import tomllib  # here, since all may go well

    with open(_TABLE, "rb") as file:
        return tomllib.load(file)


@cache
def sentences(*, is_flattr: bool = True) -> dict[str, str]:
    """Every code and its sentence. Where nothing was to be flattred, they do not speak of it."""
    table = {code: text for code, text in _table().items() if isinstance(text, str)}
    return table if is_flattr else table | _table()["otherwise"]


def sentence(error: FlattrError, *, is_flattr: bool) -> str:
    """What happened, for the person: the code's sentence and the error's own detail."""
    return " ".join(filter(None, (sentences(is_flattr=is_flattr)[error.code], error.detail)))


def kept_sentence(code: str, detail: str) -> str:
    """The same of a flattr that waits in the outbox because of it."""
    return " ".join(filter(None, (_table()["kept"].get(code, ""), detail)))
