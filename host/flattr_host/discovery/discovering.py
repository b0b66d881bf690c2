"""The order of belief: from a URL and a page's hints to the candidates, best first."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from msgspec.structs import replace

from . import autosubmit, marks
from .model import Caution, Discovery, Hints
from .rules import Rules, shipped
from .urls import normal_address, page_address, page_key, plain_text, same_host, tells_secret

#: What a page claims by itself, in the order of belief.
_BY_MARKUP = ("payment", "button", "flattr_id")
#: What only looking at the page can tell: nothing is wrong with its address.
_IS_OPEN = ("site", "part_of", "unknown_page")
#: Each is asked of the server one by one while the person waits.
_MAX_LOOKUPS = 8


def discover(url: str, hints: Hints | None = None, rules: Rules | None = None) -> Discovery:
    """What would be flattred for ``url``; with ``hints``, for the page that has them.

    Never raises, whatever the strings hold.
    """
    url = url.strip()
    rules = rules or shipped()
    found = rules.of_url(url)
    if hints is None:
        return found
    could_be = _candidates(url, found, hints, rules)
    if could_be and could_be[0] is not found.part_of:
        return could_be[0]
    refused = (it for it in _claims(url, hints, rules) if it.reason == "private_address")
    return found if found.part_of else next(refused, found)


def candidates(url: str, hints: Hints, rules: Rules | None = None) -> list[Discovery]:
    """Everything flattrable that a page could mean, best first, each thing and payee once."""
    url, rules = url.strip(), rules or shipped()
    return _candidates(url, rules.of_url(url), hints, rules)


def _candidates(url: str, found: Discovery, hints: Hints, rules: Rules) -> list[Discovery]:
    """The order of belief; what is registered, which takes a server, stands before the rules."""
    by_rule = found.reason == "site"
    in_order = chain(
        [] if by_rule else [found],
        _by_markup(url, hints, rules),
        [found] if by_rule else [],
        _by_canonical(url, hints, rules),
        [found.part_of] if found.part_of else [],
        _by_link(url, hints, rules),
    )
    once: dict[tuple[str | None, ...], Discovery] = {}
    for one in in_order:
        if one.flattrable:
            once.setdefault((one.target, one.user_id, one.fid), one)
    return list(once.values())


def offers(url: str, hints: Hints, rules: Rules | None = None) -> list[Discovery]:
    """The candidates that the person is asked about, best first.

    Plain links only where there is nothing else: a comment's would make any page doubtful.
    """
    better = candidates(url, replace(hints, links=()), rules)
    return better or candidates(url, hints, rules)


def addresses_to_look_up(
    url: str, hints: Hints | None = None, rules: Rules | None = None
) -> list[str]:
    """Addresses by which the connected server may know what the page is, most promising first.

    None where the URL or the page's markup names a thing, since that is believed before anything
    that is registered; and none that only this computer's network knows.
    """
    url, hints, rules = url.strip(), hints or Hints(), rules or shipped()
    found = rules.of_url(url)
    claims = list(_claims(url, hints, rules))
    if found.reason == "no_owner":
        addresses = [found.target]
    elif found.reason not in _IS_OPEN or any(claim.flattrable for claim in claims):
        addresses = []
    else:
        canonical = page_address(hints.canonical or "")
        if found.reason == "site":
            is_same = not canonical or rules.of_url(canonical).target == found.target
            addresses = [] if is_same or not canonical else [found.target, canonical]
        else:
            addresses = [page_address(url), canonical]
            addresses += [claim.target for claim in claims if claim.reason == "no_owner"]
    asked = dict.fromkeys(
        it for it in addresses if it and not rules.is_refused(it) and not tells_secret(it)
    )
    return list(asked)[:_MAX_LOOKUPS]


def registered(
    url: str, address: str, thing: Any, hints: Hints | None, rules: Rules | None = None
) -> Discovery:
    """``thing``, by which the server knows ``address``, one of those to look up for ``url``.

    ``thing`` is the API's, of which ``id``, ``url``, ``title`` and ``owner`` are read; the rooms of
    this program keep its type from here.
    """
    owner = getattr(thing.owner, "username", "")
    found = Discovery(
        url.strip(),
        True,
        "registered",
        normal_address(thing.url) or address,
        owner if autosubmit.USERNAME.fullmatch(owner) else None,
        plain_text(thing.title) or plain_text((hints or Hints()).title or "") or None,
        thing_id=thing.id,
    )
    rules = rules or shipped()
    # An auto-submit URL that names no owner says itself what it is about, on whatever host.
    said_by = rules.of_url(url.strip()).target or url.strip()
    found = replace(_as_said_by(said_by, found, rules), url=url.strip())
    itself = rules.about(found.target or "")
    is_doubtful = owner and itself and autosubmit.is_another(owner.rpartition(":")[2], None, itself)
    return replace(found, caution=found.caution or "other_owner") if is_doubtful else found


def submission_url(found: Discovery) -> str:
    """What a backend is asked to flattr for a flattrable ``found``: ``POST /flattr``'s ``url``."""
    if (found.user_id or found.fid) and found.reason not in ("profile", "registered"):
        return autosubmit.build(found)
    return found.target or ""


def _by_markup(url: str, hints: Hints, rules: Rules) -> list[Discovery]:
    """What the page claims, what is about the page itself before others of the same reason."""
    claims = [claim for claim in _claims(url, hints, rules) if claim.flattrable]
    if not claims:
        return []
    own = _own_keys(url, hints, rules)
    claims.sort(
        key=lambda claim: (
            _BY_MARKUP.index(claim.reason),
            page_key(claim.target or "") not in own,
        )
    )
    rivalry = _rivalry(claims, own)
    return [
        _titled(replace(claim, caution=claim.caution or rivalry), hints, own) for claim in claims
    ]


def _own_keys(url: str, hints: Hints, rules: Rules) -> set[str]:
    """The keys of the page's own things. A canonical URL elsewhere proves nothing."""
    own = {page_key(url), page_key(rules.of_url(url).target or url)}
    if hints.canonical and rules.is_one_site(hints.canonical, url):
        own.add(page_key(hints.canonical))
    return own


def _titled(claim: Discovery, hints: Hints, own: set[str]) -> Discovery:
    """``claim`` with the page's title, which is that of its own thing, never of another."""
    if claim.title or page_key(claim.target or "") not in own:
        return claim
    return replace(claim, title=plain_text(hints.title or "") or None)


def _rivalry(claims: list[Discovery], own: set[str]) -> Caution | None:
    """Why none of the claims may be picked in silence; ``own``: what is the page itself."""
    # Nobody can resolve an id any more: beside a name, it most likely is the same person's.
    named = [claim for claim in claims if claim.reason != "flattr_id"] or claims
    if len({payee for claim in named if (payee := _payee(claim))}) > 1:
        return "several_payees"
    things = {page_key(claim.target or "") for claim in claims}
    return "several_things" if len(things) > 1 and not things & own else None


def _payee(claim: Discovery) -> str:
    """Who would be paid, comparable; "" for a thing that does not tell."""
    if claim.user_id:
        return claim.user_id.lower()
    if claim.fid:
        return f"fid {claim.fid}"
    return f"{claim.site} {claim.owner.lower()}" if claim.owner else ""


def _claims(url: str, hints: Hints, rules: Rules) -> Iterator[Discovery]:
    """What the page's markup claims, flattrable or not, in document order."""
    for link in hints.payment:
        # Payment links lead to many services; only those of Flattr's form name a thing.
        if said := _read_link(url, link, rules):
            yield replace(said, reason="payment") if said.flattrable else said
    own = _own_address(url, hints)
    defaults = marks.defaults(hints.loader)
    for button in hints.buttons:
        said = marks.read(button, own, defaults, rules.about)
        yield _as_said_by(url, said, rules)
    for fid in dict.fromkeys(hints.flattr_ids):
        values = {"fid": fid.strip(), "url": own or ""}
        if values["fid"]:
            said = autosubmit.claim(url, "flattr_id", values, rules.about)
            yield _as_said_by(url, said, rules)


def _by_link(url: str, hints: Hints, rules: Rules) -> Iterator[Discovery]:
    """Plain links to Flattr. Whoever may write a comment on the page can put one there."""
    own = _own_keys(url, hints, rules) if hints.links else set()
    for link in hints.links:
        said = _read_link(url, link, rules)
        if said and said.flattrable:
            said = replace(said, reason="button", caution=said.caution or "only_linked")
            yield _titled(said, hints, own)


def _read_link(url: str, link: str, rules: Rules) -> Discovery | None:
    """What a link of Flattr's form stands for, as said by the page; None for any other."""
    found = rules.of_url(link.strip())
    if found.reason in (*_IS_OPEN, "not_http", "malformed_url", "credentials"):
        return None
    return _as_said_by(url, found, rules)


def _by_canonical(url: str, hints: Hints, rules: Rules) -> Iterable[Discovery]:
    found = rules.of_url(hints.canonical.strip()) if hints.canonical else None
    return [_as_said_by(url, found, rules)] if found and found.reason == "site" else []


def _as_said_by(page: str, found: Discovery, rules: Rules) -> Discovery:
    """``found`` as what a page says of itself, which is doubtful if it is about another host."""
    if not found.flattrable:
        return replace(found, url=page)
    same = rules.is_one_site(found.target or "", page)
    said = replace(found, url=page, caution=found.caution if same else "other_host")
    return rules.refused(said)


def _own_address(url: str, hints: Hints) -> str | None:
    """The page's own address: its canonical one, if that is on the same host."""
    own, canonical = page_address(url), page_address(hints.canonical or "")
    return canonical if own and canonical and same_host(own, canonical) else own
