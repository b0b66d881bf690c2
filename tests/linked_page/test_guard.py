"""Which addresses a link may lead to."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from flattr_host.linked_page.guard import why_not_allowed, why_not_public

IPV4_RANGES = [
    ("0.0.0.0", "0.255.255.255"),  # noqa: S104
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("168.63.129.16", "168.63.129.16"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.31.196.0", "192.31.196.255"),
    ("192.52.193.0", "192.52.193.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("192.175.48.0", "192.175.48.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "255.255.255.255"),
]
IPV6_RANGES = [
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
]


@pytest.mark.parametrize(("first", "last"), IPV4_RANGES + IPV6_RANGES)
def test_a_range_is_refused_from_end_to_end(first: str, last: str) -> None:
    start, end = ipaddress.ip_address(first), ipaddress.ip_address(last)
    assert why_not_public(str(start))
    assert why_not_public(str(end))
    if int(start):
        assert why_not_public(str(start - 1)) is None
    if (int(end) + 1) % (1 << end.max_prefixlen):
        assert why_not_public(str(end + 1)) is None


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("::", "this machine"),
        ("::1", "this machine"),
        ("fd00:ec2::254", "a private network"),
        ("fe80::1", "the local link"),
        ("fe80::1%eth0", "the local link"),
        ("2606:2800:220:1::34%eth0", "the local link"),
        ("fec0::1", "a private network"),
        ("ff02::1", "a group of machines"),
        ("::127.0.0.1", "no public page"),
        ("::ffff:0:127.0.0.1", "no public page"),
        ("64:ff9b:1::808:808", "no public page"),
        ("100::1", "no public page"),
        ("5f00::1", "no public page"),
        ("2001:0:7f00:1::", "a tunnel"),
        ("2002:7f00:1::", "a tunnel"),
        ("169.254.169.254", "the local link"),
        ("100.100.100.200", "a provider's own network"),
        ("192.0.0.192", "no public page"),
    ],
)
def test_why(address: str, place: str) -> None:
    sentence = why_not_public(address) or ""
    assert sentence.startswith(f"It leads to {address}, which belongs to {place}")


@pytest.mark.parametrize("prefix", ["::ffff:", "64:ff9b::"])
@given(last=st.ip_addresses(v=4))
def test_an_address_in_an_address_is_judged_by_itself(
    prefix: str, last: ipaddress.IPv4Address
) -> None:
    assert bool(why_not_public(f"{prefix}{last}")) == bool(why_not_public(str(last)))


@given(st.ip_addresses())
def test_nothing_that_python_takes_for_private_is_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if why_not_public(str(address)) is None and not str(address).startswith("::ffff:"):
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    "address",
    [
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "010.8.8.8",
        "127.1",
        "1.1.1",
        "127.0.0.1.",
        "8.8.8.256",
        "8.8.8.8 ",
        "\u0668.8.8.8",
        "[::1]",
        "a.example",
        "",
    ],
)
def test_other_spellings_are_refused(address: str) -> None:
    assert why_not_public(address) == (
        "Its address is written in a way that can be read as several."
    )


@given(st.text())
def test_no_text_is_too_odd(address: str) -> None:
    why_not_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/",
        "https://a.example/",
        "http://a.example:8080/",
        "https://a.example:8443/",
        "https://a.example:80/",
        "http://a.example:1024/",
        "http://A.example./x",
        "http://xn--bcher-kva.example/",
        "http://8.8.8.8/",
        "http://[2606:4700::1111]:8080/",
        "http://1.example/",
        "http://a_b.example/@c",
    ],
)
def test_what_may_be_asked_for(url: str) -> None:
    assert why_not_allowed(URL(url, encoded=True)) is None


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://a.example/", "Only addresses that begin with http:// or https:// are read."),
        ("/a", "Only addresses that begin with http:// or https:// are read."),
        ("http:///a", "Its address has no host that can be asked for."),
        ("http://a..example/", "Its address has no host that can be asked for."),
        ("http://a%2eexample/", "Its address has no host that can be asked for."),
        ("http://[fe80::1%25eth0]/", "Its address has no host that can be asked for."),
        ("http://a@b.example/", "Its address holds a user name or a password."),
        ("http://:a@b.example/", "Its address holds a user name or a password."),
        ("http://@b.example/", "Its address holds a user name or a password."),
        ("http://a.example:0/", "Port 0 is not one for web pages."),
        ("http://a.example:25/", "Port 25 is not one for web pages."),
        ("http://a.example:1023/", "Port 1023 is not one for web pages."),
        ("http://a.example:6000/", "Port 6000 is not one for web pages."),
        ("http://a.onion/", "It is in the Tor network."),
        ("http://a.ONION./", "It is in the Tor network."),
        ("http://1.2.3.0x4/", "Its address is written in a way that can be read as several."),
        ("http://[::1]/", "It leads to ::1, which belongs to this machine."),
    ],
)
def test_what_may_not(url: str, sentence: str) -> None:
    assert why_not_allowed(URL(url, encoded=True)) == sentence
