"""The host, and a line of JSON for everything that it has to do with a network.

``main`` takes the log's path before what browsers give, and, before that, ``--internet`` where the
host is in a network of its own: then there are a name server and a web server in there, which
write down what they were asked.
"""

import json
import multiprocessing
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HERE = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
PROGRAM = [sys.executable, "-c", f"{HERE}; from tests.e2e.watched_host import main; main()"]
"""To be followed by ``main``'s own arguments."""

EVENTS = frozenset(
    f"socket.{name}"
    for name in ("connect", "sendto", "sendmsg", "getaddrinfo", "gethostbyname", "gethostbyaddr")
)


class Log(list[Any]):
    """A list whose items are also written to a file, at once."""

    def __init__(self, path: Path, kind: str) -> None:
        super().__init__()
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._kind = kind

    def append(self, what: Any) -> None:
        super().append(what)
        self._file.write(json.dumps([self._kind, what], default=repr) + "\n")


def main() -> None:
    in_own_network = sys.argv[1] == "--internet"
    path = Path(sys.argv[1 + in_own_network])
    del sys.argv[1 : 2 + in_own_network]
    if in_own_network:
        raise_internet(path)
    watch(path)
    from flattr_host.native import main as host

    raise SystemExit(host())


def watch(path: Path) -> None:
    """Python's own report of every socket, whichever module makes it (PEP 578)."""
    heard = Log(path, "host")

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event in EVENTS:
            heard.append([event, *arguments[event != "socket.getaddrinfo" :]])

    sys.addaudithook(hear)


def raise_internet(path: Path) -> None:
    from tests.linked_page.stage import raise_network

    raise_network()
    context = multiprocessing.get_context("fork")
    is_ready = context.Event()
    context.Process(target=serve, args=(path, is_ready, os.getpid()), daemon=True).start()
    is_ready.wait()


def serve(path: Path, is_ready: Any, host: int) -> None:
    """A public web server, where all names lead to, as long as the host runs."""
    from tests.linked_page.name_server import NameServer
    from tests.linked_page.stage import NAMES, PUBLIC
    from tests.linked_page.web import WebServer

    silence = os.open(os.devnull, os.O_RDWR)
    for pipe in (0, 1):  # the browser's, and it waits for their end
        os.dup2(silence, pipe)
    names, web = NameServer(NAMES, default=[PUBLIC]), WebServer(80)
    names.asked, web.seen = Log(path, "name"), Log(path, "web")
    for server in (names, web):
        threading.Thread(target=server.serve, daemon=True).start()
    is_ready.set()
    while os.getppid() == host:
        time.sleep(0.1)
