"""The codes that an ``error`` frame can carry, with their sentences; see ``errors.toml``."""

import os
from functools import cache

from ..api.errors import FlattrError

_TABLE = os.path.join(os.path.dirname(__file__), "errors.toml")


@cache
def sentences(*, is_flattr: bool = True) -> dict[str, str]:
    """Every code and its sentence. Where nothing was to be flattred, they do not speak of it."""
    import tomllib  # here, since all may go well

    with open(_TABLE, "rb") as file:
        table = tomllib.load(file)
    otherwise: dict[str, str] = table.pop("otherwise")
    return table if is_flattr else table | otherwise


def sentence(error: FlattrError, *, is_flattr: bool) -> str:
    """What happened, for the person: the code's sentence and the error's own detail."""
    return " ".join(filter(None, (sentences(is_flattr=is_flattr)[error.code], error.detail)))
