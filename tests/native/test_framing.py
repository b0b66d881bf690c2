"""Frames, by the byte."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flattr_host.native.framing import MAX_FRAME, FrameDecoder, FrameTooLarge, encode_frame


def payloads_of(decoder: FrameDecoder) -> list[bytes]:
    payloads = []
    while (payload := decoder.next_payload()) is not None:
        payloads.append(payload)
    return payloads


@given(st.lists(st.binary(min_size=1, max_size=300)), st.integers(1, 40))
def test_frames_arrive_however_they_are_cut(payloads: list[bytes], cut: int) -> None:
    stream = b"".join(map(encode_frame, payloads))
    decoder = FrameDecoder()
    received = []
    for start in range(0, len(stream), cut):
        decoder.feed(stream[start : start + cut])
        received += payloads_of(decoder)
    assert received == payloads


def test_the_largest_frame_passes_both_ways() -> None:
    decoder = FrameDecoder()
    decoder.feed(encode_frame(b"x" * MAX_FRAME))
    assert decoder.next_payload() == b"x" * MAX_FRAME


@pytest.mark.parametrize("payload", [b"", b"x" * (MAX_FRAME + 1)])
def test_what_browsers_refuse_cannot_be_encoded(payload: bytes) -> None:
    with pytest.raises(ValueError, match="browsers"):
        encode_frame(payload)


@pytest.mark.parametrize("length", [MAX_FRAME + 1, 2**32 - 1])
def test_a_length_over_the_limit_is_refused_before_its_bytes(length: int) -> None:
    decoder = FrameDecoder()
    decoder.feed(struct.pack("=I", length))
    with pytest.raises(FrameTooLarge):
        decoder.next_payload()


def test_an_empty_frame_is_a_payload() -> None:
    decoder = FrameDecoder()
    decoder.feed(struct.pack("=I", 0) + encode_frame(b"x"))
    assert payloads_of(decoder) == [b"", b"x"]
