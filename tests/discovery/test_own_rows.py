"""What URLs stand for by rows of a person's own, and what is said of mistakes in them."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flattr_host.discovery import sites
from flattr_host.discovery.rules import Rules

from .test_sites import told

FORGE = b"""
[[site]]
hosts = ["git.example.org", "code.example.org"]
like = "forgejo"
"""


def test_own_forge() -> None:
    rules = Rules(own_sites=sites.read_rows(FORGE))
    assert told(rules.of_url("https://code.example.org/Alice/x.git")) == {
        "site": "git.example.org",
        "kind": "repository",
        "owner": "Alice",
        "name": "x",
        "target": "https://git.example.org/alice/x",
    }
    assert told(rules.of_url("https://git.example.org/alice/x/issues/1")) == {
        "part_of": {
            "site": "git.example.org",
            "kind": "repository",
            "owner": "alice",
            "name": "x",
            "target": "https://git.example.org/alice/x",
        }
    }
    assert not rules.of_url("https://git.example.org/user/login").flattrable
    assert rules.of_url("https://github.com/smgt").flattrable


def test_own_mastodon() -> None:
    own = sites.read_rows(b'[[site]]\nhosts = ["social.example"]\nlike = "mastodon"')
    rules = Rules(own_sites=own)
    targets = {
        "https://social.example/@Alice": "https://social.example/@alice",
        "https://social.example/users/alice": "https://social.example/@alice",
        "https://social.example/@alice/109": "https://social.example/@alice/109",
        "https://social.example/@bob@other.example": None,
        "https://social.example/@bob@other.example/109": None,
        "https://social.example/about": None,
    }
    assert {url: rules.of_url(url).target for url in targets} == targets
    part = rules.of_url("https://social.example/@alice/with_replies").part_of
    assert part
    assert part.target == "https://social.example/@alice"
    assert rules.of_url("https://social.example/@bob@other.example/109/x").part_of is None


def test_own_row_replaces_a_shipped_one() -> None:
    own = b"""[[site]]
name = "gitea.com"
hosts = ["gitea.com"]
[site.pattern]
owner = "[a-z]+"
[[site.shape]]
kind = "profile"
noun = "profile"
path = "/{owner}"
canonical = "https://gitea.com/{owner}"
title = "{owner}"
"""
    rules = Rules(own_sites=sites.read_rows(own))
    assert rules.of_url("https://gitea.com/alice").flattrable
    assert rules.of_url("https://gitea.com/alice/x").reason == "unknown_page"


def test_words_of_own_rows() -> None:
    try:
        sites.remember(sites.read_rows(FORGE + b'label = "Our forge"'))
        assert sites.label("git.example.org") == "Our forge"
        assert sites.shapes("git.example.org", "repository")[0].noun == "repository"
        assert sites.label("github") == "GitHub"
    finally:
        sites.remember(())
    assert sites.label("git.example.org") == "git.example.org"


GOOD = """[[site]]
name = "example"
hosts = ["example.org"]
[site.pattern]
owner = "[a-z]+"
[[site.shape]]
kind = "profile"
noun = "profile"
path = "/{owner}"
canonical = "https://example.org/{owner}"
title = "{owner}"
"""


def test_the_good_row_is_good() -> None:
    assert [row.name for row in sites.read_rows(GOOD.encode())] == ["example"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[a-z]+", "[a-z", 'line 5: the pattern of "owner" is no regular expression'),
        ("[a-z]+", "([a-z]+)+", 'line 5: the pattern of "owner" repeats something'),
        ("[a-z]+", "(?:a|b)*", 'line 5: the pattern of "owner" repeats something'),
        ("[a-z]+", "a*a*a*b", 'line 5: the pattern of "owner" has more than two'),
        ("[a-z]+", "(?P<x>a)", 'line 5: the pattern of "owner" has a group of a kind'),
        ("[a-z]+", r"(a)\\1", 'line 5: the pattern of "owner" refers back'),
        ("[a-z]+", ".+", 'line 5: the pattern of "owner" can match "/"'),
        ("[a-z]+", r"[\\x2f]", 'line 5: the pattern of "owner" can match "/"'),
        ("[a-z]+", "(?i)a", 'line 5: the pattern of "owner" has a group of a kind'),
        ("/{owner}", "/{owner}/{owner}", "line 9: a part stands twice"),
        ("org/{owner}", "org/{owner...}", "line 10: a part is written as {name}"),
        ("org/{owner}", "org/{owner!r}", "line 10: a part is written as {name}"),
        ("/{owner}", "/{1}", "line 9: a part is written as {name}"),
        ("owner =", "owne =", 'line 9: the part "owner" has no pattern'),
        ("kind =", "sort =", 'line 7: a [[site.shape]] has no field "sort"'),
        ('noun = "profile"\n', "", 'line 6: this [[site.shape]] has no "noun"'),
        ('hosts = ["example.org"]\n', "", 'line 1: this [[site]] has no "hosts"'),
        ('name = "example"', "name = 1", 'line 2: "name" should be text'),
        ('["example.org"]', '"example.org"', 'line 3: "hosts" should be a list of hosts'),
        ('"example.org"]', '"https://example.org/"]', 'line 3: "https://example.org/" is no host'),
        ('"example.org"]', '"Example.org"]', 'line 3: "Example.org" is no host'),
        ("org/{owner}", "org/{name}", 'line 10: canonical names "name"'),
        ('title = "{owner}"', 'title = "{name}"', 'line 11: title names "name"'),
        ('title = "{owner}"', 'pages = 1\ntitle = "x"', 'line 11: "pages" should be true or false'),
        ("https://example", "example", "line 10: canonical should begin with https://"),
        ('path = "/', 'path = "', 'line 9: the path should begin with "/"'),
        ('"example"', '"github"', 'line 2: "github" is the name of another site'),
        ('name = "example"', 'like = "nothing"', 'line 2: there is no software "nothing"'),
        ("[site.pattern]", "[site.patterns]", 'line 4: a [[site]] has no field "patterns"'),
        ('noun = "profile"', 'noun = "profile', "line 8: "),
        ("[[site]]", "[site]", "line 1: "),
        (
            "title =",
            "page_parameters = ['cat']\ntitle =",
            "line 11: page_parameters is for a shape",
        ),
        ("org/{owner}", "net/{owner}", 'line 10: canonical is on the host "example.net"'),
        ("org/{owner}", "org:8080/{owner}", 'line 10: canonical is on the host "example.org:8080"'),
        ('["example.org"]', "[example.org]", "line 3: Invalid value, at column "),
        (
            '"example.org"]',
            '"müller.example"]',
            'line 3: "müller.example" is no host; it is written',
        ),
        (
            "[site.pattern]",
            "[site.reserved]\nowner = ['Me']\n[site.pattern]",
            "line 5: the reserved",
        ),
        ("[site.pattern]", "[site.reserved]\nownr = ['me']\n[site.pattern]", "line 5: no address"),
        ("[site.pattern]", "[site.replace]\nownr = []\n[site.pattern]", "line 5: no address of"),
        ("[site.pattern]", "capitalized = ['ownr']\n[site.pattern]", "line 4: no address of this"),
        ("[site.pattern]", "case_insensitive = ['ownr']\n[site.pattern]", "line 4: no address of"),
        ("[[site]]\n", "sites = 1\n[[site]]\n", "line 1: the file has [[site]] rows"),
        ('path = "/{owner}"', 'path = "/{owner}{owner...}"', "line 9: a part stands twice"),
        ("[a-z]+", "[[a-z]+", 'line 5: the pattern of "owner" is no regular expression'),
        ('["example.org"]', '["{lang}.example.org", "example.org"]', 'line 3: the part "lang"'),
        (
            "[site.pattern]",
            "[site.pattern]\nb = '[a-z]*[a-z]*'",
            "line 5: no address of this row has a part",
        ),
    ],
)
def test_a_bad_row_is_named_with_its_line(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(sites.BadSites) as caught:
        sites.read_rows(GOOD.replace(old, new, 1).encode())
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith(".")


def test_the_line_is_that_of_the_second_row() -> None:
    text = f"# mine\n{GOOD}\n{GOOD}".replace("kind", "sort").replace("sort", "kind", 1)
    with pytest.raises(sites.BadSites, match=r"^line 20: "):
        sites.read_rows(text.encode())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GOOD + GOOD.replace("example.org", "other.example"),
            'line 13: "example" is the name of another row above, whose owners would be taken for'
            " those of this one; choose another name, or leave it out, and it is the host.",
        ),
        (
            GOOD + GOOD.replace('"example"', '"other"'),
            'line 14: "example.org" is a host of another row above.',
        ),
        (
            '[[site]]\nhosts = ["git.example.org"]\nlike = "gitea"',
            'line 3: there is no software "gitea" to be like; there is forgejo, gitlab, mastodon,'
            " peertube, pixelfed.",
        ),
        (
            "[[site]]\nhosts = [git.example.org]",
            "line 2: Invalid value, at column 10; text stands in quotation marks.",
        ),
        (
            '[[site]]\nhosts = ["müller.example"]\nlike = "forgejo"',
            'line 2: "müller.example" is no host; it is written as "xn--mller-kva.example".',
        ),
        (
            '[[site]]\nhosts = ["a.example"]\nlike = "mastodon"\ncase_insensitive = ["ownr"]',
            'line 4: no address of this row has a part "ownr"; its parts are: id, owner.',
        ),
    ],
)
def test_rows_that_would_go_wrong_unseen(text: str, message: str) -> None:
    with pytest.raises(sites.BadSites) as caught:
        sites.read_rows(text.encode())
    assert str(caught.value).startswith(message)


def test_two_rows_can_be_for_one_shipped_site() -> None:
    rows = "".join(
        GOOD.replace("example.org", host).replace('"example"', '"github"')
        for host in ("github.com", "gist.github.com")
    )
    assert [row.label for row in sites.read_rows(rows.encode())] == ["GitHub", "GitHub"]


def test_a_row_for_a_host_of_a_shipped_site_keeps_its_words() -> None:
    try:
        sites.remember(sites.read_rows(GOOD.replace("example.org", "github.com").encode()))
        assert sites.label("example") == "GitHub"
        own = GOOD.replace("example.org", "github.com").replace('"example"', '"github"')
        sites.remember(sites.read_rows(own.encode()))
        assert sites.label("github") == "GitHub"
        assert sites.shapes("github", "gist")[0].noun == "gist"
    finally:
        sites.remember(())


def test_parameters_of_pages_in_a_row_of_ones_own() -> None:
    text = GOOD + 'pages = true\npage_parameters = ["cat"]\n'
    rules = Rules(own_sites=sites.read_rows(text.encode()))
    thing = rules.of_url("https://example.org/alice?x=1&y=cat")
    assert thing.target == "https://example.org/alice"
    page = rules.of_url("https://example.org/alice?x=1&cat=3")
    assert page.part_of
    assert (page.reason, page.part_of.target) == ("part_of", thing.target)
    assert rules.of_url("https://example.org/1?cat=3").reason == "unknown_page"


def test_text_that_is_none() -> None:
    with pytest.raises(sites.BadSites, match=r"^line 2: this is not UTF-8"):
        sites.read_rows(b"# x\n# \xff\n")


@settings(deadline=None)
@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    message = "line 1: "
    try:
        sites.read_rows(text.encode("utf-8", "replace"))
    except sites.BadSites as error:
        message = str(error)
    assert re.match(r"line \d+: |the end of the file: ", message)


@pytest.mark.parametrize("pattern", ["[a-z]*[a-z]*", "a?a?a?a?[a-z]*[a-z]*", "[^/]+x[^/]+"])
def test_a_slow_pattern_of_ones_own_is_not_too_slow(pattern: str) -> None:
    rules = Rules(own_sites=sites.read_rows(GOOD.replace("[a-z]+", pattern).encode()))
    begin = time.process_time()
    rules.of_url("https://example.org/" + "ax" * 480 + "%00/b/c")
    assert time.process_time() - begin < 2


def test_a_part_that_only_some_hosts_begin_with_cannot_be_told() -> None:
    text = GOOD.replace('["example.org"]', '["{owner}.example.org", "example.org"]')
    text = text.replace('path = "/{owner}"', 'path = "/about"')
    with pytest.raises(sites.BadSites, match='canonical names "owner"'):
        sites.read_rows(text.encode())


def test_two_parts_of_one_segment_repeat_no_more_than_one_may() -> None:
    text = GOOD.replace('path = "/{owner}"', 'path = "/{owner}{more}"')
    for pattern, is_taken in (("[a-z]*", True), ("[a-z]*[a-z]*", False)):
        row = text.replace("[site.pattern]", f'[site.pattern]\nmore = "{pattern}"').encode()
        if is_taken:
            assert sites.read_rows(row)
        else:
            with pytest.raises(sites.BadSites, match="more than two repetitions together"):
                sites.read_rows(row)
