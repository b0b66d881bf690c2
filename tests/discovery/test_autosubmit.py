"""Auto-submit URLs: every form in the wild is read, and what is built is read back."""

from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flattr_host.discovery.autosubmit import build, read
from flattr_host.discovery.discovering import discover
from flattr_host.discovery.model import Discovery
from flattr_host.discovery.urls import decode_form, plain_text

ENCODED = "https%3A%2F%2Fa.example%2Fb%3Fc%3D1%26d%3D%C3%A9"
TARGET = "https://a.example/b?c=1&d=é"


@pytest.mark.parametrize(
    "query",
    [
        f"user_id=alice&url={ENCODED}&title=A+b",
        f"url={ENCODED}&title=A%20b&user_id=alice",
        f"user_id=alice&amp;url={ENCODED}&amp;title=A b",
        f"user_id=alice&#38;url={ENCODED}&#38;title=A+b",
        f"user_id=alice&url={ENCODED.replace('%', '%25')}&title=A+b",
        f"user_id=alice&user_id=mallory&url={ENCODED}&title=A+b&title=",
        f"title=&user_id=alice&url={ENCODED}&title=A+b&unknown=1&&=",
    ],
)
def test_every_way_to_write_it(query: str) -> None:
    found = read("x", query, lambda _: None)
    assert (found.user_id, found.target, found.title) == ("alice", TARGET, "A b")


@pytest.mark.parametrize(
    "start",
    [
        "http://flattr.com",
        "https://www.flattr.com",
        "HTTPS://FLATTR.com:443",
        "http://flattr.com:80",
    ],
)
def test_every_place_of_it(start: str) -> None:
    assert discover(f"{start}/submit/auto?user_id=alice&url={ENCODED}").target == TARGET


def test_the_old_opaque_id_names_an_owner() -> None:
    found = read("x", "fid=r7vp62&url=https://a.example/", lambda _: None)
    assert (found.flattrable, found.fid, found.user_id) == (True, "r7vp62", None)


words = st.text(min_size=1, max_size=40).map(plain_text).filter(bool)
optional = st.none() | words


@given(
    user_id=st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True),
    path=st.text(st.characters(exclude_categories=("C", "Z")), max_size=40),
    title=optional,
    description=optional,
    tags=st.lists(words.filter(lambda tag: "," not in tag), max_size=4),
    hidden=st.booleans(),
)
def test_what_is_built_is_read_back(
    user_id: str,
    path: str,
    title: str | None,
    description: str | None,
    tags: list[str],
    hidden: bool,
) -> None:
    given_parts = Discovery(
        "", True, "autosubmit", f"https://a.example/{path}", user_id, title, description,
        None, tuple(tags), hidden,
    )  # fmt: skip
    built = build(given_parts)
    found = discover(built)
    assert found == replace(given_parts, url=built)


@given(st.text(alphabet="%C3aA9+\\é\u202e \0z=0", max_size=30) | st.text(max_size=30))
def test_values_are_decoded_as_the_standard_library_does(value: str) -> None:
    assert decode_form(value) == unquote_plus(value, errors="replace")
