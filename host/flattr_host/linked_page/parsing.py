"""Parses a page in a process of its own, since a hostile one can keep a parser busy without end.

Thirty kilobytes of unclosed ``<b>`` become a gigabyte, half a megabyte of ``<div>`` takes ten
seconds, and no parser of HTML can be told when to stop. A process can.
"""

import math
import subprocess
import sys
import time
from collections.abc import Callable

import msgspec

from ..discovery.model import Hints

#: Seconds for it, the start of the process included.
TIMEOUT = 3.0
#: So much memory (bytes) the process gets, of which a half is Python's and the parser's own.
MAX_MEMORY = 256 * 1024 * 1024
#: Seconds after which ``cancelled`` is asked again.
PATIENCE = 0.1

_COMMAND = "from flattr_host.linked_page.parsing import main; main()"


class Unparsable(Exception):
    """The page takes more time or memory than any page should; or ``cancelled`` said so."""


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
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            said = _said(process, given, begun, cancelled)
        finally:
            process.kill()
    try:
        return msgspec.msgpack.decode(said, type=Hints)
    except msgspec.DecodeError:
        raise Unparsable from None


def _said(
    process: subprocess.Popen[bytes],
    given: bytes,
    begun: float,
    cancelled: Callable[[], bool] | None,
) -> bytes:
    to_give: bytes | None = given
    while time.monotonic() - begun < TIMEOUT and not (cancelled and cancelled()):
        try:
            return process.communicate(to_give, timeout=PATIENCE)[0]
        except subprocess.TimeoutExpired:
            to_give = None  # it goes on with what it was given
    raise Unparsable


def main() -> None:
    """The process: a page on stdin, its hints on stdout."""
    _limit()
    page = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Page)

    from ..discovery.page import read_hints

    hints = read_hints(page.data, page.url, page.content_type)
    sys.stdout.buffer.write(msgspec.msgpack.encode(hints))


def _limit() -> None:
    """Bounds that hold even if whoever started the process is gone."""
    if sys.platform != "win32":  # which has none; there, the time bounds the memory too
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(TIMEOUT), math.ceil(TIMEOUT)))
