"""docs/privacy.md, held against every request of a session: the browser's, and the host's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.linked_page import namespace

from . import watched_host
from .browser import wait_for
from .display import Display
from .served import ServedLedger
from .site import Site
from .stage import BLOG, Stage, a_stage, host_at
from .watching import Request, WatchedChromium, WatchedFirefox

CANARY = "canary.example.test"
SILENT_LINK = "http://plain.example/cookie"
"""Its address says nothing. It sets a cookie and leads on to a page that names its payee."""

MAKERS = ("google.com", "googleapis.com", "gstatic.com", "mozilla.org", "mozilla.com",
          "mozilla.net", "firefox.com")  # fmt: skip
"""Of the browsers, who ask them by themselves; nothing of it gets out of a test."""

READ_JS = """browser.tabs.query({ active: true }).then(([tab]) => browser.scripting.executeScript(
  { target: { tabId: tab.id }, func: () => document.title }))
  .then(([{ result }]) => result, () => "refused")"""
ASK_ELSEWHERE_JS = """(async (url) => {
  const script = Object.assign(document.createElement("script"), { src: `${url}/script.js` });
  const inline = Object.assign(document.createElement("script"), { text: "globalThis.ran = true" });
  const frame = Object.assign(document.createElement("iframe"), { src: `${url}/frame` });
  const style = Object.assign(document.createElement("link"),
    { rel: "stylesheet", href: `${url}/style.css` });
  const image = Object.assign(document.createElement("img"), { src: `${url}/image.png` });
  document.body.append(script, inline, frame, style, image);
  navigator.sendBeacon(`${url}/beacon`);
  const failed = await fetch(`${url}/fetch`).then(() => false, () => true);
  return [failed, globalThis.ran === true];
})(%r)"""


@dataclass
class Watched:
    """A stage, and what it had to do with the network since one last looked."""

    stage: Stage
    log: Path
    told: int = 0
    heard: int = 0
    canaries: int = 0

    def requests(self) -> list[Request]:
        """The requests to the web, but for icons and those that browsers send to their makers.

        Ends with a canary: when that is in the list, so is everything before it.
        """
        self.canaries += 1
        path = f"/canary-{self.canaries}.html"
        canary = self.stage.site.url(path, CANARY)
        self.stage.site.pages[path] = "<!doctype html><title>Canary</title>"
        self.stage.driver.open(canary)
        found = wait_for(
            self.driver.requests, canary, until=lambda all_: canary in [one.url for one in all_]
        )
        new, self.told = found[self.told :], len(found)
        return [one for one in new if is_of_the_web(one.url) and one.url != canary]

    def lines(self) -> list[Any]:
        """What the host, and those whom it could ask, wrote down."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        new, self.heard = lines[self.heard :], len(lines)
        return [json.loads(line) for line in new]

    @property
    def driver(self) -> WatchedChromium | WatchedFirefox:
        assert isinstance(self.stage.driver, WatchedChromium | WatchedFirefox)
        return self.stage.driver

    @cached_property
    def own(self) -> str:
        return self.stage.driver.extension_url("")


def is_of_the_web(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_makers = any(host == maker or host.endswith(f".{maker}") for maker in MAKERS)
    return not is_makers and parts.path != "/favicon.ico"


BROWSERS = [WatchedChromium, WatchedFirefox]


@pytest.fixture(scope="module", params=BROWSERS, ids=["chromium", "firefox"])
def watched(
    request: pytest.FixtureRequest,
    display: Display,
    site: Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Watched]:
    """The host is in a network of its own, in which whom it could ask writes down what it did."""
    namespace.require()
    folder = tmp_path_factory.mktemp("watched")
    log = folder / "network.log"
    program = namespace.inside(folder, *watched_host.PROGRAM, "--internet", log)
    site.pages["/silent.html"] = f'<!doctype html><title>-</title><a href="{SILENT_LINK}">there</a>'
    with a_stage(request.param, display, site, program=program) as stage:
        stage.set(undo_seconds="0")
        yield Watched(stage, log)


def test_the_watch_sees_what_the_extension_lets_its_browser_do(watched: Watched) -> None:
    address = watched.stage.url("/nothing.html")
    opened = f"browser.tabs.create({{ url: {address!r}, active: false }}).then(({{ id }}) => id)"
    tab = watched.driver.background_eval(opened)
    wait_for(lambda: address in [one.url for one in watched.driver.requests()], address)
    watched.driver.background_eval(f"browser.tabs.remove({tab})")
    assert [one.url for one in watched.requests()] == [address]


def test_before_a_click_nothing_is_asked_or_read(watched: Watched) -> None:
    stage = watched.stage
    addresses = [stage.url(f"/visited-{number}.html") for number in range(20)]
    for address in addresses:
        stage.driver.open(address)
    assert stage.driver.background_eval(READ_JS) == "refused"
    assert stage.driver.background_eval("browser.scripting.getRegisteredContentScripts()") == []
    assert [one.url for one in watched.requests()] == addresses
    assert (stage.host.starts(), watched.lines()) == ([], [])
    assert not stage.home.joinpath("data").exists()


def test_a_flattr_into_the_ledger_of_this_computer_asks_nobody(watched: Watched) -> None:
    stage = watched.stage
    stage.visit("/clicked.html")
    stage.driver.click_toolbar_button()
    stage.shows("✓", "Flattred: Sourdough for patient people")
    assert stage.driver.background_eval(READ_JS) == "Sourdough for patient people"
    stage.visit("/menu.html")
    stage.driver.choose_menu_item("Flattr this page")
    stage.shows("✓", "Flattred: Bread, menu")
    stage.visit("/links.html")
    for link in ("#submit", "#repository"):
        stage.driver.choose_menu_item("Flattr this link", on=link)
        stage.shows("✓", "Flattred: " if link == "#submit" else "Flattred: smgt/flattr")
        stage.driver.close_popup()
    stage.visit("/means.html", host="other.example.test")
    stage.driver.click_toolbar_button()
    stage.says("Is this what you want to flattr?")
    stage.driver.close_popup()
    for page in ("history/history.html", "options/options.html"):
        stage.driver.open_extension_page(page)
        said = "Bread, menu" if page.startswith("history") else "In use"
        wait_for(
            lambda: str(stage.driver.page_eval("document.body.innerText")),
            page,
            until=lambda text, said=said: said in text,  # type: ignore[misc]
        )
    visited = {"/nothing.html", "/clicked.html", "/menu.html", "/links.html", "/means.html"}
    requests = watched.requests()
    assert {urlsplit(one.url).path for one in requests} == visited
    assert {urlsplit(one.url).hostname for one in requests} == {BLOG, "other.example.test"}
    assert [one for one in requests if one.by.startswith(watched.own.rstrip("/"))] == []
    assert watched.lines() == []
    assert len(stage.flattred()) == 4


def test_a_link_that_says_nothing_is_fetched_by_the_host_alone(watched: Watched) -> None:
    """And that without cookies, Referer or anything else that tells who asks."""
    stage = watched.stage
    stage.visit("/silent.html")
    stage.driver.choose_menu_item("Flattr this link", on="a")
    stage.shows("✓", "Flattred: ")
    assert stage.flattred()[-1] == ("http://plain.example/", "anna")
    visited = {"/nothing.html", "/silent.html"}
    assert {urlsplit(one.url).path for one in watched.requests()} == visited
    lines = watched.lines()
    assert {one.split()[0] for kind, one in lines if kind == "name"} == {"plain.example"}
    asked = [one for kind, one in lines if kind == "web"]
    assert [one["asked"] for one in asked] == ["GET /cookie", "GET /"]
    names = {field.partition(":")[0].lower() for one in asked for field in one["fields"]}
    assert names == {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert {one[1][0] for kind, one in lines if kind == "host" and one[0] == "socket.connect"} == {
        "93.184.216.34"
    }


def test_a_connected_server_hears_of_clicks_and_of_nothing_else(
    watched: Watched, tmp_path: Path
) -> None:
    stage, log = watched.stage, tmp_path / "network.log"
    with ServedLedger(tmp_path / "server") as server:
        server.add_user("dora", "correct horse battery")
        server.add_user("alice", "correct horse battery")
        connect(stage, server, "dora")
        stage.driver.terminate_background()  # and with it the host that is in a network of its own
        host = host_at(stage.home, stage.driver, [*watched_host.PROGRAM, str(log)])
        here = Watched(stage, log, watched.told, canaries=watched.canaries)
        starts = len(host.starts())
        for number in range(3):
            stage.visit(f"/visited-{number}.html")
        assert (len(host.starts()), here.lines()) == (starts, [])
        stage.driver.click_toolbar_button()
        stage.shows("✓", "Flattred: Visit 2")
        assert server.flattrs_of("dora") == [(stage.url("/visited-2.html"), "alice")]
        paths = {urlsplit(one.url).path for one in here.requests()}
        assert paths == {"/nothing.html", *(f"/visited-{number}.html" for number in range(3))}
        place = urlsplit(server.url)
        connected = [one[1] for _, one in here.lines() if one[0] == "socket.connect"]
        assert {tuple(address) for address in connected} == {(place.hostname, place.port)}
        watched.told, watched.canaries = here.told, here.canaries


def connect(stage: Stage, server: ServedLedger, name: str) -> None:
    """In a terminal; the browser's way is tried in test_account.py."""
    login = "from flattr_host.cli import main; main()"
    subprocess.run(
        [sys.executable, "-I", "-c", login, "login", f"{server.url}/rest/v2", "--token-stdin"],
        input=server.add_token(name),
        env={"FLATTR_HOST_HOME": str(stage.home),
             "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"},
        text=True,
        check=True,
    )  # fmt: skip


def test_a_page_of_the_extension_reaches_nothing_elsewhere(watched: Watched) -> None:
    """Should it ever try: its policy (CSP) does not let it."""
    stage = watched.stage
    stage.driver.open_extension_page("options/options.html")
    attempt = ASK_ELSEWHERE_JS % stage.site.url("", CANARY)
    assert stage.driver.page_eval(attempt) == [True, False]
    assert watched.requests() == []


def test_private_windows_are_kept_out_of_it(watched: Watched) -> None:
    driver = watched.driver
    assert driver.background_eval("browser.extension.isAllowedIncognitoAccess()") is False
    assert driver.shown_in_a_private_window(watched.stage.url("/clicked.html")) == []
