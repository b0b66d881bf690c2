"""Writing a small file so that at every moment the old or the new one is there, whole."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Keeps other processes that ask for the same out meanwhile; makes the folder, for us alone.

    Raises ``OSError``. On Windows nobody is kept out: the last one wins, whole.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if sys.platform == "win32":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write(path: str, content: bytes, mode: int = 0o600) -> None:
    """Puts ``content`` at ``path``, durably. To be called while its folder is ``locked``.

    A link at ``path`` is replaced, not followed. Raises ``OSError``, and leaves the old file then.
    """
    folder, name = os.path.split(path)
    # Always the same name, so that what a killed process left is cleared away by the next.
    aside = os.path.join(folder, f".{name}.new")
    with suppress(FileNotFoundError):
        os.unlink(aside)
    try:
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.chmod(aside, mode)
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError:
        with suppress(OSError):
            os.unlink(aside)
        raise
    sync_names(folder)


def sync_names(folder: str) -> None:
    """Makes what was named and removed in ``folder`` durable, where the platform can."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
