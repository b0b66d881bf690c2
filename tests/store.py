"""``python3 -m tests.store [NAME…]``: makes the pictures of docs/store anew, or those of that name.

Both browsers, light and dark, 1280 by 800 pixels as the stores want them: what a person sees, with
the pages, people and flattrs of store.toml; and the ``tile`` for lists in the Chrome Web Store.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.__main__ import PYTHON, ROOT, prepare_npm, prepare_python

if Path(sys.executable) != PYTHON:
    prepare_python()
    prepare_npm()
    os.execv(PYTHON, [str(PYTHON), "-m", "tests.store", *sys.argv[1:]])  # noqa: S606

from flattr_host.ledger import Ledger, Person, Store
from tests.e2e.browser import wait_for
from tests.e2e.chromium import Chromium
from tests.e2e.display import Display
from tests.e2e.firefox import Firefox
from tests.e2e.processes import missing_programs
from tests.e2e.site import Site
from tests.e2e.stage import NAME, Stage, a_stage

PICTURES = ROOT / "docs" / "store"
BROWSERS = (Chromium, Firefox)
WIDTH, HEIGHT = 1280, 800
EDGE = 2
"""Chromium draws one around its window."""
DAY_S, APART_S = 86_400, 4_321
HTTP_PORT = 80
"""Where the address in a picture needs no number; who may not have it gets one."""

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<link rel="payment" href="{payment}">
<style>body {{ font: 19px/1.65 serif; max-width: 33em; margin: 4.5em 5em }}
h1 {{ line-height: 1.2 }}</style><h1>{title}</h1>{words}"""
TILE, TILE_SIZE = "tile", "440,280"
TILE_PAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; block-size: 280px; display: grid; place-content: center; justify-items: center;
  gap: 12px; background: #f3f6f4; color: #1a1f1c; font: 600 34px/1.2 sans-serif }
p { margin: 0; font-size: 19px; font-weight: 400 }
svg { inline-size: 96px; block-size: 96px }
</style>%s<div>flattr-host</div><p>The Flattr button, back in your browser</p>"""
BY_NAME_JS = "({ textContent }) => textContent === %r"
CHIP_JS = "document.querySelector('#chip').checkVisibility()"
MARGIN = (40, 700)
"""Of a page, where nothing is."""
SETTLED_S = 0.6
"""Popups fade in, and pages grow to their content."""


def grace(stage: Stage) -> None:
    """The button was pressed: what is about to be flattred, whose it is and why, and Undo."""
    stage.set(undo_seconds="10")
    page = content()["page"]
    stage.driver.open(stage.site.url(page["path"], page["host"]))
    stage.driver.click_toolbar_button()
    stage.says(page["title"])
    stage.is_ready("undo")


def history(stage: Stage) -> None:
    """With the month's picture."""
    shows(stage, "history/history.html", content()["thing"][0]["title"])
    wait_for(
        lambda: stage.driver.page_eval("document.querySelector('#picture-rows').innerText"),
        "the month's picture",
    )


def search(stage: Stage) -> None:
    """What one owner got, by a click on them in the month's picture."""
    history(stage)
    owner = content()["page"]["owner"]
    button = f"[...document.querySelectorAll('#picture-rows button')].find({BY_NAME_JS % owner})"
    stage.driver.page_eval(f"{button}.click()")
    wait_for(lambda: stage.driver.page_eval(CHIP_JS), "the filter")
    stage.driver.page_eval("scrollTo(0, 0)")


def options(stage: Stage) -> None:
    stage.set()  # as they are at first
    shows(stage, "options/options.html", "In use")


def setup(stage: Stage) -> None:
    """Before the program is installed."""
    (stage.driver.native_hosts / f"{NAME}.json").unlink()
    stage.driver.terminate_background()
    shows(stage, "setup/setup.html", "One step is left")


#: In the order in which a store shows them. The last one takes the host away.
STATES: dict[str, Callable[[Stage], None]] = {
    "grace": grace,
    "history": history,
    "search": search,
    "options": options,
    "setup": setup,
}


def main() -> int:
    """Makes the pictures; 1 where there are no browsers to make them with."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.store", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of: {', '.join([*STATES, TILE])}"
    )
    names = parser.parse_args().names or [*STATES, TILE]
    if unknown := set(names) - {*STATES, TILE}:
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    if missing := missing_programs():
        print(missing, file=sys.stderr)
        return 1
    if TILE in names:
        names.remove(TILE)
        draw_tile(PICTURES / f"{TILE}.png")
    with Display(WIDTH + EDGE, HEIGHT + EDGE) as display, a_site() as site:
        for driver_class in BROWSERS:
            for dark in (False, True):
                with a_stage(driver_class, display, site, dark=dark) as stage:
                    fill(stage.home)
                    for name in names:
                        take(stage, name)
    return 0


def draw_tile(picture: Path) -> None:
    """By a browser without a window, as tests.icons draws."""
    mark = (ROOT / "tests" / "extension" / "mark.svg").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "tile.html")
        page.write_text(TILE_PAGE % mark, encoding="utf-8")
        command = ["chromium", "--headless", "--no-sandbox", f"--user-data-dir={folder}/profile",
                   "--hide-scrollbars", f"--window-size={TILE_SIZE}", f"--screenshot={picture}",
                   page.as_uri()]  # fmt: skip
        subprocess.run(command, capture_output=True, check=True)
    print(picture)


def take(stage: Stage, name: str) -> None:
    """One picture of all that the browser shows."""
    STATES[name](stage)
    stage.driver.display.xdotool("mousemove", WIDTH // 2, HEIGHT - 1)  # where it lights up nothing
    time.sleep(SETTLED_S)
    theme = "dark" if stage.driver.dark else "light"
    picture = PICTURES / f"{stage.driver.name}-{theme}-{name}.png"
    print(stage.driver.screenshot(picture, (0, 0, WIDTH, HEIGHT)))
    if stage.driver.popup_open():
        stage.driver.popup_click("[data-act=undo]")
        stage.says("Nothing was flattred")
        stage.driver.close_popup()


def shows(stage: Stage, path: str, words: str) -> None:
    """Opens a page of the extension, and waits until it says so."""
    stage.driver.open_extension_page(path)
    wait_for(
        lambda: str(stage.driver.page_eval("document.body?.innerText ?? ''")),
        repr(words),
        until=lambda text: words in text,
    )
    stage.driver.display.click(*MARGIN)  # the address would be selected


def content() -> dict[str, Any]:
    return tomllib.loads((ROOT / "tests" / "store.toml").read_text(encoding="utf-8"))


def a_site() -> Site:
    """The blog on which the button is pressed."""
    page = content()["page"]
    try:
        site = Site({}, HTTP_PORT)
    except OSError:
        site = Site({})
    payment = submit(site.url(page["path"], page["host"]), page["owner"], page["title"])
    words = "".join(f"<p>{paragraph}</p>" for paragraph in page["words"])
    site.pages[page["path"]] = PAGE.format(
        title=page["title"], payment=payment.replace("&", "&amp;"), words=words
    )
    return site


def fill(home: Path) -> None:
    """The ledger of somebody who has used this for a while."""
    file = home / "data" / "ledger.sqlite3"
    file.parent.mkdir(parents=True)
    flattrs = [(days, thing) for thing in content()["thing"] for days in thing["days"]]
    with contextlib.closing(Store(str(file))) as store:
        for number, (days, thing) in enumerate(sorted(flattrs, key=lambda one: -one[0])):
            at = partial(float, time.time() - days * DAY_S - number % 7 * APART_S)
            ledger = Ledger(store, Person(), now=at)
            ledger.flattr(submit(thing["url"], thing["owner"], thing["title"]))


def submit(url: str, owner: str, title: str) -> str:
    query = urlencode({"user_id": owner, "url": url, "title": title})
    return f"https://flattr.com/submit/auto?{query}"


if __name__ == "__main__":
    sys.exit(main())
