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
    done = run("flattr", "https://example.org/")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "No rule knows whose page this is.\n"


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
