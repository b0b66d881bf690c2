"""The Chrome DevTools Protocol over the browser's own pipe: JSON messages, each ended by a NUL."""

from __future__ import annotations

import json
import os
import select
import time
from typing import Any

from .browser import BrowserError

Json = dict[str, Any]
COMMAND_TIMEOUT_S = 30.0
CHUNK = 1 << 16


class CdpPipe:
    """Sends one command at a time and waits for its answer.

    Nothing here subscribes to events, so everything that is not the awaited answer is dropped and
    no reader thread is needed.
    """

    def __init__(self, read_fd: int, write_fd: int) -> None:
        """Takes over both file descriptors."""
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._buffer = b""
        self._last_id = 0

    def call(
        self,
        method: str,
        session: str | None = None,
        limit_s: float = COMMAND_TIMEOUT_S,
        **params: object,
    ) -> Json:
        """The result of a command, sent to the browser or to an attached `session`."""
        self._last_id += 1
        message: Json = {"id": self._last_id, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        try:
            os.write(self._write_fd, json.dumps(message).encode() + b"\0")
        except OSError as error:
            raise BrowserError(f"{method}: the browser has gone") from error
        deadline = time.monotonic() + limit_s
        answer: Json = {}
        while answer.get("id") != self._last_id:
            answer = self._next_message(deadline, f"{method}: no answer in {limit_s:g} s")
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error'].get('message')}")
        result: Json = answer.get("result", {})
        return result

    def close(self) -> None:
        os.close(self._read_fd)
        os.close(self._write_fd)

    def _next_message(self, deadline: float, silence: str) -> Json:
        while b"\0" not in self._buffer:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._read_fd], [], [], left)[0]:
                raise BrowserError(silence)
            chunk = os.read(self._read_fd, CHUNK)
            if not chunk:
                raise BrowserError("the browser has gone")
            self._buffer += chunk
        raw, self._buffer = self._buffer.split(b"\0", 1)
        message: Json = json.loads(raw)
        return message
