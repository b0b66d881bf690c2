"""``-m tests.fuzz.guided TARGET SECONDS FOLDER``: one target under atheris, for ``__main__``.

A process of its own, since libFuzzer ends the one that it runs in. Needs nothing of the tests' own
packages but atheris. What crashes it is left in ``FOLDER``.
"""

import os
import sys
from pathlib import Path

import atheris

from tests.fuzz.seeds import seeds

#: libFuzzer takes a case for slow after so many seconds, for greedy with so many MiB.
SLOW, MOST_MEMORY = 5, 1024
LONGEST = 65_536


def main() -> None:
    """Fuzz until the time is over; the exit code is not 0 if there was a crash."""
    name, seconds, folder = sys.argv[1:]
    os.environ["FLATTR_HOST_HOME"] = f"{folder}/home"
    corpus = Path(folder, "corpus")
    corpus.mkdir()
    for number, seed in enumerate(seeds(name)):
        Path(corpus, str(number)).write_bytes(seed)
    with atheris.instrument_imports(include=["flattr_host"]):
        from tests.fuzz.targets import TARGETS

        for seed in seeds(name):  # so that what is imported late is watched, too
            TARGETS[name](seed)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        f"-timeout={SLOW}",
        f"-rss_limit_mb={MOST_MEMORY}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
