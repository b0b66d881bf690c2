"""What the host and the installer say, in words for a person or as JSON for a program."""

import datetime
import sys
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from .plan import Action, Verb

#: ``words`` for a person, only trouble (``quiet``), or one JSON object a line.
Style = Literal["words", "quiet", "json"]


class Echo(Protocol):
    """Where words go: :func:`click.echo` and :func:`say` are such."""

    def __call__(self, message: str, /, *, err: bool = False) -> None:
        """Print *message* as a line, on stderr if *err*."""


def say(message: str, /, *, err: bool = False) -> None:
    """Print *message* as a line at once; letters that the terminal lacks become question marks."""
    stream = sys.stderr if err else sys.stdout
    encoding = stream.encoding or "utf-8"
    print(message.encode(encoding, "replace").decode(encoding), file=stream, flush=True)


class Report:
    """Tells what happens, in one of three styles."""

    def __init__(self, echo: Echo = say, style: Style = "words") -> None:
        self._echo = echo
        self._style = style

    def tell(self, event: str, message: str, *, ok: bool = True, **facts: object) -> None:
        """One thing that happened. *event* and *facts* are for programs, *message* is for people.

        What is not *ok* goes to stderr, except as JSON.
        """
        if self._style == "json":
            line = {"event": event, "ok": ok, "message": message, **facts}
            self._echo(msgspec.json.encode(line).decode())
        elif self._style == "words" or not ok:
            self._echo(message, err=not ok)


_DONE: Mapping[Verb, str] = {
    "make": "Made folder",
    "write": "Wrote",
    "mode": "Set mode of",
    "keep": "Kept",
    "set": "Set registry value",
}


def outcome(action: Action, failure: str) -> str:
    """How an action of registering went, as a sentence."""
    if failure:
        return f"Problem: {action.path} {failure}."
    return f"{_DONE[action.verb]} {action.path}: {action.reason}."


def removal(action: Action, failure: str) -> str:
    """How an action of unregistering went, as a sentence."""
    if failure:
        return f"Problem: {action.path} {failure}."
    if action.verb == "keep":
        return f"Left {action.path}: it {action.reason}."
    if action.verb == "restore":
        return f"Restored {action.path}: it {action.reason}."
    return f"Removed {action.path}."


def greeting(answer: Mapping[str, Any]) -> str:
    """The host's answer to ``hello``, as a sentence."""
    if answer.get("type") != "done":
        return f"it refuses to talk: {answer.get('message', answer.get('code'))}"
    return f"flattr-host {answer.get('host_version')} answers, protocol {answer.get('protocol')}."


def status(frame: Mapping[str, Any]) -> str:
    """A frame of a flattr, as a line: the state, then the host's own sentence."""
    state = frame.get("state") or frame.get("code") or frame.get("type")
    return f"  {state}: {frame.get('message', '')}".rstrip(": ")


def flattr(record: Mapping[str, Any]) -> str:
    """One of the API's flattr objects, as a line of a history."""
    thing = record["thing"]
    owner = (thing.get("owner") or {}).get("username", "owner unknown")
    when = datetime.datetime.fromtimestamp(record["created_at"], datetime.UTC).astimezone()
    return f"{when:%Y-%m-%d %H:%M}  {thing['title']}  ({owner})  {thing['url']}"


def as_json(frame: Mapping[str, Any]) -> str:
    """A frame as one line of JSON."""
    return msgspec.json.encode(frame).decode()
