"""Runs in a network of its own, see test_links.py: a site, and the real host that is given links.

Prints the answers of the host to each link, a list of messages, as one JSON object.
"""

import http.server
import json
import threading
import time
from typing import Any

from flattr_host.browsers.process import HostProcess
from tests.conftest import HOST
from tests.linked_page.stage import PUBLIC, raise_network

SITE = f"http://{PUBLIC}"


def payment(owner: str) -> str:
    url = f"https://flattr.com/submit/auto?user_id={owner}&amp;url={SITE}/post"
    return f'<link rel="payment" href="{url}">'


PAGES = {
    "/post": f"<head><title>A post</title>{payment('bob')}</head>",
    "/two": f"<head>{payment('bob')}{payment('alice')}</head>",
    "/nothing": "<head><title>Nothing</title></head>",
}


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(20)
        self.send_response(302 if self.path == "/short" else 200)
        self.send_header("Location", "https://github.com/smgt/flattr")
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGES.get(self.path, "").encode())

    def log_message(self, *_: object) -> None:
        """Nothing is told."""


def ask(host: HostProcess, path: str, **more: object) -> list[dict[str, Any]]:
    request = {"id": path, "type": "flattr", "url": SITE + path, "link": True}
    return list(host.request(request | more))


def undone(host: HostProcess) -> list[dict[str, Any]]:
    """The answers to a link and to its undoing, and how many seconds that took."""
    host.send({"id": "f", "type": "flattr", "url": f"{SITE}/slow", "link": True})
    reading = host.receive()
    time.sleep(1)
    begun = time.monotonic()
    host.send({"id": "c", "type": "cancel", "request": "f"})
    answers = [reading, host.receive(), host.receive()]
    return [*answers, {"seconds": time.monotonic() - begun}]


def main() -> None:
    raise_network()
    server = http.server.ThreadingHTTPServer((PUBLIC, 80), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with HostProcess(argv=HOST) as host:
        answers = {path: ask(host, path) for path in ("/post", "/two", "/nothing", "/short")}
        for path in ("/two", "/short"):
            confirm = answers[path][-1]["offers"][-1]["confirm"]
            answers[f"{path} yes"] = ask(host, path, confirm=confirm)
        answers["/slow"] = undone(host)
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
