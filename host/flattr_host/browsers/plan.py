"""What registering would do, and why. Pure: what should be there and what is, in; actions out.

:func:`wanted.wanted` says what should be there; the caller looks at each of it
(:func:`facts.look`); :func:`decide` compares.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from .wanted import FOLDER_MODES, File, Scope, Value

Verb = Literal["make", "write", "mode", "keep", "refuse", "remove", "set", "restore"]


class Found(msgspec.Struct, frozen=True):
    """What there is at a file's path. Owners are names of other users, empty for oneself."""

    kind: Literal["absent", "file", "link", "folder", "other"] = "absent"
    content: bytes | None = None  # None: cannot be read
    mode: int = 0
    owner: str = ""
    missing: tuple[str, ...] = ()  # the folders to make first, from the top
    folder: str = ""  # the lowest folder that exists
    folder_owner: str = ""
    folder_mode: int = FOLDER_MODES["user"]
    writable: bool = True  # a file can be made in that folder
    ours: bool = False  # the content is what we wrote there, by the receipt


class FoundValue(msgspec.Struct, frozen=True):
    """What a registry key's default value is; ``data`` is None where there is none."""

    data: str | None = None
    ours: bool = False  # we wrote it, by the receipt


class Action(msgspec.Struct, frozen=True):
    """One thing to do, or not to do.

    ``make`` a folder, ``write`` a file, correct its ``mode``, ``keep`` it because it is right (with
    its *content* if it is the person's own), ``refuse`` to touch it, or ``remove`` it; ``set`` a
    registry value (*path* is its key, *content* the value), which was *previous* before, and
    ``restore`` that. *reason* completes the sentence for a person.
    """

    verb: Verb
    path: str
    reason: str
    content: bytes = b""
    mode: int = 0
    previous: str | None = None


def decide(
    files: Iterable[File], found: Mapping[str, Found], scope: Scope = "user"
) -> list[Action]:
    """What to do so that *files* are there, given what was *found* at each one's path.

    A file that is right already is kept, even if it is a link or belongs to somebody else; a link
    or somebody else's file that is wrong is refused, not overwritten.
    """
    actions: list[Action] = []
    made: set[str] = set()
    mode = FOLDER_MODES[scope]
    for file in files:
        there = found[file.path]
        folders = [folder for folder in there.missing if folder not in made]
        step = _file(file, there)
        if step.verb != "refuse":
            made.update(folders)
            actions += [Action("make", f, _for(file.browsers), mode=mode) for f in folders]
            if file.private and not there.missing and there.folder_mode & 0o077:
                actions.append(Action("mode", there.folder, "for you alone", mode=mode))
        actions.append(step)
    return actions


def decide_values(values: Iterable[Value], found: Mapping[str, FoundValue]) -> list[Action]:
    """The same for the registry: what to set so that *values* are there."""
    actions = []
    for value in values:
        there, data = found[value.key], value.data.encode()
        if there.data == value.data:
            actions.append(Action("keep", value.key, "right already", data))
            continue
        reason = f"{_for(value.browsers)} ({value.reason})"
        if there.data is not None:
            theirs = f"{there.data}, which comes back when this is uninstalled"
            reason += f"; replaces {'an earlier one of ours' if there.ours else theirs}"
        actions.append(Action("set", value.key, reason, data, previous=there.data))
    return actions


def _file(file: File, there: Found) -> Action:
    right = there.kind in ("file", "link") and there.content == file.content
    runs = not file.mode & 0o100 or there.mode & file.mode & 0o111 == file.mode & 0o111
    if right and runs and (not there.mode & 0o022 or there.kind == "link" or there.owner):
        own = there.kind == "file" and not there.owner
        return Action("keep", file.path, "right already", file.content if own else b"")
    why_not = refusal(there)
    if why_not:
        return Action("refuse", file.path, why_not)
    if right:
        why = "others could change it, or it does not run"
        return Action("mode", file.path, why, file.content, file.mode)
    reason = f"{_for(file.browsers)} ({file.reason})"
    if there.kind == "file":
        theirs = "another installation's, or one changed by hand"
        reason += f"; replaces {'an earlier one of ours' if there.ours else theirs}"
    return Action("write", file.path, reason, file.content, file.mode)


def _for(browsers: Iterable[str]) -> str:
    return f"for {', '.join(browsers) or 'the host'}"


def refusal(there: Found) -> str:
    """Why this path is not to be touched, and what to do; empty if it may be."""
    if there.kind == "link":
        return (
            "is a symbolic link, so something else manages it; remove the link and register again"
        )
    if there.kind in ("folder", "other"):
        return "is not a file; move it away and register again"
    if there.owner:
        return f"belongs to {there.owner}; have {there.owner} remove it, and register again"
    if there.folder_owner:
        whose, folder = there.folder_owner, there.folder
        return (
            f"would go into {folder}, which belongs to {whose}; register as {whose}, without sudo"
        )
    if not there.writable:
        return f"cannot be written, since {there.folder} is read-only for you"
    return ""


#: How an action is announced; "what was done" is told by ``words.outcome``.
ANNOUNCED: Mapping[Verb, str] = {
    "make": "make folder",
    "write": "write",
    "mode": "set mode of",
    "keep": "keep",
    "refuse": "leave alone",
    "remove": "remove",
    "set": "set registry value",
    "restore": "restore registry value",
}


def describe(actions: Iterable[Action]) -> str:
    """The plan for a person, one action a line."""
    lines = []
    for action in actions:
        mode = f" {action.mode:04o}" if action.mode else ""
        value = f" to {action.content.decode()}" if action.verb == "set" else ""
        lines.append(f"{ANNOUNCED[action.verb]}{mode} {action.path}{value}: {action.reason}")
    return "\n".join(lines)
