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
