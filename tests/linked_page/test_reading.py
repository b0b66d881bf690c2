"""Reading pages from real servers at public addresses, which all are in a namespace of the test."""

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import Internet, Outcome
from .stage import PUBLIC, PUBLIC_IPV6
from .web import PAYMENT

#: KiB that reading any page may take; what is sent is many times more.
MEMORY = 48 * 1024


def assert_read(outcome: Outcome, url: str = "http://plain.example/") -> None:
    assert (outcome.url, outcome.title) == (url, "A page"), outcome
    assert outcome.payment == [PAYMENT]


def fields_of(outcome: Outcome, number: int = 0) -> dict[str, str]:
    pairs = (field.split(": ", 1) for field in outcome.seen[number]["fields"])
    return {name.lower(): value for name, value in pairs}


def test_a_page(internet: Internet) -> None:
    outcome = internet.read("http://plain.example/#part")
    assert_read(outcome)
    assert outcome.reached == [PUBLIC]
    assert outcome.seen[0]["asked"] == "GET /"
    fields = fields_of(outcome)
    assert fields.pop("accept").startswith("text/html, ")
    assert fields == {
        "host": "plain.example",
        "accept-encoding": "gzip",
        "user-agent": "flattr-host",
        "connection": "close",
    }


def test_over_ipv6(internet: Internet) -> None:
    outcome = internet.read("http://six.example/")
    assert_read(outcome, "http://six.example/")
    assert outcome.reached == [PUBLIC_IPV6]


@pytest.mark.parametrize("host", [PUBLIC, f"[{PUBLIC_IPV6}]", "plain.example:8080"])
def test_other_ways_to_name_a_server(internet: Internet, host: str) -> None:
    assert_read(internet.read(f"http://{host}/"), f"http://{host}/")


def test_an_address_is_asked_for_as_it_is_written(internet: Internet) -> None:
    outcome = internet.read("http://plain.example/%7Ea/%2f?q=%C3%A9+%20;a=b%zz")
    assert outcome.seen[0]["asked"] == "GET /%7Ea/%2f?q=%C3%A9+%20;a=b%zz"
    assert internet.read("http://plain.example/é").seen[0]["asked"] == "GET /%C3%A9"


# What is in a page


def test_a_payment_link_in_the_headers(internet: Internet) -> None:
    outcome = internet.read("http://plain.example/in-header")
    assert outcome.payment == [PAYMENT]


def test_payment_links_of_headers_come_before_those_of_the_page(internet: Internet) -> None:
    outcome = internet.read("http://plain.example/strange-header")
    assert outcome.payment[0] == "http://plain.example/pay"
    assert outcome.payment[-1] == PAYMENT


@pytest.mark.parametrize(
    ("page", "payment"), [("image", [PAYMENT]), ("other-image", []), ("untyped", [PAYMENT])]
)
def test_only_pages_and_feeds_are_looked_into(
    internet: Internet, page: str, payment: list[str]
) -> None:
    assert internet.read(f"http://plain.example/{page}").payment == payment


@pytest.mark.parametrize("page", ["feed", "no-head", "gzip", "just-within"])
def test_where_a_payment_link_can_stand(internet: Internet, page: str) -> None:
    assert internet.read(f"http://plain.example/{page}").payment == [PAYMENT]


def test_a_page_is_read_as_far_as_512_kib(internet: Internet) -> None:
    outcome = internet.read("http://plain.example/just-beyond")
    assert (outcome.title, outcome.payment) == ("Long", [])


def test_a_character_set_of_the_headers(internet: Internet) -> None:
    assert internet.read("http://plain.example/latin-1").title == "Café"


# Redirects


@pytest.mark.parametrize("redirects", [1, 5])
def test_redirects_are_followed(internet: Internet, redirects: int) -> None:
    outcome = internet.read(f"http://plain.example/redirects/{redirects}")
    assert_read(outcome)
    assert len(outcome.seen) == redirects + 1


@pytest.mark.parametrize("redirects", [6, 10_000])
def test_but_not_for_ever(internet: Internet, redirects: int) -> None:
    outcome = internet.read(f"http://plain.example/redirects/{redirects}")
    assert outcome.unread == "It leads on and on, over more than 5 redirects."
    assert len(outcome.seen) == 6


def test_a_redirect_that_says_what_to_flattr_is_not_followed(internet: Internet) -> None:
    outcome = internet.read(f"http://plain.example/to?{quote(PAYMENT)}")
    assert (outcome.url, outcome.payment) == (PAYMENT, [])
    assert outcome.names == ["plain.example A", "plain.example AAAA"]


def test_no_cookie_is_kept(internet: Internet) -> None:
    outcome = internet.read("http://plain.example/cookie")
    assert_read(outcome)
    assert fields_of(outcome, 1) == fields_of(outcome, 0)


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1/",
        "http://127.0.0.1:8080/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fd00::1]/",
        "http://localhost/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "//private.example/",
        "http://loopback.example/",
        "http://metadata.example/",
        "http://platform.example/",
        "http://private-six.example/",
        "http://mapped.example/",
        "http://nat64.example/",
        "http://mixed.example/",
        "http://anna:secret@plain.example/",
        "http://plain.example@127.0.0.1/",
        "http://plain.example:22/",
        "http://plain.example:6667/",
        "ftp://plain.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://hidden.onion/",
        "http://127.0.0.1\\@plain.example/",
        "http://plain.example%00.example/",
    ],
)
def test_nothing_but_public_pages_is_asked_for(internet: Internet, to: str) -> None:
    by_link = internet.read("http:" + to if to.startswith("//") else to)
    assert by_link.unread
    assert by_link.seen == []
    by_redirect = internet.read(f"http://plain.example/to?{quote(to)}")
    assert by_redirect.unread == by_link.unread
    assert by_redirect.reached == [PUBLIC]
    assert not any("onion" in name for name in by_link.names)


def test_the_answer_that_was_checked_is_the_one_that_is_used(internet: Internet) -> None:
    outcome = internet.read("http://rebinding.example/")
    assert_read(outcome, "http://rebinding.example/")
    assert outcome.reached == [PUBLIC]
    assert outcome.names.count("rebinding.example A") == 1
    later = internet.read("http://rebinding.example/")  # the name server did mean it
    assert later.unread == "It leads to 127.0.0.1, which belongs to this machine."
    assert later.seen == []


# TLS


def test_a_secure_page(internet: Internet) -> None:
    assert_read(internet.read("https://secure.example/"), "https://secure.example/")


@pytest.mark.parametrize("host", ["secure.example:8443", "plain.example"])
def test_a_certificate_must_be_known_and_fit(internet: Internet, host: str) -> None:
    outcome = internet.read(f"https://{host}/")
    assert outcome.unread
    assert outcome.unread.startswith("Its certificate is not valid: ")
    assert outcome.seen == []


def test_what_was_secure_stays_so(internet: Internet) -> None:
    outcome = internet.read("https://secure.example/to?http://plain.example/")
    assert outcome.unread == "It leads from a secure address to one that is not."
    assert len(outcome.seen) == 1
    assert_read(
        internet.read("http://plain.example/to?https://secure.example/"), "https://secure.example/"
    )


# Servers that want to be a burden


@pytest.mark.parametrize("page", ["bomb", "members", "endless", "just-beyond"])
def test_no_page_takes_more_memory_than_another(internet: Internet, page: str) -> None:
    outcome = internet.read(f"http://plain.example/{page}")
    assert outcome.unread is None
    assert outcome.memory_kib < MEMORY
    assert outcome.seconds < 3


@pytest.mark.parametrize("page", ["endless-fields", "huge-location", "early-hints"])
def test_headers_without_end(internet: Internet, page: str) -> None:
    outcome = internet.read(f"http://plain.example/{page}")
    assert outcome.unread
    assert outcome.memory_kib < MEMORY
    assert outcome.seconds < 5.5


@pytest.mark.parametrize(
    "host", ["plain.example/drip", "plain.example/slow-fields", "silent.example/"]
)
def test_five_seconds_are_all_that_a_page_gets(internet: Internet, host: str) -> None:
    outcome = internet.read(f"http://{host}")
    assert outcome.unread == "It was not there within 5 seconds."
    assert 4.5 < outcome.seconds < 5.5


def test_reading_can_be_called_off(internet: Internet) -> None:
    outcome = internet.read("http://plain.example/drip", cancel_after=0.3)
    assert outcome.unread == "Reading it was called off."
    assert outcome.seconds < 1


def test_reading_ends_with_the_program(internet: Internet) -> None:
    outcome = internet.read("http://plain.example/drip", close_after=0.3)
    assert outcome.unread == "This program was ended before the page was there."
    assert outcome.seconds < 1.2


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("plain.example/missing", "There is no such page (status 404)."),
        ("plain.example/refused", "Its server does not show it to this program (status 403)."),
        ("plain.example/failing", "Its server answered with status 599, not with a page."),
        ("plain.example/nowhere", "Its server answered with status 302 (Found), not with a page."),
        ("plain.example/bad-location", "It leads to an address that is malformed."),
        ("plain.example/" + "x" * 8192, "Its address is longer than 8192 characters."),
        ("plain.example/broken-gzip", "It cannot be decompressed."),
        ("plain.example/brotli", "It is compressed in a way that was not asked for."),
        ("plain.example/twice-gzip", "It is compressed in a way that was not asked for."),
        ("plain.example/short", "The answer broke off in the middle."),
        ("plain.example/not-http", "It is not HTTP."),
        ("plain.example/silence", "The connection broke off before the answer."),
        ("unknown.example/", "Its name could not be resolved."),
        ("plain.example:3000/", "It refused the connection."),
        ("[]@", "Its address is malformed."),
        ("plain.example:99999/", "Its address has a port that does not exist."),
    ],
)
def test_what_goes_wrong_is_told_in_words(internet: Internet, url: str, sentence: str) -> None:
    assert internet.read(f"http://{url}").unread == sentence


@given(
    st.text(st.characters(codec="utf-8"))
    | st.text("http://[]:@.%plain.example\\019af?# ").map("http://".__add__)
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_given_is_read_or_unread(internet: Internet, url: str) -> None:
    for link in (url, f"http://plain.example/to?{quote(url)}"):
        outcome = internet.read(link)
        assert outcome.unread or outcome.url
        assert set(outcome.reached) <= {PUBLIC}


# Proxies


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_nothing_is_read_through_a_proxy(internet: Internet, name: str) -> None:
    environ = {name: "http://plain.example:8080"}
    outcome = internet.read("http://plain.example/", environ=environ)
    assert outcome.unread
    assert outcome.unread.startswith("A proxy is set for its address")
    assert outcome.seen == []
    assert outcome.names == []
    environ["no_proxy"] = "plain.example"
    assert_read(internet.read("http://plain.example/", environ=environ))


def test_a_proxy_for_other_addresses_is_no_matter(internet: Internet) -> None:
    environ = {"https_proxy": "http://plain.example:8080"}
    assert_read(internet.read("http://plain.example/", environ=environ))
