"""Tells a host process one stream, and sees what it does."""

import contextlib
import resource
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

#: What browsers take from a host, in bytes of one frame.
MOST = 1_048_576
#: A host that says nothing for so long (seconds) has said all that it will.
QUIET = 0.5
#: A host that starts may take so long (seconds) for its first word, and one that ends for that.
PATIENCE = 3.0
#: No process gets more address space (bytes): 4 GiB that one reserves are seen, and do no harm.
MOST_SPACE = 6 << 30

HELLO = b'{"id": "0", "type": "hello", "protocol": [1, 1]}'


class Host(msgspec.Struct, frozen=True):
    """A host to try. ``page``: the message to which its answer would be over 1 MB."""

    name: str
    command: Sequence[str]
    page: bytes
    is_limited: bool = True


class Row(msgspec.Struct, frozen=True):
    """A stream: its pieces, each written by itself; none stand for the host's own ``page``.

    ``is_cut``: the stream ends with it. ``is_deaf``: nobody reads what the host says.
    """

    name: str
    pieces: tuple[bytes, ...] = ()
    is_cut: bool = False
    is_deaf: bool = False


class Outcome(msgspec.Struct):
    """What a host did.

    ``frames`` are what it sent until it was quiet, ``serves`` tells whether it then answered a
    hello, ``code`` is its exit code if it ended before it was hung up on, ``end`` the one after.
    """

    frames: list[bytes]
    serves: bool
    code: int | None
    end: int | None
    has_traceback: bool
    reserved: int


def framed(payload: bytes) -> bytes:
    """``payload`` as a frame."""
    return struct.pack("=I", len(payload)) + payload


class Trial:
    """One process of a host, with a thread that reads whatever it sends."""

    def __init__(self, host: Host, env: Mapping[str, str]) -> None:
        self.frames: list[bytes] = []
        self._heard = time.monotonic()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        self.process = subprocess.Popen(
            host.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=env,
            bufsize=0,
            preexec_fn=_limit if host.is_limited and sys.platform == "linux" else None,
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self.reserved = 0

    def listen(self) -> None:
        """From now on what it sends is read."""
        self._reading.start()

    def tell(self, data: bytes) -> None:
        """Sends bytes, if anybody still takes them, within ``PATIENCE``."""
        assert self.process.stdin
        pipe = self.process.stdin

        def write() -> None:
            view = memoryview(data)
            with contextlib.suppress(OSError, ValueError):
                while view:
                    view = view[pipe.write(view) or 0 :]

        writing = threading.Thread(target=write, daemon=True)
        writing.start()
        writing.join(PATIENCE)

    def wait(self, count: int) -> None:
        """Until there are more frames than ``count`` and then no more, or there will be none."""
        begun = self._heard = time.monotonic()
        while self.process.poll() is None and time.monotonic() - self._heard < (
            QUIET if len(self.frames) > count else PATIENCE
        ):
            self._see_memory()
            time.sleep(0.02)
            if time.monotonic() - begun > 4 * PATIENCE:
                return
        if self.process.returncode is not None and self._reading.ident:
            self._reading.join(PATIENCE)

    def hang_up(self) -> int | None:
        """Closes its stdin; the exit code, or None if it is there after ``PATIENCE``."""
        assert self.process.stdin
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> bool:
        """Ends it; whether there was a traceback."""
        self.process.kill()
        self.process.wait()
        if self._reading.ident:
            self._reading.join(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._stderr.seek(0)
        words = self._stderr.read()
        self._stderr.close()
        return b"Traceback" in words or b"\n    at " in words

    def _read(self) -> None:
        assert self.process.stdout
        buffer = bytearray()
        with contextlib.suppress(OSError, ValueError):
            while chunk := self.process.stdout.read(65536):
                buffer += chunk
                self._heard = time.monotonic()
                while len(buffer) >= 4:
                    end = 4 + struct.unpack_from("=I", buffer)[0]
                    if len(buffer) < end:
                        break
                    self.frames.append(bytes(buffer[4:end]))
                    del buffer[:end]

    def _see_memory(self) -> None:
        with contextlib.suppress(OSError, IndexError):
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            self.reserved = max(self.reserved, int(status.partition("VmPeak:")[2].split()[0]) << 10)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_SPACE, MOST_SPACE))


def tried(host: Host, env: Mapping[str, str], row: Row) -> Outcome:
    """What ``host`` does when it is told the stream of ``row``."""
    trial = Trial(host, env)
    count = 0
    try:
        if row.is_deaf:
            assert trial.process.stdout
            trial.process.stdout.close()
        else:
            trial.listen()
        for piece in row.pieces or [framed(host.page)]:
            trial.tell(piece)
        if not row.is_cut:
            trial.wait(0)
        count = len(trial.frames)
        code = trial.process.poll()
        if code is None and not row.is_cut:
            trial.tell(framed(HELLO))
            trial.wait(count)
        serves = len(trial.frames) > count
        end = trial.hang_up()
    finally:
        has_traceback = trial.close()
    return Outcome(trial.frames[:count], serves, code, end, has_traceback, trial.reserved)
