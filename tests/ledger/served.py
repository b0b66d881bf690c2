"""A ledger that is served, by the real command in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from flattr_host.ledger import Store

COMMAND = os.path.join(os.path.dirname(sys.executable), "flattr-host")


PASSWORD = "a good password"


def run(*args: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *args], input=given, capture_output=True, text=True, timeout=60, check=False
    )


class Served:
    """``flattr-host serve`` at a free port of the loopback, with a ledger made at ``file``."""

    def __init__(self, file: Path, *options: str) -> None:
        self.file = str(file)
        Store(self.file).close()
        self.process = subprocess.Popen(
            [COMMAND, "serve", "--port", "0", "--json", "--ledger", self.file, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"FLATTR_HOST_HOME": str(file.parent / "home")},
        )
        assert self.process.stdout
        ready = json.loads(self.process.stdout.readline() or "{}")
        self.api_url: str = ready["api_url"]
        self.url: str = ready["url"]
        self.port = int(self.url.rpartition(":")[2])

    def add_user(self, name: str, *options: str) -> None:
        done = run(
            *("users", "add", name, "--password-stdin", "--ledger", self.file, *options),
            given=PASSWORD,
        )
        assert done.returncode == 0, done.stderr

    def token(self, name: str, scope: str = "flattr thing") -> str:
        return run("tokens", "add", name, "--scope", scope, "--ledger", self.file).stdout.strip()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)
        return self.process.returncode

    def __enter__(self) -> "Served":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
