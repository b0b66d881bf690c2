"""Native-messaging frames: a 4-byte length in native byte order, then as many bytes. No I/O.

Limits and byte order: https://developer.mozilla.org/docs/Mozilla/Add-ons/WebExtensions/Native_messaging
"""

import struct

#: What browsers accept from a host, to the byte; also the most that this host takes.
MAX_FRAME = 1_048_576

_LENGTH = struct.Struct("=I")


class FrameTooLarge(Exception):
    """A length over the limit; nothing that follows in the stream can be trusted."""


class FrameDecoder:
    """Bytes in as they arrive, payloads out as they are complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Takes what was read. Holds at most one unfinished frame and what came with it."""
        self._buffer += data

    def next_payload(self) -> bytes | None:
        """The next complete payload, which may be empty; None if more bytes are needed.

        Raises ``FrameTooLarge`` as soon as the length is known.
        """
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > MAX_FRAME:
            raise FrameTooLarge
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return payload


def encode_frame(payload: bytes) -> bytes:
    """``payload`` as a frame. It must not be empty nor over ``MAX_FRAME`` (``ValueError``)."""
    if not 0 < len(payload) <= MAX_FRAME:
        raise ValueError("browsers close the connection at empty frames and at those over 1 MiB")
    return _LENGTH.pack(len(payload)) + payload
