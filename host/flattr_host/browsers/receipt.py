"""What was written where, so that exactly that can be removed again."""

import hashlib
import os
from pathlib import Path

import msgspec

from .table import Family


class Replaced(msgspec.Struct):
    """A registry value that we set: what it was *previously*, and all that we *wrote* there."""

    previous: str | None = None
    wrote: list[str] = msgspec.field(default_factory=list)


class Receipt(msgspec.Struct):
    """The files written, folders made and registry values set, by absolute path or key.

    *files* maps each path to the SHA-256 (hex) of every content that may be there: while a file is
    replaced the receipt holds both, so that it is true whenever the power fails. *folders* are in
    the order in which they were made. *manifest_dirs* are folders that the person named, with the
    family of the browser that looks into them.
    """

    version: int = 1
    files: dict[str, list[str]] = msgspec.field(default_factory=dict)
    folders: list[str] = msgspec.field(default_factory=list)
    registry: dict[str, Replaced] = msgspec.field(default_factory=dict)
    manifest_dirs: dict[str, Family] = msgspec.field(default_factory=dict)

    def wrote(self, path: str, content: bytes) -> bool:
        """Whether *content* at *path* is what we wrote there."""
        return digest(content) in self.files.get(path, ())

    def set_value(self, key: str, data: str | None) -> bool:
        """Whether *data* is what we set the registry's *key* to."""
        return key in self.registry and data in self.registry[key].wrote

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remove."""
        return not (self.files or self.folders or self.registry)


class ReceiptError(Exception):
    """The receipt is there and cannot be read; the text is a sentence."""


def digest(content: bytes) -> str:
    """The SHA-256 of *content*, in hex."""
    return hashlib.sha256(content).hexdigest()


def place(folder: str) -> str:
    """Where the receipt lies that belongs to the launcher in the data *folder*."""
    return os.path.join(folder, "receipt.json")


def load(folder: str) -> Receipt:
    """The receipt in the data *folder*, empty if there is none. Raises :exc:`ReceiptError`."""
    try:
        return msgspec.json.decode(Path(place(folder)).read_bytes(), type=Receipt)
    except (FileNotFoundError, NotADirectoryError):
        return Receipt()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReceiptError(
            f"The receipt of what was installed, {place(folder)}, cannot be read ({error}). "
            "If you remove it, what was installed must be removed by hand."
        ) from error


def encode(receipt: Receipt) -> bytes:
    """The receipt as the bytes of its file."""
    return msgspec.json.format(msgspec.json.encode(receipt), indent=2) + b"\n"
