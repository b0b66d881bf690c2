"""The whole host as a process, told any bytes at all: what must hold of every conversation."""

import struct
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from flattr_host import log
from flattr_host.browsers.process import HostProcess
from flattr_host.native.framing import MAX_FRAME, FrameDecoder, FrameTooLarge
from flattr_host.native.messages import BadRequest, decode_request
from tests.conftest import HOST, Home
from tests.fuzz.damage import damaged

#: The host's memory stays under this (MiB) for whatever it is told.
MOST_MEMORY = 64
#: All answers are there within so many seconds.
PATIENCE = 20.0


def streams() -> st.SearchStrategy[bytes]:
    """Frames around damaged requests, and sometimes something that is no frame at the end."""
    payloads = damaged("messages").filter(lambda case: len(case) <= MAX_FRAME and _is_local(case))
    tail = st.just(b"") | st.binary(max_size=12)
    return st.builds(
        lambda frames, end: b"".join(map(_frame, frames)) + end,
        st.lists(payloads, max_size=40),
        tail,
    )


def quiet(home: Home) -> None:
    """Settings with which nothing waits, and nothing goes over the network."""
    home.set(undo_seconds="0", read_links="false")


def _frame(payload: bytes) -> bytes:
    return struct.pack("=I", len(payload)) + payload


def _is_local(case: bytes) -> bool:
    """Not a ``connect``, which would ask the name servers of this machine for strangers' names."""
    return b"connect" not in case and b"\\u00" not in case


def converse(stream: bytes) -> None:
    """One conversation with a new host in the environment's home."""
    expected = _expected(stream)
    with tempfile.TemporaryFile() as stderr:
        host = HostProcess(argv=HOST, stderr=stderr)
        try:
            finals = _talk(host, stream, expected.total())
            peak = peak_mebibytes(host.pid)
        finally:
            code = host.close()
        stderr.seek(0)
        assert stderr.read() == b""
    assert code == 0
    assert finals.keys() - {None} == expected.keys() - {None}
    # What comes under an id that is still in use is refused without it.
    assert all(finals[one] <= expected[one] for one in expected if one is not None)
    assert peak < MOST_MEMORY
    written = Path(log.path()).read_text(encoding="utf-8")
    assert "defect" not in written
    assert "Traceback" not in written


def _talk(host: HostProcess, stream: bytes, count: int) -> Counter[Any]:
    """So many final answers, by their id. ``receive`` holds each frame against the limits."""
    writing = threading.Thread(target=host.send_raw, args=(stream,), daemon=True)
    writing.start()
    finals: Counter[Any] = Counter()
    until = time.monotonic() + PATIENCE
    while finals.total() < count:
        message = host.receive(max(0.0, until - time.monotonic()))
        finals[message["id"]] += message["type"] != "status"
    writing.join(PATIENCE)
    return finals


def _expected(stream: bytes) -> Counter[Any]:
    """How many final answers each id gets, null among them."""
    decoder, ids = FrameDecoder(), Counter[Any]()
    decoder.feed(stream)
    try:
        while (payload := decoder.next_payload()) is not None:
            try:
                ids[decode_request(payload).id] += 1
            except BadRequest as bad:
                ids[bad.id] += 1
    except FrameTooLarge:
        ids[None] += 1
    return ids


def peak_mebibytes(pid: int) -> float:
    """VmHWM of a process: the most memory that it ever had, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the process has ended")
