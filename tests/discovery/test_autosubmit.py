"""Auto-submit URLs: every form in the wild is read, and what is built is read back."""

from urllib.parse import quote, unquote_plus

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
        f"user_id=alice&amp;amp;url={ENCODED}&amp;amp;title=A+b",
        f"user_id=alice&url={ENCODED.replace('%', '%2525')}&title=A+b",
        quote(f"user_id=alice&url={ENCODED}&title=A b", safe=""),
        quote(f"user_id=alice&url={ENCODED}&title=A b"),
        f"uid=bob&userid=bob&owner=bob&user_id=alice&url={ENCODED}&title=A b",
    ],
)
def test_every_way_to_write_it(query: str) -> None:
    found = read("x", query, lambda _: None)
    assert (found.user_id, found.target, found.title) == ("alice", TARGET, "A b")


INNER = "http://e.example/?p=1"


@pytest.mark.parametrize(
    ("query", "target"),
    [
        (f"url={INNER}&lang=de&title=T&user_id=alice", f"{INNER}&lang=de"),
        (f"user_id=alice&url={INNER}&lang=de&page=2+3&title=T", f"{INNER}&lang=de&page=2+3"),
        (f"url={INNER}&title=T&lang=de&user_id=alice", INNER),
        (f"url={INNER}&uid=bob&x=1&title=T&user_id=alice", INNER),
        (f"user_id=alice&title=T&url={INNER}", INNER),
        ("url=http://e.example/a&lang=de&title=T&user_id=alice", "http://e.example/a"),
        ("url=http%3A//e.example/%3Fp&lang=de&title=T&user_id=alice", "http://e.example/?p"),
        ("url=http://e.example/c++&title=T&user_id=alice", "http://e.example/c++"),
        ("url=http://e.example/#!/x&title=T&user_id=alice", None),
    ],
)
def test_an_unencoded_url_keeps_its_own_query(query: str, target: str | None) -> None:
    found = discover(f"https://flattr.com/submit/auto?{query}")
    if target:
        assert (found.target, found.user_id, found.title) == (target, "alice", "T")
    else:  # what follows a raw # never reaches anybody
        assert (found.reason, found.target) == ("no_owner", "http://e.example/")


@pytest.mark.parametrize(
    "target",
    [
        "e.example", "http://", "http://http://e.example/", "https://http//e.example", "%@",
        "http://e.example/{{page.url}}", "http://e.example/${slug}", "http://e.example/%25s",
        "http://e.example/%257B%257Bslug%257D%257D", "javascript:alert(1)", "data:text/html,x",
        "http://e.example:99999/", "ftp://e.example/", "//e.example/", "http://a@e.example/",
    ],
)  # fmt: skip
def test_what_is_no_target(target: str) -> None:
    found = discover(f"https://flattr.com/submit/auto?user_id=alice&url={target}")
    assert (found.flattrable, found.reason) == (False, "bad_target")


def test_partners_owner_and_key_are_kept() -> None:
    found = read("x", f"owner=email:0ff1ce&revsharekey=k-1&url={ENCODED}", lambda _: None)
    assert (found.flattrable, found.reason) == (False, "no_owner")
    found = read("x", f"owner=a:b&revsharekey=k-1&user_id=c&url={ENCODED}", lambda _: None)
    assert (found.partner_owner, found.revsharekey, found.user_id) == ("a:b", "k-1", "c")


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
    for path in ("auto?", "auto/?", "auto%3F", "auto%3f", "auto/%3F"):
        assert discover(f"{start}/submit/{path}user_id=alice&url={ENCODED}").target == TARGET
    assert not discover(f"{start}/submit/automatic?user_id=alice&url={ENCODED}").flattrable


def test_the_old_opaque_id_names_an_owner() -> None:
    found = read("x", "fid=r7vp62&url=https://a.example/", lambda _: None)
    assert (found.flattrable, found.fid, found.user_id) == (True, "r7vp62", None)


words = st.text(min_size=1, max_size=40).map(plain_text).filter(bool)
names = st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True)


@given(
    st.builds(
        Discovery,
        url=st.just(""),
        flattrable=st.just(True),
        reason=st.just("autosubmit"),
        target=st.text(
            st.characters(exclude_categories=("C", "Z"), exclude_characters="{}<>%"), max_size=40
        ).map("https://a.example/".__add__),
        user_id=names,
        title=st.none() | words,
        description=st.none() | words,
        language=st.none() | words,
        tags=st.lists(words.filter(lambda tag: "," not in tag), max_size=4).map(tuple),
        hidden=st.booleans(),
        category=st.none() | words,
        fid=st.none() | st.from_regex(r"[A-Za-z0-9]{1,20}", fullmatch=True),
        partner_owner=st.none() | names,
        revsharekey=st.none() | names,
    )
)
def test_what_is_built_is_read_back(said: Discovery) -> None:
    built = build(said)
    assert discover(built) == replace(said, url=built)
    assert build(discover(built)) == built


@given(st.text(alphabet="%C3aA9+\\é\u202e \0z=0", max_size=30) | st.text(max_size=30))
def test_values_are_decoded_as_the_standard_library_does(value: str) -> None:
    assert decode_form(value) == unquote_plus(value, errors="replace")
