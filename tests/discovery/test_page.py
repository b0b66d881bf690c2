"""Hints read from the HTML of a page."""

from flattr_host.discovery.model import Hints
from flattr_host.discovery.page import read_hints


def test_hints() -> None:
    html = b"""<!doctype html><title> A
      post </title><base href="/blog/"><link rel="Canonical" href="post">
      <link rel="payment" href="https://flattr.com/submit/auto?user_id=a&amp;url=https://b.example/">
      <a rel="nofollow PAYMENT" href="../pay">pay</a><a rel="payments" href="/not">no</a>
      <link rel="payment"><link rel="payment" href="http://[bad">"""
    assert read_hints(html, "https://a.example/x/y") == Hints(
        title="A post",
        canonical="https://a.example/blog/post",
        payment=(
            "https://flattr.com/submit/auto?user_id=a&url=https://b.example/",
            "https://a.example/pay",
        ),
    )


def test_an_empty_page_has_no_hints() -> None:
    assert read_hints(b"", "https://a.example/") == Hints()
