"""The order of belief, and what hostile strings do to it (nothing)."""

import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flattr_host.api.objects import Thing, User
from flattr_host.discovery import sites
from flattr_host.discovery.discovering import (
    addresses_to_look_up,
    candidates,
    discover,
    registered,
    submission_url,
)
from flattr_host.discovery.model import MAX_URL, Button, Discovery, Hints
from flattr_host.discovery.rules import Rules

AUTOSUBMIT = "https://flattr.com/submit/auto?user_id=alice&url=https%3A%2F%2Fblog.example%2Fpost"
PAGE = "https://blog.example/post"


def test_an_autosubmit_url_is_believed_before_its_page() -> None:
    rival = "https://flattr.com/submit/auto?user_id=bob&url=https://flattr.com/x"
    found = discover(AUTOSUBMIT, Hints(payment=(rival,)))
    assert (found.reason, found.user_id) == ("autosubmit", "alice")


def test_a_payment_link_is_believed_before_a_site_rule() -> None:
    link = "https://flattr.com/submit/auto?user_id=Smgt&url=https://github.com/smgt/flattr"
    found = discover("https://github.com/smgt/flattr", Hints(payment=(link,)))
    assert (found.reason, found.user_id, found.caution) == ("payment", "Smgt", None)


def test_a_payment_link_takes_the_title_of_its_page() -> None:
    found = discover(PAGE, Hints(title="A post", payment=(AUTOSUBMIT,)))
    assert (found.title, found.url) == ("A post", PAGE)
    assert "title=A+post" in submission_url(found)


def test_the_order_of_belief() -> None:
    other = AUTOSUBMIT.replace("alice", "Alice")
    hints = Hints(
        payment=(AUTOSUBMIT,),
        buttons=(Button(rel="flattr;uid:ALICE"),),
        flattr_ids=("m05226",),
        links=(other,),
        canonical="https://github.com/smgt",
    )
    found = candidates(PAGE, hints)
    assert [it.reason for it in found] == ["payment", "button", "flattr_id", "site", "button"]
    assert [it.caution for it in found] == [None, None, None, "other_host", "only_linked"]


def test_what_is_about_the_page_itself_goes_first() -> None:
    blog = AUTOSUBMIT.replace("%2Fpost", "%2F")
    for page in (PAGE, "http://www.blog.example/post/?fbclid=1#top"):
        found = discover(page, Hints(payment=(blog, AUTOSUBMIT)))
        assert (found.target, found.caution) == (PAGE, None)
    assert discover(PAGE + "s", Hints(payment=(blog, AUTOSUBMIT))).caution == "several_things"


def test_what_is_looked_up() -> None:
    assert addresses_to_look_up(PAGE + "?utm_source=x&p=1#top") == [PAGE + "?p=1"]
    assert addresses_to_look_up(PAGE + "#!/x") == [PAGE + "#!/x"]
    amp = Hints(canonical=PAGE)
    assert addresses_to_look_up("https://amp.example/1", amp) == ["https://amp.example/1", PAGE]
    repository = "https://github.com/smgt/flattr"
    for named in (AUTOSUBMIT, "https://flattr.com/thing/1", repository, "ftp://a.example/"):
        assert addresses_to_look_up(named) == []
    assert addresses_to_look_up(PAGE, Hints(payment=(AUTOSUBMIT,))) == []
    assert addresses_to_look_up(repository, Hints(canonical=PAGE)) == [repository, PAGE]
    assert addresses_to_look_up(f"https://flattr.com/submit/auto?url={PAGE}") == [PAGE]
    many = tuple(Button(href=f"{PAGE}/{number}") for number in range(32))
    assert len(addresses_to_look_up(PAGE, Hints(buttons=many))) == 8


def test_what_is_registered() -> None:
    thing = Thing(id=5, url=PAGE, title="A post", owner=User(username="alice"))
    found = registered(PAGE + "?x", PAGE, thing, None)
    assert (found.reason, found.thing_id, found.user_id, found.caution) == (
        "registered", 5, "alice", None,
    )  # fmt: skip
    assert submission_url(found) == PAGE
    assert registered("https://evil.example/", PAGE, thing, None).caution == "other_host"


def test_a_stream_of_urls_takes_no_memory(tmp_path: Path) -> None:
    small, large = (_peak_memory(tmp_path / str(count), count) for count in (1_000, 100_000))
    assert large < small * 1.1


def _peak_memory(file: Path, count: int) -> int:
    """The most memory (KiB) that it took to discover so many URLs, the last of which is long."""
    file.write_text(f"{PAGE}?{'x' * 60}\n" * count + "https://a.example/" + "x" * 5_000_000)
    code = """import sys; from flattr_host.cli import main
try: main()
finally: sys.stderr.write(open("/proc/self/status").read())"""  # its own, not as getrusage's
    command = [sys.executable, "-c", code, "discover", "--json", "-"]
    with file.open() as urls:
        done = subprocess.run(
            command, stdin=urls, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True
        )
    return int(done.stderr.partition(b"VmHWM:")[2].split()[0])


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
    ("target", "canonical", "caution"),
    [
        ("https://github.com/Smgt/Flattr/", "https://github.com/smgt/flattr", "other_owner"),
        ("https://www.github.com:443/Alice", "https://github.com/alice", None),
        ("https://flattr.com/profile/bob", "https://flattr.com/profile/bob", "other_owner"),
        ("https://flattr.com/@ALICE", "https://flattr.com/profile/alice", None),
        ("https://instagram.com/p/Ab", "https://www.instagram.com/p/Ab/", None),
        ("HTTPS://BLOG.example.:443/Post", "https://blog.example/Post", None),
        ("http://blog.example:8080/?a#b", "http://blog.example:8080/?a#b", None),
    ],
)
def test_what_a_link_names_is_one_thing_and_its_own_address_may_contradict(
    target: str, canonical: str, caution: str | None
) -> None:
    found = discover(f"https://flattr.com/submit/auto?user_id=alice&url={quote(target, safe='')}")
    assert (found.flattrable, found.user_id) == (True, "alice")
    assert (found.target, found.caution) == (canonical, caution)


def test_hosts_of_one_site_are_not_another_host() -> None:
    hints = Hints(canonical="https://twitter.com/smgt/status/1")
    assert discover("https://x.com/smgt/status/1?s=20/", hints).caution is None
    link = "https://flattr.com/submit/auto?user_id=a&url=https://müller.example/"
    assert discover("https://xn--mller-kva.example/", Hints(payment=(link,))).caution is None
    page = discover("http://blog.example:80/", Hints(payment=(AUTOSUBMIT,)))
    assert page.caution is None


def test_what_cannot_be_seen_does_not_get_through() -> None:
    title = "%1b]0;pwned%07A%0a%e2%80%ae post"
    found = discover(AUTOSUBMIT + f"&title={title}", Hints(title=" \n "))
    assert found.title == "]0;pwned A post"
    for target in (
        "https://a.example/%0d%0aHost:%20b",
        "https://a.example/%e2%80%ae",
        "http://a b/",
    ):
        url = f"https://flattr.com/submit/auto?user_id=alice&url={target}"
        assert discover(url).reason == "bad_target"
    url = "https://flattr.com/submit/auto?fid=%00%0a&url=https://a.example/"
    assert discover(url).reason == "bad_owner"
    blank = discover(PAGE, Hints(title="   ", payment=(AUTOSUBMIT,)))
    assert blank.title is None


def test_a_path_is_not_overridden_by_what_follows_the_hash() -> None:
    assert discover("https://twitter.com/#!/smgt").owner == "smgt"
    assert discover("https://twitter.com/other/status/1#!/mallory").owner == "other"
    assert not discover("https://twitter.com/search?q=1#!/mallory").flattrable


@pytest.mark.parametrize("hint", ["x" * 4000, "\u4f60" * 1300, "&" * 4000])
def test_what_is_sent_is_never_too_long_to_be_understood(hint: str) -> None:
    long = AUTOSUBMIT + "&description=" + "d" * 7000
    for link in (AUTOSUBMIT, long):
        found = discover(PAGE, Hints(title=hint, payment=(link,)))
        again = discover(submission_url(found))
        assert (again.flattrable, again.target) == (True, found.target)
    far = "https://flattr.com/submit/auto?user_id=alice&url=https://a.example/" + "x" * 2000
    assert discover(far).reason == "too_long"


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
            "bad_target",
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


def test_no_server_is_asked_about_an_address_that_lets_in_who_knows_it() -> None:
    page = "https://shop.example/reset"
    assert addresses_to_look_up(f"{page};jsessionid=A1?utm_source=x&PHPSESSID=2") == [page]
    for secret in ("?token=1", "?a=b&Access_Token=1", "#!/x?access_token=1"):
        assert addresses_to_look_up(page + secret) == []


def test_what_is_registered_as_another_s_than_its_address_says_is_doubtful() -> None:
    issue = "https://github.com/alice/tools/issues/3"
    for owner, caution in (("mallory", "other_owner"), ("Alice", None), ("github:alice", None)):
        thing = Thing(id=9, url=issue, title="T", owner=User(username=owner))
        assert registered(issue, issue, thing, None).caution == caution


def test_a_part_of_something_private_is_private_too() -> None:
    row = b'[[site]]\nhosts = ["git.lan"]\nlike = "forgejo"\n'
    rules = Rules("https://server.example", sites.read_rows(row), refuses_private=True)
    found = discover("http://git.lan/alice/tools/issues/3", None, rules)
    assert (found.reason, found.part_of) == ("private_address", None)


def test_a_host_that_is_too_long_for_a_name_is_refused_at_once() -> None:
    buttons = tuple(Button(href=f"https://{'漢' * 900}{n}.example/") for n in range(32))
    begun = time.process_time()
    assert candidates("https://blog.example/", Hints(buttons=buttons)) == []
    assert time.process_time() - begun < 1
