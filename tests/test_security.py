"""SECURITY.md says what is so: its places are there, its numbers are those of the code."""

import re
from pathlib import Path

from flattr_host.ledger import rest, service
from flattr_host.ledger.service import MAX_CONNECTIONS, WRONG_SECRETS_AN_HOUR
from flattr_host.native.framing import MAX_FRAME
from flattr_host.native.host import MAX_REQUESTS

ROOT = Path(__file__).parents[1]
FOLDERS = [ROOT, ROOT / "host" / "flattr_host", ROOT / "tests" / "ledger"]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_place_is_there() -> None:
    named = set(re.findall(r"`([a-z_/]+(?:/|\.py))`", TEXT))
    named |= set(re.findall(r"`(tests/[a-z_0-9/]+)`", TEXT))
    assert len(named) > 20
    for name in sorted(named):
        assert any((folder / name).exists() for folder in FOLDERS), name


def test_every_number_is_true() -> None:
    limits = (service._HEAD_SECONDS, rest.BODY_SECONDS, service._READING_SECONDS)
    times = "a head has {:.0f} s, a body {:.0f} s, an answer {:.0f} s to be read".format(*limits)
    for said in (
        times,
        f"{MAX_CONNECTIONS} connections, {service._MAX_OF_ADDRESS} of an address",
        f"{WRONG_SECRETS_AN_HOUR} wrong ones an hour",
        f"({MAX_FRAME // 2**20} MiB, {MAX_REQUESTS} at once)",
    ):
        assert said in TEXT
