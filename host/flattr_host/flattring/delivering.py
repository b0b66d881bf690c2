"""From the outbox to the backend: one try of one entry."""

from collections.abc import Iterator
from contextlib import suppress

import msgspec

from ..api.errors import BadAnswer, FlattrError, FlattrOnce, RateLimitExceeded
from ..api.objects import Flattred, Thing
from ..backend import Backend
from ..discovery.discovering import submission_url
from ..discovery.model import Discovery
from ..discovery.rules import Rules
from ..discovery.urls import page_key
from ..outbox.entries import NEEDS_PERSON, PASSING, Entry, is_surely_same_month, was_set_back
from ..outbox.errors import LeaseLost, OutboxUnavailable
from ..outbox.outbox import Outbox
from ..undo import UndoGate
from .finding import Means, find

#: So many flattrs of a history are asked for at once, to look whether one is among them.
LOOK_COUNT = 100

#: Seconds by which the clocks may differ when a history is looked through.
LOOK_SKEW = 86_400


class Told(FlattrError):
    """An error of an earlier time, told again."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail)
        self.code = code


class PayeeNotSeen(FlattrError):
    """Whose it is was found out only when it was to be sent, so the person has not seen it."""

    code = "payee_not_seen"


class Kept(Exception):
    """Not flattred because of ``error``; ``entry`` stays in the outbox for another try."""

    def __init__(self, error: FlattrError, entry: Entry) -> None:
        super().__init__(error.code)
        self.error = error
        self.entry = entry


def deliver(
    entry: Entry, means: Means, chosen: Discovery | None = None, *, is_news: bool = False
) -> tuple[Flattred, Discovery]:
    """One try of an entry that is leased to us: the backend's answer, and what was flattred.

    ``chosen`` is what that is, where it is at hand. ``is_news``: nobody is there to be told. Raises
    ``Kept`` where there will be another try, and else why not.
    """
    outbox = means.open_outbox()
    try:
        chosen = chosen or chosen_of(entry, means)
        answer = _try(entry, chosen, means)
    except (LeaseLost, OutboxUnavailable):
        # Somebody has it, or will when its lease is over: the file may be busy, or the disk full.
        raise Kept(Told("answer_lost"), entry) from None
    except FlattrError as error:
        raise note_failure(entry, error, outbox, is_news=is_news) from error
    except Exception:
        _keep(entry, Told("internal_error"), outbox)  # it must not stand in the way of the others
        raise
    settle(entry, answer, outbox)
    return answer, chosen


def settle(entry: Entry, answer: Flattred, outbox: Outbox) -> None:
    """The backend has it."""
    with suppress(OutboxUnavailable):  # the flattr is stored; a retry would only find that out
        outbox.settle(entry, msgspec.json.encode(answer))


def note_failure(entry: Entry, error: FlattrError, outbox: Outbox, *, is_news: bool) -> Exception:
    """Writes down what a try that ended with ``error`` comes to: ``Kept``, or ``error`` itself."""
    if error.code in PASSING or error.code in NEEDS_PERSON:
        return Kept(error, _keep(entry, error, outbox))
    with suppress(OutboxUnavailable):  # then it is tried, and refused, once more
        outbox.refuse(entry, error, is_news=is_news)
    return error


def _keep(entry: Entry, error: FlattrError, outbox: Outbox) -> Entry:
    with suppress(OutboxUnavailable):  # its lease ends by itself, and then it is tried again
        is_for_all = isinstance(error, RateLimitExceeded)
        return outbox.keep(entry, error, error.retry_after, is_for_all=is_for_all)
    return entry


def _try(entry: Entry, chosen: Discovery, means: Means) -> Flattred:
    backend, outbox = means.open_backend(), means.open_outbox()
    if entry.is_retry and not is_surely_same_month(entry.unsure_since, outbox.now()):
        thing = _flattred_since(entry, chosen, means)
        if thing:
            return Flattred(thing=thing)
        entry = outbox.begin_anew(entry)
    outbox.renew(entry)
    try:
        return _send(chosen, backend, means.rules)
    except FlattrOnce:
        if not entry.is_retry:
            raise
        return _arrived_before(chosen, backend)


def chosen_of(entry: Entry, means: Means) -> Discovery:
    """What the entry is to flattr; found out now where that was not possible before."""
    from . import wishes  # here, since a first try need not read what it has just written

    wish = wishes.wish_of(entry)
    if wish.chosen:
        return wish.chosen
    chosen = _value_of(find(wish.gesture(entry.gesture), means, UndoGate()))
    if wish.confirm is None:  # the person has not seen yet whose it is
        raise PayeeNotSeen
    # The next try must not find something else: then it could not tell that this one arrived.
    means.open_outbox().write_wish(entry, written(wish.url, chosen))
    return chosen


def written(url: str, chosen: Discovery) -> bytes:
    """What is to be flattred, as the outbox holds it: a ``wishes.Wish``."""
    return msgspec.json.encode({"url": url, "chosen": chosen})


def _value_of(steps: Iterator[object]) -> Discovery:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: Discovery = end.value
            return value


def _flattred_since(entry: Entry, chosen: Discovery, means: Means) -> Thing | None:
    """The thing, if the person's history has a flattr of it that may be one of our tries."""
    backend, outbox = means.open_backend(), means.open_outbox()
    outbox.renew(entry)
    looked_up = backend.lookup(chosen.target or submission_url(chosen)).thing
    ids = {looked_up.id} if looked_up else set()
    if chosen.reason == "registered" and chosen.thing_id is not None:
        ids.add(chosen.thing_id)
    oldest = entry.unsure_since - LOOK_SKEW
    if was_set_back(entry.unsure_since, outbox.now()):
        oldest = 0
    key = page_key(chosen.target) if chosen.target else None
    page, before = 0, None
    while True:
        page += 1
        outbox.renew(entry)
        flattrs = backend.flattrs(LOOK_COUNT, page)
        if flattrs and flattrs == before:
            raise BadAnswer("Your history has the same page twice, so its end cannot be found.")
        before = flattrs
        for flattr in flattrs:
            if flattr.created_at < oldest:
                return None
            if flattr.thing.id in ids or page_key(flattr.thing.url) == key:
                return flattr.thing
        if not flattrs:  # a server may give fewer than were asked for
            return None


def _arrived_before(chosen: Discovery, backend: Backend) -> Flattred:
    """The answer where an earlier try did arrive; of the thing only what can be found out."""
    with suppress(FlattrError):
        found = backend.lookup(chosen.target or submission_url(chosen)).thing
        if found:
            return Flattred(thing=found)
    return known_of(chosen)


def known_of(chosen: Discovery) -> Flattred:
    """What the backend would answer, as far as we know without asking it."""
    url = chosen.target or chosen.url
    return Flattred(thing=Thing(id=chosen.thing_id or 0, url=url, title=chosen.title or ""))


def _send(chosen: Discovery, backend: Backend, rules: Rules) -> Flattred:
    """A thing of the backend's own is flattred by its number, everything else by its URL.

    Where a link names an owner, the backend is told, so that it can refuse another's.
    """
    number = number_of(chosen, rules)
    if number is not None:
        return backend.flattr_thing(number)
    return backend.flattr(submission_url(chosen))


def number_of(chosen: Discovery, rules: Rules) -> int | None:
    """A thing of the backend's own has a number; those of flattr.com mean other things here."""
    is_own = rules.server and chosen.target == f"{rules.server}/thing/{chosen.thing_id}"
    is_by_number = chosen.reason == "registered" or (is_own and not (chosen.user_id or chosen.fid))
    return chosen.thing_id if is_by_number else None
