"""What a gesture means: which thing would be flattred, beyond doubt or after a question."""

import os
from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from ..api.errors import FlattrError
from ..api.objects import Lookup
from ..backend import Backend
from ..discovery.discovering import (
    addresses_to_look_up,
    discover,
    offers,
    registered,
    submission_url,
)
from ..discovery.model import Caution, Discovery, Hints
from ..discovery.rules import Rules
from ..discovery.urls import page_key, same_host
from ..outbox.entries import Recipient
from ..outbox.outbox import Outbox
from ..undo import UndoGate


def new_id() -> str:
    """An id for a gesture that came without one."""
    return os.urandom(16).hex()


class Gesture(msgspec.Struct, frozen=True):
    """What the person did: flattr ``url``.

    ``confirm`` is what they said yes to, if they were asked: the ``confirmation_of`` an offer.
    ``link``: they pointed at a link, so that nobody has seen its page yet. ``id`` is this gesture's
    alone: sent twice, it is one flattr. ``ask``: they want to be asked, however certain it is.
    """

    url: str
    hints: Hints | None = None
    confirm: str | None = None
    link: bool = False
    id: str = msgspec.field(default_factory=new_id)
    ask: bool = False


class Means(NamedTuple):
    """What a flattr is made with.

    ``look_up`` asks the backend what it knows an address as (``Backend.lookup``), and may remember
    the answer. ``open_backend`` is called only when something is to be flattred, and ``recipient``
    tells whose backend it is.
    """

    rules: Rules
    reads_links: bool
    undo_seconds: float
    look_up: Callable[[str], Lookup]
    open_backend: Callable[[], Backend]
    recipient: Callable[[], Recipient]
    open_outbox: Callable[[], Outbox]


class Reading(msgspec.Struct, frozen=True):
    """The page of the link is being read, since its address alone says nothing."""


class NotFlattrable(FlattrError):
    """Nothing there; ``discovery`` says why, ``offers`` has what the page is only a part of."""

    code = "not_flattrable"

    def __init__(
        self, discovery: Discovery, offers: Sequence[Discovery] = (), detail: str = ""
    ) -> None:
        super().__init__(detail)
        self.discovery = discovery
        self.offers = offers


class ConfirmationRequired(FlattrError):
    """The person has to be asked first which of ``offers`` they mean; ``discovery`` says why.

    An offer's ``confirmation_of`` stands for all that would be flattred, the owner too: a yes is to
    that alone.
    """

    code = "confirmation_required"

    def __init__(self, discovery: Discovery, offers: Sequence[Discovery]) -> None:
        super().__init__()
        self.discovery = discovery
        self.offers = offers


def confirmation_of(offer: Discovery) -> str:
    """What a yes to ``offer`` is to: the thing and its owner, as they were shown.

    The URL of a registered thing does not say whose it is; the backend may by now say otherwise.
    """
    if offer.reason != "registered":
        return submission_url(offer)
    return f"thing {offer.thing_id} of {offer.user_id or 'nobody'}: {submission_url(offer)}"


class Cancelled(FlattrError):
    """Taken back in time; nothing was sent."""

    code = "cancelled"


class _Belief(NamedTuple):
    """What a page is taken for, and all that it could be, best first."""

    best: Discovery
    offers: list[Discovery]
    detail: str = ""


def find(gesture: Gesture, means: Means, gate: UndoGate) -> Generator[Reading, None, Discovery]:
    """What would be flattred.

    Raises ``NotFlattrable``, ``ConfirmationRequired``, ``Cancelled`` and what ``look_up`` raises.
    """
    belief = yield from _find_out(gesture, means, gate)
    return _chosen(belief, gesture.confirm, asks=gesture.ask)


def _find_out(gesture: Gesture, means: Means, gate: UndoGate) -> Generator[Reading, None, _Belief]:
    """What is meant: by the address and the hints, by the backend, by the page of a link."""
    belief = _believe(gesture.url, gesture.hints, means, gate)
    says_nothing = belief.best.reason == "unknown_page"
    if says_nothing and gesture.link and means.reads_links:
        yield Reading()
        return _believe_linked_page(belief, means, gate)
    return belief


def _believe(url: str, hints: Hints | None, means: Means, gate: UndoGate) -> _Belief:
    """What the address and the hints say, and where they are not certain, the backend."""
    hints = hints or Hints()
    known = _known_at_backend(url, hints, means, gate)
    if known:
        known_urls = {thing.target for thing in known}
        others = offers(url, replace(hints, links=()), means.rules)
        return _Belief(known[0], [*known, *(it for it in others if it.target not in known_urls)])
    return _Belief(discover(url, hints, means.rules), offers(url, hints, means.rules))


def _known_at_backend(url: str, hints: Hints, means: Means, gate: UndoGate) -> list[Discovery]:
    """What the page is registered as; else the things of its buttons that do not name an owner."""
    own = {page_key(address) for address in (url, hints.canonical) if address}
    of_buttons = {page_key(button.href) for button in hints.buttons if button.href} - own
    things: dict[int | None, Discovery] = {}
    for address in addresses_to_look_up(url, hints, means.rules):
        thing = _unless_cancelled(gate, means.look_up, address).thing
        if thing:
            found = registered(url, address, thing, hints, means.rules)
            if page_key(address) not in of_buttons:
                return [found]
            things.setdefault(found.thing_id, found)
    # Those that are not registered, or were not asked for, are somebody's too.
    return list(things.values()) if len(of_buttons) < 2 else _with_rivals(list(things.values()))


def _with_rivals(things: list[Discovery]) -> list[Discovery]:
    """``things`` of a page with several buttons, of which none is picked in silence."""
    payees = {(thing.user_id or "").lower() for thing in things}
    rivalry: Caution = "several_payees" if len(payees) > 1 else "several_things"
    return [replace(thing, caution=thing.caution or rivalry) for thing in things]


def _believe_linked_page(link: _Belief, means: Means, gate: UndoGate) -> _Belief:
    """What the page of a link says. Where it is on another host, nothing is taken unasked."""
    from ..linked_page import reading  # aiohttp and a parser, which few flattrs need

    address = link.best.url
    try:
        page = reading.read(address, lambda: gate.is_cancelled)
    except reading.Unread as unread:
        return _Belief(Discovery(address, False, "unread_page"), [], unread.detail)
    best, could_be, _ = _believe(page.url, page.hints, means, gate)

    def of_link(found: Discovery) -> Discovery:
        caution = found.caution if same_host(page.url, address) else "other_host"
        return replace(found, url=address, caution=caution if found.flattrable else None)

    part_of = of_link(best.part_of) if best.part_of else None
    return _Belief(replace(of_link(best), part_of=part_of), [of_link(it) for it in could_be])


def _chosen(belief: _Belief, confirm: str | None, *, asks: bool) -> Discovery:
    """What is flattred: what was said yes to, else what is beyond doubt unless ``asks``.

    Raises ``NotFlattrable`` and ``ConfirmationRequired``; the latter also where what was said yes
    to is no longer among the offers, since then the page has changed.
    """
    best, could_be, detail = belief
    for offer in could_be if confirm is not None else ():
        if confirmation_of(offer) == confirm:
            return offer
    if not best.flattrable:
        raise NotFlattrable(best, could_be, detail)
    if best.caution or confirm is not None:
        raise ConfirmationRequired(best, could_be)
    if asks:
        asked = replace(best, caution="ask_first")
        raise ConfirmationRequired(asked, [asked])
    return best


def _unless_cancelled(gate: UndoGate, look_up: Callable[[str], Lookup], address: str) -> Lookup:
    """The backend's answer. Raises ``Cancelled`` as soon as it is: servers may take their time."""
    answers: list[Lookup] = []
    troubles: list[Exception] = []

    def ask() -> None:
        try:
            answers.append(look_up(address))
        except Exception as error:  # raised below, on the thread that wants to know
            troubles.append(error)

    if not gate.outlasts(ask):
        raise Cancelled
    for trouble in troubles:
        raise trouble
    return answers[0]
