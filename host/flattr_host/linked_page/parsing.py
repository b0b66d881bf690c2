"""Parses a page in a process of its own, since a hostile one can keep a parser busy without end.

Thirty kilobytes of unclosed ``<b>`` become a gigabyte, half a megabyte of ``<div>`` takes ten
seconds, and no parser of HTML can be told when to stop. A process can.
"""

import contextlib
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import IO

import msgspec

from ..discovery.model import Hints

#: Seconds for it, the start of the process included.
TIMEOUT = 3.0
#: So much memory (bytes) the process gets, of which a half is Python's and the parser's own.
MAX_MEMORY = 256 * 1024 * 1024
#: Seconds after which ``cancelled`` is asked again.
PATIENCE = 0.1

_COMMAND = "from flattr_host.linked_page.parsing import main; main()"


#: How the process ends where the page is to blame, besides by a signal.
_TOO_LARGE = 3

_ENDLESS = "Reading its page takes too long, or too much memory."
_NO_PROCESS = (
    "The part of this program that reads pages cannot be started. Installing it anew may help."
)


class Unparsable(Exception):
    """There are no hints; ``str()`` is a sentence that tells a person why."""


class _Page(msgspec.Struct, array_like=True):
    """What the process is given. Not in its command line, which other people could read."""

    url: str
    content_type: str | None
    data: bytes


def hints_of(
    data: bytes,
    url: str,
    content_type: str | None,
    cancelled: Callable[[], bool] | None = None,
) -> Hints:
    """``discovery.page.read_hints`` within those bounds. Raises ``Unparsable``."""
    given = msgspec.msgpack.encode(_Page(url, content_type, data))
    begun = time.monotonic()
    with _started() as process:
        try:
            _give(process, given)
            said = _said(process, begun, cancelled)
        finally:
            process.kill()
    if process.returncode:
        is_by_page = process.returncode < 0 or process.returncode == _TOO_LARGE
        raise Unparsable(_ENDLESS if is_by_page else _NO_PROCESS)
    return msgspec.msgpack.decode(said, type=Hints)


def _started() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", _COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        raise Unparsable(_NO_PROCESS) from None


def _give(process: subprocess.Popen[bytes], given: bytes) -> None:
    """Beside what is read: after a timeout, ``communicate`` gives nothing more of its input."""
    stdin, process.stdin = process.stdin, None
    if stdin is not None:
        threading.Thread(target=_write, args=(stdin, given), daemon=True).start()


def _write(stdin: IO[bytes], given: bytes) -> None:
    with contextlib.suppress(OSError), stdin:  # it may be gone before it has read all
        stdin.write(given)


def _said(
    process: subprocess.Popen[bytes], begun: float, cancelled: Callable[[], bool] | None
) -> bytes:
    while time.monotonic() - begun < TIMEOUT and not (cancelled and cancelled()):
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=PATIENCE)[0]
    raise Unparsable(_ENDLESS)


def main() -> None:
    """The process: a page on stdin, its hints on stdout."""
    _limit()
    page = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Page)

    from ..discovery.page import TooLarge, read_hints

    try:
        hints = read_hints(page.data, page.url, page.content_type)
    except (TooLarge, MemoryError):
        sys.exit(_TOO_LARGE)
    sys.stdout.buffer.write(msgspec.msgpack.encode(hints))


def _limit() -> None:
    """Bounds that hold even if whoever started the process is gone."""
    if sys.platform != "win32":  # which has none; there, the time bounds the memory too
        import resource

        for limit, most in (
            (resource.RLIMIT_AS, MAX_MEMORY),
            (resource.RLIMIT_CPU, math.ceil(TIMEOUT)),
        ):
            hard = resource.getrlimit(limit)[1]
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(limit, (least, least))
