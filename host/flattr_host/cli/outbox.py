"""``flattr-host outbox``: what waits to be sent, in a terminal."""

import time
from typing import Any

import click
import msgspec

from ..native.answering import Exchange, Service
from ..native.messages import (
    AnyRequest,
    Done,
    Error,
    OutboxRemove,
    OutboxRemoveDone,
    OutboxRequest,
    OutboxSend,
    OutboxSendDone,
    OutboxTold,
)
from ..outbox.entries import MAY_HAVE_ARRIVED
from .common import fail, json_lines_option, printable, with_place

#: A flattr is kept and sent later.
EXIT_KEPT = 5

_PAGE = 1000
_STATES = {
    "grace": "can be undone",
    "pending": "waits",
    "sending": "is being sent",
    "settled": "sent",
    "refused": "refused",
    "interrupted": "not sent",
}


@click.group("outbox", invoke_without_command=True)
@json_lines_option
@click.pass_context
def outbox_group(context: click.Context, as_json: bool) -> None:
    """Show the flattrs that are not settled yet, and what became of those of the last day."""
    if context.invoked_subcommand is None:
        entries = _entries()
        for entry in entries:
            click.echo(msgspec.json.encode(entry).decode() if as_json else _line(entry))
        if not entries and not as_json:
            click.echo("Nothing waits.")
        service = Service()
        _tell(service, entries)
        service.close()


@outbox_group.command("send")
@click.argument("gesture", required=False)
@json_lines_option
def send_command(gesture: str | None, as_json: bool) -> None:
    """Send what waits now, whenever its next try would be; or that of GESTURE alone.

    Exit codes: 0 nothing waits any more; 5 something does. `flattr-host outbox` says of each why.
    """
    service = Service()
    done = send_waiting(service, gesture and _whole(gesture), is_now=True, as_json=as_json)
    service.close()
    if done.waiting:
        raise SystemExit(EXIT_KEPT)


@outbox_group.command("cancel")
@click.argument("gesture")
def cancel_command(gesture: str) -> None:
    """Do not send that of GESTURE, or "all"; what has ended is forgotten."""
    service, entries = Service(), _entries()
    chosen = gesture if gesture == "all" else _whole(gesture)
    removed = [
        entry
        for entry in entries
        if chosen in ("all", entry["gesture"]) and _remove(service, entry["gesture"])
    ]
    service.close()
    if not removed and gesture != "all":
        fail("It is being sent just now, and cannot be taken back.")
    click.echo(f"Removed: {len(removed)}.")
    if any(entry["code"] in MAY_HAVE_ARRIVED for entry in removed if entry["state"] == "pending"):
        click.echo("What was tried may have arrived all the same: `flattr-host flattrs` tells.")


def send_waiting(
    service: Service, gesture: str | None = None, *, is_now: bool = False, as_json: bool = False
) -> OutboxSendDone:
    """Sends what is due (``is_now``: all that waits), and shows how it went.

    Where nobody asked for it, nothing is said but of what was sent or refused.
    """

    shown: list[dict[str, Any]] = []

    def show(message: msgspec.Struct) -> None:
        for raw in getattr(message, "entries", None) or ():
            entry = msgspec.json.decode(raw)
            shown.append(entry)
            if as_json:
                click.echo(bytes(raw).decode())
            elif is_now or entry["state"] != "pending":
                click.echo(_line(entry))

    request = OutboxSend("1", gesture, now=is_now)
    done = service.answer(Exchange(request, show), lambda _: None)
    _tell(service, shown)
    if not isinstance(done, OutboxSendDone):
        if isinstance(done, Error) and is_now:
            fail(with_place(done.message, done.code))
        return OutboxSendDone("1", sent=0, waiting=0, news=0)
    if is_now and not as_json:
        click.echo(printable(f"Sent: {done.sent}. Waiting: {done.waiting}. {done.message}".strip()))
    return done


def _tell(service: Service, shown: list[dict[str, Any]]) -> None:
    """The person has seen these; what is no news need not be written down as told."""
    news = [entry["gesture"] for entry in shown if entry["is_news"]]
    if news:
        service.answer(Exchange(OutboxTold("1", news), lambda _: None), lambda _: None)


def _remove(service: Service, gesture: str) -> bool:
    done = _answer(service, OutboxRemove("1", gesture))
    return isinstance(done, OutboxRemoveDone) and done.removed


def _entries() -> list[dict[str, Any]]:
    """All of them, oldest first."""
    entries: list[dict[str, Any]] = []

    def collect(message: msgspec.Struct) -> None:
        entries.extend(msgspec.json.decode(raw) for raw in getattr(message, "entries", None) or ())

    service, page = Service(), 0
    while True:
        page += 1
        done = _answer(service, OutboxRequest("1", _PAGE, page), collect)
        if not getattr(done, "more", False):
            service.close()
            return entries[::-1]


def _whole(beginning: str) -> str:
    """The gesture whose id begins so."""
    found = [entry["gesture"] for entry in _entries() if entry["gesture"].startswith(beginning)]
    if len(found) != 1:
        what = "nothing" if not found else "several"
        fail(f"There is {what} in the outbox whose id begins with {printable(beginning)}.")
    return str(found[0])


def _answer(service: Service, request: AnyRequest, show: Any = lambda _: None) -> Done:
    answer = service.answer(Exchange(request, show), lambda _: None)
    if isinstance(answer, Error):
        service.close()
        fail(with_place(answer.message, answer.code))
    return answer


def _line(entry: dict[str, Any]) -> str:
    """An entry as one line, and why it waits as another."""
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry["asked_at"]))
    state = _STATES[entry["state"]]
    if entry["state"] == "pending" and entry["next_try_at"]:
        state += f" until {time.strftime('%H:%M:%S', time.localtime(entry['next_try_at']))}"
    what = entry["target"] or entry["url"]
    title = f"{entry['title']}  " if entry["title"] and entry["title"] not in what else ""
    why = f"\n    {entry['message']}" if entry["message"] else ""
    whose = f"\n    for {entry['username']} at {entry['server']}" if entry["server"] else ""
    lines = f"{entry['gesture'][:8]}  {at}  {state}  {title}{what}{whose}{why}"
    return "\n".join(printable(line) for line in lines.split("\n"))
