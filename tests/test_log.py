"""The log: lines of several processes, never too large, never in the way."""

import os
import subprocess
import sys

from flattr_host import log
from tests.conftest import Home


def test_lines(flattr_home: Home) -> None:
    log.write("one\ntwo")
    assert flattr_home.log.read_text().endswith(f"Z {os.getpid()} one | two\n")


def test_it_stays_small(flattr_home: Home) -> None:
    for _ in range(log.MAX_BYTES // 500):
        log.write("x" * 1000)
    sizes = [file.stat().st_size for file in flattr_home.log.parent.iterdir()]
    assert len(sizes) == 2
    assert max(sizes) < log.MAX_BYTES + 5000


def test_several_processes_write_whole_lines(flattr_home: Home) -> None:
    script = "from flattr_host import log\nfor _ in range(300): log.write('y' * 300)"
    running = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    files = flattr_home.log.parent.glob("flattr-host.log*")
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert {line.split()[2] for line in lines} == {"y" * 300}


def test_a_defect_names_its_place_and_not_what_was_worked_on(flattr_home: Home) -> None:
    try:
        raise ValueError("https://secret.example/")
    except ValueError:
        log.write_defect()
    text = flattr_home.log.read_text()
    assert "defect ValueError at test_log.py:" in text
    assert "secret" not in text


def test_a_log_that_cannot_be_written_stops_nothing(flattr_home: Home) -> None:
    flattr_home.path.mkdir()
    (flattr_home.path / "state").write_text("a file where the folder should be")
    log.write("lost")
