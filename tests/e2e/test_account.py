"""Connecting an account in real browsers: the real server, its real pages, the real host."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .browser import wait_for
from .display import Display
from .driver import Driver
from .served import ServedLedger
from .site import Site
from .stage import KEPT, Stage, a_stage
from .visitor import Visitor

PERSON, PASSWORD = "dora", "correct horse battery"
OWNER = "alice"

UNNAMED_JS = """[...document.querySelectorAll("a, button, input")]
  .filter((element) => element.checkVisibility())
  .filter((element) => !(element.textContent.trim()
    || [...(element.labels ?? [])].map((label) => label.textContent.trim()).join("")))
  .map((element) => element.outerHTML)"""
HEADINGS_JS = """[...document.querySelectorAll("h1, h2, h3")]
  .filter((element) => element.checkVisibility()).map((element) => element.tagName)"""
FOCUSED_JS = """(({ id, value, outerHTML }) => id || value || outerHTML)(document.activeElement)"""
IN_CARD_JS = """(({ parentElement: place }) =>
  [place.id, place.closest(".place").querySelector("input").value])(
    document.querySelector(".trouble"))"""
WRONG_JS = """(({ id, ariaInvalid }) => [id, ariaInvalid,
  document.getElementById("address-wrong").checkVisibility()])(document.activeElement)"""
OUTLINED_JS = """getComputedStyle(document.activeElement).outlineStyle !== "none" """


class Person(Visitor):
    """Somebody before a browser with the extension, and a server that they have an account at."""

    def __init__(self, stage: Stage, server: ServedLedger) -> None:
        super().__init__(stage.driver)
        self.stage = stage
        self.server = server

    def opens_options(self) -> None:
        self.driver.close_popup()
        self.driver.open_extension_page("options/options.html")
        self.sees("In use")

    def asks_to_connect(self, address: str) -> None:
        self.opens_options()
        self.clicks("input[value=server]")
        self.fills("#address", address)
        self.clicks("#connect button")

    def signs_in(self) -> None:
        """On the server's own page, in the tab that has just opened."""
        self.sees("Sign in")
        self.fills("#username", PERSON)
        self.fills("#password", PASSWORD)

    def connects(self) -> None:
        self.asks_to_connect(self.server.url)
        self.signs_in()
        self.clicks("button.primary")
        self.sees("wants to flattr on your behalf")
        self.clicks("button[value=allow]")
        self.sees(f"Connected as {PERSON} at {self.place}")

    def flattrs(self, path: str) -> None:
        self.stage.visit(path)
        self.driver.click_toolbar_button()

    @property
    def place(self) -> str:
        return self.server.url.removeprefix("http://")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServedLedger]:
    with ServedLedger(tmp_path / "ledger ö") as running:
        running.add_user(PERSON, PASSWORD)
        running.add_user(OWNER, PASSWORD)
        yield running


@pytest.fixture
def person(
    driver_class: type[Driver], display: Display, site: Site, server: ServedLedger
) -> Iterator[Person]:
    with a_stage(driver_class, display, site) as stage:
        stage.set(undo_seconds="0.5")
        yield Person(stage, server)


def connects_in_pictures(person: Person) -> None:
    """As ``person.connects``, with a look at each page on the way."""
    stage, driver = person.stage, person.driver
    person.opens_options()
    stage.picture("options-embedded", in_both_themes=True)
    assert person.server.url not in person.sees("This computer")
    person.asks_to_connect(person.server.url)
    person.signs_in()
    stage.picture("sign-in", in_both_themes=True)
    person.clicks("button.primary")
    assert PERSON in person.sees("wants to flattr on your behalf")
    stage.picture("consent", in_both_themes=True)
    person.clicks("button[value=allow]")
    text = person.sees(f"Connected as {PERSON} at {person.place}")
    assert "in a private file on this computer" in text
    wait_for(lambda: driver.page_eval("document.hasFocus()"), "the options to have the focus")
    stage.picture("options-connected", in_both_themes=True)


def test_an_account_from_connecting_to_signing_out(person: Person) -> None:
    stage, driver, server = person.stage, person.driver, person.server
    connects_in_pictures(person)

    person.flattrs("/clicked.html")
    stage.shows("✓", "Flattred: Sourdough for patient people")
    assert server.flattrs_of(PERSON) == [(stage.url("/clicked.html"), OWNER)]
    assert stage.flattred() == []  # nothing of it in the ledger on this computer

    driver.close_popup()
    driver.open_extension_page("history/history.html")
    text = person.sees("Sourdough for patient people")
    assert f"At {person.place}, as {PERSON}" in text
    assert f"by {OWNER}" in text
    stage.picture("history", in_both_themes=True)

    person.opens_options()
    person.clicks("#sign-out")
    person.sees("No account is connected")
    stage.picture("options-signed-out")
    wait_for(lambda: server.valid_tokens(PERSON), "the server to know", until=lambda ids: not ids)

    person.flattrs("/clicked.html")
    assert "Nothing was flattred" in stage.says("No account is connected")
    stage.shows("!", "No account is connected")
    stage.picture("not-connected")
    driver.popup_click("[data-act=connect]")
    person.sees("Where your flattrs go")
    assert server.flattrs_of(PERSON) == [(stage.url("/clicked.html"), OWNER)]


def test_a_revoked_token_is_told_of_once(person: Person) -> None:
    stage, driver, server = person.stage, person.driver, person.server
    person.connects()
    (token,) = server.valid_tokens(PERSON)
    server.revoke(token)
    person.flattrs("/again.html")
    assert "signed you out. Nothing was paid yet." in stage.says("Kept for later")
    stage.shows(KEPT, "Kept for later")
    stage.picture("signed-out")
    person.flattrs("/again.html")
    stage.says("No account is connected")
    driver.popup_click("[data-page=history]")
    assert "Connect an account" in person.sees("you are not signed in there")
    stage.picture("history-not-connected")
    assert server.flattrs_of(PERSON) == []


def test_back_to_the_ledger_on_this_computer(person: Person) -> None:
    stage, driver, server = person.stage, person.driver, person.server
    person.connects()
    person.clicks("input[value=embedded]")
    person.sees(f"This signs you out of {person.place}")
    person.clicks("#embed")
    wait_for(lambda: driver.page_eval("!document.querySelector('#embedded-in-use').hidden"), "it")
    assert server.valid_tokens(PERSON) == []
    person.flattrs("/open.html")
    stage.shows("✓", "Flattred: Bread, open")
    assert stage.flattred() == [(stage.url("/open.html"), OWNER)]
    assert server.flattrs_of(PERSON) == []


def test_a_no_and_a_cancel_leave_things_as_they_were(person: Person) -> None:
    stage, driver = person.stage, person.driver
    person.asks_to_connect(person.server.url)
    person.signs_in()
    person.clicks("button.primary")
    person.sees("wants to flattr on your behalf")
    person.clicks("button[value=deny]")
    person.sees("Not connected")
    stage.picture("loopback-refused")
    person.presses("ctrl+w")
    assert "You said no on the server's page. Nothing was changed." in person.sees("Nothing was")
    assert driver.page_eval(IN_CARD_JS) == ["server-trouble", "server"]
    stage.picture("options-refused")

    person.clicks("#connect button")
    person.sees("wants to flattr on your behalf")
    person.presses("ctrl+w")
    person.sees("Waiting for your yes in the other tab")
    stage.picture("options-connecting")
    person.clicks("#cancel")
    text = person.sees("Address of the server")
    assert "The account was not connected" not in text
    assert driver.page_eval("document.activeElement.id") == "address"
    assert person.server.valid_tokens(PERSON) == []


def test_an_address_that_is_none_is_told_at_its_field(person: Person) -> None:
    stage, driver = person.stage, person.driver
    person.asks_to_connect("http://flattr.example.test")
    text = person.sees("This is no address of a server")
    assert "The account was not connected" not in text
    assert "is not moved" in text
    assert driver.page_eval(WRONG_JS) == ["address", "true", True]
    stage.picture("options-error")
    person.types("s")
    wait_for(lambda: driver.page_eval(WRONG_JS) == ["address", "false", False], "no more of it")


def test_a_server_that_keeps_silent_can_be_given_up(person: Person) -> None:
    stage, driver = person.stage, person.driver
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        person.asks_to_connect(place)
        called, _ = silent.accept()
        with called:
            person.sees(f"Looking for {place}")
            stage.picture("options-looking")
            person.clicks("#cancel")
            person.sees("Address of the server")
            called.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            time.sleep(1)  # enough for a tab to open
    assert "The account was not connected" not in person.sees("Address of the server")
    person.clicks("#connect button")
    assert "Nothing was changed." in person.sees("The server could not be reached.")
    assert driver.page_eval(IN_CARD_JS) == ["server-trouble", "server"]
    stage.picture("options-unreachable")


def test_the_options_by_keyboard(person: Person) -> None:
    driver = person.driver

    def focused(what: str) -> None:
        wait_for(lambda: driver.page_eval(FOCUSED_JS), what, until=lambda seen: what in seen)
        assert driver.page_eval(OUTLINED_JS), what

    person.opens_options()
    assert driver.page_eval(UNNAMED_JS) == []
    assert driver.page_eval(HEADINGS_JS) == ["H1", *["H2"] * 6]
    assert driver.page_eval("document.documentElement.lang") == "en"
    person.clicks("h1")
    person.presses("Tab")
    focused("embedded")
    person.presses("Down")
    focused("server")
    person.presses("Tab")
    focused("address")
    assert driver.page_eval(UNNAMED_JS) == []
    person.presses("Return")
    assert "Type the address of your server first" in person.sees("Type the address")
    person.types(person.server.url)
    person.presses("Return")
    person.sees("Sign in")
    person.presses("ctrl+w")
    person.sees("Waiting for your yes in the other tab")
    person.presses("Tab", "Tab")
    focused("cancel")
    person.presses("space")
    person.sees("Address of the server")


def test_an_empty_history(person: Person) -> None:
    person.driver.open_extension_page("history/history.html")
    person.sees("Nothing yet")
    person.stage.picture("history-empty")
