"""Playing the browser: starting a native-messaging host as it does, and talking with it.

What each browser passes was observed in Firefox ESR 153 and Chromium 156 on Linux: Firefox starts
``path manifest_path addon_id`` with an extra pipe on descriptor 3, Chromium ``path origin``; both
in the folder of the program, with pipes on 0 and 1.
"""

import contextlib
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec

from .table import Family

MOST = 1_048_576  # bytes of one message from the host that browsers take
_LENGTH = struct.Struct("=I")
_CHUNK = 65_536

Message = dict[str, Any]


class HostError(Exception):
    """The host did not do what a host must; the text is a sentence."""


class HostGone(HostError):
    """The host cannot be started, or its end of the pipe is closed."""


class HostSilent(HostError):
    """The host did not answer in time."""


class HostProcess:
    """One host process, started as the browser would; use it in a ``with``.

    *manifest_path* is an installed native-messaging manifest: it names the program, and its allow
    list tells the family. Without one, *argv* is started (for hosts under test and baselines), in
    *cwd* or else the program's folder, as *family* does. *env* replaces the environment. *stderr*
    is as in :class:`subprocess.Popen`; by default the host's goes where ours does.

    Raises :exc:`HostGone` if it cannot be started.
    """

    def __init__(
        self,
        manifest_path: str | os.PathLike[str] | None = None,
        *,
        argv: Sequence[str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        family: Family = "chromium",
        stderr: int | IO[bytes] | None = None,
    ) -> None:
        if manifest_path is not None:
            family, argv = command(manifest_path)
        if not argv:
            raise ValueError("HostProcess needs a manifest's path or an argv")
        self.argv = list(argv)
        self.family = family
        self._backlog: deque[Message] = deque()
        self._bytes = bytearray()
        self._sentinel: int | None = None
        folder = cwd or os.path.dirname(self.argv[0]) or None
        try:
            self._start(folder, env, stderr)
        except OSError as error:
            raise HostGone(f"{self.argv[0]} cannot be started: {error.strerror}.") from error

    def _start(
        self,
        cwd: str | os.PathLike[str] | None,
        env: Mapping[str, str] | None,
        stderr: int | IO[bytes] | None,
    ) -> None:
        with_sentinel = self.family == "gecko" and sys.platform != "win32"
        theirs = -1
        if with_sentinel:
            self._sentinel, theirs = os.pipe()

        def third() -> None:  # runs in the child, whose 3 cannot be chosen in another way
            os.dup2(theirs, 3)
            os.set_inheritable(3, True)

        try:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                self.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=cwd,
                env=env,
                bufsize=0,
                # 3 is open here too by now, as ours or as something else, else this would fail.
                pass_fds=(3,) if with_sentinel else (),
                preexec_fn=third if with_sentinel else None,
            )
        finally:
            if with_sentinel:
                os.close(theirs)

    @property
    def pid(self) -> int:
        """The process id of the host (of the launcher, which becomes the host by ``exec``)."""
        return self.process.pid

    def send(self, message: Message) -> None:
        """Send one message. Raises :exc:`HostGone`."""
        payload = msgspec.json.encode(message)
        self.send_raw(_LENGTH.pack(len(payload)) + payload)

    def send_raw(self, data: bytes) -> None:
        """Send *data* as it is, be it a frame, half of one, or rubbish. Raises :exc:`HostGone`."""
        assert self.process.stdin is not None  # noqa: S101 - for the type checker
        view = memoryview(data)
        try:
            while view:
                view = view[self.process.stdin.write(view) or 0 :]
        except (BrokenPipeError, ValueError) as error:
            raise HostGone(self._epitaph()) from error

    def receive(self, timeout: float = 10.0) -> Message:
        """The next message, waiting for it up to *timeout* seconds.

        Raises :exc:`HostSilent`, :exc:`HostGone`, or :exc:`HostError` for what a browser refuses.
        """
        if self._backlog:
            return self._backlog.popleft()
        deadline = time.monotonic() + timeout
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, deadline))
        if not 0 < length <= MOST:
            raise HostError(
                f"The host announced a message of {length} bytes; browsers refuse that."
            )
        payload = self._read(length, deadline)
        try:
            return msgspec.json.decode(payload, type=Message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HostError(f"The host sent something that is no JSON object ({error}).") from error

    def request(self, message: Message, timeout: float = 10.0) -> Iterator[Message]:
        """Send *message* and yield what comes for its ``id``, up to its ``done`` or ``error``.

        *timeout* is for each message, in seconds. Messages for other ids are kept for whoever asks
        next. Raises as :meth:`receive` does.
        """
        self.send(message)
        others: list[Message] = []
        try:
            while True:
                frame = self.receive(timeout)
                if frame.get("id") not in (message["id"], None):
                    others.append(frame)
                    continue
                yield frame
                if frame.get("type") in ("done", "error"):
                    return
        finally:
            self._backlog.extendleft(reversed(others))

    def hang_up(self) -> None:
        """Close the host's stdin, as a browser does first when the port is closed."""
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def close(self, timeout: float = 5.0) -> int:
        """Hang up, wait for the end, and return the exit code (negative: ended by a signal).

        A host that is still there after *timeout* seconds is killed.
        """
        self.hang_up()
        deadline = time.monotonic() + timeout
        with contextlib.suppress(HostError):
            while True:  # a host that is still writing must not wait for us
                self._read(1, deadline)
                self._bytes.clear()
        try:
            code = self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._release()
        return code

    def __enter__(self) -> "HostProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _release(self) -> None:
        if self.process.stdout is not None:
            self.process.stdout.close()
        if self._sentinel is not None:
            os.close(self._sentinel)
            self._sentinel = None

    def _read(self, count: int, deadline: float) -> bytes:
        assert self.process.stdout is not None  # noqa: S101 - for the type checker
        if self.process.stdout.closed:
            raise HostGone(self._epitaph())
        descriptor = self.process.stdout.fileno()
        while len(self._bytes) < count:
            if sys.platform != "win32":  # where pipes cannot be waited for; there we wait on
                left = max(0.0, deadline - time.monotonic())
                if not select.select([descriptor], [], [], left)[0]:
                    raise HostSilent("The host did not answer in time.")
            chunk = os.read(descriptor, _CHUNK)
            if not chunk:
                raise HostGone(self._epitaph())
            self._bytes += chunk
        data = bytes(self._bytes[:count])
        del self._bytes[:count]
        return data

    def _epitaph(self) -> str:
        try:
            code = self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "The host closed the connection."
        if code < 0:
            return f"The host was ended by {signal.Signals(-code).name}."
        return f"The host ended with exit code {code}, without an answer."


def command_line(
    program: str, manifest_path: str | os.PathLike[str], family: Family, extension: str
) -> list[str]:
    """How a browser of *family* starts *program* for the extension with that id."""
    if family == "gecko":
        return [program, os.fspath(manifest_path), extension]
    return [program, f"chrome-extension://{extension}/"]


def command(manifest_path: str | os.PathLike[str]) -> tuple[Family, list[str]]:
    """The family of a manifest, and the command line that a browser makes of it.

    Raises :exc:`HostGone` for what a browser would take for no manifest at all.
    """
    try:
        manifest = msgspec.json.decode(Path(manifest_path).read_bytes(), type=Message)
        program = str(manifest["path"])
        if "allowed_extensions" in manifest:
            caller = str(manifest["allowed_extensions"][0])
            return "gecko", [program, os.fspath(manifest_path), caller]
        return "chromium", [program, str(manifest["allowed_origins"][0])]
    except (
        OSError,
        msgspec.DecodeError,
        ValueError,
        RecursionError,
        LookupError,
        TypeError,
    ) as error:
        raise HostGone(
            f"The manifest {os.fspath(manifest_path)} is not usable ({error})."
        ) from error
