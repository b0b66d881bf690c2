"""The description of the API is true: schemathesis finds no 5xx and no answer that it denies."""

import os
import subprocess
import sys
from pathlib import Path

from tests.ledger.served import Served

SCHEMATHESIS = os.path.join(os.path.dirname(sys.executable), "schemathesis")

#: Not those that want every input of the right shape to succeed and every other to be refused:
#: the API takes what real clients send, and refuses what no schema can tell.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,unsupported_method,"
    "response_schema_conformance,response_headers_conformance,ignored_auth,use_after_free"
)


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    with Served(tmp_path / "ledger.sqlite3", "--rate-limit", "0") as served:
        served.add_user("alice")
        token = served.token("alice")
        done = subprocess.run(
            [
                *(SCHEMATHESIS, "run", f"{served.url}/openapi.json"),
                *("--header", f"Authorization: Bearer {token}", "--checks", CHECKS),
                *("--max-examples", "30", "--generation-deterministic", "--no-color"),
                *("--phases", "coverage,fuzzing,stateful"),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        log = tmp_path / "home" / "state" / "flattr-host.log"
        lines = log.read_text().splitlines() if log.exists() else []
        assert [line for line in lines if "wrong tokens" not in line] == []
        assert served.stop() == 0
