"""``python3 -m tests.discovery.fuzz [--seconds 60]``: discovery on broken and hostile input.

Real rows and pages, cut, doubled and mixed with what parsers trip over, for so many seconds; by
atheris where it is installed, which knows what is new. Prints how many cases there were and each
that raised something, and exits with 1 if any did.
"""

import argparse
import json
import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.__main__ import PYTHON, prepare_python

if Path(sys.executable) != PYTHON:
    prepare_python()
    os.execv(PYTHON, [str(PYTHON), "-m", "tests.discovery.fuzz", *sys.argv[1:]])  # noqa: S606

from flattr_host.discovery.discovering import (
    addresses_to_look_up,
    candidates,
    discover,
    submission_url,
)
from flattr_host.discovery.explain import line
from flattr_host.discovery.model import Hints
from flattr_host.discovery.page import read_hints
from flattr_host.discovery.private_hosts import is_private
from flattr_host.discovery.rules import Rules
from flattr_host.discovery.urls import host_of

HERE = Path(__file__).parent
TOKENS = [
    "%00", "%25", "%3F", "%3D", "%26", "&amp;amp;", "&#x26;", "#", "?", "@", ":", "//", "\\",
    "[::1]", "xn--", "\u202e", "\u00df", "\u0443", "{{", "%s", "user_id=", "url=", "http://",
    "https%3A%2F%2F", "flattr;uid:", "<a", "<link", "rel=payment", "<!--", "<![CDATA[", "]]>",
    "<!ENTITY", "xmlns=", "<feed>", "<rss>", "</head>", "<base", "data-flattr-uid=",
    "charset=utf-7", "github.com", "flattr.com",
]  # fmt: skip
CONNECTED = Rules("https://flattr.example:8443/money", refuses_private=True)
#: One case may take so long (seconds).
SLOW = 2.0


def main() -> int:
    """Fuzz for the time that is given."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.discovery.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    try:
        import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        return mutate(options.seconds)
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], f"-max_total_time={int(options.seconds)}"], one_case)
    atheris.Fuzz()
    return 0


def mutate(seconds: float) -> int:
    """Random changes of what is in the tests, each run different."""
    seed = random.SystemRandom().getrandbits(32)
    rng, seeds = random.Random(seed), corpus()  # noqa: S311 - no secret
    end, cases, crashes = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        case = mutated(rng, seeds)
        cases += 1
        crashes += not survives(one_case, case)
    print(f"{cases:,} cases with seed {seed}, {crashes} crashes")
    return 1 if crashes else 0


def survives(work: Callable[[bytes], None], case: bytes) -> bool:
    """Whether nothing was raised, and it did not take long."""
    begun = time.monotonic()
    try:
        work(case)
    except Exception:  # whatever it is, it is a crash
        traceback.print_exc()
        print(f"crash: {case!r}")
        return False
    if time.monotonic() - begun > SLOW:
        print(f"slow: {case[:400]!r}, {len(case)} bytes")
        return False
    return True


def one_case(data: bytes) -> None:
    """Everything that strangers' bytes go through."""
    text = data.decode("utf-8", "surrogateescape")
    hints = read_hints(data, "https://a.example/page")
    for given in (None, hints, Hints(canonical=text, payment=(text,), links=(text,), loader=text)):
        for rules in (None, CONNECTED):
            found = discover(text, given, rules)
            line(found)
            if found.flattrable:
                again = discover(submission_url(found), rules=rules)
                assert given or again.target == found.target, (found, again)
            for offer in candidates(text, given or hints, rules):
                assert offer.flattrable
                line(offer)
            addresses_to_look_up(text, given, rules)
    is_private(host_of(text))


def corpus() -> list[bytes]:
    """What is changed: links, URLs of sites, pages."""
    found = [path.read_bytes() for path in (HERE / "pages").iterdir() if path.suffix != ".jsonl"]
    for name in ("links.jsonl", "sites.jsonl"):
        rows = map(json.loads, (HERE / name).read_text(encoding="utf-8").splitlines())
        found += [str(row.get("href") or row["url"]).encode() for row in rows]
    return found


def mutated(rng: random.Random, seeds: list[bytes]) -> bytes:
    """One of the seeds, changed a few times."""
    case = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 6)):
        place = rng.randint(0, len(case))
        end = min(len(case), place + rng.randint(0, 40))
        piece = rng.choice((
            rng.choice(TOKENS).encode(), rng.randbytes(rng.randint(1, 4)), b"",
            bytes(case[place:end]) * rng.randint(1, 20), rng.choice(seeds)[:300],
        ))  # fmt: skip
        case[place : rng.choice((place, end))] = piece
    return bytes(case[:100_000])


if __name__ == "__main__":
    sys.exit(main())
