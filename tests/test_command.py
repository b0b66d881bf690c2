"""``python3 -m tests`` runs checks beside each other, names those that fail, and ends with all."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import __main__ as command
from tests.__main__ import ROOT, run_all

PYTHON = [sys.executable, "-c"]
CLEANS_UP = """import pathlib, sys, time
try:
    pathlib.Path(sys.argv[1]).touch()
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.3)
    pathlib.Path(sys.argv[1]).unlink()"""
RUN = "import asyncio, sys; from tests.__main__ import run_all; asyncio.run(run_all({checks!r}))"


def test_what_failed_is_named_and_what_it_said_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    checks = {"good": [*PYTHON, "print('fine')"], "bad": [*PYTHON, "raise SystemExit('broken')"]}
    assert asyncio.run(run_all(checks)) == ["bad"]
    said = capfd.readouterr().out
    assert "\n== bad\nbroken\n== bad: FAILED (exit code 1), " in said
    assert "\n== good\nfine\n== good: passed, " in said


@pytest.mark.parametrize("ends", [True, False])
def test_what_hangs_fails_and_what_it_said_is_shown(
    ends: bool, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "LIMIT", 3)
    monkeypatch.setattr(command, "GRACE", 1)
    deaf = "" if ends else "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    hangs = [*PYTHON, f"{deaf}import time; print('so far'); time.sleep(60)"]
    assert asyncio.run(run_all({"hangs": hangs})) == ["hangs"]
    said = capfd.readouterr().out
    assert "\n== hangs\nso far\n" in said
    assert "== hangs: FAILED (had not ended after 3 s), " in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_all_are_told_to_end_and_waited_for(tmp_path: Path, number: signal.Signals) -> None:
    places = [tmp_path / "one", tmp_path / "two"]
    checks = {place.name: [*PYTHON, CLEANS_UP, str(place)] for place in places}
    running_it = [*PYTHON, RUN.format(checks=checks)]
    with subprocess.Popen(running_it, cwd=ROOT, stderr=subprocess.DEVNULL) as running:
        deadline = time.monotonic() + 20
        while not all(place.exists() for place in places):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(running.pid, number)
        assert running.wait(20) != 0
    assert not any(place.exists() for place in places)
