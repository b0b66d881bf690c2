"""Showing the host at work in a temporary place, which is removed afterwards.

Without a browser it is played by us: the real host, the real embedded ledger, real frames. With
one, it gets a profile of its own (:mod:`trial_browser`). The person's ledger, settings and
browsers are not touched in either case.
"""

import os
from typing import Any, Literal

from . import facts, table, trial_browser, words
from .place import Place, place
from .process import HostError, HostProcess
from .table import Family
from .words import Echo, say

Browser = Literal["chromium", "firefox"]

DEFAULT_URL = "https://github.com/smgt/flattr"
_ANSWER_TIMEOUT = 60.0  # seconds between two frames; the grace period is inside


def run(
    url: str = DEFAULT_URL,
    browser: Browser | None = None,
    json: bool = False,
    *,
    echo: Echo = say,
) -> int:
    """Flattr *url* in a temporary place and show the history that results.

    With *json* each frame of the host is printed as one JSON object a line, and words go to
    stderr. Returns the exit code: 0 only if something was flattred.
    """
    try:
        with place() as here:
            if browser is None:
                return _play(here, url, json, echo)
            family: Family = "gecko" if browser == "firefox" else "chromium"
            try:
                said = trial_browser.visit(here, family, url, lambda text: echo(text, err=json))
            except HostError as error:  # it ended badly; what was flattred before counts
                echo(str(error), err=True)
                said = 0
            return 1 if said else _show_history(here, json, echo)
    except KeyboardInterrupt:
        echo("Stopped. Everything temporary is removed.", err=True)
        return 130
    except (HostError, facts.FactsError, table.TableError) as error:
        echo(str(error), err=True)
    except BrokenPipeError:  # whoever read what we say has gone; click knows what to do
        raise
    except OSError as error:
        echo(f"The temporary place cannot be used: {error.strerror or error}.", err=True)
    return 1


def _play(here: Place, url: str, json: bool, echo: Echo) -> int:
    manifest = here.register(f"{here.root}/browser", "chromium")
    with _host(here, manifest) as host:
        hello = {"id": "1", "type": "hello", "protocol": [1, 1], "extension": "try"}
        for frame in host.request(hello, _ANSWER_TIMEOUT):
            echo(words.as_json(frame) if json else f"Started the host: {words.greeting(frame)}")
        if not json:
            echo(f"Flattr {url}")
        last: dict[str, Any] = {}
        for last in host.request({"id": "2", "type": "flattr", "url": url}, _ANSWER_TIMEOUT):
            echo(words.as_json(last) if json else words.status(last))
        count = _history(host, json, echo)
    return 0 if last.get("type") == "done" and count else 1


def _host(here: Place, manifest: str) -> HostProcess:
    return HostProcess(manifest, env={**os.environ, "FLATTR_HOST_HOME": here.home})


def _show_history(here: Place, json: bool, echo: Echo) -> int:
    manifest = here.register(f"{here.root}/browser", "chromium")
    with _host(here, manifest) as host:
        return 0 if _history(host, json, echo) else 1


def _history(host: HostProcess, json: bool, echo: Echo) -> int:
    """Print the ledger's flattrs, and return how many there are."""
    count, request = 0, {"id": "3", "type": "flattrs", "count": 1000}
    for frame in host.request(request, _ANSWER_TIMEOUT):
        if json:
            echo(words.as_json(frame))
        if frame.get("type") == "error":
            raise HostError(f"The history cannot be shown: {frame.get('message')}")
        records = frame.get("flattrs", [])
        if records and not count and not json:
            echo("The temporary ledger now holds:")
        for record in records:
            count += 1
            if not json:
                echo(f"  {words.flattr(record)}")
    if not count and not json:
        echo("Nothing was flattred: the temporary ledger is empty.")
    return count
