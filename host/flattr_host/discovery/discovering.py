"""The order of belief: from a URL and a page's hints to the candidates, best first."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain

from msgspec.structs import replace

from . import autosubmit, flattr_links, sites
from .model import MAX_URL, Discovery, Hints, UnflattrableReason
from .urls import is_web_address, plain_host, same_site, split

_Reader = Callable[[str, str, str | None, str | None], Discovery | None]


def discover(url: str, hints: Hints | None = None) -> Discovery:
    """What would be flattred for ``url``; with ``hints``, for the page that has them.

    Never raises, whatever the strings hold.
    """
    if hints is None:
        return _discover_url(url)
    best, *others = candidates(url, hints) or [_discover_url(url)]
    rivals = [other for other in others if other.reason == best.reason == "payment"]
    return replace(best, caution="several_payees") if rivals else best


def candidates(url: str, hints: Hints) -> list[Discovery]:
    """Everything that a page could mean, best first, each thing and payee once."""
    found = _discover_url(url)
    certain = [found] if found.flattrable and found.reason != "site" else []
    by_rule = [found] if found.flattrable and found.reason == "site" else []
    by_payment, by_canonical = _by_payment(url, hints), _by_canonical(url, hints)
    once: dict[tuple[str | None, ...], Discovery] = {}
    for offer in chain(certain, by_payment, by_rule, by_canonical):
        once.setdefault((offer.target, offer.user_id, offer.fid), offer)
    return list(once.values())


def submission_url(found: Discovery) -> str:
    """What a backend is asked to flattr for a flattrable ``found``: ``POST /flattr``'s ``url``."""
    if found.user_id or found.fid:
        return found.target or "" if found.reason == "profile" else autosubmit.build(found)
    return found.target or ""


def _discover_url(url: str) -> Discovery:
    url = url.strip()
    if len(url) > MAX_URL:
        return Discovery(url[:MAX_URL], False, "too_long")
    parts = split(url)
    if parts is None:
        return Discovery(url, False, "not_http")
    scheme, host, path, query, fragment = parts
    readers = _readers()
    read = readers.get(host)
    if read is None:
        plain = plain_host(scheme, host)
        if plain is None:
            return Discovery(url, False, _why_no_rule(url, host))
        read = readers.get(plain)
    found = read(url, path, query, fragment) if read else None
    if found is None:
        return Discovery(url, False, "unknown_page")
    return _by_target(found) if found.reason == "no_owner" else found


def _why_no_rule(url: str, host: str) -> UnflattrableReason:
    """The reason for a host that no rule can be about."""
    if "@" in host:
        return "credentials"
    is_page = is_web_address(url) or host.startswith("[")
    return "unknown_page" if is_page else "malformed_url"


def _by_target(found: Discovery) -> Discovery:
    """An auto-submit URL without an owner: its target stands for itself, if it can."""
    target = found.target or ""
    # Auto-submit URLs may be nested as deep as a URL is long; only another site's rule counts.
    inner = _discover_url(target) if autosubmit.PREFIX[8:-1] not in target else found
    if not inner.flattrable:
        return found
    return replace(
        found,
        flattrable=True,
        reason="autosubmit",
        target=inner.target,
        thing_id=inner.thing_id,
        user_id=inner.user_id,
        site=inner.site,
        kind=inner.kind,
        owner=inner.owner,
        name=inner.name,
        id=inner.id,
    )


def _by_payment(url: str, hints: Hints) -> Iterator[Discovery]:
    for link in hints.payment:
        found = _discover_url(link)
        # Payment links lead to many services; only those of Flattr's form name a thing.
        if found.flattrable and found.reason != "site":
            said = _as_said_by(url, found)
            # The page's title is its own thing's, never another host's.
            title = found.title or (None if said.caution else hints.title)
            yield replace(said, reason="payment", title=title)


def _by_canonical(url: str, hints: Hints) -> Iterator[Discovery]:
    if hints.canonical:
        found = _discover_url(hints.canonical)
        if found.flattrable:
            yield _as_said_by(url, found)


def _as_said_by(page: str, found: Discovery) -> Discovery:
    """``found`` as what a page says of itself, which is doubtful if it is about another host."""
    same = same_site(found.target or "", page)
    return replace(found, url=page, caution=None if same else "other_host")


@cache
def _readers() -> dict[str, _Reader]:
    readers: dict[str, _Reader] = dict.fromkeys(flattr_links.HOSTS, flattr_links.read)
    for site in sites.load():
        readers |= dict.fromkeys(site.row.hosts, site.read)
    return readers
