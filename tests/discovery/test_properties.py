"""What holds for every string: nothing raises, no hostile host is believed, nothing grows."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flattr_host.discovery.discovering import (
    addresses_to_look_up,
    candidates,
    discover,
    submission_url,
)
from flattr_host.discovery.explain import line
from flattr_host.discovery.model import Button, Hints
from flattr_host.discovery.page import read_hints
from flattr_host.discovery.private_hosts import is_private
from flattr_host.discovery.rules import Rules
from flattr_host.discovery.urls import host_of, normal_address, page_address, page_key

CONNECTED = Rules("https://flattr.example:8443/money", refuses_private=True)
HOSTS = ["github.com", "gist.github.com", "flattr.com", "x.com", "soundcloud.com", "10.0.0.1"]
TEXT = st.text(alphabet="/.%20fF#?&=@:;{}<>aZ9-_\\\0\n é\u202e\u0406", max_size=60) | st.text(
    max_size=40
)
URLS = st.one_of(
    TEXT,
    st.builds("{}://{}{}".format, st.sampled_from(["http", "HTTPS"]), st.sampled_from(HOSTS), TEXT),
    TEXT.map("https://flattr.com/submit/auto?user_id=a&url=https://a.example/".__add__),
    TEXT.map("https://flattr.example:8443/money/".__add__),
)
BUTTONS = st.builds(
    Button, href=URLS | st.none(), rel=TEXT.map("flattr;uid:".__add__), title=TEXT, text=TEXT,
    data=st.dictionaries(st.sampled_from(["flattr-uid", "flattr-tags", "x"]), TEXT, max_size=3),
)  # fmt: skip
LISTS = st.lists(URLS, max_size=4).map(tuple)
HINTS = st.builds(
    Hints, title=TEXT, canonical=URLS | st.none(), payment=LISTS, flattr_ids=LISTS, links=LISTS,
    buttons=st.lists(BUTTONS, max_size=3).map(tuple), loader=URLS | st.none(),
)  # fmt: skip


@given(URLS, HINTS, st.sampled_from([None, CONNECTED]))
def test_nothing_raises_and_everything_is_told(url: str, hints: Hints, rules: Rules | None) -> None:
    found, offers = discover(url, hints, rules), candidates(url, hints, rules)
    marks = len(hints.payment) + len(hints.buttons) + len(hints.flattr_ids) + len(hints.links)
    assert len(offers) <= marks + 3
    assert all(offer.flattrable and submission_url(offer) for offer in offers)
    assert found.flattrable == (found in offers)
    for one in (found, *offers):
        assert line(one).explanation.isprintable() or not one.flattrable
    for address in addresses_to_look_up(url, hints, rules):
        assert address.startswith(("http://", "https://"))


@given(URLS)
def test_a_canonical_address_is_its_own(url: str) -> None:
    for address in (normal_address(url), page_address(url)):
        if address:
            assert normal_address(address) == address
            assert page_key(address) == page_key(page_address(address) or address)
    found = discover(url)
    if found.target:
        again = discover(found.target)
        if again.flattrable:
            assert again.target == found.target


@given(
    st.binary(max_size=400) | TEXT.map(str.encode), st.sampled_from([None, "text/html; charset=x"])
)
def test_no_bytes_raise(data: bytes, content_type: str | None) -> None:
    for start in (b"", b"<feed>", b'<a class=FlattrButton rel="flattr;'):
        read_hints(start + data, "https://a.example/", content_type)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com.evil.example/smgt",
        "https://github.com@evil.example/smgt",
        "https://evil.example\\@github.com/smgt",
        "https://github.com%2eevil.example/smgt",
        "https://github.com:80@evil.example/smgt",
        "https://gith\u0443b.com/smgt",
        "https://github.com\0.evil.example/smgt",
        "https://github.com\u202e/smgt",
        "https://xn--github-.com/smgt",
        "https://[::ffff:8.8.8.8]/smgt",
        "https://evilgithub.com/smgt",
        "https://flattr.com.evil.example/thing/1",
        "https://flattr.example:8444/money/thing/1",
        "https://flattr.example:8443/other/thing/1",
        "javascript:location='https://github.com/smgt'",
        "data:text/html,https://github.com/smgt",
        "https://github.com/" + "a" * 100_000,
    ],
)
def test_no_hostile_host_is_believed(url: str) -> None:
    assert not discover(url).flattrable
    assert not discover(url, rules=CONNECTED).flattrable
    assert not candidates(url, Hints(canonical=url, payment=(url,)), CONNECTED)


def test_hosts_are_told_in_punycode() -> None:
    assert host_of("https://www.gith\u0443b.com/") == "xn--githb-hze.com"
    assert (
        normal_address("https://M\u00fcller.example/\u00e9")
        == "https://xn--mller-kva.example/\u00e9"
    )
    link = "https://flattr.com/submit/auto?user_id=a&url=" + quote("https://gith\u0443b.com/a")
    found = discover("https://a.example/", Hints(payment=(link,)))
    assert found.target == "https://xn--githb-hze.com/a"
    assert "xn--githb-hze.com" in (line(found).caution or "")


def test_links_of_the_connected_server_are_links() -> None:
    base = "https://flattr.example:8443/money"
    assert discover(f"{base}/t/5", rules=CONNECTED).target == f"{base}/thing/5"
    assert discover(f"{base}/@Ann", rules=CONNECTED).target == f"{base}/profile/ann"
    link = f"{base}/submit/auto?user_id=ann&url=https://ann.example/"
    assert discover(link, rules=CONNECTED).target == "https://ann.example/"
    assert not discover(f"{base}/t/5").flattrable
    nested = f"{base}/submit/auto?user_id=ann&url={quote(link, safe='')}"
    assert discover(nested, rules=CONNECTED).reason == "bad_target"


PRIVATE = """
    localhost a.localhost printer.local nas.lan x.internal r.home.arpa router localhost. 10.0.0.1.
    127.0.0.1 127.1 0x7f.0.0.1 2130706433 017700000001 0 10.1.2.3:80 172.16.0.1 192.168.1.1
    169.254.169.254 100.64.0.1 224.0.0.1 240.0.0.1 1.2.3.256 \uff11\uff12\uff17.0.0.1
    [::] [::1]:80 [fe80::1] [fc00::1] [::ffff:10.0.0.1] [64:ff9b::10.0.0.1] [2002:7f00:1::]
    [2001:0::1]"""


@pytest.mark.parametrize("host", PRIVATE.split())
def test_private_hosts(host: str) -> None:
    assert is_private(host)


@pytest.mark.parametrize(
    "host", ["a.example", "8.8.8.8", "[2a00:1450::1]", "local.example", "a.test"]
)
def test_public_hosts(host: str) -> None:
    assert not is_private(host)


def test_what_only_this_network_knows_is_not_told_to_a_server() -> None:
    link = "https://flattr.com/submit/auto?user_id=ann&url=http://nas.lan/"
    hints = Hints(payment=(link,))
    assert discover(link, rules=CONNECTED).reason == "private_address"
    assert discover("http://nas.lan/", hints, CONNECTED).reason == "private_address"
    assert discover("http://nas.lan/", hints).flattrable
    assert addresses_to_look_up("http://nas.lan/x", None, CONNECTED) == []
    own = Rules("http://127.0.0.1:8080", refuses_private=True)
    assert discover("http://127.0.0.1:8080/thing/1", rules=own).flattrable
