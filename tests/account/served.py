"""A real server of the API, and a person who signs in there, without JavaScript."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode, urljoin

from selectolax.lexbor import LexborHTMLParser

COMMAND = [os.path.join(os.path.dirname(sys.executable), "flattr-host")]
PASSWORD = "correct horse battery"


@contextmanager
def login(*args: str, given: str = "") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``flattr-host login`` under way, and the address that it says to open."""
    process = subprocess.Popen(
        [*COMMAND, "login", "--no-browser", *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin
        assert process.stdout
        process.stdin.write(given)
        process.stdin.flush()
        assert process.stdout.readline().startswith("Sign in")
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


class ServedLedger:
    """``flattr-host serve``, with an account for alice."""

    def __init__(self, folder: Path) -> None:
        self._env = os.environ | {"FLATTR_HOST_HOME": str(folder)}
        self.run("users", "add", "alice", "--password-stdin", given=PASSWORD + "\n")
        self._process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", "--json"],
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout
        ready = json.loads(self._process.stdout.readline())
        self.url, self.api_url = ready["url"], ready["api_url"]

    def run(self, *args: str, given: str = "") -> str:
        done = subprocess.run(
            [*COMMAND, *args],
            input=given,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.strip()

    def token(self) -> str:
        return self.run("tokens", "add", "alice")

    def revoke_tokens(self) -> None:
        for row in self.tokens():
            if row["revoked_at"] is None:
                self.run("tokens", "revoke", str(row["id"]))

    def tokens(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("tokens", "list", "--json").splitlines()]

    def live_tokens(self) -> int:
        return sum(row["revoked_at"] is None for row in self.tokens())

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)

    def __enter__(self) -> "ServedLedger":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Person:
    """alice at her browser: follows redirects, keeps cookies, fills in forms."""

    def __init__(self) -> None:
        self._open = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        ).open

    def sign_in(self, url: str, agrees: bool = True) -> str:
        """The text of the page at the end."""
        page = self._get(url)
        page = self._submit(page, "sign-in", username="alice", password=PASSWORD)
        return self._submit(page, "allow" if agrees else "deny")[1]

    def open(self, url: str) -> str:
        """The text of a page."""
        return self._get(url)[1]

    def _get(self, url: str, form: dict[str, str] | None = None) -> tuple[str, str]:
        data = urlencode(form).encode() if form is not None else None
        headers = self._headers(url, form is not None)
        request = urllib.request.Request(url, data, headers)  # noqa: S310 - our own server's
        with self._open(request, timeout=30) as reply:
            return reply.url, reply.read().decode()

    def _headers(self, url: str, is_form: bool) -> dict[str, str]:
        origin = "/".join(url.split("/")[:3])
        own = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        return own | ({"Origin": origin, "Sec-Fetch-Site": "same-origin"} if is_form else {})

    def _submit(self, page: tuple[str, str], button: str, **fields: str) -> tuple[str, str]:
        url, html = page
        form = LexborHTMLParser(html).css_first("main form")
        assert form, html
        values = {
            field.attributes["name"] or "": field.attributes.get("value") or ""
            for field in form.css("input[type=hidden][name]")
        }
        for choice in form.css("button[name]"):
            if choice.attributes.get("value") == button:
                values[choice.attributes["name"] or ""] = button
        action = urljoin(url, form.attributes.get("action") or "")
        return self._get(action, values | fields)
