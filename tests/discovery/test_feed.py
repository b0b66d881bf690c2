"""Feeds: hostile ones, broken ones, and all the ways to write them."""

import pytest

from flattr_host.discovery.model import Hints
from flattr_host.discovery.page import read_hints

LINK = "https://flattr.com/submit/auto?user_id=ann&url=https%3A%2F%2Fann.example%2F"
ESCAPED = LINK.replace("&", "&amp;")
ATOM = 'xmlns="http://www.w3.org/2005/Atom"'
FEED = "https://ann.example/feed/atom.xml"


def read(text: str, content_type: str | None = None) -> Hints:
    return read_hints(text.encode(), FEED, content_type)


def test_atom_of_any_prefix() -> None:
    for prefix in ("", "atom:", "x:"):
        name = f"xmlns:{prefix}".rstrip(":")
        feed = f"""<{prefix}feed {name}="http://www.w3.org/2005/Atom"><{prefix}title>T</{prefix}title>
          <{prefix}link rel="self payment" href="{ESCAPED}"/></{prefix}feed>"""
        assert read(feed) == Hints(title="T", payment=(LINK,))


def test_links_are_absolute_by_xml_base() -> None:
    feed = f"""<?xml version="1.0"?><!-- x --><feed {ATOM} xml:base="https://ann.example/blog/">
      <link href="."/><entry xml:base="post/"><link rel="payment" href="pay"/></entry>
      <link rel="payment" href="pay"/></feed>"""
    assert read(feed) == Hints(
        canonical="https://ann.example/blog/",
        payment=("https://ann.example/blog/pay", "https://ann.example/blog/post/pay"),
    )


def test_an_entry_gives_its_title_to_its_link() -> None:
    feed = f'<feed {ATOM}><entry><link rel="payment" href="{ESCAPED}"/><title>A &amp; B</title>'
    assert read(f"{feed}</entry></feed>").payment == (f"{LINK}&title=A%20%26%20B",)


def test_a_feed_that_breaks_off_gives_what_came_before() -> None:
    feed = f'<feed {ATOM}><title>T</title><link rel="payment" href="{ESCAPED}"/><entry><ti'
    assert read(feed) == Hints(title="T", payment=(LINK,))


def test_blank_lines_before_the_declaration() -> None:
    feed = f'<?xml version="1.0"?><feed {ATOM}><link rel="payment" href="{ESCAPED}"/></feed>'
    for start in ("\n\n", " \t\r\n", "\ufeff\n", "\n\ufeff"):
        assert read(start + feed).payment == (LINK,), repr(start)


def test_entities_cannot_be_declared() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))
    bomb = f'<!DOCTYPE feed [<!ENTITY l0 "ha">{laughs}]><feed {ATOM}><title>&l19;</title></feed>'
    assert read(bomb) == Hints()
    outside = f'<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]><feed {ATOM}><title>&x;'
    assert read(outside) == Hints()


def test_entities_of_html_are_passed_over() -> None:
    assert read("<rss><channel><title>A&nbsp;b</title></channel></rss>").title == "Ab"


def test_depth_and_number_are_bounded() -> None:
    links = "".join(f'<link rel="payment" href="https://a.example/{n}"/>' for n in range(100))
    assert len(read(f"<feed {ATOM}>{links}</feed>").payment) == 32
    assert read(f"<feed {ATOM}>{'<a>' * 100_000}") == Hints()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_charsets(encoding: str) -> None:
    feed = f'<?xml version="1.0" encoding="{encoding}"?><rss><channel><title>Ä</title>'
    assert read_hints(feed.encode(encoding), FEED).title == "Ä"
    html = "<title>Ä</title>".encode(encoding)
    assert read_hints(html, FEED, f"text/html; charset={encoding}").title == "Ä"


def test_what_is_a_feed_the_content_says() -> None:
    page = '<?xml version="1.0"?><!DOCTYPE html><html><head><title>X</title></head></html>'
    assert read(page, "application/rss+xml").title == "X"
    assert read(f"<feed {ATOM}><title>F</title></feed>", "text/html").title == "F"
