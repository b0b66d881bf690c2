"""A ledger served over HTTP on this machine, for browsers and hosts to connect to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from flattr_host.ledger import Store

from .browser import wait_for
from .processes import ProcessGroup

PROGRAM = [sys.executable, "-I", "-c", "from flattr_host.cli import main; main()"]
START_TIMEOUT_S = 20.0
ANSWER_TIMEOUT_S = 10.0


class ServedLedger:
    """``flattr-host serve`` on a free port with a ledger of its own, from enter to exit."""

    def __init__(self, folder: Path) -> None:
        """`folder` is this server's alone: its ledger and what it writes go there."""
        self._folder = folder
        self._process: ProcessGroup | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        Store(str(self.ledger)).close()
        command = [*PROGRAM, "serve", "--port", "0", "--json", "--ledger", str(self.ledger)]
        self._process = ProcessGroup(command, self._environment(), self._log)
        line = wait_for(self._ready_line, "the server", START_TIMEOUT_S)
        self.url = json.loads(line)["url"]
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process:
            self._process.stop()
        print(self._log.read_text("utf-8", "replace")[-2000:])

    def add_user(self, name: str, password: str, *options: str) -> None:
        self._manage("users", "add", name, "--password-stdin", *options, stdin=f"{password}\n")

    def add_token(self, name: str) -> str:
        return self._manage("tokens", "add", name, "--scope", "flattr").strip()

    def tokens(self, name: str) -> list[dict[str, Any]]:
        """The tokens of a user, as ``tokens list --json`` prints them."""
        lines = self._manage("tokens", "list", name, "--json").splitlines()
        return [json.loads(line) for line in lines]

    def valid_tokens(self, name: str) -> list[int]:
        return [token["id"] for token in self.tokens(name) if token["revoked_at"] is None]

    def revoke(self, token_id: int) -> None:
        self._manage("tokens", "revoke", str(token_id))

    def flattrs_of(self, name: str) -> list[tuple[str, str]]:
        """URL and owner of what a user flattred, newest first, as the API tells anybody."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=ANSWER_TIMEOUT_S)
        connection.request("GET", f"/rest/v2/users/{name}/flattrs")
        flattrs = json.load(connection.getresponse())
        connection.close()
        return [(one["thing"]["url"], one["thing"]["owner"]["username"]) for one in flattrs]

    @property
    def ledger(self) -> Path:
        """The file, which may be written to meanwhile."""
        return self._folder / "ledger.sqlite3"

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    def _ready_line(self) -> str:
        lines = self._log.read_text("utf-8").splitlines()
        return next((line for line in lines if line.startswith("{")), "")

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "FLATTR_HOST_HOME": str(self._folder)}

    def _manage(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [*PROGRAM, *arguments, "--ledger", str(self.ledger)],
            env=self._environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
