"""As much of Firefox's remote protocol, Marionette, as it takes to load an add-on for a session.

The protocol (https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html): a TCP
connection on loopback; each packet is its length in decimal digits, a colon, and that many bytes of
JSON. A command is ``[0, number, name, parameters]``, its answer ``[1, number, error, result]``.
"""

import socket
from types import TracebackType
from typing import Any

import msgspec

_MOST_DIGITS = 9


class MarionetteError(Exception):
    """The browser refused a command, or is gone; the text is a sentence."""


class Marionette:
    """A connection to the browser on loopback *port*, with a session; use it in a ``with``.

    Leaving the ``with`` ends the session and leaves the browser open.
    """

    def __init__(self, port: int, timeout: float = 30.0) -> None:
        self._number = 0
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout)
            self._file = self._socket.makefile("rb")
            self._packet()  # the browser introduces itself
        except OSError as error:
            raise MarionetteError(f"The browser cannot be reached: {error}.") from error
        self.call("WebDriver:NewSession", {"pageLoadStrategy": "none"})

    def call(self, name: str, parameters: dict[str, Any]) -> Any:
        """Give one command and return its result. Raises :exc:`MarionetteError`."""
        self._number += 1
        payload = msgspec.json.encode([0, self._number, name, parameters])
        try:
            self._socket.sendall(f"{len(payload)}:".encode() + payload)
            _, _, error, result = self._packet()
        except (OSError, ValueError, TypeError) as reason:
            raise MarionetteError(f"The browser did not answer {name} ({reason}).") from reason
        if error:
            raise MarionetteError(f"The browser refused {name}: {error.get('message')}")
        return result

    def _packet(self) -> Any:
        digits = b""
        while (byte := self._file.read(1)) != b":":
            digits += byte
            if not byte.isdigit() or len(digits) > _MOST_DIGITS:
                raise OSError("what came is no packet")
        return msgspec.json.decode(self._file.read(int(digits)))

    def __enter__(self) -> "Marionette":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.call("WebDriver:DeleteSession", {})
        except MarionetteError:
            pass  # the person closed the browser
        finally:
            self._file.close()
            self._socket.close()
