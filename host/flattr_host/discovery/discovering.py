"""The order of belief: from a URL and a page's hints to the candidates, best first."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain

from msgspec.structs import replace

from . import autosubmit, flattr_links, sites
from .model import MAX_URL, Discovery, Hints, UnflattrableReason
from .urls import host_of, normal_address, plain_host, plain_text, same_host, split

_Reader = Callable[[str, str, str | None, str | None], Discovery | None]


def discover(url: str, hints: Hints | None = None) -> Discovery:
    """What would be flattred for ``url``; with ``hints``, for the page that has them.

    Never raises, whatever the strings hold.
    """
    url = url.strip()
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
    return Discovery(url, False, "unknown_page") if found is None else found


def _why_no_rule(url: str, host: str) -> UnflattrableReason:
    """The reason for a host that no rule can be about."""
    if "@" in host:
        return "credentials"
    is_page = normal_address(url) or host.startswith("[")
    return "unknown_page" if is_page else "malformed_url"


def _about(address: str) -> Discovery | None:
    """What the target of an auto-submit URL says of itself, if there is a rule for it."""
    host, slash, path = address.partition("://")[2].partition("/")
    read = _readers().get(host)
    if read is None:
        return None
    if "?" in path or "#" in path:
        _, _, path, query, fragment = split(address) or ("", "", "", None, None)
        return read(address, path, query, fragment)
    return read(address, slash + path, None, None)


def _read_flattr_link(
    url: str, path: str, query: str | None, _fragment: str | None
) -> Discovery | None:
    return flattr_links.read(url, path, query, _about)


def _by_payment(url: str, hints: Hints) -> Iterator[Discovery]:
    for link in hints.payment:
        found = _discover_url(link.strip())
        # Payment links lead to many services; only those of Flattr's form name a thing.
        if found.flattrable and found.reason != "site":
            said = _as_said_by(url, found)
            # The page's title is its own thing's, never another host's.
            own_title = plain_text(hints.title or "") if said.caution != "other_host" else None
            yield replace(said, reason="payment", title=found.title or own_title or None)


def _by_canonical(url: str, hints: Hints) -> Iterator[Discovery]:
    if hints.canonical:
        found = _discover_url(hints.canonical.strip())
        if found.flattrable:
            yield _as_said_by(url, found)


def _as_said_by(page: str, found: Discovery) -> Discovery:
    """``found`` as what a page says of itself, which is doubtful if it is about another host."""
    same = _is_same_site(found.target or "", page)
    return replace(found, url=page, caution=found.caution if same else "other_host")


def _is_same_site(url: str, other: str) -> bool:
    """Whether both are on one host, or on hosts of one site (as x.com and twitter.com)."""
    site = _readers().get(host_of(url))
    return same_host(url, other) or (site is not None and site == _readers().get(host_of(other)))


@cache
def _readers() -> dict[str, _Reader]:
    readers: dict[str, _Reader] = dict.fromkeys(flattr_links.HOSTS, _read_flattr_link)
    for site in sites.load():
        readers |= dict.fromkeys(site.row.hosts, site.read)
    return readers
