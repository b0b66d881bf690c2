"""Which regular expressions may be in a table: none that takes long on some hostile URL."""

import re

#: Time grows with this power of an address's length.
MAX_REPETITIONS = 2

_TOKEN = re.compile(
    r"(?P<one>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|N\{[^}]*\}|.)"
    r"|\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<open>\((?:\?(?:[:>=!]|<[=!]|i:))?)|(?P<close>\))|(?P<or>\|)"
    r"|(?P<again>(?:[*+?]|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\})[?+]?)|(?P<char>.)",
    re.DOTALL,
)


def why_slow(pattern: str) -> str | None:
    """Why a correct expression could take too long on some hostile URL; None if it cannot.

    What takes exponential time has a choice inside a repetition: as ``(a+)+`` and ``(a|a)*``.
    """
    if re.search(r"\(\?(?![:>=!]|<[=!]|i:)", pattern):
        return "has a group of a kind that is not for this; write (?:…)"
    choices = [False]  # for each group around the place: whether it holds a choice
    options = 0
    closed: bool | None = None  # whether the group that ends right before holds a choice
    for token in _TOKEN.finditer(pattern):
        was_closed, closed = closed, None
        if token["open"]:
            choices.append(False)
        elif token["close"]:
            closed = choices.pop()
            choices[-1] = choices[-1] or closed
        elif token["or"]:
            choices[-1] = True
        elif token["again"]:
            is_option = token["again"][0] == "?"
            if was_closed and not is_option:
                return "repeats something that itself has a repetition or a choice (|)"
            options += is_option
            choices[-1] = choices[-1] or is_option or _is_repetition(token)
        elif re.fullmatch(r"\\[1-9]\d*", token[0]):
            return "refers back to a group"
    if repetitions(pattern) > MAX_REPETITIONS or options > 4:
        return "has more than two repetitions (*, +, {m,n}) or four options (?)"
    return None


def repetitions(pattern: str) -> int:
    """How often something is repeated so often as it likes; time grows with that power of it."""
    return sum(map(_is_repetition, _TOKEN.finditer(pattern)))


def _is_repetition(token: re.Match[str]) -> bool:
    is_fixed = token["least"] is not None and not token["comma"]
    return bool(token["again"]) and token["again"][0] != "?" and not is_fixed


def can_match_a_slash(pattern: str) -> bool:
    """Whether one character of it can be a slash, which ends a segment."""
    characters = (token["one"] or token["char"] for token in _TOKEN.finditer(pattern))
    return any(re.fullmatch(one, "/") for one in characters if one and one not in "^$")
