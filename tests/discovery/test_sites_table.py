"""The tables of discovery: whole, and in step with each other and with the docs."""

import re
import tomllib
from pathlib import Path
from typing import get_args

from flattr_host.discovery import explain, sites
from flattr_host.discovery.discovering import discover
from flattr_host.discovery.model import Discovery, FlattrableReason, UnflattrableReason
from flattr_host.discovery.site_rows import PART, Shape, SiteRow

DOCS = Path(__file__).parents[2] / "docs" / "discovery.md"
SITES_DOCS = DOCS.with_name("sites.md")


def test_hosts_are_read_as_they_stand_in_the_table() -> None:
    with Path(sites.__file__).with_name("sites.toml").open("rb") as file:
        table = [(row["name"], tuple(row["hosts"])) for row in tomllib.load(file)["site"]]
    assert [(site.name, site.hosts) for site in sites.load()] == [row for row in table if row[1]]
    for site in sites.load():
        assert (site.row.name, site.row.hosts) == (site.name, site.hosts)
    assert all(sites.software(name) for name, hosts in table if not hosts)


def test_no_host_is_in_two_rows() -> None:
    hosts = [host for site in sites.load() for host in site.hosts if "{" not in host]
    endings = [
        host.partition(".")[2] for site in sites.load() for host in site.hosts if "{" in host
    ]
    assert len(set(hosts)) == len(hosts)
    assert len(set(endings)) == len(endings)


def test_every_shape_has_words() -> None:
    for site in sites.load():
        for shape in site.row.shape:
            found = Discovery(
                "https://a.example/",
                True,
                "site",
                "https://a.example/",
                site=site.name,
                kind=shape.kind,
                owner="o",
                name="n",
                id="1",
            )
            assert explain.thing_title(found)
            assert shape.noun in explain.explanation(found)


def test_reserved_words_are_no_owners() -> None:
    for site in sites.load():
        for word in site.row.reserved.get("owner", ()):
            assert word == word.lower()
            assert (
                PART.match(site.hosts[0])
                or not discover(f"https://{site.hosts[0]}/{word}").flattrable
            )


def test_the_docs_know_every_site() -> None:
    text = SITES_DOCS.read_text(encoding="utf-8")
    documented = set(re.findall(r"`([^`]+)`", text))
    for site in sites.load():
        assert set(site.hosts) <= documented, site.hosts
        assert f"| {site.row.label} (`{site.name}`) |" in text, site.name
        software = sites.software(site.row.like)
        documented_once = software.shape if software else ()
        if not any("{host}" in shape.canonical for shape in documented_once):
            assert {shape.path for shape in site.row.shape} <= documented, site.name
    named = re.findall(r"^\| [^|]+ \(`([^`]+)`\) \|", text, re.MULTILINE)
    assert set(named) == {site.name for site in sites.load()}
    fields = {*Shape.__struct_fields__, *SiteRow.__struct_fields__} - {"shape"}
    assert fields <= documented


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
