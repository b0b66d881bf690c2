"""The answers to the requests about the outbox: what waits to be sent, and what became of it."""

from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw

from ..api.errors import FlattrError
from ..discovery.explain import line, thing_title
from ..flattring import Means
from ..flattring.emptying import send_waiting
from ..flattring.wishes import Unreadable, Wish, answer_of, wish_of
from ..outbox.entries import Entry
from ..settings import EMBEDDED
from .errors import kept_sentence, sentences
from .flattr_answers import by_size
from .messages import (
    Answer,
    Done,
    OutboxDone,
    OutboxEntry,
    OutboxRemove,
    OutboxRemoveDone,
    OutboxRequest,
    OutboxSend,
    OutboxSendDone,
    OutboxTold,
    OutboxToldDone,
    Status,
)


def answer(
    request: OutboxRequest | OutboxSend | OutboxTold | OutboxRemove,
    send: Callable[[Answer], None],
    means: Means,
    heed: Callable[[FlattrError], FlattrError],
    has_gone: Callable[[], bool],
) -> Done:
    """The final answer, after its statuses were sent.

    ``heed``: see ``Service.heed``. ``has_gone``: whether nobody waits for the answer any more.
    """
    if isinstance(request, OutboxRemove):
        return OutboxRemoveDone(request.id, means.open_outbox().remove(request.gesture))
    if isinstance(request, OutboxTold):
        outbox = means.open_outbox()
        outbox.tell(request.gestures)
        return OutboxToldDone(request.id, outbox.counts()[1])
    if isinstance(request, OutboxRequest):
        return _page(request, send, means)
    return _send(request, send, means, heed, has_gone)


def _page(request: OutboxRequest, send: Callable[[Answer], None], means: Means) -> OutboxDone:
    outbox = means.open_outbox()
    found = outbox.page(request.count, request.page)
    for some in by_size(Raw(msgspec.json.encode(entry_of(entry))) for entry in found):
        send(Status(request.id, "outbox", entries=some))
    waiting, news = outbox.counts()
    return OutboxDone(request.id, len(found), len(found) == request.count, waiting, news)


def _send(
    request: OutboxSend,
    send: Callable[[Answer], None],
    means: Means,
    heed: Callable[[FlattrError], FlattrError],
    has_gone: Callable[[], bool],
) -> OutboxSendDone:
    outbox = means.open_outbox()
    sent = 0
    stopped: FlattrError | None = None
    if outbox.counts()[0]:
        due_only = not request.now and request.gesture is None
        passing = send_waiting(means, gesture=request.gesture, due_only=due_only)
        try:
            while not has_gone():
                entry = next(passing)
                sent += entry.state == "settled"
                entries = [Raw(msgspec.json.encode(entry_of(entry)))]
                send(Status(request.id, "outbox", entries=entries))
        except StopIteration as end:
            stopped = end.value
        except FlattrError as error:  # there is nobody to send as
            stopped = error
    waiting, news = outbox.counts()
    done = OutboxSendDone(request.id, sent, waiting, news)
    if stopped:
        stopped = heed(stopped)
        done.code, done.message = stopped.code, kept_sentence(stopped.code, stopped.detail)
    return done


def entry_of(entry: Entry) -> OutboxEntry:
    """An entry as the person sees it."""
    wish, thing = Wish(""), None
    with suppress(Unreadable):  # one that cannot be read must not hide the others
        wish = wish_of(entry)
        thing = answer_of(entry).thing if entry.state == "settled" else None
    found = wish.chosen
    title = (thing_title(found) if found else wish.hints and wish.hints.title) or ""
    target = found.target if found else None
    if thing:
        title, target = thing.title or title, thing.url
    return OutboxEntry(
        entry.gesture,
        entry.state,
        wish.url,
        title,
        target,
        line(found) if found else None,
        "" if entry.server == EMBEDDED else urlsplit(entry.server).netloc,
        entry.username,
        entry.asked_at,
        entry.tries,
        entry.next_try_at or None,
        entry.code or None,
        _message(entry),
        entry.is_news,
    )


def _message(entry: Entry) -> str:
    """Why it is where it is; nothing where that needs no words."""
    if not entry.code:
        return ""
    if entry.state == "pending":
        return kept_sentence(entry.code, entry.detail)
    return " ".join(filter(None, (sentences(is_flattr=True)[entry.code], entry.detail)))
