"""No input under the frame limit takes a host to 64 MiB, also one that has talked to a server."""

import sys
from pathlib import Path

import pytest

from flattr_host.browsers.process import HostProcess
from flattr_host.native.framing import MAX_FRAME, encode_frame
from tests.conftest import MAIN, host_running

MIB = 1 << 20
_DEEP = b"[" * 150 + b"]" * 150


def _filled(before: bytes, piece: bytes, after: bytes) -> bytes:
    """A payload of almost the largest size, of so many pieces."""
    count = (MAX_FRAME - len(before) - len(after)) // (len(piece) + 1)
    return before + b",".join([piece] * count) + after


PAYLOADS = {
    "an id of lists": _filled(b'{"id":[', _DEEP, b'],"type":"x"}'),
    "an id of empty lists": _filled(b'{"id":[', b"[]", b'],"type":"x"}'),
    "an id of objects": _filled(b'{"id":[', b"{}", b'],"type":"x"}'),
    "a type of numbers": _filled(b'{"id":"1","type":[', b"1", b"]}"),
    "an unknown field": _filled(b'{"id":"1","type":"hello","x":[', b"[{}]", b"]}"),
    "links": _filled(
        b'{"id":"1","type":"discover","url":"https://a.example","hints":{"links":[', b'"a"', b"]}}"
    ),
    "payment links": _filled(
        b'{"id":"1","type":"discover","url":"https://a.example","hints":{"payment":[', b'""', b"]}}"
    ),
    "buttons": _filled(
        b'{"id":"1","type":"discover","url":"https://a.example","hints":{"buttons":[', b"{}", b"]}}"
    ),
    "gestures": _filled(b'{"id":"1","type":"outbox_told","gestures":[', b'"12345678"', b"]}"),
    "a list": _filled(b"[", b"[]", b"]"),
    "a long url": b'{"id":"1","type":"discover","url":"' + b"\\u0416" * 170_000 + b'"}',
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", PAYLOADS)
def test_no_frame_takes_much_memory(name: str, flattr_home: object) -> None:  # noqa: ARG001
    argv = host_running("import aiohttp, asyncio, ssl\n" + MAIN)
    with HostProcess(argv=argv) as host:
        for _ in range(3):
            host.send_raw(encode_frame(PAYLOADS[name]))
            host.receive()
        status = Path(f"/proc/{host.pid}/status").read_text()
        peak = int(status.partition("VmHWM:")[2].split()[0]) << 10
    assert peak < 64 * MIB, f"{peak / MIB:.1f} MiB"
