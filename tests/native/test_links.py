"""Links whose pages are read: the real host and a real site, in a network of their own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Home
from tests.linked_page import namespace

ROOT = Path(__file__).parents[2]

Messages = list[dict[str, Any]]


@pytest.fixture
def answers(flattr_home: Home) -> dict[str, Messages]:
    flattr_home.set(undo_seconds="0")
    stage = [*namespace.UNSHARE, sys.executable, "-m", "tests.native.linked_stage"]
    done = subprocess.run(stage, cwd=ROOT, stdout=subprocess.PIPE, timeout=60, check=True)
    told: dict[str, Messages] = json.loads(done.stdout)
    return told


def test_what_the_page_of_a_link_says(answers: dict[str, Messages]) -> None:
    states = [message.get("state") for message in answers["/post"]]
    assert states == ["reading", "discovered", "sending", None]
    done = answers["/post"][-1]
    assert (done["discovery"]["reason"], done["discovery"]["user_id"]) == ("payment", "bob")
    assert done["thing"]["title"] == "A post"
    assert answers["/nothing"][-1]["discovery"]["reason"] == "unknown_page"

    asked = answers["/two"][-1]
    assert asked["discovery"]["caution_reason"] == "several_payees"
    assert [offer["discovery"]["user_id"] for offer in asked["offers"]] == ["bob", "alice"]
    # The page is known as bob's by now, so that alice's offer was sent and refused.
    assert answers["/two yes"][-1]["code"] == "validation"

    asked = answers["/short"][-1]
    assert asked["discovery"]["caution_reason"] == "other_host"
    assert asked["discovery"]["url"].endswith("/short")
    assert answers["/short yes"][-1]["thing"]["url"] == "https://github.com/smgt/flattr"

    reading, *finals, took = answers["/slow"]
    by_id = {message["id"]: message for message in finals}
    assert reading["state"] == "reading"
    assert by_id["c"]["cancelled"] is True
    assert by_id["f"]["code"] == "cancelled"
    assert took["seconds"] < 2
