"""Firefox's Marionette protocol: JSON arrays over TCP, each with its length in front."""

from __future__ import annotations

import json
import socket
from typing import Any

from .browser import BrowserError

CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 40.0
COMMAND, ANSWER = 0, 1


class Marionette:
    """Sends one command at a time and waits for its answer."""

    def __init__(self, port: int) -> None:
        """Connect to 127.0.0.1:`port`. Raises OSError when nothing listens there yet."""
        self._socket = socket.create_connection(("127.0.0.1", port), CONNECT_TIMEOUT_S)
        self._socket.settimeout(COMMAND_TIMEOUT_S)
        self._stream = self._socket.makefile("rb")
        self._last_id = 0
        self._receive()  # the greeting: what speaks, and which version of the protocol

    def call(self, name: str, **params: object) -> Any:
        """The result of the command `name`, for instance "WebDriver:Navigate"."""
        self._last_id += 1
        raw = json.dumps([COMMAND, self._last_id, name, params]).encode()
        try:
            self._socket.sendall(b"%d:%s" % (len(raw), raw))
            _, answered, error, result = self._receive()
        except (OSError, ValueError) as problem:
            raise BrowserError(f"{name}: {problem!r}") from problem
        if answered != self._last_id:
            raise BrowserError(f"{name}: answer {answered} to command {self._last_id}")
        if error:
            raise BrowserError(f"{name}: {error['error']}: {error['message']}")
        return result

    def script(self, context: str, body: str, *arguments: object) -> Any:
        """Run the body of an async function in `context` ("chrome" or "content").

        Returns what it returns, as JSON; the arguments are its `arguments`.
        """
        self.call("Marionette:SetContext", value=context)
        source = f"""const finish = arguments[arguments.length - 1];
            (async function () {{ {body} }}).apply(this, arguments).then(
                (value) => finish({{ value: value ?? null }}),
                (error) => finish({{ error: `${{error}}\\n${{error.stack}}` }}));"""
        answer = self.call(
            "WebDriver:ExecuteAsyncScript",
            script=source,
            args=list(arguments),
            sandbox="system" if context == "chrome" else None,
        )["value"]
        if "error" in answer:
            raise BrowserError(answer["error"])
        return answer["value"]

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def _receive(self) -> Any:
        length = b""
        while (digit := self._stream.read(1)) != b":":
            if not digit:
                raise ValueError("Firefox closed the connection")
            length += digit
        return json.loads(self._stream.read(int(length)))
