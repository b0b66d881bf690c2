"""A served ledger under load: ``POST /flattr`` and pages of histories, beside the limit."""

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple
from urllib.parse import urlsplit

from flattr_host.ledger import Store
from flattr_host.ledger.accounts import Accounts
from tests.bench.measuring import Times

COMMAND = [sys.executable, "-I", "-c", "from flattr_host.cli import main; main()"]
LIMIT = [sys.executable, "-I", str(Path(__file__).parent / "baselines" / "aiohttp_bytes.py")]

#: How long each number of connections is kept busy, in seconds.
SECONDS = 4.0

_number = itertools.count()


class Load(NamedTuple):
    """What a server answered in one run."""

    a_second: float
    times: Times


@contextmanager
def serving(command: list[str]) -> Iterator[str]:
    """A server process, by the API's URL that it tells when it is ready."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    try:
        yield json.loads(process.stdout.readline())["api_url"]
    finally:
        process.stdin.close()
        process.terminate()
        process.wait(20)
        process.stdout.close()


def serve(ledger: Path) -> list[str]:
    """The command for a served ledger without a rate limit."""
    return [
        *COMMAND,
        "serve",
        "--port",
        "0",
        "--json",
        "--rate-limit",
        "0",
        "--ledger",
        str(ledger),
    ]


def login(api_url: str, token: str, env: dict[str, str]) -> None:
    """Connects the account of that token in the HOME of ``env``."""
    command = [*COMMAND, "login", api_url, "--token-stdin"]
    subprocess.run(command, input=token, text=True, env=env, check=True, capture_output=True)


def flattrs(api_url: str, token: str, connections: int) -> Load:
    """Flattrs of things that nobody flattred before, one after the other on each connection."""

    def request() -> bytes:
        body = json.dumps({"url": f"https://github.com/smgt/load-{next(_number)}"}).encode()
        return _request("POST", f"{api_url}/flattr", token, body)

    return asyncio.run(_load(api_url, connections, request, SECONDS))


def pages(api_url: str, token: str, last_page: int) -> Load:
    """Pages of a history, from anywhere in it."""
    random = Random(1)  # noqa: S311 - the same pages in every run

    def request() -> bytes:
        return _request("GET", f"{api_url}/user/flattrs?page={random.randint(1, last_page)}", token)

    return asyncio.run(_load(api_url, 1, request, SECONDS / 2))


def fill(ledger: Path, count: int) -> str:
    """A ledger whose one user has made ``count`` flattrs of a tenth as many things; their token."""
    store = Store(str(ledger))
    accounts = Accounts(store)
    accounts.add_user("alice", None)
    token = accounts.add_token("alice", frozenset({"flattr"}))
    things = max(count // 10, 1)
    with store.transaction() as db:
        (alice,) = db.execute("SELECT id FROM users WHERE username = 'alice'").fetchone()
        db.executemany(
            "INSERT INTO things (id, url, title, owner_id, flattrs, created_at)"
            " VALUES (?, ?, ?, NULL, ?, 0)",
            (
                (number, f"https://blog.example/{number}", f"Post {number}", count // things)
                for number in range(1, things + 1)
            ),
        )
        db.executemany(
            "INSERT INTO flattrs (thing_id, user_id, number, month, created_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                (number % things + 1, alice, number + 1, f"{number // things:04}-01", number)
                for number in range(count)
            ),
        )
        db.execute("UPDATE users SET flattrs = ? WHERE id = ?", (count, alice))
    store.close()
    return token


def _request(method: str, url: str, token: str, body: bytes = b"") -> bytes:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _load(
    api_url: str, connections: int, request: Callable[[], bytes], seconds: float
) -> Load:
    host, port = urlsplit(api_url).hostname, urlsplit(api_url).port
    times: list[float] = []
    begun = time.perf_counter()

    async def ask_again_and_again() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        while time.perf_counter() < begun + seconds:
            sent = time.perf_counter()
            writer.write(request())
            head = await reader.readuntil(b"\r\n\r\n")
            _, _, length = head.lower().partition(b"content-length: ")
            await reader.readexactly(int(length.partition(b"\r\n")[0]))
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{api_url} answered {head.splitlines()[0].decode()}")
            times.append(time.perf_counter() - sent)
        writer.close()

    await asyncio.gather(*(ask_again_and_again() for _ in range(connections)))
    return Load(len(times) / (time.perf_counter() - begun), Times(times))
