"""The sentences of discovery, as people read them."""

import subprocess
import sys

import pytest

from flattr_host.discovery.discovering import candidates, discover, submission_url
from flattr_host.discovery.explain import explanation, thing_title
from flattr_host.discovery.model import Hints


@pytest.mark.parametrize(
    ("page", "whole"),
    [
        ("https://twitter.com/max/status/12/photo/1/x", "Tweet 12 by @max on Twitter"),
        ("https://www.instagram.com/p/Abc/likes", "Instagram photo Abc"),
        ("https://github.com/max/x/issues/1", "the GitHub repository max/x"),
    ],
)
def test_what_a_page_is_a_part_of_is_named_once(page: str, whole: str) -> None:
    assert explanation(discover(page)) == f"This page is only a part of {whole}."


def test_a_thing_is_called_the_same_by_any_of_its_urls() -> None:
    found = discover("https://github.com/Alice/X")
    again = discover(submission_url(found))
    assert thing_title(found) == thing_title(again) == "alice/x"
    capitals = discover("https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv")
    assert thing_title(capitals) == thing_title(discover(submission_url(capitals)))


def test_a_target_is_told_once() -> None:
    url = "https://flattr.com/submit/auto?user_id=alice&url=https%3A%2F%2Fa.example%2Fpost"
    for asked in (url, "https://github.com/Alice/X"):
        command = [sys.executable, "-c", "from flattr_host.cli import main; main()", "discover"]
        told = subprocess.run([*command, asked], capture_output=True, text=True, check=True).stdout
        assert told.count(discover(asked).target or "") == 1


def test_what_is_too_long_is_told_with_both_limits() -> None:
    target = "https://a.example/" + "x" * 2500
    found = discover(f"https://flattr.com/submit/auto?user_id=alice&url={target}")
    assert found.reason == "too_long"
    assert "2,000" in explanation(found)
    assert "8,192" in explanation(discover("https://a.example/" + "x" * 9000))


def test_nobody_is_no_owner() -> None:
    link = "https://flattr.com/thing/5"
    hints = Hints(payment=(link,), links=(link,))
    (found,) = candidates("https://blog.example/", hints)
    said = (
        "This page's payment link names https://flattr.com/thing/5, and does not say whose it is."
    )
    assert explanation(found) == said
