"""The command line, run as a person runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Home

COMMAND = [os.path.join(os.path.dirname(sys.executable), "flattr-host")]
REPOSITORY = "https://github.com/smgt/flattr"
OTHERS = "https://flattr.com/submit/auto?user_id=alice&url=https://blog.example/post&title=A%20post"


def run(*args: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *args], input=given, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(autouse=True)
def quick(flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0")


def test_flattr_and_history() -> None:
    done = run("flattr", REPOSITORY)
    assert (done.returncode, done.stderr) == (0, "")
    assert "GitHub repository of smgt" in done.stdout
    assert "1 flattr in all" in done.stdout
    again = run("flattr", REPOSITORY)
    assert again.returncode == 1
    assert again.stderr.startswith("You have already flattred this, this month.")
    run("flattr", OTHERS)
    history = run("flattrs").stdout.splitlines()
    assert [re.sub(r"^\S+ \S+ +", "", line) for line in history] == [
        "A post  (alice)  https://blog.example/post",
        f"smgt/flattr  (github:smgt)  {REPOSITORY}",
    ]
    assert run("flattrs", "--count", "1", "--page", "2").stdout.count("\n") == 1


def test_json() -> None:
    messages = [
        json.loads(line) for line in run("flattr", "--json", REPOSITORY).stdout.splitlines()
    ]
    assert [message["type"] for message in messages] == ["status", "status", "done"]
    refused = run("flattr", "--json", REPOSITORY)
    assert json.loads(refused.stdout.splitlines()[-1])["code"] == "flattr_once"
    assert (refused.returncode, refused.stderr) == (1, "")
    (flattr,) = [json.loads(line) for line in run("flattrs", "--json").stdout.splitlines()]
    assert (flattr["type"], flattr["thing"]["url"]) == ("flattr", REPOSITORY)


def test_nothing_flattrable_has_its_own_exit_code() -> None:
    done = run("flattr", "--no-read", "https://example.org/")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "No rule knows whose page this is.\n"


def test_a_page_is_read_unless_that_is_turned_off(flattr_home: Home) -> None:
    private = "http://127.0.0.1:9/"  # which is refused before anything is sent
    done = run("flattr", private)
    assert (done.returncode, done.stdout.startswith("Reading the page")) == (3, True)
    assert "could not be read" in done.stderr
    assert run("flattr", "--no-read", private).stdout == ""
    flattr_home.set(undo_seconds="0", read_links="false")
    assert run("flattr", private).stdout == ""


def test_what_a_page_is_a_part_of_takes_a_yes_in_person() -> None:
    issue = f"{REPOSITORY}/issues/7"
    for refused in (run("flattr", "--yes", issue), run("flattr", issue, given="n\n")):
        assert refused.returncode == 3
        assert "part of" in refused.stderr
    (message,) = map(json.loads, run("flattr", "--json", "--yes", issue).stdout.splitlines())
    assert [offer["discovery"]["target"] for offer in message["offers"]] == [REPOSITORY]
    assert run("flattrs").stdout == "Nothing yet.\n"
    done = run("flattr", issue, given="y\n")
    assert (done.returncode, f"Flattr {REPOSITORY}?" in done.stdout) == (0, True)


def test_several_things_are_chosen_from_in_person() -> None:
    """Only the page of a link names several, which is what its tests have; here is the choice."""
    offers = "".join(
        f"choices.append(Offer({name!r}, line(discover({OTHERS.replace('alice', name)!r}))));"
        for name in ("alice", "bob")
    )
    program = (
        "from flattr_host.cli.flattring import _choice;"
        "from flattr_host.discovery.discovering import discover;"
        "from flattr_host.discovery.explain import line;"
        "from flattr_host.native.messages import DiscoveryError, Offer;"
        f"choices = []; {offers}"
        "found = choices[0].discovery;"
        "error = DiscoveryError('1', 'confirmation_required', 'Several.', discovery=found,"
        " offers=choices);"
        "print(_choice(error, yes=False), _choice(error, yes=True))"
    )
    for given, chosen in (("2\n", "bob None"), ("7\n1\n", "alice None"), ("\n", "None None")):
        done = subprocess.run(
            [sys.executable, "-c", program], input=given, capture_output=True, text=True
        )
        assert done.stdout.splitlines()[-1].endswith(chosen), done


@pytest.mark.parametrize("command", [("flattrs",), ("flattr", REPOSITORY), ("whoami",)])
def test_where_the_settings_are_that_have_a_mistake(
    flattr_home: Home, command: tuple[str, ...]
) -> None:
    flattr_home.set(means="1")
    done = run(*command)
    path = flattr_home.path / "config" / "settings.toml"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f" means is true or false. They lie in {path}.\n")


def test_nothing_speaks_of_flattring_where_nothing_was_to_be_flattred(flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0", api_url='"https://server.example/rest/v2"')
    told = {name: run(*name.split()) for name in ("flattrs", "whoami", f"flattr {REPOSITORY}")}
    assert {done.returncode for done in told.values()} == {1}
    said = {name: done.stderr for name, done in told.items()}
    assert all(words.startswith("No account is connected") for words in said.values())
    is_told = ["nothing was flattred" in words for words in said.values()]
    assert is_told == [False, False, True]


def test_an_empty_history() -> None:
    assert run("flattrs").stdout == "Nothing yet.\n"
    assert run("flattrs", "--json").stdout == ""


def test_ctrl_c_in_the_grace_period_undoes(flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="30")
    process = subprocess.Popen(
        [*COMMAND, "flattr", REPOSITORY],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout
    while "unless you undo" not in process.stdout.readline():
        pass
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (4, "Undone. Nothing was flattred.\n")
    assert run("flattrs").stdout == "Nothing yet.\n"


def test_discover_in_words() -> None:
    done = run("discover", REPOSITORY + "/", "https://example.org/")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"yes {REPOSITORY}/",
        "    This is the GitHub repository of smgt.",
        f"    {REPOSITORY}",
        "no  https://example.org/",
        "    No rule knows whose page this is.",
    ]


FIELDS = [
    "url", "flattrable", "reason", "explanation", "target", "user_id", "title", "description",
    "language", "tags", "hidden", "category", "thing_id", "site", "kind", "owner", "part_of",
    "caution",
]  # fmt: skip


def test_discover_json_has_every_field(tmp_path: Path) -> None:
    answer = json.loads(run("discover", "--json", OTHERS).stdout)
    assert set(FIELDS) <= set(answer)
    html = tmp_path / "page.html"
    html.write_text(f'<link rel=payment href="{OTHERS.replace("&", "&amp;")}"><title>T</title>')
    page = json.loads(run("discover", "--json", "--html", str(html), "https://b.example/").stdout)
    assert (page["reason"], page["user_id"], page["url"]) == (
        "payment",
        "alice",
        "https://b.example/",
    )
    assert "blog.example" in page["caution"]
    assert [set(candidate) for candidate in page["candidates"]] == [set(answer)]
    words = run("discover", "--html", str(html), "https://b.example/").stdout
    assert "This page, on b.example, names something on blog.example" in words


def test_discover_answers_each_line_of_stdin_with_a_line(flattr_home: Home) -> None:
    urls = [REPOSITORY, "", "https://example.org/ü", "\x00", "javascript:1", " x ", OTHERS]
    raw = b"\n".join(url.encode() for url in urls) + b"\n\xff\xfe\n"
    done = subprocess.run([*COMMAND, "discover", "--json", "-"], input=raw, capture_output=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["flattrable"] for answer in answers] == [True, *[False] * 5, True, False]
    assert not flattr_home.ledger.exists()


def test_a_reader_that_goes_away_is_no_error() -> None:
    urls = "\n".join([REPOSITORY] * 20_000)
    shell = f"{COMMAND[0]} discover --json - | head -1"
    done = subprocess.run(["/bin/sh", "-c", shell], input=urls, capture_output=True, text=True)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_a_link_whose_owner_its_target_does_not_confirm_is_asked_about() -> None:
    link = f"https://flattr.com/submit/auto?user_id=mallory&url={REPOSITORY}"
    no = run("flattr", link, given="n\n")
    assert (no.returncode, "names mallory as the owner" in no.stdout) == (1, True)
    assert run("flattr", "--json", link).returncode == 1
    assert run("flattrs").stdout == "Nothing yet.\n"
    assert run("flattr", link, given="y\n").returncode == 0
    other = link.replace("smgt/flattr", "smgt/other")
    assert run("flattr", "--yes", "--json", other).returncode == 0


def test_a_reader_that_goes_away_does_not_stop_a_flattr(flattr_home: Home) -> None:
    flattr_home.set(undo_seconds="0.3")
    shell = f"{COMMAND[0]} flattr {REPOSITORY} | true"
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True)
    assert done.stderr == ""
    assert REPOSITORY in run("flattrs").stdout
    full = subprocess.run(
        ["/bin/sh", "-c", f"{COMMAND[0]} flattrs > /dev/full"], capture_output=True, text=True
    )
    assert (full.returncode, "Traceback" in full.stderr) == (1, False)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_any_terminal_and_any_bytes_will_do(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    strange = b"https://flattr.com/submit/auto?user_id=a&url=https://a.example/%e4\xff"
    for command in (["discover", "--json"], ["flattr"], ["flattr", "--json"]):
        done = subprocess.run([*COMMAND, *command, strange], capture_output=True)
        assert (b"Traceback" in done.stderr, b"internal_error" in done.stdout) == (False, False)
    done = subprocess.run(
        [*COMMAND, "discover", "--json", "https://a.example/\u00e9"], capture_output=True
    )
    assert json.loads(done.stdout)["url"] == "https://a.example/\u00e9"
    assert run("flattr", "https://github.com/smgt/x").returncode == 0


def test_a_wrong_command_line() -> None:
    assert run("discover", "-", REPOSITORY).returncode == 2
    assert run("discover", "--html", os.devnull, "-").returncode == 2
    assert run("flattrs", "--page", str(2**63)).returncode == 2
    assert str(2**31) not in run("flattrs", "--help").stdout
    assert run("discover", "--html", os.devnull, "a", "b").returncode == 2
    assert run("flattrs", "--count", "0").returncode == 2


def test_completion_comes_with_the_library() -> None:
    asked = {
        "_FLATTR_HOST_COMPLETE": "bash_complete",
        "COMP_WORDS": "flattr-host fl",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        COMMAND,
        capture_output=True,
        text=True,
        env=os.environ | asked,
    )
    assert done.stdout.splitlines() == ["plain,flattr", "plain,flattrs"]
