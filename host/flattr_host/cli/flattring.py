"""``flattr-host``: what the button does, for a person in a terminal.

Exit codes: 0 done; 1 refused or failed, with the reason on stderr; 2 a mistake in the command
line; 3 nothing there that can be flattred; 4 undone by the person.
"""

import io
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal, NoReturn

import click
import msgspec

from . import __version__
from .browsers import words
from .discovery.discovering import candidates, discover
from .discovery.explain import explanation, line
from .discovery.model import Discovery, Hints
from .native.answering import Exchange, Service
from .native.messages import (
    DiscoveryError,
    Done,
    Error,
    FlattrDone,
    FlattrRequest,
    Flattrs,
    FlattrsDone,
    Status,
)

_EXIT_CODES = {"not_flattrable": 3, "cancelled": 4}


def _readable(_context: click.Context, _parameter: click.Parameter, url: Any) -> Any:
    """A URL whose bytes were no UTF-8 reaches us with surrogates, which nothing can print."""
    if isinstance(url, tuple):
        return tuple(_readable(_context, _parameter, one) for one in url)
    return url.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def main() -> None:
    """The command ``flattr-host``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # letters that the terminal does not have
    try:
        commands(prog_name="flattr-host")
    except OSError as error:
        sys.exit(f"What there is to say could not be written: {error.strerror}.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flattr-host")
def commands() -> None:
    """The Flattr button: find out what can be flattred, and flattr it."""


@commands.command("flattr")
@click.argument("url", callback=_readable)
@click.option("--yes", is_flag=True, help="Flattr without asking, also what needs a yes.")
@_as_json
def flattr_command(url: str, yes: bool, as_json: bool) -> None:
    """Flattr what URL stands for. Ctrl-C in the grace period undoes it.

    Nothing goes over the network: only what the address itself says is used. With --json each
    message is printed as docs/protocol.md describes it.
    """
    service = Service()
    request = FlattrRequest("1", url)
    answer = _run(service, request, as_json)
    if isinstance(answer, DiscoveryError) and answer.confirm:
        if not (yes or (not as_json and click.confirm(f"{answer.message} Flattr it?"))):
            _fail(answer)
        answer = _run(service, msgspec.structs.replace(request, confirm=answer.confirm), as_json)
    service.close()
    if isinstance(answer, Error):
        _fail(answer, quiet=as_json)
    if isinstance(answer, FlattrDone) and not as_json:
        times = f"{answer.thing.flattrs} flattr{'' if answer.thing.flattrs == 1 else 's'}"
        click.secho(f"{answer.message} ({times} in all)", fg="green")


@commands.command("discover")
@click.argument("urls", nargs=-1, required=True, metavar="URL… | -", callback=_readable)
@click.option(
    "--html",
    type=click.File("rb"),
    help="The HTML of the page at URL, whose payment links and canonical URL then count too.",
)
@_as_json
def discover_command(urls: tuple[str, ...], html: BinaryIO | None, as_json: bool) -> None:
    """Tell what would be flattred for each URL, and why. "-" reads URLs from stdin, one a line.

    By local rules alone: nothing goes over the network and nothing is stored.
    """
    if "-" in urls and len(urls) != 1:
        raise click.UsageError('"-" stands for all URLs, and goes with no other.')
    if html and (len(urls) != 1 or urls == ("-",)):
        raise click.UsageError("--html goes with exactly one URL, that of its page.")
    if html:
        from .discovery.page import read_hints

        _show_page(urls[0], read_hints(html.read(), urls[0]), as_json)
        return
    show = _show_json if as_json else _show_words
    for url in _lines_of_stdin() if urls == ("-",) else urls:
        show(discover(url))


@commands.command("flattrs")
@click.option("--count", type=click.IntRange(1, 1000), default=30, show_default=True)
@click.option("--page", type=click.IntRange(1, 2**31), default=1, show_default=True)
@_as_json
def flattrs_command(count: int, page: int, as_json: bool) -> None:
    """Show what you flattred, newest first. With --json, each as the API's flattr object."""

    history: list[msgspec.Raw] = []

    def collect(message: msgspec.Struct) -> None:
        history.extend(getattr(message, "flattrs", ()))

    service = Service()
    answer = service.answer(Exchange(Flattrs("1", count, page), collect), lambda _: None)
    service.close()
    if isinstance(answer, Error):
        _fail(answer)
    for flattr in history:
        if as_json:
            _write_json(bytes(flattr))
        else:
            click.echo(words.flattr(msgspec.json.decode(flattr)))
    if isinstance(answer, FlattrsDone) and not answer.count and not as_json:
        click.echo("Nothing yet." if page == 1 else "No more.")


@commands.command("register")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
def register_command(dry_run: bool) -> None:
    """Make every browser on this machine find flattr-host."""
    from .browsers import register

    sys.exit(register.register(dry_run=dry_run))


@commands.command("unregister")
def unregister_command() -> None:
    """Remove exactly what "register" wrote. Your ledger and your settings stay."""
    from .browsers import register

    sys.exit(register.unregister())


@commands.command("try")
@click.argument("url", required=False)
@click.option("--browser", type=click.Choice(["chromium", "firefox"]), help="In a real browser.")
@_as_json
def try_command(
    url: str | None, browser: Literal["chromium", "firefox"] | None, as_json: bool
) -> None:
    """Flattr URL in a temporary place, to see how it works. Nothing of yours is touched."""
    from .browsers import trial

    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, lambda received, _: sys.exit(128 + received))  # and clean up
    sys.exit(trial.run(url or trial.DEFAULT_URL, browser, as_json))


def _run(service: Service, request: FlattrRequest, as_json: bool) -> Done | Error:
    """One flattr, its statuses shown as they come; Ctrl-C undoes it while that is possible."""

    def show(message: msgspec.Struct) -> None:
        try:
            if as_json:
                _write_json(msgspec.json.encode(message))
                sys.stdout.flush()
            elif isinstance(message, Status):
                click.echo(message.message)
        except OSError:  # whoever read us has gone; what the person asked for goes on
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    exchange = Exchange(request, show)

    def undo(*_: object) -> None:
        exchange.gate.cancel()

    before = signal.signal(signal.SIGINT, undo)
    answer = service.answer(exchange, lambda _: None)
    is_question = isinstance(answer, DiscoveryError) and bool(answer.confirm)
    # What is stored is stored: Ctrl-C must not make it look as if it were not.
    signal.signal(signal.SIGINT, before if is_question else signal.SIG_IGN)
    if as_json:
        show(answer)
    return answer


def _fail(error: Error, quiet: bool = False) -> NoReturn:
    if not quiet:
        click.secho(error.message, fg="red", err=True)
    sys.exit(_EXIT_CODES.get(error.code, 1))


def _lines_of_stdin() -> Iterator[str]:
    return (raw.decode("utf-8", "replace").rstrip("\r\n") for raw in sys.stdin.buffer)


def _show_json(found: Discovery) -> None:
    _write_json(msgspec.json.encode(line(found)))


def _write_json(line: bytes) -> None:
    """One line of JSON in UTF-8, whatever the terminal's encoding is."""
    sys.stdout.buffer.write(line + b"\n")


def _show_words(found: Discovery) -> None:
    mark = click.style("yes", fg="green") if found.flattrable else click.style("no ", fg="yellow")
    click.echo(f"{mark} {found.url}\n    {explanation(found)}")
    if found.target and found.target != found.url:
        click.echo(f"    {found.target}")


def _show_page(url: str, hints: Hints, as_json: bool) -> None:
    found = discover(url, hints)
    offers = candidates(url, hints)
    if as_json:
        whole: dict[str, Any] = msgspec.to_builtins(line(found))
        _write_json(msgspec.json.encode(whole | {"candidates": [line(it) for it in offers]}))
        return
    for offer in [found, *offers[1:]]:
        _show_words(offer)
        if said := line(offer).caution:
            click.echo(f"    {said}")
