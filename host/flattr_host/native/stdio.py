"""The browser's end of the pipe, taken away from the rest of the process."""

import os
import sys
import threading


class BrowserPipe:
    """The two ends that lead to the browser: blocking reads, whole writes from any thread."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._writing = threading.Lock()

    def read(self) -> bytes:
        """Some bytes, as soon as there are any; b"" at the end of the stream."""
        try:
            return os.read(self._incoming, 65536)
        except OSError:
            return b""  # Windows reports a browser that was killed as an error

    def write(self, data: bytes) -> None:
        """Writes all of ``data``, unmixed with others'. Raises ``OSError`` if nobody reads it."""
        view = memoryview(data)
        with self._writing:
            while view:
                view = view[os.write(self._outgoing, view) :]


def take_stdio() -> BrowserPipe:
    """Keeps fds 0 and 1 for the browser alone; from now on ``print`` goes to stderr.

    A stray line on stdout would be read as a length and end the connection ("sent a message of
    1819043176 bytes"). The copies are not inherited by children, who would keep the pipe open.
    """
    pipe = BrowserPipe(os.dup(0), os.dup(1))
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    try:
        os.dup2(2, 1)
    except OSError:
        os.dup2(nowhere, 1)  # started without stderr
    os.close(nowhere)
    if sys.platform == "win32":
        import msvcrt

        for fd in (pipe._incoming, pipe._outgoing):
            msvcrt.setmode(fd, os.O_BINARY)
    return pipe
