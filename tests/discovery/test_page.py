"""Hints read from the HTML of a page."""

import time

import pytest

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


PICTURE = """<svg><title>icon</title><a rel="payment" href="/svg"></a><desc><p>x
  <a rel="payment" href="/in-desc"></a></p></desc><a class="FlattrButton" href="/svg"></a></svg>"""
TRUE = '<title>Post</title><a rel="payment" href="/html"></a>'


def test_elements_of_pictures_are_none_of_html() -> None:
    hints = read_hints(f"{PICTURE}{TRUE}".encode(), "https://a.example/")
    assert hints == Hints(
        title="Post", payment=("https://a.example/in-desc", "https://a.example/html")
    )


def test_what_stands_in_a_noscript_is_text_but_for_buttons_and_links() -> None:
    html = b"""<head><noscript><link rel="canonical" href="/no"><meta name="flattr:id" content="no">
      <link rel="payment" href="/pay"></noscript></head><body><noscript>
      <script src="https://api.flattr.com/js/0.6/load.js?uid=no"></script>
      <a class="FlattrButton" href="/button"></a></noscript>
      <link rel="canonical" href="/yes"><meta name="flattr:id" content="yes">"""
    hints = read_hints(html, "https://a.example/")
    assert (hints.canonical, hints.flattr_ids) == ("https://a.example/yes", ("yes",))
    assert (hints.loader, hints.payment) == (None, ("https://a.example/pay",))
    assert [button.href for button in hints.buttons] == ["https://a.example/button"]


LOADER = "https://api.flattr.com/js/0.6/load.js?uid=ann"


@pytest.mark.parametrize(
    ("script", "loader"),
    [
        (f'<script src="{LOADER}"></script>', LOADER),
        (f'<script src=" {LOADER[6:]} "></script>', LOADER),
        (f"<script>s.src = '{LOADER}'; go()</script>", LOADER),
        (f"<script>s.src = p + '{LOADER[5:]}'; go()</script>", LOADER),
        ("<script>['" + LOADER.replace("/", r"\/") + "']</script>", LOADER),
        (rf'<script>"{{\"src\":\"{LOADER}\"}}"</script>', LOADER),
        ('<script src="//flattr.com/xload.js"></script>', None),
        (f'<script src="https://e.example/?u={LOADER}"></script>', None),
        (f"<script>s.src = 'https://e.example/?u={LOADER[6:]}'</script>", None),
        ('<script src="//flattr.com:8080/load.js"></script>', None),
        ('<script src="//flattr.com/load.json"></script>', None),
    ],
)
def test_the_address_of_the_loader(script: str, loader: str | None) -> None:
    assert read_hints(script.encode(), "https://a.example/").loader == loader


@pytest.mark.parametrize("deep", ["<svg>", "<svg><g>", "<div>", "<noscript>"])
def test_depth_costs_no_time(deep: str) -> None:
    html = deep + "<g>" * 9_000 + '<a rel="payment" href="/x">' * 20_000
    start = time.process_time()
    read_hints(html.encode(), "https://a.example/")
    assert time.process_time() - start < 2


def test_an_empty_page_has_no_hints() -> None:
    assert read_hints(b"", "https://a.example/") == Hints()
