"""``python3 -m tests.browsers.golden``: writes what is kept anew."""

import os
import sys
from pathlib import Path

from tests.__main__ import PYTHON, prepare_python

if Path(sys.executable) != PYTHON:
    prepare_python()
    os.execv(PYTHON, [str(PYTHON), "-m", "tests.browsers.golden", *sys.argv[1:]])  # noqa: S606

from tests.browsers.golden import CASES, file_of, text_of

for case in CASES:
    file_of(*case).write_text(text_of(*case), encoding="utf-8")
