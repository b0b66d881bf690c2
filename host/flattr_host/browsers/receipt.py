"""What was written where, so that exactly that can be removed again."""

import hashlib
import os
from pathlib import Path

import msgspec

from .. import paths


class Receipt(msgspec.Struct):
    """The files written and folders made, by absolute path.

    *files* maps each path to the SHA-256 (hex) of every content that may be there: while a file is
    replaced the receipt holds both, so that it is true whenever the power fails. *folders* are in
    the order in which they were made.
    """

    version: int = 1
    files: dict[str, list[str]] = msgspec.field(default_factory=dict)
    folders: list[str] = msgspec.field(default_factory=list)

    def wrote(self, path: str, content: bytes) -> bool:
        """Whether *content* at *path* is what we wrote there."""
        return digest(content) in self.files.get(path, ())


class ReceiptError(Exception):
    """The receipt is there and cannot be read; the text is a sentence."""


def digest(content: bytes) -> str:
    """The SHA-256 of *content*, in hex."""
    return hashlib.sha256(content).hexdigest()


def place() -> str:
    """Where the receipt lies."""
    return os.path.join(paths.data_dir(), "receipt.json")


def load() -> Receipt:
    """The receipt, empty if there is none. Raises :exc:`ReceiptError`."""
    try:
        return msgspec.json.decode(Path(place()).read_bytes(), type=Receipt)
    except FileNotFoundError:
        return Receipt()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReceiptError(
            f"The receipt of what was installed, {place()}, cannot be read ({error}). "
            "If you remove it, what was installed must be removed by hand."
        ) from error


def encode(receipt: Receipt) -> bytes:
    """The receipt as the bytes of its file."""
    return msgspec.json.format(msgspec.json.encode(receipt), indent=2) + b"\n"
