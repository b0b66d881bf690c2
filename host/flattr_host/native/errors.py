"""The codes that an ``error`` frame can carry, with their sentences; see ``errors.toml``."""

import os
from functools import cache

from ..api.errors import FlattrError

_TABLE = os.path.join(os.path.dirname(__file__), "errors.toml")


@cache
def sentences() -> dict[str, str]:
    """Every code and its sentence."""
    import tomllib  # here, since all may go well

    with open(_TABLE, "rb") as file:
        return tomllib.load(file)


def sentence(error: FlattrError) -> str:
    """What happened, for the person: the code's sentence and the error's own detail."""
    return " ".join(filter(None, (sentences()[error.code], error.detail)))
