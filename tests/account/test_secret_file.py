"""The private file: who may read it, and what is refused."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flattr_host.account import secret_file
from flattr_host.account.errors import TokenUnavailable
from flattr_host.api.secret import Secret
from tests.conftest import Home

NAME = "https://example.org/rest/v2"


@pytest.fixture
def file(flattr_home: Home) -> Path:
    secret_file.save(NAME, Secret("first"))
    return flattr_home.path / "data" / "private" / "token.json"


def loaded() -> str | None:
    secret = secret_file.load(NAME)
    return secret.reveal() if secret else None


def test_only_the_person_can_open_it(file: Path) -> None:
    old = os.umask(0)
    try:
        secret_file.save(NAME, Secret("second"))
    finally:
        os.umask(old)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert loaded() == "second"
    secret_file.save("other", Secret("third"))
    secret_file.remove(NAME)
    assert loaded() is None
    secret_file.remove("other")
    assert list(file.parent.iterdir()) == []


def test_without_a_file_there_is_none(flattr_home: Home) -> None:
    assert loaded() is None
    secret_file.remove(NAME)
    assert not flattr_home.path.exists()


def as_link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def as_folder_link(file: Path) -> None:
    file.parent.rename(file.parents[1] / "elsewhere")
    file.parent.symlink_to("elsewhere")


def as_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


TAMPERING: list[tuple[Callable[[Path], object], str]] = [
    (as_link, "is a link"),
    (as_folder_link, "is a link"),
    (as_pipe, "no regular file"),
    (lambda file: file.chmod(0o640), "can be opened by others"),
    (lambda file: file.chmod(0o604), "can be opened by others"),
    (lambda file: file.parent.chmod(0o750), "can be opened by others"),
    (lambda file: file.write_bytes(b'{"%s": "first' % NAME.encode()), "damaged"),
]


@pytest.mark.parametrize(("tamper", "words"), TAMPERING)
def test_what_is_not_private_is_refused(
    file: Path, tamper: Callable[[Path], object], words: str
) -> None:
    tamper(file)
    for use in (loaded, lambda: secret_file.save(NAME, Secret("new"))):
        with pytest.raises(TokenUnavailable, match=words) as caught:
            use()
        assert "first" not in repr(caught.value)
    secret_file.remove(NAME)
    assert not os.path.lexists(file)
    secret_file.save(NAME, Secret("new"))
    assert loaded() == "new"


def test_somebody_else_s_file_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = file.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(TokenUnavailable, match="somebody else"):
        loaded()


SAVING = """
from flattr_host.account import secret_file
from flattr_host.api.secret import Secret
print("ready", flush=True)
while True:
    for letter in "ab":
        secret_file.save("https://example.org/rest/v2", Secret(letter * 2000))
"""


def test_it_is_whole_whenever_the_program_is_killed(file: Path) -> None:
    secret_file.save(NAME, Secret("a" * 2000))
    for attempt in range(12):
        process = subprocess.Popen([sys.executable, "-c", SAVING], stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.005 + attempt / 400)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert loaded() in {"a" * 2000, "b" * 2000}
        assert file.stat().st_mode & 0o777 == 0o600
    secret_file.save(NAME, Secret("after"))
    assert [path.name for path in file.parent.iterdir()] == ["token.json"]


def test_processes_do_not_disturb_each_other(file: Path) -> None:
    saving = SAVING.replace("while True", "for _ in range(25)")
    processes = [
        subprocess.Popen([sys.executable, "-c", saving], stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert [process.wait(60) for process in processes] == [0] * 4
    assert loaded() == "b" * 2000
    assert [path.name for path in file.parent.iterdir()] == ["token.json"]
