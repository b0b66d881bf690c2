"""The thirteen streams, the hosts, and what each host's outcome is in words."""

import json
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from flattr_host import paths
from flattr_host.ledger import Ledger, Person, Store
from tests.conftest import HOST
from tests.hostile.trying import HELLO, MOST, Host, Outcome, Row, framed, tried

TESTS = Path(__file__).parents[1]
OURS = "flattr-host"
_DEEP = b'{"id": "1", "type": "hello", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
_WRONG_TYPES = framed(b"[1, 2]") + framed(b"5")

ROWS = (
    Row("one byte at a time", tuple(bytes([byte]) for byte in framed(HELLO))),
    Row("two frames in one write", (framed(HELLO) * 2,)),
    Row("a frame of length 0", (framed(b""),)),
    Row("broken JSON", (framed(b'{"id": "1", '),)),
    Row("broken UTF-8", (framed(b'{"id": "\xff\xfe", "type": "hello"}'),)),
    Row("JSON that is no object", (_WRONG_TYPES,)),
    Row("nested 100,000 deep", (framed(_DEEP),)),
    Row("an unknown type", (framed(b'{"id": "1", "type": "steal"}'),)),
    Row("length 0xFFFFFFFF", (b"\xff\xff\xff\xff" + HELLO,)),
    Row("length 1 MiB + 1", (framed(HELLO.ljust(MOST + 1)),)),
    Row("an answer over 1 MiB"),
    Row("the end in the middle of a frame", (framed(HELLO)[:-5],), is_cut=True),
    Row("nobody reads the answers", (framed(HELLO) * 2,), is_deaf=True),
)

_ECHOED_PAGE = json.dumps({"id": "1", "x": "x" * 1_200_000}).encode()
_OWN_PAGE = b'{"id": "1", "type": "flattrs", "count": 1000}'


def hosts() -> tuple[Host, ...]:
    """This host, and echoes on the libraries that hosts are written with elsewhere."""
    package = TESTS / "node_modules" / "web-ext-native-msg" / "package.json"
    node_host = str(TESTS / "bench" / "baselines" / "node_host.mjs")
    python_host = str(TESTS / "hostile" / "peers" / "nativemessaging_ng.py")
    return (
        Host(OURS, HOST, _OWN_PAGE),
        Host(
            f"web-ext-native-msg {json.loads(package.read_text())['version']} (npm)",
            ("node", node_host),
            _ECHOED_PAGE,
            is_limited=False,  # V8 reserves address space by the gigabyte, and never touches it
        ),
        Host(
            f"nativemessaging-ng {version('nativemessaging-ng')} (PyPI)",
            (sys.executable, python_host),
            _ECHOED_PAGE,
        ),
    )


def fill_ledger() -> None:
    """A history in the environment's home of which one page is over 1 MiB."""
    link = "https://flattr.com/submit/auto?user_id=ann&title={}&url=https://ann.example/{}"
    store = Store(paths.ledger_path())
    ledger = Ledger(store, Person())
    for number in range(1000):
        ledger.flattr(link.format("T" * 250, f"{number}/{'p' * 1200}"))
    store.close()


def outcomes(env: Mapping[str, str]) -> dict[str, dict[str, Outcome]]:
    """What each host did with each row: by the row's name, then the host's."""
    trials = {(row.name, host.name): (host, env, row) for row in ROWS for host in hosts()}
    with ThreadPoolExecutor(len(hosts())) as threads:
        done = dict(zip(trials, threads.map(lambda it: tried(*it), trials.values()), strict=True))
    return {row.name: {host.name: done[row.name, host.name] for host in hosts()} for row in ROWS}


def in_words(outcome: Outcome) -> str:
    """What a host did, for a cell of the table."""
    words = [_answers(outcome.frames)]
    if outcome.reserved > 4 << 30 and outcome.code is None:
        words.append("reserves 4 GiB")
    if outcome.code is not None:
        ended = "crashes, " if outcome.has_traceback or outcome.code < 0 else ""
        words.append(f"{ended}exit code {outcome.code}")
    elif outcome.serves:
        words.append("serves on")
    elif outcome.end is not None:
        ended = "traceback and " if outcome.has_traceback else ""
        words.append(f"at the end of the stream {ended}exit code {outcome.end}")
    if outcome.end is None:
        words.append("still there after the end of the stream")
    return "; ".join(filter(None, words))


def _answers(frames: list[bytes]) -> str:
    too_large = max(map(len, frames), default=0)
    if too_large > MOST:
        return f"**sends {too_large:,} bytes**"
    answers = [_one(frame) for frame in frames]
    if len(answers) > 2:
        return f"{len(answers)} frames, the largest {too_large:,} bytes"
    return ", ".join(answers) or "no answer"


def _one(frame: bytes) -> str:
    if not frame:
        return "**sends an empty frame**"
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError):
        return "sends it back"
    if message is None:
        return "sends `null`"
    if isinstance(message, dict) and message.get("type") == "error":
        return f"`{message['code']}`"
    is_answer = isinstance(message, dict) and message.get("type") == "done"
    return "answer" if is_answer else "sends it back"
