"""axe-core in a document of the extension: what it finds there that keeps people out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

FOUND_JS = """axe.run(document, { runOnly: %s, resultTypes: ["violations"] })
  .then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`)))"""


def violations(evaluate: Callable[[str], Any]) -> list[str]:
    """Each with its rule and the element's selector. `evaluate` is a driver's for that document."""
    run = FOUND_JS % json.dumps(RULES)
    found = evaluate(f"(() => {{ {SOURCE.read_text('utf-8')}; return {run}; }})()")
    assert isinstance(found, list), found
    return found
