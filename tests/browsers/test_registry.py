"""Registering on Windows, step by step: in memory, and in the real registry where there is one."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from flattr_host.browsers import apply as doing
from flattr_host.browsers import chain, diagnosis, receipt, register, registry, words
from flattr_host.browsers.chain import Broken, Whole
from flattr_host.browsers.plan import Action, describe
from flattr_host.browsers.receipt import Receipt
from flattr_host.browsers.register import Survey
from flattr_host.browsers.registry import Registry
from flattr_host.browsers.table import Row
from flattr_host.browsers.wanted import Host, Machine, Presence, wanted
from tests.browsers.fake_registry import FakeRegistry
from tests.browsers.test_plan import HOST

OURS = r"Software\flattr-host-tests"  # below HKCU: nothing of a person's own is touched
MOZILLA, CHROME, OTHER = (rf"{OURS}\{it}\NativeMessagingHosts" for it in ("Moz", "Chr", "Oth"))
NAME = "io.github.flattr_host"
FIREFOX_KEY, CHROME_KEY, OTHER_KEY = (rf"HKCU\{it}\{NAME}" for it in (MOZILLA, CHROME, OTHER))
ADVICE = "The log may say more; `flattr-host register` writes everything anew."
POLICIES = r"HKLM\Software\Policies\flattr-host-tests"

FIREFOX = Row("Firefox", "gecko", "windows", "run", ("~/f",), registry=(MOZILLA,))
ZEN = Row("Zen", "gecko", "windows", "run", ("~/z",), registry=(MOZILLA,))
CHROMIUM = Row("Chrome", "chromium", "windows", "run", ("~/c",), registry=(CHROME,))
YANDEX = Row("Yandex", "chromium", "windows", "run", ("~/y",), registry=(CHROME, OTHER))

MAKERS: dict[str, Callable[[], Registry]] = {"in memory": FakeRegistry}

if sys.platform == "win32":
    import winreg

    MAKERS["real"] = registry.WindowsRegistry

    def clear(path: str) -> None:
        """Removes a key and all below it."""
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as handle:
            below = [winreg.EnumKey(handle, i) for i in range(winreg.QueryInfoKey(handle)[0])]
        for name in below:
            clear(rf"{path}\{name}")
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, path)


class Computer:
    """One with Windows, its registry, and some browsers."""

    def __init__(self, folder: Path, place: Registry) -> None:
        self.place = place
        self.data = folder.as_posix()
        program = folder / "flattr-native-host.exe"
        program.write_bytes(b"MZ")
        program.chmod(0o755)
        self.host = Host(
            str(program), None, HOST.templates, HOST.extensions, manifests=f"{self.data}/manifests"
        )
        self.gecko, self.chromium = (
            f"{self.data}/manifests/{family}/{NAME}.json" for family in ("gecko", "chromium")
        )
        self.rows = [FIREFOX, ZEN, CHROMIUM, YANDEX]

    @property
    def known(self) -> Receipt:
        return receipt.load(self.data)

    def survey(self) -> Survey:
        machine = Machine("windows", "C:/Users/Jö", "")
        browsers = [Presence(row, "it is here") for row in self.rows]
        return Survey(machine, self.host, browsers, {}, *wanted(browsers, machine, self.host))

    def plan(self) -> list[Action]:
        return register.planned(self.survey(), self.known)

    def register(self) -> list[str]:
        """As `flattr-host register` does it; what it says."""
        actions = self.plan()
        known = doing.intend(self.known, actions)
        doing.save(self.data, known)
        outcomes = doing.apply(actions, self.place)
        doing.save(self.data, doing.settle(known, outcomes))
        return [self.shown(words.outcome(it.action, it.failure)) for it in outcomes]

    def unregister(self) -> list[str]:
        """The same for `flattr-host unregister`."""
        outcomes, rest = doing.remove(self.known, self.place)
        doing.save(self.data, rest)
        return [self.shown(words.removal(it.action, it.failure)) for it in outcomes]

    def shown(self, text: str) -> str:
        """With short names for what differs from one test to the next."""
        return text.replace(self.data, "D").replace(backslashed(self.data), "D")

    def link(self, row: Row) -> Broken | Whole:
        """The first link that is broken for a browser."""
        return chain.first_broken(diagnosis.see(row, self.survey(), self.known), self.host)


def backslashed(path: str) -> str:
    return path.replace("/", "\\")


def computer_with(
    place: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch, *rows: Row
) -> Computer:
    monkeypatch.setattr(registry, "system_registry", lambda: place)
    computer = Computer(folder, place)
    computer.rows = list(rows) or computer.rows
    return computer


@pytest.fixture(params=MAKERS)
def computer(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Computer]:
    yield computer_with(MAKERS[request.param](), tmp_path, monkeypatch)
    if sys.platform == "win32" and request.param == "real":
        clear(OURS)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Computer, FakeRegistry]:
    """With the registry of which a test says what fails in it, or what an administrator set."""
    place = FakeRegistry({POLICIES: {"NativeMessagingBlocklist": ["*"]}})
    return computer_with(place, tmp_path, monkeypatch), place


class TestInAnyRegistry:
    def test_browsers_share_keys_and_manifests(self, computer: Computer) -> None:
        computer.register()
        for key, path, allowed in (
            (FIREFOX_KEY, computer.gecko, "allowed_extensions"),
            (CHROME_KEY, computer.chromium, "allowed_origins"),
            (OTHER_KEY, computer.chromium, "allowed_origins"),
        ):
            assert computer.place.get(key) == backslashed(path)
            manifest = json.loads(Path(path).read_text("utf-8"))
            assert allowed in manifest
            assert manifest["path"] == computer.host.launcher

    def test_it_says_what_it_does(self, computer: Computer) -> None:
        computer.rows = [FIREFOX, ZEN]
        planned = computer.shown(describe(computer.plan()))
        said = "\n".join(computer.register())
        removed = "\n".join(computer.unregister())
        assert planned == (
            "make folder 0700 D/manifests: for Firefox, Zen\n"
            "make folder 0700 D/manifests/gecko: for Firefox, Zen\n"
            f"write 0644 D/manifests/gecko/{NAME}.json: for Firefox, Zen (it is here; it is here)\n"
            rf"set registry value {FIREFOX_KEY} to D\manifests\gecko\{NAME}.json: "
            "for Firefox, Zen (it is here; it is here)"
        )
        assert said == (
            "Made folder D/manifests: for Firefox, Zen.\n"
            "Made folder D/manifests/gecko: for Firefox, Zen.\n"
            f"Wrote D/manifests/gecko/{NAME}.json: for Firefox, Zen (it is here; it is here).\n"
            f"Set registry value {FIREFOX_KEY}: for Firefox, Zen (it is here; it is here)."
        )
        assert removed == (f"Removed {FIREFOX_KEY}.\nRemoved D/manifests/gecko/{NAME}.json.")

    def test_a_second_time_all_is_kept(self, computer: Computer) -> None:
        computer.register()
        before = computer.known
        assert {action.verb for action in computer.plan()} == {"keep"}
        said = computer.register()
        assert f"Kept {FIREFOX_KEY}: right already." in said
        assert computer.known == before

    def test_nothing_of_ours_stays(self, computer: Computer) -> None:
        computer.register()
        computer.unregister()
        for key in (FIREFOX_KEY, CHROME_KEY, OTHER_KEY):
            assert computer.place.get(key) is None
        assert not Path(computer.gecko).exists()
        assert not Path(computer.chromium).exists()
        assert not computer.known.registry
        assert computer.unregister() == []

    def test_what_was_there_before_comes_back(self, computer: Computer) -> None:
        computer.place.set(FIREFOX_KEY, r"C:\theirs.json")
        said = computer.register()
        assert (
            f"Set registry value {FIREFOX_KEY}: for Firefox, Zen (it is here; it is here); "
            r"replaces C:\theirs.json, which comes back when this is uninstalled."
        ) in said
        computer.register()  # which finds ours there, and does not take that for theirs
        said = computer.unregister()
        assert rf"Restored {FIREFOX_KEY}: it is C:\theirs.json again." in said
        assert computer.place.get(FIREFOX_KEY) == r"C:\theirs.json"
        assert computer.place.get(CHROME_KEY) is None

    def test_that_of_another_spelling_is_the_same_key(self, computer: Computer) -> None:
        computer.place.set(FIREFOX_KEY.replace("flattr", "FLATTR"), r"C:\theirs.json")
        computer.register()
        assert computer.known.registry[FIREFOX_KEY].previous == r"C:\theirs.json"

    def test_an_older_value_of_ours_is_not_what_comes_back(self, computer: Computer) -> None:
        computer.place.set(FIREFOX_KEY, r"C:\theirs.json")
        computer.register()
        moved = f"{computer.data}/moved"
        computer.host = msgspec.structs.replace(computer.host, manifests=moved)
        said = computer.register()
        assert any(it.endswith("replaces an earlier one of ours.") for it in said)
        assert computer.place.get(FIREFOX_KEY) == backslashed(f"{moved}/gecko/{NAME}.json")
        computer.unregister()
        assert computer.place.get(FIREFOX_KEY) == r"C:\theirs.json"
        assert not Path(computer.gecko).exists()

    def test_what_others_set_meanwhile_comes_back(self, computer: Computer) -> None:
        computer.register()
        computer.place.set(FIREFOX_KEY, r"C:\theirs.json")
        said = "\n".join(computer.register())
        assert r"replaces C:\theirs.json, which comes back" in said
        computer.unregister()
        assert computer.place.get(FIREFOX_KEY) == r"C:\theirs.json"

    def test_what_others_removed_meanwhile_is_set_again(self, computer: Computer) -> None:
        computer.place.set(FIREFOX_KEY, r"C:\theirs.json")
        computer.register()
        computer.place.delete(FIREFOX_KEY)
        computer.register()
        assert computer.place.get(FIREFOX_KEY) == backslashed(computer.gecko)
        computer.unregister()
        assert computer.place.get(FIREFOX_KEY) == r"C:\theirs.json"

    def test_what_others_changed_stays(self, computer: Computer) -> None:
        computer.register()
        computer.place.set(FIREFOX_KEY, r"C:\theirs.json")
        computer.place.delete(OTHER_KEY)
        said = computer.unregister()
        assert f"Left {FIREFOX_KEY}: it was changed by somebody else, so it stays." in said
        assert not [it for it in said if OTHER_KEY in it]
        assert computer.place.get(FIREFOX_KEY) == r"C:\theirs.json"
        assert computer.place.get(CHROME_KEY) is None
        assert not computer.known.registry

    def test_a_lost_receipt_comes_back(self, computer: Computer) -> None:
        computer.register()
        Path(receipt.place(computer.data)).unlink()
        computer.register()
        computer.unregister()
        assert computer.place.get(FIREFOX_KEY) is None
        assert not Path(computer.gecko).exists()

    def test_a_receipt_without_the_deed_is_no_lie(self, computer: Computer) -> None:
        """The power fails between the receipt and the deed, once and again."""
        computer.place.set(FIREFOX_KEY, r"C:\theirs.json")
        for _ in range(2):
            doing.save(computer.data, doing.intend(computer.known, computer.plan()))
        assert computer.unregister() == []
        assert computer.place.get(FIREFOX_KEY) == r"C:\theirs.json"

    def test_removing_what_is_not_there_is_nothing(self, computer: Computer) -> None:
        computer.place.set(OTHER_KEY, "x")
        computer.place.delete(FIREFOX_KEY)
        computer.place.delete(FIREFOX_KEY)
        assert computer.place.get(FIREFOX_KEY) is None
        assert computer.place.values(FIREFOX_KEY) == {}

    def test_a_browser_finds_it(self, computer: Computer) -> None:
        nothing = computer.link(FIREFOX)
        assert isinstance(nothing, Broken)
        assert (nothing.message, nothing.can_fix) == (
            "It does not know flattr-host: the registry names no manifest.",
            True,
        )
        computer.register()
        computer.place.set(
            FIREFOX_KEY, computer.gecko
        )  # found on any platform, without backslashes
        assert computer.link(FIREFOX) == Whole(computer.gecko, ADVICE, True)

    def test_it_names_what_is_gone(self, computer: Computer) -> None:
        computer.place.set(FIREFOX_KEY, f"{computer.data}/gone.json")
        gone = computer.link(FIREFOX)
        assert isinstance(gone, Broken)
        assert "gone.json, which is not there" in gone.message
        assert gone.can_fix


def test_one_key_that_fails_does_not_stop_the_others(fake: tuple[Computer, FakeRegistry]) -> None:
    computer, place = fake
    actions = computer.plan()
    place.fails_at([CHROME_KEY])
    outcomes = doing.apply(actions, place)
    failed = [(it.action.path, it.failure) for it in outcomes if it.failure]
    assert failed == [(CHROME_KEY, "could not be written: Access is denied")]
    assert place.get(FIREFOX_KEY) == backslashed(computer.gecko)
    assert place.get(OTHER_KEY) == backslashed(computer.chromium)


def test_what_cannot_be_restored_is_tried_again(fake: tuple[Computer, FakeRegistry]) -> None:
    computer, place = fake
    place.set(CHROME_KEY, r"C:\theirs.json")
    computer.register()
    place.fails_at([CHROME_KEY])
    said = computer.unregister()
    assert f"Problem: {CHROME_KEY} could not be restored: Access is denied." in said
    assert list(computer.known.registry) == [CHROME_KEY]
    place.fails_at([])
    assert computer.unregister() == [rf"Restored {CHROME_KEY}: it is C:\theirs.json again."]
    assert place.get(CHROME_KEY) == r"C:\theirs.json"
    assert not computer.known.registry


def test_the_first_value_counts_whatever_it_names(fake: tuple[Computer, FakeRegistry]) -> None:
    """One's own, that is gone, hides the one of all users, in both families."""
    computer, place = fake
    computer.register()
    for row, key, path in (
        (FIREFOX, FIREFOX_KEY, computer.gecko),
        (CHROMIUM, CHROME_KEY, computer.chromium),
    ):
        place.set(key.replace("HKCU", "HKLM"), path)
        place.delete(key)
        assert isinstance(computer.link(row), Whole)
        place.set(key, "/gone.json")
        assert isinstance(computer.link(row), Broken)


def test_what_an_administrator_set(fake: tuple[Computer, FakeRegistry]) -> None:
    computer, place = fake
    computer.register()
    place.set(CHROME_KEY, computer.chromium)
    row = Row(
        "Chrome", "chromium", "windows", "run", ("~/c",), registry=(CHROME,), policies=(POLICIES,)
    )
    link = computer.link(row)
    assert isinstance(link, Broken)
    assert link.message == f"{POLICIES} forbids this host (NativeMessagingBlocklist)."
    place.fails_at([POLICIES])  # which one may be kept from reading
    assert isinstance(computer.link(row), Whole)


def test_a_program_may_lie_beside_its_manifest(fake: tuple[Computer, FakeRegistry]) -> None:
    computer, place = fake
    computer.register()
    place.set(FIREFOX_KEY, computer.gecko)
    manifest = Path(computer.gecko)
    manifest.write_text(
        manifest.read_text("utf-8").replace(json.dumps(computer.host.launcher), '"there.exe"')
    )
    link = computer.link(FIREFOX)
    assert isinstance(link, Broken)
    assert "there.exe, which is not there any more" in link.message
