"""Runs a program, writes down each step that it takes, and kills it before or after one of them.

    python -I tracing.py LOG [STEP NUMBER before|after] -- PROGRAM ARGUMENT...

A step is a system call of steps.toml, by whichever thread; NUMBER counts each kind from 1. LOG gets
a line for each: a name, and "killed" for the last one of a program that was killed. As strace's
``inject``, except that its counters are each thread's own, so that it cannot name every call.

The kernel stops the program at these calls alone (a seccomp filter), and SIGKILL at such a stop
means that the call is not made (``before``), or was made and its result never seen (``after``).
"""

import ctypes
import os
import platform
import signal
import struct
import sys
import tomllib
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TextIO

#: The exit code of a program that was killed at its step.
KILLED = 99

_STEPS: dict[str, int] = tomllib.loads(Path(__file__).with_name("steps.toml").read_text())[
    platform.machine()
]
#: The kinds of steps, by number; whoever needs others adds them first.
NAMES = {number: name for name, number in _STEPS.items()}

# linux/ptrace.h
_TRACEME, _CONT, _SYSCALL, _SET_OPTIONS, _GET_SYSCALL_INFO = 0, 7, 24, 0x4200, 0x420E
_EXIT_KILL, _GOOD_SYSCALLS, _FORKS, _EXEC, _SECCOMP = 1 << 20, 1, 2 | 4 | 8, 16, 128
_SECCOMP_EVENT = 7
_INFO_BYTES, _FIRST_ARGUMENT = 88, 32
# linux/prctl.h, linux/seccomp.h, linux/bpf_common.h
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_TRACE, _ALLOW = 0x7FF00000, 0x7FFF0000
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALL_THREADS = 0x40000000  # __WALL of wait(2)

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def main(arguments: list[str], tracer: "type[Tracer] | None" = None) -> int:
    """Returns the program's exit code, or ``KILLED``."""
    at = arguments.index("--")
    (log, *point), command = arguments[:at], arguments[at + 1 :]
    step, number, side = point or ("", "0", "before")
    program = _started(command)
    signal.signal(signal.SIGTERM, lambda *_: _pass_on(program))
    with open(log, "w", buffering=1) as file:
        return (tracer or Tracer)(program, file, (step, int(number)), side == "after").run()


def _pass_on(program: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(program, signal.SIGTERM)


def _started(command: list[str]) -> int:
    """The program, stopped before its first instruction."""
    program = os.fork()
    if not program:
        _ptrace(_TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)  # until its tracer is ready for the filter's stops
        _stop_at_steps()
        os.execv(command[0], command)  # noqa: S606 - from an argument list
    os.waitpid(program, os.WUNTRACED)
    options = _EXIT_KILL | _GOOD_SYSCALLS | _FORKS | _EXEC | _SECCOMP
    _ptrace(_SET_OPTIONS, program, 0, options)
    _ptrace(_CONT, program)
    return program


def _stop_at_steps() -> None:
    """A filter of the kernel's for this process: it stops at steps, and at nothing else."""
    steps = list(NAMES)
    rules = [(_LOAD_WORD, 0, 0, 0)]
    rules += [(_JUMP_IF_EQUAL, len(steps) - n, 0, step) for n, step in enumerate(steps)]
    rules += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _TRACE)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
    program = struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(code))
    if _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or _libc.prctl(_SET_SECCOMP, _FILTER, program):
        raise OSError(ctypes.get_errno(), "no filter")


class Tracer:
    """The one that waits for the program's stops, and kills it at one of them."""

    def __init__(self, program: int, log: TextIO, point: tuple[str, int], is_after: bool) -> None:
        self._program = program
        self._log = log
        self._point = point
        self._is_after = is_after
        self._counts: Counter[str] = Counter()
        self._threads = {program}
        self._is_killed = False

    def run(self) -> int:
        """Returns as ``main`` does."""
        while True:
            thread, status = os.waitpid(-1, _ALL_THREADS)
            if os.WIFSTOPPED(status):
                self._resume(thread, os.WSTOPSIG(status), status >> 16)
            elif thread == self._program:
                return KILLED if self._is_killed else os.waitstatus_to_exitcode(status) & 0xFF

    def about(self, thread: int, name: str, arguments: tuple[int, ...]) -> str:  # noqa: ARG002
        """What LOG says of a step besides its name."""
        return ""

    def _resume(self, thread: int, number: int, event: int) -> None:
        request, deliver = _CONT, 0
        if event == _SECCOMP_EVENT:
            request = self._step(thread)
        elif number == signal.SIGTRAP | 0x80:  # after the call, which only our step waits for
            self._kill()
        elif number == signal.SIGSTOP and thread not in self._threads:
            self._threads.add(thread)  # how each thread begins
        elif not event:
            deliver = number
        _ptrace(request, thread, 0, deliver)

    def _step(self, thread: int) -> int:
        """Takes note of a step; how to go on after it."""
        info = ctypes.create_string_buffer(_INFO_BYTES)
        _ptrace(_GET_SYSCALL_INFO, thread, _INFO_BYTES, ctypes.addressof(info))
        number, *arguments = struct.unpack_from("4Q", info.raw, _FIRST_ARGUMENT - 8)
        name = NAMES.get(number, "")
        if not name or (name == "openat" and not arguments[2] & os.O_CREAT):
            return _CONT
        self._counts[name] += 1
        self._log.write(f"{name}{self.about(thread, name, tuple(arguments))}\n")
        if (name, self._counts[name]) != self._point:
            return _CONT
        if self._is_after:
            return _SYSCALL
        self._kill()
        return _CONT

    def _kill(self) -> None:
        self._is_killed = True
        self._log.write("killed\n")
        os.kill(self._program, signal.SIGKILL)


def _ptrace(request: int, thread: int, address: int = 0, data: int = 0) -> None:
    """A thread that has just been killed can no longer be asked for anything."""
    _libc.ptrace(request, thread, address, data)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # a signal at Python's own end would be taken for the program's
