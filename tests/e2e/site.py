"""A web site on 127.0.0.1 for browsers to visit, which remembers what it was asked for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Self

FEEDS = {".atom": "application/atom+xml", ".rss": "application/rss+xml", ".xml": "text/xml"}


class Site:
    """Serves HTML and feeds from memory, from enter to exit; `requests` are the paths asked for,
    in order."""

    def __init__(self, pages: Mapping[str, str], port: int = 0) -> None:
        """`pages` maps paths ("/a.html", "/a.rss") to HTML or XML. Any other gets a 404.

        `port` 0 is any that is free.
        """
        self.pages = dict(pages)
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a page; for another origin, `host` may be any name under ".test"."""
        port = self._server.server_port
        return f"http://{host}{path}" if port == 80 else f"http://{host}:{port}{path}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append(self.path)
                page = site.pages.get(self.path)
                body = (page or "").encode()
                self.send_response(404 if page is None else 200)
                kind = FEEDS.get(PurePosixPath(self.path).suffix, "text/html")
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep quiet: `requests` is the log."""

        return Handler
