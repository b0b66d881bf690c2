"""Requests: what is understood, and what each mistake is called."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flattr_host.native.errors import sentences
from flattr_host.native.messages import (
    FEATURES,
    BadRequest,
    Connect,
    FlattrRequest,
    Flattrs,
    decode_request,
)


def test_a_request_with_hints() -> None:
    request = decode_request(
        b'{"id": 7, "type": "flattr", "url": "u", "unknown": 1,'
        b' "hints": {"title": null, "payment": ["p"], "new": []}}'
    )
    assert isinstance(request, FlattrRequest)
    assert (request.id, request.hints and request.hints.payment) == (7, ("p",))


def test_defaults() -> None:
    assert decode_request(b'{"id": "a", "type": "flattrs"}') == Flattrs("a", 30, 1)


def test_connect() -> None:
    payload = b'{"id": "a", "type": "connect", "api_url": "example.org"}'
    assert decode_request(payload) == Connect("a", "example.org")


DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000


@pytest.mark.parametrize(
    ("payload", "code", "request_id"),
    [
        (b"{", "invalid_json", None),
        (b"\xff\xfe", "invalid_json", None),
        (b'{"id": "\xff", "type": "hello"}', "invalid_json", None),
        (DEEP, "invalid_json", None),
        (b'{"id": "1", "type": "discover", "url": ' + DEEP + b"}", "invalid_json", None),
        (b"[]", "invalid_request", None),
        (b"null", "invalid_request", None),
        (b'{"type": "hello", "protocol": [1, 1]}', "invalid_request", None),
        (b'{"id": true, "type": "flattrs"}', "invalid_request", None),
        (b'{"id": 1.5, "type": "flattrs"}', "invalid_request", None),
        (b'{"id": "", "type": "flattrs"}', "invalid_request", None),
        (b'{"id": "' + b"x" * 65 + b'", "type": "flattrs"}', "invalid_request", None),
        (b'{"id": 99999999999999999999, "type": "flattrs"}', "invalid_request", None),
        (b'{"id": "1"}', "invalid_request", "1"),
        (b'{"id": "1", "type": 5}', "invalid_request", "1"),
        (b'{"id": "1", "type": "hello"}', "invalid_request", "1"),
        (b'{"id": "1", "type": "flattr", "url": 5}', "invalid_request", "1"),
        (b'{"id": "1", "type": "flattrs", "count": 0}', "invalid_request", "1"),
        (b'{"id": "1", "type": "flattrs", "count": 1001}', "invalid_request", "1"),
        (b'{"id": 3, "type": "flattr", "url": "u", "hints": {"payment": 1}}', "invalid_request", 3),
        (b'{"id": "1", "type": "connect"}', "invalid_request", "1"),
        (b'{"id": "1", "type": "connect", "api_url": ""}', "invalid_request", "1"),
        (b'{"id": "1", "type": "steal"}', "unknown_type", "1"),
    ],
)
def test_mistakes(payload: bytes, code: str, request_id: str | int | None) -> None:
    with pytest.raises(BadRequest) as caught:
        decode_request(payload)
    assert (caught.value.code, caught.value.id) == (code, request_id)
    assert code in sentences()


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
fields = dict.fromkeys(
    ("id", "url", "hints", "confirm", "request", "count", "page", "protocol", "api_url"), json
)
types = st.sampled_from(FEATURES) | json


@given(
    st.binary() | st.fixed_dictionaries({"type": types}, optional=fields).map(msgspec.json.encode)
)
def test_any_payload_is_a_request_or_a_mistake(payload: bytes) -> None:
    with contextlib.suppress(BadRequest):
        assert decode_request(payload).id is not None
