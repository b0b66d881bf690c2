"""What this host does with each hostile stream, while its peers are told the same."""

import os
from pathlib import Path

import pytest

from tests.hostile.rows import OURS, ROWS, fill_ledger, hosts, in_words, outcomes
from tests.hostile.trying import MOST, Outcome

OUR_COLUMN = {
    "one byte at a time": "answer; serves on",
    "two frames in one write": "answer, answer; serves on",
    "a frame of length 0": "`empty_frame`; serves on",
    "broken JSON": "`invalid_json`; serves on",
    "broken UTF-8": "`invalid_json`; serves on",
    "JSON that is no object": "`invalid_request`, `invalid_request`; serves on",
    "nested 100,000 deep": "`invalid_json`; serves on",
    "an unknown type": "`unknown_type`; serves on",
    "length 0xFFFFFFFF": "`frame_too_large`; exit code 0",
    "length 1 MiB + 1": "`frame_too_large`; exit code 0",
    "the end in the middle of a frame": "no answer; at the end of the stream exit code 0",
    "nobody reads the answers": "no answer; at the end of the stream exit code 0",
}

Outcomes = dict[str, dict[str, Outcome]]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    home = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLATTR_HOST_HOME", str(home))
        fill_ledger()
        found = outcomes(os.environ)
    log = Path(home, "state", "flattr-host.log").read_text(encoding="utf-8")
    assert "defect" not in log
    return found


@pytest.mark.parametrize("row", OUR_COLUMN)
def test_what_is_hostile_is_answered(row: str, done: Outcomes) -> None:
    ours = done[row][OURS]
    assert in_words(ours) == OUR_COLUMN[row]
    assert not ours.has_traceback


def test_a_long_answer_comes_in_frames_that_browsers_take(done: Outcomes) -> None:
    (row,) = {row.name for row in ROWS} - OUR_COLUMN.keys()
    ours = done[row][OURS]
    assert sum(map(len, ours.frames)) > MOST > max(map(len, ours.frames))
    assert ours.serves


def test_the_peers_were_really_there(done: Outcomes) -> None:
    peers = [host.name for host in hosts() if host.name != OURS]
    assert len(peers) >= 2
    assert len(done) == 13
    for peer in peers:
        assert done["two frames in one write"][peer].serves
        assert max(map(len, done["an answer over 1 MiB"][peer].frames)) > MOST
