"""``python3 -m tests.hostile``: the table of hostile input, each host on its own, in one run."""

import os
import sys
import tempfile
from pathlib import Path

from tests.__main__ import PYTHON, prepare_npm, prepare_python

if Path(sys.executable) != PYTHON:
    prepare_python()
    prepare_npm()
    os.execv(PYTHON, [str(PYTHON), "-m", "tests.hostile", *sys.argv[1:]])  # noqa: S606

from tests.hostile.rows import fill_ledger, hosts, in_words, outcomes


def main() -> None:
    """Print the table as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FLATTR_HOST_HOME"] = folder
        fill_ledger()
        names = [host.name for host in hosts()]
        print(f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
        for row, by_host in outcomes(os.environ).items():
            print(f"| {row} | {' | '.join(map(in_words, by_host.values()))} |")


if __name__ == "__main__":
    main()
