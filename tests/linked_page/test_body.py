"""The beginning of a page, in whatever pieces it arrives."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flattr_host.linked_page.body import MAX_BODY, Body


def received(sent: bytes, size: int, *, is_gzip: bool) -> Body:
    body = Body(is_gzip)
    for at in range(0, len(sent), size):
        body.add(sent[at : at + size])
    return body


@given(st.binary(max_size=300), st.integers(1, 64), st.booleans())
def test_pieces_make_a_whole(page: bytes, size: int, is_gzip: bool) -> None:
    sent = gzip.compress(page) if is_gzip else page
    assert received(sent, size, is_gzip=is_gzip).data == page


@pytest.mark.parametrize("size", [MAX_BODY - 1, MAX_BODY, MAX_BODY + 1, 100 * MAX_BODY])
@pytest.mark.parametrize("is_gzip", [False, True])
def test_no_more_than_the_bound(size: int, is_gzip: bool) -> None:
    page = bytes(size)
    body = received(gzip.compress(page) if is_gzip else page, 60_000, is_gzip=is_gzip)
    assert len(body.data) == min(size, MAX_BODY)
    assert body.is_complete == (size >= MAX_BODY or is_gzip)


def test_what_follows_a_member_is_left() -> None:
    body = received(gzip.compress(b"a") + gzip.compress(b"b") + b"\0\0", 7, is_gzip=True)
    assert body.data == b"a"
    assert body.is_complete


def test_broken_gzip() -> None:
    with pytest.raises(zlib.error):
        Body(is_gzip=True).add(b"<html>")


@pytest.mark.parametrize("end", [b"</head>", b"</HEAD >", b"<body>", b"<Body\nclass=a>"])
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_the_end_of_the_head_is_found_over_pieces(end: bytes, size: int) -> None:
    page = b"<header><bodyguard></header>" + end + b"words"
    body, found = Body(is_gzip=False), []
    for at in range(0, len(page), size):
        body.add(page[at : at + size])
        if body.head_ended():
            found.append(len(body.data))
    assert page.index(end) < found[0] <= page.index(end) + len(end) + size


LINK = b'<link rel="payment" href="https://flattr.com/submit/auto?user_id=alice&amp;url=x">'


@pytest.mark.parametrize(
    ("head", "is_enough"),
    [
        (LINK, True),
        (b"<!-- old --><script>a<b</script>" + LINK, True),
        (b"<!-- " + LINK + b" -->", False),
        (b"<script>s = '" + LINK + b"'</script>", False),
        (b"<noscript>" + LINK + b"</noscript>", False),
        (b'<link rel="payment" href="https://paypal.example/alice">', False),
        (b'<link rel="payment" href="https://flattr.com/submit/auto?url=x">', False),
        (b"<link rel=payment " * 20_000, False),
    ],
)
def test_only_a_payment_link_that_surely_is_one_is_enough(head: bytes, is_enough: bool) -> None:
    body = Body(is_gzip=False)
    body.add(b"<head>" + head + b"</head><body>")
    assert body.names_a_payee() == is_enough
