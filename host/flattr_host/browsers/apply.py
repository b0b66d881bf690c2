"""Carrying out a plan, and taking it back, one careful step at a time."""

import contextlib
import os
import stat
from collections.abc import Iterable

import msgspec

from ..files import aside, write
from . import receipt as receipts
from .facts import look
from .plan import FOLDER_MODE, Action
from .receipt import Receipt


class Outcome(msgspec.Struct, frozen=True):
    """How one action went: *failure* is a sentence, empty if all is well."""

    action: Action
    failure: str = ""


def apply(actions: Iterable[Action]) -> list[Outcome]:
    """Do *actions* in order; one that fails does not stop those of other browsers."""
    outcomes = []
    for action in actions:
        try:
            _do(action)
            failure = action.reason if action.verb == "refuse" else ""
        except OSError as error:
            failure = f"could not be written: {error.strerror or error}"
        outcomes.append(Outcome(action, failure))
    return outcomes


def _do(action: Action) -> None:
    if action.verb == "make":
        with contextlib.suppress(FileExistsError):
            os.mkdir(action.path)
            os.chmod(action.path, action.mode)  # mkdir's own mode is subject to the umask
    elif action.verb == "mode":
        os.chmod(action.path, action.mode)
    elif action.verb == "write":
        write(action.path, action.content, action.mode)


def intend(receipt: Receipt, actions: Iterable[Action]) -> Receipt:
    """The receipt before *actions* are done: all that will have been written if they are."""
    files = {path: list(sums) for path, sums in receipt.files.items()}
    folders = list(receipt.folders)
    for action in actions:
        if action.verb == "make" and action.path not in folders:
            folders.append(action.path)
        elif action.content:  # written, or found right: if the receipt was lost, here it comes back
            sums = files.setdefault(action.path, [])
            if receipts.digest(action.content) not in sums:
                sums.append(receipts.digest(action.content))
    return Receipt(files=files, folders=folders)


def settle(receipt: Receipt, outcomes: Iterable[Outcome]) -> Receipt:
    """The receipt after the deed: only the last content counts for what was written for sure."""
    files = {path: list(sums) for path, sums in receipt.files.items()}
    for outcome in outcomes:
        if outcome.action.verb == "write" and not outcome.failure:
            files[outcome.action.path] = [receipts.digest(outcome.action.content)]
    return Receipt(files=files, folders=receipt.folders)


def save(receipt: Receipt) -> None:
    """Store the receipt, unless the same is stored already. Raises :exc:`OSError`."""
    place, content = receipts.place(), receipts.encode(receipt)
    if look(place, receipt).content != content:
        write(place, content, 0o600)


def ensure_data_folder(folder: str) -> list[str]:
    """Make the data *folder* and those above it; the ones made, from the top."""
    made = list(look(os.path.join(folder, "receipt.json"), Receipt()).missing)
    for path in made:
        os.mkdir(path)
        os.chmod(path, FOLDER_MODE)
    return made


def remove(receipt: Receipt) -> tuple[list[Outcome], Receipt]:
    """Remove what *receipt* lists; what others changed stays and is no longer ours.

    Returns what was done, and a receipt of what could not be removed.
    """
    outcomes, rest = [], Receipt(folders=receipt.folders)
    # The launcher, which was written first, goes last: no browser shall find half of it.
    for path, sums in reversed(receipt.files.items()):
        outcome = _remove(path, receipt)
        if outcome is not None:
            outcomes.append(outcome)
            if outcome.failure:
                rest.files[path] = sums
    return outcomes, rest


def _remove(path: str, receipt: Receipt) -> Outcome | None:
    with contextlib.suppress(OSError):
        os.unlink(aside(path))
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
