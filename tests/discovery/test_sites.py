"""What URLs of sites stand for, by the shipped table."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flattr_host.discovery import sites
from flattr_host.discovery.model import Discovery
from flattr_host.discovery.rules import Rules
from flattr_host.discovery.site_rows import PART, host_part

HERE = Path(__file__).parent
RULES = Rules()


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def told(found: Discovery | None) -> dict[str, Any] | None:
    """A discovery as the rows of ``more_sites.jsonl`` write it."""
    if found is None:
        return None
    if found.part_of:
        assert (found.flattrable, found.reason, found.target) == (False, "part_of", None)
        return {"part_of": told(found.part_of)}
    if not found.flattrable:
        return None
    keys = ("site", "kind", "owner", "name", "id", "target")
    return {key: getattr(found, key) for key in keys if getattr(found, key) is not None}


@pytest.mark.parametrize("row", rows("more_sites.jsonl"), ids=lambda row: row["url"])
def test_url(row: dict[str, Any]) -> None:
    assert told(RULES.of_url(row["url"])) == row["expect"]


@pytest.mark.parametrize(
    "row",
    [row for row in rows("sites.jsonl") if isinstance(row.get("later"), dict)],
    ids=lambda row: row["url"],
)
def test_later_sites(row: dict[str, Any]) -> None:
    if row["later"]["site"] == "app.net":  # closed in 2017
        return
    found = RULES.of_url(row["url"])
    assert {key: getattr(found, key) for key in row["later"]} == row["later"]


def urls_of(site: sites.Site, shape: sites.Shape) -> st.SearchStrategy[str]:
    """URLs of a shape with parts of all kinds, in any form that the patterns allow."""
    pattern = site.row.pattern

    def fill(template: str, texts: dict[str, str]) -> str:
        return PART.sub(lambda part: texts[part[1]], template)

    def one(part: str) -> st.SearchStrategy[str]:
        return st.from_regex(re.compile(pattern[part], re.ASCII), fullmatch=True).map(
            lambda text: text.replace("\n", "")
        )

    names = {
        *(part[1] for part in PART.finditer(shape.path)),
        *shape.query.values(),
        *(part[0] for part in map(host_part, site.hosts) if part),
    }
    query = "&".join(f"{key}={{{part}}}" for key, part in shape.query.items())
    return st.builds(
        lambda host, texts, slash: (
            f"https://{fill(host, texts)}{fill(shape.path, texts)}{slash}"
            + (f"?{fill(query, texts)}" if query else "")
        ),
        st.sampled_from(site.hosts),
        st.fixed_dictionaries({name: one(name) for name in names}),
        st.sampled_from(["", "/"]),
    )


#: Each shape once, on the first host of those that are like one software.
SHAPES = list(
    {
        shape.path + str(site.row.pattern): (site, shape)
        for site in reversed(sites.load())
        for shape in site.row.shape
    }.values()
)


@pytest.mark.parametrize(
    ("site", "shape"), SHAPES, ids=[f"{site.hosts[0]}{shape.path}" for site, shape in SHAPES]
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_canonical_url_is_its_own(
    site: sites.Site, shape: sites.Shape, data: st.DataObject
) -> None:
    found = RULES.of_url(data.draw(urls_of(site, shape)))
    found = found.part_of or found
    if found.flattrable:
        again = RULES.of_url(found.target or "")
        assert again.target == found.target
        assert (again.site, again.kind) == (found.site, found.kind)
        assert (again.owner or "").lower() == (found.owner or "").lower()


@settings(deadline=None)
@given(st.sampled_from([host for site in sites.load() for host in site.hosts]), st.text())
def test_nothing_raises(host: str, path: str) -> None:
    found = RULES.of_url(f"https://{PART.sub('en', host)}/{path}")
    assert found.flattrable in (True, False)


@pytest.mark.parametrize(
    "letters", ["a", "a-", "-", ".", "%C3%A9", "a/", "a.git", "_", "a:b_", "0"]
)
def test_no_url_takes_long(letters: str) -> None:
    begin = time.process_time()
    for site in sites.load():
        for host in site.hosts:
            for prefix in ("", "wiki/", "@", "u/", "u/art/", "photo/1/"):
                path = (letters * 1000)[:990]
                RULES.of_url(f"https://{PART.sub('en', host)}/{prefix}{path}")
                RULES.of_url(f"https://{PART.sub('en', host)}/{prefix}{path}%00")
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://github.com/%73mgt/Flattr.git/", "https://www.github.com/smgt/flattr?x=1"),
        ("https://fr.wikipedia.org/wiki/Café", "https://fr.m.wikipedia.org/wiki/cafe%cc%81"),
        ("https://pypi.org/project/A.b_c", "https://pypi.python.org/pypi/a-B-c"),
        ("https://youtu.be/dQw4w9WgXcQ", "https://m.youtube.com/watch?a=1&v=dQw4w9WgXcQ"),
        ("https://x.com/A/status/1", "http://mobile.twitter.com/a/status/1/video/1"),
    ],
)
def test_one_thing_has_one_url(one: str, other: str) -> None:
    assert RULES.of_url(one).target == RULES.of_url(other).target is not None


def test_payees_of_one_site_stay_apart() -> None:
    urls = [
        "https://www.youtube.com/@google",
        "https://www.youtube.com/user/google",
        "https://www.youtube.com/c/google",
        "https://www.linkedin.com/in/google",
        "https://www.linkedin.com/company/google",
        "https://www.npmjs.com/package/google",
        "https://www.npmjs.com/package/@google/x",
    ]
    owners = {f"{found.site}:{found.owner}" for found in map(RULES.of_url, urls)}
    assert len(owners) == len(urls)
