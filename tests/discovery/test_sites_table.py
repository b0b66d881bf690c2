"""The tables of discovery: whole, and in step with each other and with the docs."""

import re
from pathlib import Path
from typing import get_args

from flattr_host.discovery import explain, sites
from flattr_host.discovery.discovering import discover
from flattr_host.discovery.model import Discovery, FlattrableReason, UnflattrableReason

DOCS = Path(__file__).parents[2] / "docs" / "discovery.md"


def test_every_shape_is_found_by_its_own_canonical_url() -> None:
    example = {"owner": "smgt", "name": "flattr", "id": "1234567", "photo": "1"}
    for site in sites.load():
        for shape in site.row.shape:
            url = f"https://{site.row.hosts[0]}{shape.path.format_map(example)}"
            found = discover(url)
            assert (found.site, found.kind) == (site.row.name, shape.kind)
            assert found.target == shape.canonical.format_map(example)
            assert explain.thing_title(found)
            assert shape.noun in explain.explanation(found)


def test_reserved_words_are_no_owners() -> None:
    for site in sites.load():
        for word in site.row.reserved.get("owner", ()):
            assert word == word.lower()
            assert not discover(f"https://{site.row.hosts[0]}/{word}").flattrable


def test_every_reason_has_a_sentence() -> None:
    for reason in get_args(FlattrableReason):
        assert explain.explanation(Discovery("https://a.example/", True, reason, user_id="alice"))
    for reason in get_args(UnflattrableReason):
        assert explain.explanation(Discovery("https://a.example/", False, reason))


def test_the_docs_know_every_reason_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted([*get_args(FlattrableReason), *get_args(UnflattrableReason)])


def test_titles() -> None:
    titles = {
        "https://github.com/smgt/flattr": "smgt/flattr",
        "https://gist.github.com/smgt/5446989": "Gist 5446989 of smgt",
        "https://gist.github.com/5446989": "Gist 5446989",
        "https://instagram.com/p/SipVXIFP-B": "Instagram photo SipVXIFP-B",
        "https://flattr.com/thing/95662/libtorrent": "flattr.com/thing/95662",
        "https://flattr.com/submit/auto?user_id=a&url=https://a.example/b&title=B": "B",
        "https://flattr.com/submit/auto?user_id=a&url=https://a.example/b": "a.example/b",
    }
    assert {url: explain.thing_title(discover(url)) for url in titles} == titles
