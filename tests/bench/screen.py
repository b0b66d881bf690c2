"""An X screen, seen and clicked within microseconds: a connection of our own to the X server.

Programs like xdotool and import take longer to start than what is measured takes in all.
"""

import socket
import struct
import time
from collections import Counter
from pathlib import Path
from typing import Self

SETUP, QUERY_EXTENSION, GET_IMAGE = 1, 98, 73
FAKE_INPUT, PRESS, RELEASE, MOTION, LEFT = 2, 4, 5, 6, 1
Z_PIXMAP, ALL_PLANES = 2, 0xFFFFFFFF
Colour = tuple[int, int, int]


class Screen:
    """The first screen of the X server ``:number``, with its mouse, from enter to exit."""

    def __init__(self, display: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(Path("/tmp/.X11-unix") / f"X{display.removeprefix(':')}"))

    def __enter__(self) -> Self:
        self._socket.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0))
        status, _, _, length = struct.unpack("<BxHHH", self._read(8))
        answer = self._read(length * 4)
        if status != SETUP:
            raise RuntimeError(f"the X server refuses: {answer!r}")
        vendor, formats = struct.unpack_from("<H", answer, 16)[0], answer[21]
        (self._root,) = struct.unpack_from("<I", answer, 32 + -(-vendor // 4) * 4 + formats * 8)
        name = b"XTEST"
        request = struct.pack("<BxHHxx", QUERY_EXTENSION, 4, len(name)) + name.ljust(8, b"\0")
        present, self._xtest = struct.unpack_from("<8xBB", self._ask(request))
        if not present:
            raise RuntimeError("the X server has no XTEST")
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def move(self, x: int, y: int) -> None:
        """Put the mouse there."""
        self._fake(MOTION, 0, x, y)

    def click(self) -> float:
        """Press the left button of the mouse and let go; when, as `time.perf_counter` counts."""
        at = time.perf_counter()
        self._fake(PRESS, LEFT)
        self._fake(RELEASE, LEFT)
        return at

    def pixels(self, x: int, y: int, width: int, height: int) -> Counter[Colour]:
        """The colours of a part of the screen, as it is now, and how often each is there."""
        request = struct.pack(
            "<BBHIhhHHI", GET_IMAGE, Z_PIXMAP, 5, self._root, x, y, width, height, ALL_PLANES
        )
        image = self._ask(request)[32:]
        pixels = struct.iter_unpack("4B", image)
        return Counter((red, green, blue) for blue, green, red, _ in pixels)

    def _fake(self, kind: int, detail: int, x: int = 0, y: int = 0) -> None:
        self._socket.sendall(
            struct.pack(
                "<BBHBBxxII8xhh8x", self._xtest, FAKE_INPUT, 9, kind, detail, 0, self._root, x, y
            )
        )

    def _ask(self, request: bytes) -> bytes:
        """The reply to a request, the only one that is under way."""
        self._socket.sendall(request)
        head = self._read(32)
        if head[0] != 1:
            raise RuntimeError(f"the X server answers {head!r}")
        return head + self._read(struct.unpack_from("<I", head, 4)[0] * 4)

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            chunk = self._socket.recv(count - len(data))
            if not chunk:
                raise RuntimeError("the X server has gone")
            data += chunk
        return bytes(data)
