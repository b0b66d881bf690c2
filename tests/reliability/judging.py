"""What became of a flattr after a kill, held against what the person asked and was told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flattr_host.browsers.process import HostProcess, Message
from tests.reliability.homes import Home, Told, ask, damages, send_all

#: All that may be wrong, in the order of the tables' columns.
FAULTS = ("lost", "doubled", "unwanted", "untold", "stuck", "damaged")


#: States of an entry that was asked for, with nothing left to undo.
_MEANT = ("sending", "pending", "settled")


@dataclass
class Trial:
    """One kill: ``told`` is what the person saw of the flattr of each URL until then.

    ``left`` is what the outbox's file had then: the state of each gesture.
    ``is_undone``: they pressed undo; ``is_taken_back``: and were told that it was in time.
    """

    home: Home
    told: dict[str, Told] = field(default_factory=dict)
    is_killed: bool = False
    left: dict[str, str] = field(default_factory=dict)
    is_undone: bool = False
    is_taken_back: bool = False


def gesture_of(url: str) -> str:
    """The id of the gesture that flattrs ``url``."""
    return "of-" + url.rpartition("/")[2]


def flattr(url: str, request_id: str = "flattr") -> Message:
    """The request for it."""
    return {"id": request_id, "type": "flattr", "url": url, "gesture": gesture_of(url)}


def aftermath(trial: Trial, count: Callable[[str], int], host: HostProcess) -> list[str]:
    """What is wrong, each with its word of ``FAULTS`` first, once all that waits was sent.

    ``host`` was started after the kill, ``count`` tells how many flattrs of a URL there are.
    """
    page = ask(host, {"id": "page", "type": "outbox"})
    entries = {entry["gesture"]: entry for entry in page.entries}
    last = send_all(host)
    wrong = [] if last.is_done and not (last.end or {})["waiting"] else [f"stuck {last}"]
    for url, told in trial.told.items():
        entry = entries.get(gesture_of(url))
        wrong += _wrong_with(trial, url, told, entry, count(url))
        wrong += _wrong_once_more(trial, url, entry, count, host)
    return wrong


def damage(home: Home) -> list[str]:
    """What the files of a home have that they must not; nobody may be using them."""
    return [f"damaged {one}" for file in (home.ledger, home.outbox) for one in damages(file)]


def _wrong_with(trial: Trial, url: str, told: Told, entry: Message | None, count: int) -> list[str]:
    left = trial.left.get(gesture_of(url), "")
    was_meant = told.is_done or "sending" in told.states or left in _MEANT
    story = f"{count} flattrs, told {told.states} {told.code}, left {left!r}, then {entry}"
    wrong = []
    if was_meant and not count:
        wrong.append("lost")
    if count > 1:
        wrong.append("doubled")
    if count and (trial.is_taken_back or not was_meant):
        wrong.append("unwanted")
    is_known = was_meant or trial.is_undone or bool(told.end)
    if "undo" in told.states and not (is_known or (entry and entry["is_news"])):
        wrong.append("untold")
    return [f"{word}: {story}" for word in wrong]


def _wrong_once_more(
    trial: Trial,
    url: str,
    entry: Message | None,
    count: Callable[[str], int],
    host: HostProcess,
) -> list[str]:
    """The browser sends the same gesture again, as it does when it was not answered."""
    if trial.is_undone:
        return []
    again, now = ask(host, flattr(url, "again")), count(url)
    expected = 0 if entry and entry["state"] == "interrupted" else 1
    if now == expected and (again.is_done or again.code == "interrupted"):
        return []
    word = "lost" if now < expected else "doubled" if now > 1 else "unwanted"
    return [f"{word}: {now} flattrs after the gesture came again, told {again.end}"]


def tally(verdicts: Mapping[str, list[str]]) -> dict[str, int]:
    """How many of the trials have each fault."""
    return {
        fault: sum(any(one.startswith(fault) for one in wrong) for wrong in verdicts.values())
        for fault in FAULTS
    }
