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
    handle = _lock(folder)
    while handle is not None and not _is(handle, folder):  # whoever had it removed the folder
        os.close(handle)
        handle = _lock(folder)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(folder: str) -> int | None:
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if sys.platform == "win32":
        return None
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        os.close(handle)
        raise
    return handle


def _is(handle: int, folder: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(folder))
    except FileNotFoundError:
        return False


def make_folder(path: str, mode: int) -> None:
    """Makes a folder that has its mode from the first moment on, whatever the umask.

    Changed afterwards, it would stay wrong if nobody came so far. Raises ``OSError``.
    """
    before = os.umask(0)
    try:
        os.mkdir(path, mode)
    finally:
        os.umask(before)


def write(path: str, content: bytes, mode: int = 0o600) -> None:
    """Puts ``content`` at ``path``, durably. To be called while its folder is ``locked``.

    A link at ``path`` is replaced, not followed. Raises ``OSError``, and leaves the old file then.
    """
    new = aside(path)
    with suppress(FileNotFoundError):
        os.unlink(new)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with open(os.open(new, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.chmod(new, mode)
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError:
        with suppress(OSError):
            os.unlink(new)
        raise
    sync_names(os.path.dirname(path))


def aside(path: str) -> str:
    """Where the new file waits. Always the same, so that the next run clears up after a crash."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.new")


def sync_names(folder: str) -> None:
    """Makes what was named and removed in ``folder`` durable, where the platform can."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
