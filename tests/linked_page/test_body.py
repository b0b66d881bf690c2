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
