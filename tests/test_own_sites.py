"""The person's own ``sites.toml``, as a real file."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flattr_host import own_sites, paths
from flattr_host.settings import DEFAULTS, InvalidSettings, Settings

from .conftest import Home

FORGE = '[[site]]\nhosts = ["git.example.org"]\nlike = "forgejo"\n'


def write(text: str) -> None:
    path = Path(paths.sites_path())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_no_file_is_no_mistake(flattr_home: Home) -> None:
    assert Path(paths.sites_path()) == flattr_home.path / "config" / "sites.toml"
    rules = own_sites.rules_for(DEFAULTS)
    assert rules.of_url("https://github.com/smgt").flattrable
    assert not rules.of_url("https://git.example.org/alice/x").flattrable


def test_a_change_of_the_file_counts_at_once(flattr_home: Home) -> None:
    assert flattr_home
    write(FORGE)
    before = own_sites.rules_for(DEFAULTS)
    assert own_sites.rules_for(DEFAULTS) is before
    assert before.of_url("https://git.example.org/alice/x").flattrable
    write(FORGE.replace("git.", "code."))
    after = own_sites.rules_for(DEFAULTS)
    assert after.of_url("https://code.example.org/alice/x").flattrable
    assert not after.of_url("https://git.example.org/alice/x").flattrable


def test_a_server_has_its_own_rules(flattr_home: Home) -> None:
    assert flattr_home
    rules = own_sites.rules_for(Settings(api_url="https://flattr.example/rest/v2"))
    assert (rules.server, rules.refuses_private) == ("https://flattr.example", True)
    assert own_sites.rules_for(DEFAULTS).server == ""


def test_a_bad_row_is_told_with_its_line(flattr_home: Home) -> None:
    assert flattr_home
    write(FORGE + 'hots = ["a.example"]\n')
    with pytest.raises(InvalidSettings) as caught:
        own_sites.rules_for(DEFAULTS)
    assert str(caught.value) == 'sites.toml, line 4: a [[site]] has no field "hots".'
    write(FORGE)
    assert own_sites.rules_for(DEFAULTS).of_url("https://git.example.org/alice").flattrable


def test_two_servers_are_two_rows(flattr_home: Home) -> None:
    assert flattr_home
    write(FORGE + FORGE.replace("git.", "code."))
    rules = own_sites.rules_for(DEFAULTS)
    urls = ("https://git.example.org/alice", "https://code.example.org/alice")
    assert [rules.of_url(url).site for url in urls] == ["git.example.org", "code.example.org"]
    write(FORGE + "name = 'a'\n" + FORGE.replace("git.", "code.") + "name = 'a'\n")
    with pytest.raises(InvalidSettings, match=r'^sites\.toml, line 8: "a" is the name of another'):
        own_sites.rules_for(DEFAULTS)
    write(FORGE + FORGE)
    with pytest.raises(InvalidSettings, match=r'^sites\.toml, line 5: "git\.example\.org" is a'):
        own_sites.rules_for(DEFAULTS)


def test_a_file_that_cannot_be_read(flattr_home: Home) -> None:
    assert flattr_home
    Path(paths.sites_path()).mkdir(parents=True)
    with pytest.raises(InvalidSettings, match=r"^sites\.toml cannot be read: .+\.$"):
        own_sites.rules_for(DEFAULTS)


def test_many_threads(flattr_home: Home) -> None:
    assert flattr_home
    write(FORGE)
    with ThreadPoolExecutor(8) as pool:
        rules = list(pool.map(lambda _: own_sites.rules_for(DEFAULTS), range(64)))
    assert len(set(map(id, rules))) == 1
