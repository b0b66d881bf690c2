"""``flattr-host serve`` as a process that can be killed and started again at the same port."""

import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from flattr_host.ledger import Store
from flattr_host.ledger.accounts import Accounts
from tests.reliability.homes import TRACING, Home, moved_clock

_CODE = "from flattr_host.cli import main; main()"


def make_ledger(file: Path) -> str:
    """A ledger in which alice has an account; a token of hers."""
    file.parent.mkdir(parents=True, exist_ok=True)
    store = Store(str(file))
    accounts = Accounts(store)
    accounts.add_user("alice", None)
    token = accounts.add_token("alice", frozenset({"flattr"}))
    store.close()
    return token


class Port:
    """A port of the loopback that is ours, but where nobody listens: connections are refused."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Gives it back."""
        self._socket.close()


class Server:
    """A served ledger at a port, from enter to exit; it can be killed and restarted between.

    ``found_at`` is the port at which people find it, where that is another.
    """

    def __init__(
        self, ledger: Path, port: int, clock: Path | None = None, found_at: int = 0
    ) -> None:
        self.ledger = ledger
        self._port = port
        self._url = f"http://127.0.0.1:{found_at or port}"
        self._code = moved_clock(clock, _CODE) if clock else _CODE
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, tracing: Sequence[str] = ()) -> bool:
        """Until it says that it is ready; False if it ended before."""
        given = ["--port", str(self._port), "--base-url", self._url, "--rate-limit", "0"]
        command = [sys.executable, "-I", "-c", self._code, "serve", *given, "--json"]
        command += ["--ledger", str(self.ledger)]
        if tracing:
            command = [*TRACING, *tracing, "--", *command]
        home = self.ledger.parent / "server"
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=Home(home).env)
        assert self.process.stdout
        line = self.process.stdout.readline()
        return bool(line)

    @property
    def api_url(self) -> str:
        """Where people find the API."""
        return f"{self._url}/rest/v2"

    def stop(self) -> int:
        """Ends it as a person would; its exit code."""
        assert self.process
        assert self.process.stdout
        self.process.terminate()
        self.process.stdout.close()
        return self.process.wait(20)

    def __enter__(self) -> "Server":
        assert self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if self.process and self.process.poll() is None:
            self.stop()


def connect(home: Home, server: Server, token: str, **settings: str) -> None:
    """Connects alice's account in ``home``, by the real command."""
    home.path.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-I", "-c", _CODE, "login", server.api_url, "--token-stdin"]
    subprocess.run(
        command, input=token.encode(), env=home.env, check=True, capture_output=True, timeout=60
    )
    home.set(api_url=f'"{server.api_url}"', **settings)
