"""``python3 -m tests.soak [--minutes 30] [--per-second 10] [--plot FILE]``: does anything grow?

Asks two hosts a mix of requests at a steady rate, and looks at them and at the server every ten
seconds. Prints a table of each series' thirds, and exits with 1 if one of them grows or if an
answer was not the one that is right. ``--plot`` needs ImageMagick.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.__main__ import PYTHON, prepare_python

if Path(sys.executable) != PYTHON:
    prepare_python()
    os.execv(PYTHON, [str(PYTHON), "-m", "tests.soak", *sys.argv[1:]])  # noqa: S606

from tests.soak.flatness import rows, table
from tests.soak.plotting import plot
from tests.soak.soaking import judged, soak

#: Seconds of one number.
_WINDOW = 10.0


def main() -> int:
    """Soak, and tell how it went; 0 if all is flat and right."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--per-second", type=float, default=10.0, help="of each of both hosts")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="PNG to write")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = soak(Path(folder), options.minutes * 60, options.per_second, _WINDOW)
    ends = ", ".join(f"{count:,} {end}" for end, count in result.ends.most_common())
    print(f"{result.ends.total():,} requests: {ends}.")
    print("Grown by design: " + ", ".join(f"{n:,} {what}" for what, n in result.grown.items()))
    verdicts = rows(judged(result))
    print("", *table(verdicts), "", sep="\n")
    print(*result.wrong, sep="\n")
    if options.plot:
        plot(result, options.plot)
    return 0 if all(row.is_flat for row in verdicts) and not result.wrong else 1


if __name__ == "__main__":
    sys.exit(main())
