"""As tests/reliability/tracing.py, for files: with more kinds of steps, and the path of each.

    python -m tests.browsers.stepping LOG [STEP NUMBER before|after] -- PROGRAM ARGUMENT...

A line of LOG has the name, the number of the process, and the path; what goes into a pipe has none.
"""

import os
import platform
import sys

from tests.reliability import tracing

#: Those of linux/unistd.h that matter to whoever makes and removes folders.
MORE: dict[str, dict[int, str]] = {
    "x86_64": {84: "rmdir", 90: "chmod", 91: "fchmod", 268: "fchmodat"},
    "aarch64": {52: "fchmod", 53: "fchmodat"},
}

_OF_A_HANDLE = {"write", "writev", "pwrite64", "pwritev", "fsync", "fdatasync", "ftruncate"}
_IN_A_FOLDER = {"openat", "unlinkat", "mkdirat", "renameat", "renameat2", "fchmodat"}
_PAGE = 4096


class Stepper(tracing.Tracer):
    """The tracer that also says which file a step is about."""

    def about(self, thread: int, name: str, arguments: tuple[int, ...]) -> str:
        """The process and the path, after a tab each."""
        return f"\t{thread}\t{_path(thread, name, arguments)}"


def _path(thread: int, name: str, arguments: tuple[int, ...]) -> str:
    if name in (_OF_A_HANDLE | {"fchmod"}):
        place = os.readlink(f"/proc/{thread}/fd/{arguments[0]}")
        return place if place.startswith("/") and not place.startswith("/dev/") else ""
    if name in ("connect", "sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown", "accept4"):
        return ""
    return os.fsdecode(_text(thread, arguments[1 if name in _IN_A_FOLDER else 0]))


def _text(thread: int, address: int) -> bytes:
    """The string at an address of the program's, up to its end."""
    found = b""
    memory = os.open(f"/proc/{thread}/mem", os.O_RDONLY)
    try:
        while b"\0" not in found:
            place = address + len(found)
            found += os.pread(memory, _PAGE - place % _PAGE, place)
    finally:
        os.close(memory)
    return found.partition(b"\0")[0]


if __name__ == "__main__":
    tracing.NAMES.update(MORE.get(platform.machine(), {}))
    os._exit(tracing.main(sys.argv[1:], Stepper))
