"""``flattr-host ledger``: carrying a ledger elsewhere, checking it, saving it from damage."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, BinaryIO, NoReturn

import click
import msgspec

from .. import files, paths
from ..ledger import LedgerUnavailable, Store
from ..ledger.ledger import LOCAL_USER
from .common import fail, json_option

_RECOVER = "flattr-host ledger recover"


def _of_ledger(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the path of the ledger that it is for, as its first argument."""

    @click.option("--served", is_flag=True, help="The ledger that you serve to others.")
    @click.option("--ledger", type=click.Path(dir_okay=False), help="The ledger in this file.")
    @wraps(command)
    def of_ledger(served: bool, ledger: str | None, **given: Any) -> None:
        if served and ledger:
            raise click.UsageError("--served and --ledger exclude each other.")
        own = paths.served_ledger_path() if served else paths.ledger_path()
        command(os.path.abspath(ledger) if ledger else own, **given)

    return of_ledger


@click.group("ledger")
def ledger_group() -> None:
    """Export, import, check and recover a ledger: yours, if you name no other."""


@ledger_group.command("export")
@click.argument("file", required=False, type=click.Path(dir_okay=False))
@click.option("--with-secrets", is_flag=True, help="With the hashes of passwords, and the tokens.")
@_of_ledger
def export_command(path: str, file: str | None, with_secrets: bool) -> None:
    """Write the whole ledger to FILE, or to stdout, as lines of JSON.

    docs/ledger.md describes them; "import" makes the same ledger of them again. Passwords and
    tokens are left out, unless --with-secrets.
    """
    from ..ledger.exporting import export

    _require_ledger(path)
    with opened(path) as store:
        lines = export(store, with_secrets=with_secrets)
        last = _write_new(file, lines) if file else _write_all(sys.stdout.buffer, lines)
        sys.stdout.flush()
    end = msgspec.json.decode(last)
    where = f" are in {file}" if file else " were written"
    secrets = _words_of_secrets(path, with_secrets)
    said = f"{_of(end['flattrs'], 'flattr')} and {_of(end['things'], 'thing')}{where}.{secrets}"
    click.echo(said, err=True)


def _words_of_secrets(path: str, with_secrets: bool) -> str:
    if path == paths.ledger_path():
        return ""  # it has none
    if with_secrets:
        return " So are the hashes of passwords, and the tokens: keep them to yourself."
    return " Passwords and tokens are not among it; --with-secrets adds them."


def _of(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _write_new(file: str, lines: Iterator[bytes]) -> bytes:
    """Writes a file that is there as a whole, or not at all; the last line."""
    if os.path.lexists(file):
        fail(f"There is {file} already; it was left as it is. Choose another name.")
    new = files.aside(os.path.abspath(file))
    try:
        with suppress(FileNotFoundError):
            os.unlink(new)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as writing:
            last = _write_all(writing, lines)
            writing.flush()
            os.fsync(handle)
        os.rename(new, file)
        files.sync_names(os.path.dirname(new))
    except OSError as error:
        fail(f"Nothing was exported: {file} cannot be written: {error.strerror}.")
    finally:
        with suppress(OSError):
            os.unlink(new)
    return last


def _write_all(writing: BinaryIO, lines: Iterator[bytes]) -> bytes:
    line = b""
    for line in lines:
        writing.write(line)
    return line


@ledger_group.command("import")
@click.argument("file", type=click.File("rb"))
@json_option
@_of_ledger
def import_command(path: str, file: BinaryIO, as_json: bool) -> None:
    """Add what is in an exported FILE ("-": stdin) to the ledger: all of it, or nothing.

    What the ledger has already stays as it is. A ledger that is not there yet is made.
    """
    from ..ledger.importing import BadExport, merge

    if not os.path.isdir(os.path.dirname(path)) and path not in _own_ledgers():
        fail(f"There is no folder {os.path.dirname(path)}, so no ledger was made in it.")
    try:
        with opened(path) as store:
            imported = merge(store, _lines(file))
    except BadExport as error:
        fail(f"{error} Nothing was imported.")
    if as_json:
        counts = {it.kind: {"new": it.new, "read": it.read} for it in imported}
        click.echo(msgspec.json.encode(counts))
        return
    said = ", ".join(f"{it.new} of {_of(it.read, it.kind[:-1])}" for it in imported if it.read)
    known = sum(it.read - it.new for it in imported)
    others = " The others were there already." if known else ""
    click.echo(f"New in the ledger: {said or 'nothing'}.{others}")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines, of which one that is too long is given only so far that this shows."""
    from ..ledger.importing import BadExport
    from ..ledger.lines import MAX_LINE

    while True:
        try:
            line = file.readline(MAX_LINE + 1)
        except OSError as error:
            raise BadExport(f"The file cannot be read: {error.strerror}.") from error
        if not line:
            return
        yield line


@ledger_group.command("check")
@json_option
@_of_ledger
def check_command(path: str, as_json: bool) -> None:
    """Check the ledger, and change nothing. "flattr-host doctor" checks all that is yours."""
    from .doctor import Finding, ledger_findings, show

    if not os.path.exists(path) and path not in _own_ledgers():
        fail(f"There is no ledger at {path}.")
    found: list[Finding] = list(ledger_findings("ledger", path))
    sys.exit(show(found, as_json))


@ledger_group.command("recover")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_of_ledger
def recover_command(path: str, yes: bool) -> None:
    """Make a new ledger of all that can still be read of a damaged one, which is kept beside it."""
    from ..ledger import recovering
    from ..ledger.checking import ledger_faults
    from ..ledger.salvage import salvage

    _require_ledger(path)
    faults = ledger_faults(path)
    if not faults:
        click.echo("The ledger is not damaged. Nothing was changed.")
        return
    if not any(it.is_damage for it in faults):
        fail(f"{faults[0].message} Nothing was changed.")
    person = LOCAL_USER if path == paths.ledger_path() else None
    try:
        with recovering.alone(path) as held:
            made = recovering.rescue(salvage(*held), person)
            del held
            _show_rescue(path, made)
            if not yes and not click.confirm("Make a new ledger of this, and keep the old aside?"):
                fail("Nothing was changed.")
            kept = recovering.replace(path, made)
    except (recovering.CannotRecover, LedgerUnavailable) as error:
        fail(f"{error} The ledger was left as it is.")
    click.secho("The new ledger is in place.", fg="green")
    click.echo(f"The damaged one is kept as {' and '.join(kept)}.")


def _show_rescue(path: str, made: Any) -> None:
    """What was read and what was not, and where more may be."""
    named = len(made.things) - made.nameless_things
    accounts = sum(len(it) > 3 and it[3] is not None for it in made.users.values())
    counts = (
        (len(made.flattrs), "flattr"),
        (named, "thing"),
        (accounts, "account"),
        (len(made.tokens), "token"),
    )
    read = ", ".join(_of(count, what) for count, what in counts if count)
    click.echo(f"The ledger is damaged. Of it can be read: {read or 'nothing'}.")
    lost = (
        (made.lost_flattrs, "Lost: {}, at least.", "flattr"),
        (made.bare_things, "All but the address is lost of {}.", "thing"),
        (made.nameless_things, "The address is lost of {}, whose flattrs stay.", "thing"),
        (made.nameless_users, "The name is lost of {}, whose flattrs stay.", "user"),
        (made.lost_tokens, "Lost: {}; who used them connects again.", "token"),
        (made.unreadable, "Of the pages that are left, {} cannot be read.", "row"),
    )
    for count, words, what in lost:
        if count:
            click.echo(words.format(_of(count, what)))
    if read and not any(count for count, *_ in lost):
        click.echo("Nothing shows that anything was lost.")
    others = _others_beside(path)
    if others:
        click.echo(f"More may be in what is beside it: {', '.join(others)}.")


def _others_beside(path: str) -> list[str]:
    """Backups that updates made, and damaged ledgers that were kept."""
    folder, name = os.path.split(path)
    beginnings = (f"{name}.version-", f"{name}.damaged-")
    return sorted(
        os.path.join(folder, it) for it in os.listdir(folder) if it.startswith(beginnings)
    )


def _own_ledgers() -> tuple[str, str]:
    return paths.ledger_path(), paths.served_ledger_path()


def _require_ledger(path: str) -> None:
    from ..examining import is_without_file

    if os.path.exists(path) or is_without_file(path):
        return
    if path == paths.ledger_path():
        fail("You have no ledger yet: your first flattr makes it.")
    fail(f"There is no ledger at {path}.")


@contextmanager
def opened(path: str) -> Iterator[Store]:
    """The ledger; where it cannot be used, that is told in one sentence."""
    try:
        store = Store(path)
        try:
            yield store
        finally:
            store.close()
    except LedgerUnavailable as error:
        _fail_of(path, error)


def _fail_of(path: str, error: LedgerUnavailable) -> NoReturn:
    fail(f"The ledger {path} cannot be used. {error} Nothing was changed.")
