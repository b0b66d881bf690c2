"""What is known of hosts: Flattr's own links, the connected server's, and sites."""

from collections.abc import Callable, Sequence
from functools import cache, partial

from . import flattr_links, sites
from .model import MAX_URL, Discovery, UnflattrableReason
from .urls import host_of, normal_address, plain_host, split

_Reader = Callable[[str, str, str | None, str | None], Discovery | None]


class Rules:
    """What an address says by itself. Never raises, whatever the strings hold.

    ``server`` is the base URL of the connected server's pages, without a slash at the end; "" for
    none. ``own_sites`` are the person's own rows, which go before the shipped ones. With
    ``refuses_private``, what only one computer or network knows is not flattrable, except the
    server's own: nobody else's server can know it.
    """

    def __init__(
        self,
        server: str = "",
        own_sites: Sequence[sites.SiteRow] = (),
        refuses_private: bool = False,
    ) -> None:
        self.server = server
        self.refuses_private = refuses_private
        every = (*map(sites.Site, own_sites), *sites.load())
        self._by_label = sites.suffix_hosts(every)
        exact = sites.exact_hosts(every)
        self._site_of_host = exact
        self._readers: dict[str, _Reader] = {host: site.read for host, site in exact.items()}
        self._prefixes: dict[str, str] = {}
        for host in flattr_links.HOSTS:
            self._add_links(host, flattr_links.FLATTR, "")
        if server:
            host, slash, path = server.partition("://")[2].partition("/")
            self._add_links(host.lower(), server, slash + path)

    def of_url(self, url: str) -> Discovery:
        """What ``url`` stands for, or why for nothing."""
        return self.refused(self._read(url)) if self.refuses_private else self._read(url)

    def about(self, address: str) -> Discovery | None:
        """What the address of a thing says of itself; None where no rule is about its host.

        An auto-submit URL is the address of no thing: it is not flattrable here.
        """
        host, slash, path = address.partition("://")[2].partition("/")
        read = self._readers.get(host)
        if read is None and host.partition(".")[2] not in self._by_label:
            return None
        if "submit/auto" in path and self._is_autosubmit(host, f"/{path}"):
            return Discovery(address, False, "bad_target")
        if read is not None and "?" not in path and "#" not in path:
            found = read(address, slash + path, None, None)
            return found or Discovery(address, False, "unknown_page")
        return self._read(address)

    def refused(self, found: Discovery) -> Discovery:
        """``found``, unless its target is an address that may not be told to a server."""
        if self.refuses_private and found.flattrable and self.is_refused(found.target or ""):
            return Discovery(found.url, False, "private_address", found.target)
        if found.part_of and self.is_refused(found.part_of.target or ""):
            return Discovery(found.url, False, "private_address", found.part_of.target)
        return found

    def is_refused(self, address: str) -> bool:
        """Whether ``address`` may not be told to a server, being none that it could know."""
        if not self.refuses_private or (self.server and address.startswith(f"{self.server}/")):
            return False
        from .private_hosts import is_private  # 10 ms that the embedded ledger need not pay

        return is_private(host_of(address))

    def is_one_site(self, url: str, other: str) -> bool:
        """Whether both are on one host, ``www.`` aside, or on hosts of one site, as x.com is.

        Not where each host is somebody else's, as with ``{owner}.bandcamp.com``.
        """
        host, others = host_of(url), host_of(other)
        if host == others:
            return host != ""
        site = self._site_of_host.get(host)
        return site is not None and site is self._site_of_host.get(others)

    def _read(self, url: str) -> Discovery:
        if len(url) > MAX_URL:
            return Discovery(url[:MAX_URL], False, "too_long")
        parts = split(url)
        if parts is None:
            return Discovery(url, False, "not_http")
        scheme, host, path, query, fragment = parts
        read = self._readers.get(host)
        if read is None:
            plain = plain_host(scheme, host)
            read = self._readers.get(host.lower() if plain is None else plain)
            if read is None:
                if plain is None:
                    return Discovery(url, False, _why_no_rule(url, host))
                label, _, rest = plain.partition(".")
                site = self._by_label.get(rest)
                found = site.read(url, path, query, fragment, label) if site else None
                return found or Discovery(url, False, "unknown_page")
        return read(url, path, query, fragment) or Discovery(url, False, "unknown_page")

    def _is_autosubmit(self, host: str, path: str) -> bool:
        prefix = self._prefixes.get(host)
        return prefix is not None and path.startswith(f"{prefix}/submit/auto")

    def _add_links(self, host: str, server: str, prefix: str) -> None:
        """Links to ``server``'s pages, under ``prefix``; a site may have the rest of the host."""
        site = self._site_of_host.get(host)
        read_link = partial(flattr_links.read, self.about, server)

        def read(url: str, path: str, query: str | None, fragment: str | None) -> Discovery | None:
            own = path.removeprefix(prefix) if path.startswith(prefix) else ""
            found = read_link(url, own, query, fragment)
            return found or (site.read(url, path, query, fragment) if site else None)

        self._prefixes[host] = prefix
        self._readers[host] = read if prefix or site else read_link


def _why_no_rule(url: str, host: str) -> UnflattrableReason:
    """The reason for a host that no rule can be about."""
    if "@" in host:
        return "credentials"
    is_page = normal_address(url) or host.startswith("[")
    return "unknown_page" if is_page else "malformed_url"


@cache
def shipped() -> Rules:
    """The rules of this program alone, with no server and no rows of the person's."""
    return Rules()
