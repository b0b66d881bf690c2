"""Settings: their defaults, and mistakes in the file."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import msgspec
import pytest

from flattr_host import settings
from flattr_host.api import transport
from flattr_host.settings import InvalidSettings, Settings
from tests.conftest import Home

DOCS = pathlib.Path(__file__).parents[1] / "docs" / "settings.md"


def test_without_a_file_there_are_defaults(flattr_home: Home) -> None:
    assert flattr_home
    assert settings.load() == Settings(undo_seconds=3.0, own_usernames=(), means=True)


def test_every_setting(flattr_home: Home) -> None:
    own = '["alice", "npm:@alice"]'
    flattr_home.set(undo_seconds="10", own_usernames=own, means="false", read_links="false")
    expected = Settings(10.0, ("alice", "npm:@alice"), means=False, read_links=False)
    assert settings.load() == expected


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("undo_seconds", "-1", "^undo_seconds is a number from 0 to 60.$"),
        ("undo_seconds", "61", "^undo_seconds is a number from 0 to 60.$"),
        ("undo_second", "3", "^There is no setting undo_second.$"),
        ("means", '"no"', "^means is true or false.$"),
        ("read_links", "1", "^read_links is true or false.$"),
        ("means", "", "line 1"),
        ("own_usernames", '["https://github.com/smgt"]', "^own_usernames is a list of"),
        ("own_usernames", '["@smgt"]', "^own_usernames is a list of"),
        ("client_id", '""', "^client_id is 1 to 255"),
        ("undo_seconds", "9" * 5000, "."),
        ("means", "[" * 5000, "."),
    ],
)
def test_mistakes_are_told_with_their_place(
    flattr_home: Home, name: str, value: str, words: str
) -> None:
    flattr_home.set(**{name: value})
    with pytest.raises(InvalidSettings, match=words):
        settings.load()


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/rest/v2",
        "https://example.org:8443",
        "http://127.0.0.1:8765/rest/v2",
        "http://localhost/rest/v2",
        "http://[::1]:1/rest/v2",
        "embedded",
    ],
)
def test_addresses_of_servers(flattr_home: Home, url: str) -> None:
    flattr_home.set(api_url=f'"{url}"')
    assert settings.load().api_url == url
    flattr_home.set(api_url=f'"{url}/"' if url != "embedded" else '"embedded"')
    assert settings.load().api_url == url


@pytest.mark.parametrize("name", ["api_url", "authorize_url", "token_url"])
@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "http://127.0.0.1.example.org/",
        "http://localhost.example.org/",
        "https://me:secret@example.org/",
        "https://example.org/#x",
        "https://example.org/a b",
        "https://example.org\\\\@evil.example/",
        "https://",
        "ftp://example.org/",
        "example.org",
        "Embedded",
    ],
)
def test_addresses_that_no_token_may_go_to(flattr_home: Home, name: str, url: str) -> None:
    flattr_home.set(**{name: f'"{url}"'})
    with pytest.raises(InvalidSettings, match=f"{name} is .* an address that begins with") as it:
        settings.load()
    assert "secret" not in str(it.value)


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://example.org", True),
        ("HTTPS://Example.org:8443/rest/v2", True),
        ("https://example.org:65535/~a/%20;b=[c]", True),
        ("https://999.1.1.1/", True),
        ("https://[2001:db8::1]:8443/", True),
        ("http://LOCALHOST:1/", True),
        ("http://127.255.0.1/", True),
        ("http://[0:0:0:0:0:0:0:1]/", True),
        ("https://example.org:65536/", False),
        ("https://example.org:99999/", False),
        ("https://ex\N{LATIN SMALL LETTER A WITH DIAERESIS}mple.org/", False),
        ("https://example.org/\N{LATIN SMALL LETTER A WITH DIAERESIS}", False),
        ("https://example.org:\N{ARABIC-INDIC DIGIT ONE}/", False),
        ("https://example.org/\n", False),
        ("https://example.org\\@evil.example/", False),
        ("https://me@example.org/", False),
        ("https://[2001:db8::1%25eth0]/", False),
        ("https://[127.0.0.1]/", False),
        ("http://127.999.1.1/", False),
        ("http://127.1/", False),
        ("http://127.1.1.01/", False),
        ("http://128.0.0.1/", False),
        ("http://[::ffff:127.0.0.1]/", False),
        ("http://[::2]/", False),
        ("http://localhost./", False),
        ("ftp://example.org/", False),
    ],
)
def test_what_is_set_is_what_is_called(url: str, is_one: bool) -> None:
    assert (settings.is_api_url(url), transport.is_allowed_url(url)) == (is_one, is_one)


COMMENTED = """\
# Mine.
own_usernames = ["alice"]  # who I am

undo_seconds = 5 # long enough
"""


@pytest.fixture
def file(flattr_home: Home) -> pathlib.Path:
    path = flattr_home.path / "config" / "settings.toml"
    path.parent.mkdir(parents=True)
    path.write_text(COMMENTED)
    return path


def test_a_change_keeps_all_else(file: pathlib.Path) -> None:
    file.chmod(0o644)
    changed = settings.change(undo_seconds=7, api_url="https://example.org/rest/v2")
    assert (
        changed
        == settings.load()
        == Settings(7.0, ("alice",), api_url="https://example.org/rest/v2")
    )
    assert file.read_text() == COMMENTED.replace("= 5", "= 7") + (
        'api_url = "https://example.org/rest/v2"\n'
    )
    assert file.stat().st_mode & 0o777 == 0o644
    settings.change(undo_seconds=5, api_url=None)
    assert file.read_text() == COMMENTED


def test_a_first_change_makes_a_private_file(flattr_home: Home) -> None:
    settings.change(own_usernames=("alice", "github:alice"))
    path = flattr_home.path / "config" / "settings.toml"
    assert path.read_text() == 'own_usernames = ["alice", "github:alice"]\n'
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_link_is_followed(file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    target = tmp_path / "dotfiles" / "flattr.toml"
    target.parent.mkdir()
    file.rename(target)
    file.symlink_to(target)
    settings.change(means=False)
    assert file.is_symlink()
    assert target.read_text() == COMMENTED + "means = false\n"
    assert [path.name for path in target.parent.iterdir()] == ["flattr.toml"]


@pytest.mark.parametrize("broken", ["undo_seconds = ", "undo_seconds = 99\n", "nonsense = 1\n"])
def test_a_file_with_a_mistake_is_left_alone(file: pathlib.Path, broken: str) -> None:
    file.write_text(broken)
    with pytest.raises(InvalidSettings):
        settings.change(means=False)
    assert file.read_text() == broken


@pytest.mark.parametrize("broken", ["undo_seconds = 99\n", "undo_seconds = 'soon' # ?\n"])
def test_a_mistake_is_mended(file: pathlib.Path, broken: str) -> None:
    file.write_text(f"{broken}means = false\n")
    assert settings.change(undo_seconds=7) == Settings(7.0, means=False)
    file.write_text(f"{broken}means = false\n")
    assert settings.change(undo_seconds=None) == Settings(means=False)
    assert file.read_text() == "means = false\n"


def test_several_mistakes_are_mended_one_by_one(file: pathlib.Path) -> None:
    file.write_text("undo_seconds = 99\nmeans = 1\nnonsense = 2\n")
    with pytest.raises(InvalidSettings, match=r"mended. means is true or false. There is no"):
        settings.change(undo_seconds=7)
    with pytest.raises(InvalidSettings, match=r"^means is true or false. There is no"):
        settings.change(own_usernames=("alice",))
    with pytest.raises(InvalidSettings, match=r"mended. means is true or false.$"):
        settings.change(nonsense=None)
    assert settings.change(means=None) == Settings(7.0)


def test_a_mistake_is_not_written(file: pathlib.Path) -> None:
    with pytest.raises(InvalidSettings):
        settings.change(undo_seconds=99)
    assert file.read_text() == COMMENTED


def test_a_folder_that_cannot_be_made(flattr_home: Home) -> None:
    flattr_home.path.parent.mkdir(parents=True, exist_ok=True)
    flattr_home.path.write_text("in the way")
    with pytest.raises(InvalidSettings, match="cannot be"):
        settings.change(means=False)


CHANGING = """
from flattr_host import settings
print("ready", flush=True)
while True:
    settings.change(own_usernames=("a" * 60,) * 200)
    settings.change(own_usernames=("b" * 60,) * 200)
"""


def test_the_file_is_whole_whenever_the_program_is_killed(file: pathlib.Path) -> None:
    for attempt in range(6):
        process = subprocess.Popen([sys.executable, "-c", CHANGING], stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.1 + attempt / 50)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert len(settings.load().own_usernames) in {1, 200}
        assert file.read_text().startswith("# Mine.")


def test_a_file_that_cannot_be_read(flattr_home: Home) -> None:
    (flattr_home.path / "config" / "settings.toml").mkdir(parents=True)
    with pytest.raises(InvalidSettings, match="directory"):
        settings.load()


def test_the_docs_know_every_setting() -> None:
    documented = re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert documented == [field.name for field in msgspec.structs.fields(Settings)]
