"""Link header fields, by the rules of RFC 8288."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flattr_host.linked_page.link_header import payment_links

PAGE = "https://a.example/words/page?x=1"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (["<https://b.example/>; rel=payment"], ["https://b.example/"]),
        (['<https://b.example/>; rel="payment"'], ["https://b.example/"]),
        (['<https://b.example/>;title="a";REL="x  PAYMENT y"'], ["https://b.example/"]),
        (["<https://b.example/> ; rel = payment ;x"], ["https://b.example/"]),
        (["<b>; rel=payment, </c>;rel=payment"], ["https://a.example/words/b", "https://a.example/c"]),
        (["<javascript:a>; rel=payment, <ftp://b.example/>; rel=payment"], []),
        (["<//b.example>; rel=payment"], ["https://b.example"]),
        (["<?pay>; rel=payment"], ["https://a.example/words/page?pay"]),
        (["< /c >; rel=payment"], ["https://a.example/c"]),
        (["</c>; rel=payment", "</d>; rel=payment, </c>; rel=payment"],
         ["https://a.example/c", "https://a.example/d"]),
        (["</c,d;rel=next>; rel=payment"], ["https://a.example/c,d;rel=next"]),
        (['</c>; title="a, <b>; rel=next"; rel=payment'], ["https://a.example/c"]),
        (['</c>; title="a \\"b\\" \\\\"; rel=payment, </d>; rel=payment'],
         ["https://a.example/c", "https://a.example/d"]),
        ([",, </c>; rel=payment,,"], ["https://a.example/c"]),
        (["</c>; rel=next; rel=payment"], []),  # the second rel is to be ignored
        (["</c>; rel=payments", "</d>; rev=payment", "</e>", "</f>; rel"], []),
        (["</c>; rel=payment; anchor=\"https://b.example/\""], []),
        (["</c>; rel=payment; anchor=\"#part\""], ["https://a.example/c"]),
        (["</c>; rel=payment; anchor=\"\""], ["https://a.example/c"]),
        (["</c>; rel=payment; anchor=\"//[\""], []),
        (["<//[>; rel=payment"], []),
        (["no link at all, </c>; rel=payment"], []),
        (['</c>; rel="payment'], ["https://a.example/c"]),
        (["</c; rel=payment", ""], []),
    ],
)  # fmt: skip
def test_payment_links(fields: list[str], found: list[str]) -> None:
    assert payment_links(fields, PAGE) == tuple(found)


TITLES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]))
PATHS = st.text("abc,;=/'|").map("https://b.example/{}x".format)


@given(st.lists(st.tuples(PATHS, TITLES)))
def test_what_is_written_by_the_rules_is_read(links: list[tuple[str, str]]) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    field = ", ".join(f"<{url}>; title={quoted(title)}; rel=payment" for url, title in links)
    assert payment_links([field], PAGE) == tuple(dict.fromkeys(url for url, _ in links))


@given(st.lists(st.text() | st.text('<>;,="\\ /relpaymnt')))
def test_no_field_is_too_odd(fields: list[str]) -> None:
    payment_links(fields, PAGE)


@pytest.mark.parametrize("piece", ["<", "<>;", '"', "\\", ";", " ,", "<a>;rel=payment,", '<>;a="'])
def test_long_fields_take_no_longer(piece: str) -> None:
    payment_links([piece * 100_000], PAGE)
