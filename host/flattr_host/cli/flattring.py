"""``flattr-host flattr``, ``discover`` and ``flattrs``: the main job in a terminal."""

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

import click
import msgspec

from ..api.objects import Thing
from ..browsers import words
from ..discovery.discovering import candidates, discover
from ..discovery.explain import caution, explanation, line
from ..discovery.model import MAX_URL, Discovery, Hints
from ..discovery.rules import Rules
from ..native.answering import Exchange, Service
from ..native.messages import (
    DiscoveryError,
    Done,
    Error,
    FlattrDone,
    FlattrRequest,
    Flattrs,
    FlattrsDone,
    KeptError,
    Status,
)
from .common import fail, json_lines_option, printable, with_place
from .outbox import EXIT_KEPT, send_waiting

#: Bytes of a line that are read: enough to see that it is longer than any URL.
_MAX_LINE = 4 * MAX_URL + 2
_EXIT_CODES = {"not_flattrable": 3, "cancelled": 4}


def _readable(_context: click.Context, _parameter: click.Parameter, url: Any) -> Any:
    """A URL whose bytes were no UTF-8 reaches us with surrogates, which nothing can print."""
    if isinstance(url, tuple):
        return tuple(_readable(_context, _parameter, one) for one in url)
    return url.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _page(_context: click.Context, _parameter: click.Parameter, page: int) -> int:
    if not 1 <= page <= 2**31:
        raise click.BadParameter("pages are counted from 1")
    return page


@click.command("flattr")
@click.argument("url", callback=_readable)
@click.option("--yes", is_flag=True, help="Flattr without asking, if there is one thing to choose.")
@click.option("--no-read", is_flag=True, help="Do not fetch the page; use the address alone.")
@json_lines_option
def flattr_command(url: str, yes: bool, no_read: bool, as_json: bool) -> None:
    """Flattr what URL stands for. Ctrl-C in the grace period undoes it.

    Where the address says nothing, your ledger or server is asked, and then the page is read
    (setting read_links). Where a server is set and not the ledger on this computer, the flattr
    goes there. With --json each message is printed as docs/protocol.md describes it.
    """
    service = Service()
    request = FlattrRequest("1", url, link=not no_read)
    answer = _run(service, request, as_json)
    if isinstance(answer, DiscoveryError) and answer.offers:
        confirm = _choice(answer, yes) if yes or not as_json else None
        if confirm:
            answer = _run(service, msgspec.structs.replace(request, confirm=confirm), as_json)
    if isinstance(answer, FlattrDone) and not as_json:
        click.secho(printable(f"{answer.message}{_times(answer.thing)}"), fg="green")
    if not isinstance(answer, KeptError):
        send_waiting(service, as_json=as_json)
    service.close()
    if isinstance(answer, Error):
        _refuse(answer, quiet=as_json)


@click.command("discover")
@click.argument("urls", nargs=-1, required=True, metavar="URL… | -", callback=_readable)
@click.option(
    "--html",
    type=click.File("rb"),
    help="The HTML of the page at URL, or the feed; what it says of itself then counts too.",
)
@json_lines_option
def discover_command(urls: tuple[str, ...], html: BinaryIO | None, as_json: bool) -> None:
    """Tell what would be flattred for each URL, and why. "-" reads URLs from stdin, one a line.

    By local rules alone, yours in sites.toml too: nothing goes over the network and nothing is
    stored.
    """
    if "-" in urls and len(urls) != 1:
        raise click.UsageError('"-" stands for all URLs, and goes with no other.')
    if html and (len(urls) != 1 or urls == ("-",)):
        raise click.UsageError("--html goes with exactly one URL, that of its page.")
    rules = _rules()
    if html:
        from ..discovery.page import TooLarge, read_hints

        try:
            hints = read_hints(html.read(), urls[0])
        except TooLarge:
            fail("There is not enough memory for this page.", 1)
        _show_page(urls[0], hints, rules, as_json)
        return
    show = _show_json if as_json else _show_words
    for url in _lines_of_stdin() if urls == ("-",) else urls:
        show(discover(url, rules=rules))


@click.command("flattrs")
@click.option("--user", "username", metavar="NAME", help="What NAME flattred, instead of you.")
@click.option("--count", type=click.IntRange(1, 1000), default=30, show_default=True)
@click.option("--page", type=int, callback=_page, default=1, show_default=True)
@json_lines_option
def flattrs_command(username: str | None, count: int, page: int, as_json: bool) -> None:
    """Show what you flattred, newest first. With --json, each as the API's flattr object."""

    history: list[msgspec.Raw] = []

    def collect(message: msgspec.Struct) -> None:
        history.extend(getattr(message, "flattrs", ()))

    service = Service()
    request = Flattrs("1", count, page, username or None)
    answer = service.answer(Exchange(request, collect), lambda _: None)
    service.close()
    if isinstance(answer, Error):
        _refuse(answer)
    for flattr in history:
        if as_json:
            _write_json(bytes(flattr))
        else:
            click.echo(printable(words.flattr(msgspec.json.decode(flattr))))
    if isinstance(answer, FlattrsDone) and not answer.count and not as_json:
        nothing = f"{username} hides their flattrs, or has none." if username else "Nothing yet."
        click.echo(nothing if page == 1 else "No more.")


def _run(service: Service, request: FlattrRequest, as_json: bool) -> Done | Error:
    """One flattr, its statuses shown as they come; Ctrl-C undoes it while that is possible."""

    def show(message: msgspec.Struct) -> None:
        try:
            if as_json:
                _write_json(msgspec.json.encode(message))
                sys.stdout.flush()
            elif isinstance(message, Status):
                click.echo(printable(message.message or ""))
        except OSError:  # whoever read us has gone; what the person asked for goes on
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    exchange = Exchange(request, show)

    def undo(*_: object) -> None:
        exchange.gate.cancel()

    before = signal.signal(signal.SIGINT, undo)
    answer = service.answer(exchange, lambda _: None)
    is_question = isinstance(answer, DiscoveryError) and bool(answer.offers)
    # What is stored is stored: Ctrl-C must not make it look as if it were not.
    signal.signal(signal.SIGINT, before if is_question else signal.SIG_IGN)
    if as_json:
        show(answer)
    return answer


def _choice(question: DiscoveryError, yes: bool) -> str | None:
    """The ``confirm`` of the offer that the person says yes to; None if they do not.

    ``yes`` stands for neither a choice among several, nor for what the page is only a part of.
    """
    offers = question.offers
    if yes:
        is_plain = len(offers) == 1 and question.discovery.flattrable
        return offers[0].confirm if is_plain else None
    if len(offers) > 1:
        number = _number(question)
        return offers[number - 1].confirm if number else None
    what = "it" if question.discovery.flattrable else offers[0].discovery.target
    is_yes = click.confirm(printable(f"{question.message} Flattr {what}?"))
    return offers[0].confirm if is_yes else None


def _number(question: DiscoveryError) -> int:
    """Which of the offers the person chooses, counted from 1; 0 for none."""
    click.echo(printable(question.message))
    for number, offer in enumerate(question.offers, 1):
        found = offer.discovery
        click.echo(printable(f"  {number}  {found.explanation} {found.target}"))
    most = len(question.offers)
    chosen: int = click.prompt("Which one? 0 for none", type=click.IntRange(0, most), default=0)
    return chosen


def _refuse(error: Error, quiet: bool = False) -> NoReturn:
    code = EXIT_KEPT if isinstance(error, KeptError) else _EXIT_CODES.get(error.code, 1)
    if quiet:
        sys.exit(code)
    fail(with_place(error.message, error.code), code)


def _times(thing: Thing) -> str:
    """How often it was flattred, where the backend counts."""
    if not isinstance(thing.flattrs, int):
        return ""
    return f" ({thing.flattrs} flattr{'' if thing.flattrs == 1 else 's'} in all)"


def _rules() -> Rules:
    """The person's own rows and server count; a mistake in their files ends the command."""
    from .. import own_sites, settings

    try:
        return own_sites.rules_for(settings.load())
    except settings.InvalidSettings as mistake:
        fail(str(mistake), 1)


def _lines_of_stdin() -> Iterator[str]:
    """The lines, one at a time. One that is too long to be a URL is cut off where that shows."""
    while raw := sys.stdin.buffer.readline(_MAX_LINE):
        yield raw.decode("utf-8", "replace").rstrip("\r\n")
        while not raw.endswith(b"\n") and (raw := sys.stdin.buffer.readline(_MAX_LINE)):
            pass


def _show_json(found: Discovery) -> None:
    _write_json(msgspec.json.encode(line(found)))


def _write_json(line: bytes) -> None:
    """One line of JSON in UTF-8, whatever the terminal's encoding is."""
    sys.stdout.buffer.write(line + b"\n")


def _show_words(found: Discovery) -> None:
    mark = click.style("yes", fg="green") if found.flattrable else click.style("no ", fg="yellow")
    click.echo(f"{mark} {printable(found.url)}")
    _show_why(found)
    if found.part_of:
        click.echo(printable(f"    part of {found.part_of.target}"))


def _show_why(found: Discovery) -> None:
    why = explanation(found)
    click.echo(printable(f"    {why}"))
    if found.target and found.target != found.url and found.target not in why:
        click.echo(printable(f"    {found.target}"))
    if found.caution:
        click.echo(printable(f"    {caution(found)}"))


def _show_page(url: str, hints: Hints, rules: Rules, as_json: bool) -> None:
    found = discover(url, hints, rules)
    could_be = candidates(url, hints, rules)
    if as_json:
        whole: dict[str, Any] = msgspec.to_builtins(line(found))
        _write_json(msgspec.json.encode(whole | {"candidates": [line(it) for it in could_be]}))
        return
    _show_words(found)
    others = [one for one in could_be if one not in (found, found.part_of)]
    if others:
        click.echo("    also:" if found.flattrable or found.part_of else "    but:")
    for other in others:
        _show_why(other)
