"""A native-messaging host whose every start is written down."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .driver import Driver


class RecordedHost:
    """Registers `command` as the host `name` with one browser, behind a launcher that takes notes.

    A test that no host was started proves it by `starts() == []`: the launcher appends its line
    before the host runs, so neither a crash nor a quick end can hide a start.
    """

    def __init__(self, browser: Driver, name: str, command: Sequence[str]) -> None:
        """`command` gets the arguments that the browser passes, after its own."""
        self._log = browser.home / f"{name}.starts"
        launcher = browser.home / f"{name}.sh"
        launcher.write_text(_launcher(self._log, command), "utf-8")
        launcher.chmod(0o755)
        browser.native_hosts.mkdir(parents=True, exist_ok=True)
        (browser.native_hosts / f"{name}.json").write_text(
            json.dumps(
                {
                    "name": name,
                    "description": "A host that tests watch",
                    "path": str(launcher),
                    "type": "stdio",
                    **browser.native_manifest_permission,
                }
            ),
            "utf-8",
        )

    def starts(self) -> list[str]:
        """One line for each start so far: the arguments the browser gave."""
        return self._log.read_text("utf-8").splitlines() if self._log.exists() else []


def _launcher(log: Path, command: Sequence[str]) -> str:
    # exec, so that the browser's signals and its end of file reach the host itself.
    return (
        f"#!/bin/sh\nprintf '%s\\n' \"$*\" >> {shlex.quote(str(log))}\n"
        f'exec {shlex.join(command)} "$@"\n'
    )


# What is said of one request, in the frames that browsers speak.
_ANSWERS = """import json, struct, sys
stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
while size := stdin.read(4):
    request = json.loads(stdin.read(*struct.unpack("=I", size)))
    answer = json.dumps({"id": request["id"], **json.loads(sys.argv[1])}).encode()
    stdout.write(struct.pack("=I", len(answer)) + answer)
    stdout.flush()"""


def host_that_says(answer: Mapping[str, object]) -> list[str]:
    """The command of a host of another version: it gives that answer to every request."""
    return [sys.executable, "-I", "-c", _ANSWERS, json.dumps(answer)]
