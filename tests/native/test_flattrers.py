"""Who flattred a thing: a real host, its ledger, and a real server."""

import subprocess
from pathlib import Path
from typing import Any

from flattr_host.api.remote import RemoteBackend
from flattr_host.api.secret import Secret
from flattr_host.browsers.process import HostProcess
from tests.conftest import Home
from tests.ledger.served import COMMAND, Served

Message = dict[str, Any]
REPOSITORY = "https://github.com/smgt/flattr"


def flattrers(host: HostProcess, thing: int, **more: object) -> tuple[list[Message], Message]:
    """The flattrs, and the final answer."""
    *statuses, last = host.request({"id": "1", "type": "flattrers", "thing": thing, **more})
    assert {status["state"] for status in statuses} <= {"flattrs"}
    return [flattr for status in statuses for flattr in status["flattrs"]], last


def test_in_the_ledger_there_is_nobody_else(host: HostProcess, flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0")
    *_, done = host.request({"id": "1", "type": "flattr", "url": REPOSITORY})
    found, last = flattrers(host, done["thing"]["id"])
    assert (found, last) == ([], {"id": "1", "type": "done", "count": 0, "more": False})
    nobody, error = flattrers(host, 999)
    assert (nobody, error["code"]) == ([], "not_found")
    assert "flattred" not in error["message"]
    assert flattrers(host, -1)[1]["code"] == "invalid_request"


def test_at_a_server(tmp_path: Path, host: HostProcess, flattr_home: Home) -> None:
    with Served(tmp_path / "served.sqlite3") as served:
        for name in ("alice", "bob", "carol"):
            served.add_user(name)
            token = served.token(name, "flattr")
            thing = RemoteBackend(served.api_url, Secret(token)).flattr(REPOSITORY).thing
        flattr_home.set(api_url=f'"{served.api_url}"')
        login = [COMMAND, "login", "--token-stdin", served.api_url]
        subprocess.run(login, input=token + "\n", text=True, check=True, timeout=60)
        found, last = flattrers(host, thing.id, count=2)
        assert [flattr["owner"]["username"] for flattr in found] == ["carol", "bob"]
        assert all(flattr["thing"]["id"] == thing.id for flattr in found)
        assert all(flattr["created_at"] > 0 for flattr in found)
        assert last["more"] is True
        found, last = flattrers(host, thing.id, count=2, page=2)
        assert [flattr["owner"]["username"] for flattr in found] == ["alice"]
        assert last["more"] is False
