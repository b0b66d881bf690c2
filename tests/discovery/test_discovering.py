"""The order of belief, and what hostile strings do to it (nothing)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flattr_host.discovery.discovering import candidates, discover, submission_url
from flattr_host.discovery.model import MAX_URL, Discovery, Hints

AUTOSUBMIT = "https://flattr.com/submit/auto?user_id=alice&url=https%3A%2F%2Fblog.example%2Fpost"
PAGE = "https://blog.example/post"


def test_an_autosubmit_url_is_believed_before_its_page() -> None:
    rival = "https://flattr.com/submit/auto?user_id=bob&url=https://flattr.com/x"
    found = discover(AUTOSUBMIT, Hints(payment=(rival,)))
    assert (found.reason, found.user_id) == ("autosubmit", "alice")


def test_a_payment_link_is_believed_before_a_site_rule() -> None:
    link = "https://flattr.com/submit/auto?user_id=alice&url=https://github.com/smgt/flattr"
    found = discover("https://github.com/smgt/flattr", Hints(payment=(link,)))
    assert (found.reason, found.user_id, found.caution) == ("payment", "alice", None)


def test_a_payment_link_takes_the_title_of_its_page() -> None:
    found = discover(PAGE, Hints(title="A post", payment=(AUTOSUBMIT,)))
    assert (found.title, found.url) == ("A post", PAGE)
    assert "title=A+post" in submission_url(found)


def test_payment_links_of_other_services_name_no_thing() -> None:
    hints = Hints(payment=("https://paypal.me/alice", "bitcoin:1abc", "https://github.com/alice"))
    assert discover(PAGE, hints).reason == "unknown_page"


def test_what_a_page_says_about_another_host_is_doubtful() -> None:
    found = discover("https://evil.example/", Hints(title="Mine", payment=(AUTOSUBMIT,)))
    assert (found.flattrable, found.caution, found.title) == (True, "other_host", None)


@pytest.mark.parametrize("page", ["https://www.blog.example/post", "http://BLOG.example/other"])
def test_www_scheme_and_case_do_not_make_another_host(page: str) -> None:
    assert discover(page, Hints(payment=(AUTOSUBMIT,))).caution is None


def test_several_payees_are_not_picked_from_in_silence() -> None:
    other = AUTOSUBMIT.replace("alice", "bob")
    hints = Hints(payment=(AUTOSUBMIT, other, AUTOSUBMIT))
    assert discover(PAGE, hints).caution == "several_payees"
    assert [found.user_id for found in candidates(PAGE, hints)] == ["alice", "bob"]


def test_the_canonical_url_speaks_for_a_page_that_no_rule_knows() -> None:
    hints = Hints(canonical="https://github.com/smgt/flattr")
    mirror = discover("https://mirror.example/flattr", hints)
    assert (mirror.target, mirror.caution) == ("https://github.com/smgt/flattr", "other_host")
    own = discover("https://github.com/smgt/flattr/issues/1", hints)
    assert (own.target, own.caution) == ("https://github.com/smgt/flattr", None)


def test_a_link_without_an_owner_leaves_its_target_to_stand_for_itself() -> None:
    found = discover("https://flattr.com/submit/auto?url=https://github.com/Smgt/Flattr/")
    assert (found.reason, found.owner, found.user_id) == ("autosubmit", "Smgt", None)
    assert submission_url(found) == "https://github.com/smgt/flattr"
    assert discover("https://flattr.com/submit/auto?url=https://blog.example/").reason == "no_owner"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not_http"),
        ("javascript:alert(1)//https://github.com/smgt", "not_http"),
        ("https://github.com@evil.example/smgt", "credentials"),
        ("https://[::1]/smgt", "unknown_page"),
        ("https://github.com:81/smgt", "unknown_page"),
        ("https://github.com:x/smgt", "malformed_url"),
        ("https://git hub.com/smgt", "malformed_url"),
        ("https:///smgt", "malformed_url"),
        ("https://github.com/" + "a" * MAX_URL, "too_long"),
        ("https://flattr.com/submit/auto?user_id=a", "no_target"),
        ("https://flattr.com/submit/auto?user_id=a&url=javascript:x", "bad_target"),
        ("https://flattr.com/submit/auto?user_id=%3Cb%3E&url=https://a.example/", "bad_owner"),
        (
            "https://flattr.com/submit/auto?url=" + "https://flattr.com/submit/auto?url=" * 200,
            "no_owner",
        ),
    ],
)
def test_nothing_there(url: str, reason: str) -> None:
    found = discover(url)
    assert (found.flattrable, found.reason) == (False, reason)


HOSTILE = st.one_of(
    st.text(),
    st.builds(
        "{}://{}{}{}".format,
        st.sampled_from(["http", "HTTPS", "https", "ftp", ""]),
        st.sampled_from(
            ["github.com", "github.com.", "GitHub.com:443", "x.com", "flattr.com", "a@b"]
        ),
        st.text(alphabet="/.%20fF#?&=@:aZ9-_\\\0\n é", max_size=60),
        st.text(max_size=20),
    ),
    st.text(max_size=80).map("https://flattr.com/submit/auto?user_id=a&url=".__add__),
)


@given(HOSTILE, st.tuples(HOSTILE, HOSTILE))
def test_no_string_raises(url: str, links: tuple[str, str]) -> None:
    found = discover(url, Hints(title=url, canonical=links[0], payment=links))
    assert found.flattrable == (found.target is not None and bool(submission_url(found)))


@given(HOSTILE)
def test_what_is_found_is_found_again_by_what_is_sent(url: str) -> None:
    found = discover(url)
    if found.flattrable:
        again = discover(submission_url(found))
        assert (again.target, again.user_id) == (found.target, found.user_id)


@given(st.sampled_from(["github.com", "flattr.com", "x.com"]), st.text(min_size=1, max_size=20))
def test_no_other_host_is_taken_for_a_site(host: str, rest: str) -> None:
    for url in (
        f"https://{rest}.{host}/smgt",
        f"https://{host}{rest}/smgt",
        f"https://{rest}{host}/a",
    ):
        found = discover(url)
        if found.flattrable and found.reason != "autosubmit":
            assert _host(found) in {"github.com", "gist.github.com", "flattr.com", "twitter.com"}
            # Only a path, a port of the scheme or a further host of the row may stand in between.
            assert rest[0] in "/.:?#" or rest in ("gist", "www", "mobile", "m") or rest[-1] in "/@"


def _host(found: Discovery) -> str:
    return (found.target or "").split("/")[2]
