"""The extension, the real host and a web site to try them on; and what there is to look at."""

import contextlib
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .browser import wait_for
from .display import Display
from .driver import Driver
from .native_host import RecordedHost
from .site import Site

EXTENSION = Path(__file__).parents[2] / "extension"
SCREENSHOTS = Path(__file__).parent / "screenshots"
NAME = "io.github.flattr_host"
HOST = [sys.executable, "-I", "-c", "from flattr_host.native import main; raise SystemExit(main())"]
# Where there is one it would ask for a password, in a window over the browser's.
NO_KEYRING = "PYTHON_KEYRING_BACKEND=keyring.backends.fail.Keyring"

KEPT, UNSENT = "\N{CLOCKWISE OPEN CIRCLE ARROW}", "\N{MULTIPLICATION SIGN}"
"""Badges of what is kept for later, and of what ended before it was sent."""

BLOG = "blog.example.test"
REPOSITORY = "https://github.com/smgt/flattr"

READY_JS = """[...document.querySelectorAll("[data-act=confirm]")]
  .every((button) => !button.disabled)"""

# What the page can be moved sideways for, and text that does not fit where it stands.
BESIDE_JS = """[...document.querySelectorAll("html, body *")]
  .filter((one) => one.matches("html")
    || [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()))
  .filter((one) => one.scrollWidth > one.clientWidth && one.clientWidth > 1
    && getComputedStyle(one).display !== "inline")
  .map((one) => `${one.outerHTML.slice(0, 99)}: ${one.scrollWidth} in ${one.clientWidth}`)"""

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>{head}
<style>body {{ font: 17px/1.6 sans-serif; max-width: 34em; margin: 3em auto; color: #333 }}</style>
<h1>{title}</h1><p>Notes on bread, tools and free software. The starter lives on the shelf above
the oven, and so does <a id="repository" href="{repository}">the script that feeds it</a>.</p>
<p>{more}<a id="elsewhere" href="https://somewhere.example/">Read on</a>.</p>"""


class Stage(NamedTuple):
    """A browser with the extension and the host, the pages that it visits, and the host's place."""

    driver: Driver
    host: RecordedHost
    site: Site
    home: Path

    def set(self, **settings: str) -> None:
        """Writes the host's settings.toml; the values are TOML."""
        file = self.home / "config" / "settings.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))

    def visit(self, path: str, host: str = BLOG) -> None:
        """A fresh look at a page: what the button showed for the last one is gone."""
        self.driver.close_popup()
        self.driver.open(self.site.url("/nothing.html", BLOG))
        self.driver.open(self.site.url(path, host))

    def url(self, path: str) -> str:
        return self.site.url(path, BLOG)

    def flattred(self) -> list[tuple[str, str | None]]:
        """URL and owner of what the ledger file holds, in the order of the flattrs."""
        ledger = self.home / "data" / "ledger.sqlite3"
        if not ledger.exists():
            return []
        query = """SELECT url, username FROM flattrs JOIN things ON things.id = thing_id
                   LEFT JOIN users ON users.id = owner_id ORDER BY flattrs.id"""
        with contextlib.closing(sqlite3.connect(ledger)) as db:
            return list(db.execute(query))

    def says(self, words: str) -> str:
        """Waits until the popup says so."""

        none = "no popup; the button says "

        def look() -> str:
            text = self.driver.popup_text()
            return text or f"{none}{self.driver.title()!r}"

        def is_said(text: str) -> bool:
            return words in text and not text.startswith(none)

        return wait_for(look, repr(words), until=is_said)

    def shows(self, badge: str, title: str) -> None:
        """Waits for the badge, and looks at the title that goes with it."""
        wait_for(self.driver.badge, "the badge", until=lambda text: text == badge)
        wait_for(self.driver.title, "the title", until=lambda text: title in text)

    def is_ready(self, act: str) -> None:
        """Waits until a button of the popup that flattrs can be pressed."""
        ready = f"!document.querySelector('[data-act={act}]').disabled"
        wait_for(lambda: self.driver.popup_eval(ready), f"{act} to be ready")

    def picture_of_question(self, state: str) -> None:
        """What a person sees as soon as they can answer."""
        wait_for(lambda: self.driver.popup_eval(READY_JS), "the answers to be ready")
        self.picture(state)

    def click_flattrs(self, title: str, url: str, owner: str = "alice") -> None:
        """Clicks the button, and waits until that thing is flattred."""
        self.driver.click_toolbar_button()
        self.shows("✓", f"Flattred: {title}")
        assert self.flattred()[-1] == (url, owner)

    def picture(self, state: str, *, in_both_themes: bool = False) -> None:
        """What a person sees now, and what they would see in the dark, but for the toolbar."""
        self._picture("dark" if self.driver.dark else "light", state)
        if in_both_themes:
            with self.driver.media("prefers-color-scheme", "dark"):
                self._picture("dark", state)

    def _picture(self, theme: str, state: str) -> None:
        time.sleep(0.4)  # Chromium fades a popup in
        SCREENSHOTS.mkdir(exist_ok=True)
        self.driver.screenshot(SCREENSHOTS / f"{self.driver.name}-{theme}-{state}.png")


def submit(url: str, user_id: str = "alice", title: str = "") -> str:
    query = f"user_id={user_id}&amp;url={url}" + (f"&amp;title={title}" if title else "")
    return f"https://flattr.com/submit/auto?{query}"


def pages(site: Site) -> dict[str, str]:
    """Real markup; each page that is flattred has an address of its own."""

    def page(title: str, head: str = "", more: str = "") -> str:
        return PAGE.format(title=title, head=head, repository=REPOSITORY, more=more)

    def paid(path: str, title: str, user_id: str = "alice") -> str:
        link = submit(site.url(path, BLOG), user_id)
        return page(title, f'<link rel="payment" href="{link}">')

    link = f'<a id="submit" href="{submit(site.url("/from-a-link", BLOG))}">Flattr this</a> '
    return {
        "/nothing.html": page("A page of nobody"),
        "/links.html": page("Links", more=link),
        **{f"/visited-{n}.html": paid(f"/visited-{n}.html", f"Visit {n}") for n in range(20)},
        "/clicked.html": paid("/clicked.html", "Sourdough for patient people"),
        "/owned.html": paid("/owned.html", "My own page", "carol"),
        **{f"/{name}.html": paid(f"/{name}.html", f"Bread, {name}") for name in
           ("menu", "open", "undone", "twice", "again", "means", "missing", "broken", "dark")},
    }  # fmt: skip


def host_at(home: Path, driver: Driver, program: Sequence[str] = HOST) -> RecordedHost:
    """Registers the host, whose files lie in ``home``."""
    command = ["/usr/bin/env", f"FLATTR_HOST_HOME={home}", NO_KEYRING, *program]
    return RecordedHost(driver, NAME, command)


@contextlib.contextmanager
def a_stage(
    driver_class: type[Driver],
    display: Display,
    site: Site,
    *,
    dark: bool = False,
    program: Sequence[str] = HOST,
    extension: Path = EXTENSION,
) -> Iterator[Stage]:
    with driver_class(display, extension, dark=dark) as driver:
        home = driver.home / "flattr host ö"
        driver.start()
        # After the set-up page, whose looking for the host is none of the starts that are counted.
        stage = Stage(driver, host_at(home, driver, program), site, home)
        yield stage
        print(driver.log()[-2000:])  # pytest shows it when a test failed
