"""Auto-submit URLs: every form in the wild is read, and what is built is read back."""

from urllib.parse import quote, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flattr_host.discovery.autosubmit import build, read
from flattr_host.discovery.discovering import discover
from flattr_host.discovery.model import Discovery, Hints
from flattr_host.discovery.urls import decode_form, page_key, plain_text, thing_address

ENCODED = "https%3A%2F%2Fa.example%2Fb%3Fc%3D1%26d%3D%C3%A9"
TARGET = "https://a.example/b?c=1&d=%C3%A9"


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
        f"user%5Fid=alice&url={ENCODED}&title=A+b",
        f"title=A+b&user%5fid=alice&url={ENCODED}",
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
        ("url=http%3A%2F%2Fe.example/?p=1&lang=de&title=T&user_id=alice", f"{INNER}&lang=de"),
        ("url=http%3A%2F%2Fe.example%2F%3Fp=1&lang=de&title=T&user_id=alice", INNER),
        ("url=http://e.example/#!/x&title=T&user_id=alice", None),
    ],
)
def test_an_unencoded_url_keeps_its_own_query(query: str, target: str | None) -> None:
    found = discover(f"https://flattr.com/submit/auto?{query}")
    if target:
        assert (found.target, found.user_id, found.title) == (target, "alice", "T")
    else:  # what follows a raw # never reaches anybody
        assert (found.reason, found.target) == ("no_owner", "http://e.example/")


@pytest.mark.parametrize("ampersand", ["&#038;", "&#38;", "&#x26;", "&amp;#038;", "&#X0026;"])
def test_the_ampersand_of_wordpress(ampersand: str) -> None:
    query = ampersand.join(["user_id=alice", f"url={ENCODED}", "title=T"])
    found = discover(f"https://flattr.com/submit/auto?{query}#part")
    assert (found.user_id, found.target, found.title) == ("alice", TARGET, "T")
    raw = discover(f"https://flattr.com/submit/auto?url={ENCODED}&#user_id=alice")
    assert (raw.user_id, raw.reason) == (None, "no_owner")


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("http://m.example/my%20post.html", "http://m.example/my%20post.html"),
        ("http%3A%2F%2Fm.example%2Fmy+post.html", "http://m.example/my%20post.html"),
        ("http://m.example/my post.html", "http://m.example/my%20post.html"),
        ("http%3A%2F%2Fm.example%2Fmy%2520post.html", "http://m.example/my%20post.html"),
        ("https%3A%2F%2Fblog.example%2Fcaf%C3%A9", "https://blog.example/caf%C3%A9"),
        ("https%3A%2F%2Fblog.example%2Fcaf%25C3%25A9", "https://blog.example/caf%C3%A9"),
        ("https://blog.example/café?é", "https://blog.example/caf%C3%A9?%C3%A9"),
        ("https%3A%2F%2Fblog.example%2F%3F%C3%A9%23%C3%A9", "https://blog.example/?%C3%A9#%C3%A9"),
    ],
)
def test_a_thing_has_one_address_and_is_found_again(target: str, address: str) -> None:
    found = discover(f"https://flattr.com/submit/auto?user_id=alice&url={target}&title=x")
    assert (found.reason, found.target, found.title) == ("autosubmit", address, "x")
    assert discover(build(found)) == replace(found, url=build(found))
    page = discover(address, Hints(payment=(build(found),), title="Page"))
    assert (page.reason, page.caution) == ("payment", None)
    assert page_key(address) == page_key(decode_form(address))


def test_a_page_of_a_site_with_a_blank_in_its_address() -> None:
    target = "https://github.com/max/x/wiki/My%20Page"
    found = discover(f"https://flattr.com/submit/auto?user_id=max&url={target}")
    assert (found.flattrable, found.target, found.caution) == (True, target, None)


@pytest.mark.parametrize(
    ("said", "hidden"), [("1", True), ("True", True), ("yes", True), ("0", False)]
)
def test_hidden(said: str, hidden: bool) -> None:
    found = discover(f"https://flattr.com/submit/auto?user_id=a&url={ENCODED}&hidden={said}")
    assert found.hidden is hidden


@pytest.mark.parametrize(
    ("target", "user_id", "caution"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "max", None),
        ("https://vimeo.com/12345", "max", None),
        ("https://flattr.com/thing/5", "max", "other_owner"),
        ("https://www.youtube.com/@max", "Max", "other_owner"),
        ("https://www.youtube.com/c/max", "max", "other_owner"),
        ("https://www.linkedin.com/company/max", "max", "other_owner"),
        ("https://www.youtube.com/@max", "eve", "other_owner"),
        ("https://www.linkedin.com/company/max", "eve", "other_owner"),
    ],
)
def test_only_an_address_that_tells_an_owner_contradicts(
    target: str, user_id: str, caution: str | None
) -> None:
    found = discover(f"https://flattr.com/submit/auto?user_id={user_id}&url={quote(target)}")
    assert (found.flattrable, found.caution) == (True, caution)


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
            st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="{}<>%"),
            max_size=40,
        )
        .map("https://a.example/".__add__)
        .filter(lambda address: thing_address(address) == address),
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


def link(address: str) -> str:
    return f"https://flattr.com/submit/auto?user_id=mallory&url={quote(address, safe='')}"


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/x/../alice/tools",
        "https://github.com/x/%2e%2E/alice/tools",
        "https://github.com/alice/./tools",
        r"https://github.com/alice\tools",
    ],
)
def test_an_address_that_is_not_what_it_looks_like_is_no_target(address: str) -> None:
    found = discover(link(address))
    assert (found.flattrable, found.reason) == (False, "bad_target")


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/alice//tools",
        "https://github.com//alice/tools",
        "https://github.com/alice/tools%00",
        "https://github.com/alice/tools%zz",
        f"https://github.com/alice/{'a' * 1100}",
    ],
)
def test_an_address_that_a_site_does_not_know_is_not_believed_to_be_anybody_s(address: str) -> None:
    found = discover(link(address))
    assert (found.target, found.caution) == (address, "other_owner")


def test_the_rest_of_a_url_is_what_stands_behind_that_url() -> None:
    other = "curl=http://a.example/?q=1&bad=1"
    found = discover(
        f"https://flattr.com/submit/auto?user_id=a&{other}&title=t&url=http://a.example/?q=1&good=1"
    )
    assert found.target == "http://a.example/?q=1&good=1"


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("http://a.example", "http://a.example/"),
        ("http://a.example?b#c", "http://a.example/?b#c"),
        ("http://a.example/%7Ex/%c3%bc", "http://a.example/~x/%C3%BC"),
        ("http://a.example/?q=%7e", "http://a.example/?q=%7e"),
    ],
)
def test_one_thing_has_one_spelling(address: str, target: str) -> None:
    assert discover(link(address)).target == target
