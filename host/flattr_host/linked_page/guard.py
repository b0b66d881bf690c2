"""What a link may make this program connect to: pages that anybody in the world could read.

Pure: addresses and URLs in, a sentence why not out. Whoever writes a link decides where it leads,
and names are resolved as their owners like; so a link could point at the person's own router, at
a service on this very machine, or at what tells a rented machine its passwords.
"""

import ipaddress
import re

from yarl import URL

_PRIVATE = "a private network"
_PROVIDER = "a provider's own network"
_THIS_MACHINE = "this machine"
_LINK_LOCAL = "the local link, where rented machines also find their passwords"
_UNUSED = "no public page"
_MULTICAST = "a group of machines"
_TUNNEL = "a tunnel that may end anywhere"
_PLATFORM = "the platform that this machine is rented from"

# From the IANA's registries of special-purpose addresses (RFC 6890), whatever "globally reachable"
# says there: none of them is where a page is. `ipaddress.is_global` is not the answer: it takes
# multicast, 6to4 and 64:ff9b:1::/48 for global, and more or less than that in other versions.
_IPV4 = {
    "0.0.0.0/8": _THIS_MACHINE,
    "10.0.0.0/8": _PRIVATE,
    "100.64.0.0/10": _PROVIDER,
    "127.0.0.0/8": _THIS_MACHINE,
    "168.63.129.16/32": _PLATFORM,  # Azure's; its others are link-local or private
    "169.254.0.0/16": _LINK_LOCAL,
    "172.16.0.0/12": _PRIVATE,
    "192.0.0.0/24": _UNUSED,
    "192.0.2.0/24": _UNUSED,
    "192.31.196.0/24": _UNUSED,
    "192.52.193.0/24": _UNUSED,
    "192.88.99.0/24": _TUNNEL,
    "192.168.0.0/16": _PRIVATE,
    "192.175.48.0/24": _UNUSED,
    "198.18.0.0/15": _PRIVATE,
    "198.51.100.0/24": _UNUSED,
    "203.0.113.0/24": _UNUSED,
    "224.0.0.0/4": _MULTICAST,
    "240.0.0.0/4": _UNUSED,
}
_IPV6 = {
    "::/127": _THIS_MACHINE,
    "fc00::/7": _PRIVATE,
    "fe80::/10": _LINK_LOCAL,
    "fec0::/10": _PRIVATE,
    "ff00::/8": _MULTICAST,
    "2001::/32": _TUNNEL,  # Teredo
    "2001::/23": _UNUSED,
    "2001:db8::/32": _UNUSED,
    "2002::/16": _TUNNEL,  # 6to4, which RFC 7526 took out of use
    "2620:4f:8000::/48": _UNUSED,
    "3fff::/20": _UNUSED,
}
_SPECIAL = {ipaddress.ip_network(network): place for network, place in (_IPV4 | _IPV6).items()}
#: All public IPv6 addresses are in here so far (RFC 4291, section 2.4, and IANA's registry).
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
#: What is reached at these is the IPv4 address in their last 32 bits. The second is what networks
#: without IPv4 have for every page that has no other (NAT64, RFC 6052).
_EMBEDDING = ipaddress.IPv6Network("::ffff:0:0/96"), ipaddress.IPv6Network("64:ff9b::/96")

#: Ports of 1024 and more where something else than HTTP listens, which a request would disturb:
#: those of "bad port" in the Fetch standard. Below, only 80 and 443 are for pages.
_BAD_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6679, 6697, 10080}
    | set(range(6665, 6670))
)
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_ENDS_IN_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")


def why_not_public(address: str) -> str | None:
    """Why nothing is fetched from ``address``, an IP address as text; None if it is a public one.

    Every spelling but the usual one is refused: as one number, octal, short, with a zone.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "Its address is written in a way that can be read as several."
    place = _LINK_LOCAL if "%" in address else _place(parsed)
    return f"It leads to {address}, which belongs to {place}." if place else None


def _place(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str | None:
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in _EMBEDDING):
            return _place(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        unknown = None if address in _GLOBAL_UNICAST else _UNUSED
    else:
        unknown = None
    return next((place for network, place in _SPECIAL.items() if address in network), unknown)


def why_not_allowed(url: URL) -> str | None:
    """Why ``url`` is not asked for, as far as it says so itself; None if a name server is next."""
    try:
        host, port = (url.raw_host or "").lower(), url.port
    except ValueError:
        return "Its address has a port that does not exist."
    if url.scheme not in {"http", "https"}:
        return "Only addresses that begin with http:// or https:// are read."
    if url.raw_user is not None or url.raw_password is not None or "@" in url.raw_authority:
        return "Its address holds a user name or a password."
    if port not in {80, 443} and (port is None or port < 1024 or port in _BAD_PORTS):
        return f"Port {port} is not one for web pages."
    return _why_not_this_host(host)


def _why_not_this_host(host: str) -> str | None:
    if "%" in host or not _HOST.fullmatch(host):
        return "Its address has no host that can be asked for."
    if ":" in host or _ENDS_IN_A_NUMBER.fullmatch(host):
        return why_not_public(host)
    if host.rstrip(".").endswith(".onion"):  # such a name is no name server's business (RFC 7686)
        return "It is in the Tor network."
    return None
