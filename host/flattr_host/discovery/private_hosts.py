"""Hosts that only one computer or one network knows."""

import ipaddress
import re

_SUFFIXES = (
    ".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet", ".corp", ".home",
)  # fmt: skip
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052
_OF_NAME = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_private(host: str) -> bool:
    """Whether ``host``, as it stands in a URL, is no host of the public Internet by its name alone.

    So are all addresses that are not global, in every form that browsers take, names without a
    dot, and the endings that no public name has. Nothing is looked up.
    """
    name = _name(host)
    if name.startswith("["):
        return _is_private_address(_parse(name.strip("[]").partition("%")[0]))
    if _OF_NAME.fullmatch(name.rpartition(".")[2]):
        return _is_private_address(_ipv4(name.split(".")))
    return "." not in name or name.endswith(_SUFFIXES)


def _name(host: str) -> str:
    """Without user information and port."""
    host = host.rpartition("@")[2].strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    name = host.partition(":")[0].removesuffix(".")
    if name.isascii():
        return name
    from .urls import ascii_name

    return ascii_name(name) or ""


def _is_private_address(address: _Address | None) -> bool:
    if address is None:
        return True  # no address at all, so no public one
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or _in_nat64(address)
        if address.teredo:
            return True
        if inner:
            return _is_private_address(inner)
    return not address.is_global or address.is_multicast or address.is_reserved


def _in_nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def _parse(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _ipv4(parts: list[str]) -> ipaddress.IPv4Address | None:
    """One to four numbers, each decimal, octal or hexadecimal (WHATWG URL, "IPv4 parser")."""
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return None
    *first, last = numbers
    if len(numbers) > 4 or any(one > 255 for one in first) or last >= 256 ** (5 - len(numbers)):
        return None
    for place, one in enumerate(first):
        last += one << (24 - 8 * place)
    return ipaddress.IPv4Address(last)


def _number(part: str) -> int:
    if len(part) > 40:
        raise ValueError
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if part.startswith("0") and part != "0" else int(part)
