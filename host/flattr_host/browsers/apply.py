"""Carrying out a plan, and taking it back, one careful step at a time."""

import contextlib
import os
import stat
from collections.abc import Iterable

import msgspec

from ..files import aside, make_folder, write
from . import receipt as receipts
from .facts import look
from .plan import Action
from .receipt import Receipt, Replaced
from .registry import Registry, is_key


class _Manifest(msgspec.Struct):
    path: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """How one action went: *failure* is a sentence, empty if all is well."""

    action: Action
    failure: str = ""


def apply(actions: Iterable[Action], registry: Registry | None = None) -> list[Outcome]:
    """Do *actions* in order; one that fails does not stop those of other browsers.

    Except that no browser is sent to a launcher that is not there: that one comes first.
    """
    outcomes = []
    for action in actions:
        program = _named(action)
        if program and not os.path.exists(program):
            failure = f"was not written, since {program} is not there"
            outcomes.append(Outcome(action, failure))
            continue
        try:
            _do(action, registry)
            failure = action.reason if action.verb == "refuse" else ""
        except OSError as error:
            failure = f"could not be written: {error.strerror or error}"
        outcomes.append(Outcome(action, failure))
    return outcomes


def _named(action: Action) -> str:
    """The program that a manifest to be written names; empty for all else."""
    if action.verb != "write":
        return ""
    try:
        return msgspec.json.decode(action.content, type=_Manifest).path
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _do(action: Action, registry: Registry | None) -> None:
    if action.verb == "make":
        with contextlib.suppress(FileExistsError):
            make_folder(action.path, action.mode)
    elif action.verb == "mode":
        os.chmod(action.path, action.mode)
    elif action.verb == "write":
        write(action.path, action.content, action.mode)
    elif action.verb == "set" and registry:
        registry.set(action.path, action.content.decode())
    elif action.verb == "keep" and action.content and not is_key(action.path):
        _clear(action.path)


def _clear(path: str) -> None:
    """Remove what a run that was cut off has left beside *path*."""
    with contextlib.suppress(OSError):
        os.unlink(aside(path))


def intend(receipt: Receipt, actions: Iterable[Action]) -> Receipt:
    """The receipt before *actions* are done: all that will have been written if they are.

    In their order, which is the launcher first even if it was noted last, for :func:`remove`.
    """
    actions = list(actions)
    there = [action.path for action in actions if action.content and not is_key(action.path)]
    files = {path: list(receipt.files.get(path, ())) for path in (*there, *receipt.files)}
    folders, registry = list(receipt.folders), dict(receipt.registry)
    for action in actions:
        if action.verb == "make" and action.path not in folders:
            folders.append(action.path)
        # What is written, or found right: if the receipt was lost, here it comes back.
        elif action.content and is_key(action.path):
            registry[action.path] = _replacing(registry.get(action.path), action)
        elif action.content:
            sums = files[action.path]
            if receipts.digest(action.content) not in sums:
                sums.append(receipts.digest(action.content))
    return msgspec.structs.replace(receipt, files=files, folders=folders, registry=registry)


def _replacing(before: Replaced | None, action: Action) -> Replaced:
    """What is noted of a value that is set: what was there before us, not before this time."""
    wrote = list(before.wrote) if before else []
    data, previous = action.content.decode(), action.previous
    if before and (previous is None or previous in wrote):  # else somebody else was here meanwhile
        previous = before.previous
    return Replaced(previous, wrote if data in wrote else [*wrote, data])


def settle(receipt: Receipt, outcomes: Iterable[Outcome]) -> Receipt:
    """The receipt after the deed: only the last content counts for what is there for sure."""
    files = {path: list(sums) for path, sums in receipt.files.items()}
    for outcome in outcomes:
        path, content = outcome.action.path, outcome.action.content
        if path in files and content and not outcome.failure:
            files[path] = [receipts.digest(content)]
    return msgspec.structs.replace(receipt, files=files)


def save(folder: str, receipt: Receipt) -> None:
    """Store the receipt, unless the same is stored already. Raises :exc:`OSError`."""
    place, content = receipts.place(folder), receipts.encode(receipt)
    if look(place, receipt).content != content:
        write(place, content, 0o600)
    _clear(place)


def ensure_data_folder(folder: str, mode: int) -> list[str]:
    """Make the data *folder* and those above it; the ones made, from the top.

    One that is there and holds no more than the beginning of a receipt counts too: it is from a run
    that was cut off.
    """
    receipt = receipts.place(folder)
    missing = look(receipt, Receipt()).missing
    made = []
    for path in missing:
        with contextlib.suppress(FileExistsError):  # by another run at the same time
            make_folder(path, mode)
            made.append(path)
    if not missing and set(os.listdir(folder)) <= {os.path.basename(aside(receipt))}:
        made.append(folder)
    return made


def remove(receipt: Receipt, registry: Registry | None) -> tuple[list[Outcome], Receipt]:
    """Remove what *receipt* lists; what others changed stays and is no longer ours.

    Returns what was done, and a receipt of what could not be removed.
    """
    outcomes, rest = [], Receipt(folders=receipt.folders, manifest_dirs=receipt.manifest_dirs)
    for key, replaced in receipt.registry.items():
        restored = _restore(key, replaced, registry)
        if restored is not None:
            outcomes.append(restored)
            if restored.failure:
                rest.registry[key] = replaced
    # The launcher, which was written first, goes last: no browser shall find half of it.
    for path, sums in reversed(receipt.files.items()):
        removal = _remove(path, receipt)
        if removal is not None:
            outcomes.append(removal)
            if removal.failure:
                rest.files[path] = sums
    for folder in receipt.folders:
        _clear(receipts.place(folder))
    remove_folders(receipt.folders)  # as long as there is a receipt that knows of them
    return outcomes, rest


def _restore(key: str, replaced: Replaced, registry: Registry | None) -> Outcome | None:
    """Put back what a registry value was before us, if it is still ours."""
    try:
        now = registry.get(key) if registry else None
        if now == replaced.previous:
            return None
        if registry is None or now not in replaced.wrote:
            return Outcome(Action("keep", key, "was changed by somebody else, so it stays"))
        if replaced.previous is None:
            registry.delete(key)
            return Outcome(Action("remove", key, "was set by us"))
        registry.set(key, replaced.previous)
    except OSError as error:
        failure = f"could not be restored: {error.strerror or error}"
        return Outcome(Action("restore", key, failure), failure)
    return Outcome(Action("restore", key, f"is {replaced.previous} again"))


def _remove(path: str, receipt: Receipt) -> Outcome | None:
    _clear(path)
    there = look(path, receipt)
    if there.kind == "absent":
        return None
    if there.kind != "file" or not there.ours:
        return Outcome(Action("keep", path, "was changed by somebody else, so it stays"))
    try:
        os.unlink(path)
    except OSError as error:
        failure = f"could not be removed: {error.strerror}"
        return Outcome(Action("remove", path, failure), failure)
    return Outcome(Action("remove", path, "was written by us"))


def clear_away(folder: str) -> None:
    """Remove what a run that was cut off has left in a data folder without a receipt."""
    _clear(receipts.place(folder))
    remove_folders([folder])


def remove_folders(folders: Iterable[str]) -> list[str]:
    """Remove those of *folders* that are empty, the lowest first; the ones that stay."""
    stay = []
    for folder in sorted(folders, key=len, reverse=True):
        try:
            if stat.S_ISDIR(os.lstat(folder).st_mode):
                os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:
            stay.append(folder)
    return stay
