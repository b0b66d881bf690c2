"""What the host says, in words for a person."""

import datetime
import sys
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec


class Echo(Protocol):
    """Where words go: :func:`click.echo` and :func:`say` are such."""

    def __call__(self, message: str, /, *, err: bool = False) -> None:
        """Print *message* as a line, on stderr if *err*."""


def say(message: str, /, *, err: bool = False) -> None:
    """Print *message* as a line at once; letters that the terminal lacks become question marks."""
    stream = sys.stderr if err else sys.stdout
    encoding = stream.encoding or "utf-8"
    print(message.encode(encoding, "replace").decode(encoding), file=stream, flush=True)


def greeting(answer: Mapping[str, Any]) -> str:
    """The host's answer to ``hello``, as a sentence."""
    if answer.get("type") != "done":
        return f"it refuses to talk: {answer.get('message', answer.get('code'))}"
    words = f"flattr-host {answer.get('host_version')} answers, protocol {answer.get('protocol')}"
    if answer.get("backend"):
        words += f", backend {answer['backend']}"
    return words + "."


def status(frame: Mapping[str, Any]) -> str:
    """A frame of a flattr, as a line: the state, then the host's own sentence."""
    state = frame.get("state") or frame.get("code") or frame.get("type")
    return f"  {state}: {frame.get('message', '')}".rstrip(": ")


def flattr(record: Mapping[str, Any]) -> str:
    """One of the API's flattr objects, as a line of a history."""
    thing = record.get("thing") or {}
    owner = (thing.get("owner") or record.get("owner") or {}).get("username")
    when = datetime.datetime.fromtimestamp(record.get("created_at", 0), datetime.UTC).astimezone()
    count = thing.get("flattrs", 1)
    line = f"  {when:%Y-%m-%d %H:%M}  {thing.get('title') or 'untitled'}  {thing.get('url', '')}"
    line += f"  ({count} flattr{'' if count == 1 else 's'}"
    return line + (f", owner {owner})" if owner else ")")


def as_json(frame: Mapping[str, Any]) -> str:
    """A frame as one line of JSON."""
    return msgspec.json.encode(frame).decode()
