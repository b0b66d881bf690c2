"""What is damaged: the files of ``corpus``, and for discovery the data of its own tests."""

import json
from pathlib import Path

HERE = Path(__file__).parent
_DISCOVERY = HERE.parent / "discovery"


def seeds(target: str) -> list[bytes]:
    """Valid inputs of a target, each of another kind."""
    if target == "discovery":
        return _discovery()
    return [path.read_bytes() for path in sorted((HERE / "corpus" / target).iterdir())]


def _discovery() -> list[bytes]:
    found = [path.read_bytes() for path in sorted((_DISCOVERY / "pages").glob("*.*ml"))]
    for name in ("links.jsonl", "sites.jsonl"):
        rows = map(json.loads, (_DISCOVERY / name).read_text(encoding="utf-8").splitlines())
        found += [str(row.get("href") or row["url"]).encode() for row in rows]
    return found
