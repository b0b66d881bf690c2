"""The log of the host: one file in the state folder, small for ever.

The browser swallows what a host writes to stderr, so this is all there is to find out what went
wrong. Lines hold codes, times and counts; never a URL that was visited, a title or a token.

Not :mod:`logging`: its rotating handler is not safe with several processes on one file (each
browser starts a host of its own) and costs a tenth of the host's start.
"""

import os
import time
from contextlib import suppress

from . import paths

MAX_BYTES = 256 * 1024


def path() -> str:
    """Where the log is; the older half is kept beside it, with ``.1`` at the end."""
    return os.path.join(paths.state_dir(), "flattr-host.log")


def write(event: str) -> None:
    """Adds one line: time (UTC), process, and ``event``. Never raises: a full disk costs a line."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = f"{stamp} {os.getpid()} {event}".replace("\n", " | ") + "\n"
    with suppress(OSError):
        _append(path(), line.encode("utf-8", "replace"))


def write_defect() -> None:
    """Adds the exception being handled: its type and where it arose, not its text.

    The text of an exception may quote what was being worked on, which is the person's business.
    """
    import sys
    import traceback

    kind, _, trace = sys.exc_info()
    places = " < ".join(
        f"{os.path.basename(frame.filename)}:{frame.lineno}"
        for frame in reversed(traceback.extract_tb(trace, limit=-6))
    )
    write(f"defect {kind.__name__ if kind else '?'} at {places}")


def _append(file: str, line: bytes) -> None:
    os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
    # One write on an O_APPEND descriptor: lines of several processes do not mix.
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        full = os.fstat(handle).st_size > MAX_BYTES
        os.write(handle, line)
    finally:
        os.close(handle)
    if full:
        os.replace(file, file + ".1")
