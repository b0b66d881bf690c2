"""Each link that can be broken, in turn: one sentence for what is wrong, one for what to do."""

import json
from typing import Any, Literal, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flattr_host.browsers.chain import Broken, Policy, Program, Seen, Whole, first_broken
from flattr_host.browsers.plan import Found
from flattr_host.browsers.table import Confinement, Family, Row
from flattr_host.browsers.wanted import manifest
from tests.browsers.test_plan import HOST

FAMILIES: tuple[Family, ...] = ("gecko", "chromium")
OWN, FOR_ALL = f"/home/jo/m/{HOST.name}.json", f"/usr/lib/m/{HOST.name}.json"
REGISTER = "Run `flattr-host register`."
ASK = "Ask whoever administers this computer."
LAUNCHER = HOST.launcher
OURS = Program("file", True, script=HOST.script, interpreter="/home/jo/env/bin/python")
OURS_LET_IN: dict[Family, str] = {
    "gecko": HOST.extensions["gecko"],
    "chromium": f"chrome-extension://{HOST.extensions['chromium']}/",
}


def row(family: Family) -> Row:
    return Row("It", family, "linux", "run", ("~/x",), user_dirs=("~/m",))


def right(family: Family, **changed: Any) -> Found:
    """The manifest as we write it, with some fields *changed*; those that are None left out."""
    fields = json.loads(manifest(HOST, family)) | changed
    text = json.dumps({name: value for name, value in fields.items() if value is not None})
    return Found("file", text.encode(), 0o644)


def seen(family: Family, own: Found | None = None, for_all: Found | None = None) -> Seen:
    places = ((OWN, right(family) if own is None else own), (FOR_ALL, for_all or Found()))
    return Seen(row(family), places, 1, {LAUNCHER: OURS})


def with_program(family: Family, name: str = LAUNCHER, **about: Any) -> Seen:
    program = msgspec.structs.replace(OURS, **about) if about else Program()
    it = seen(family, right(family, path=name))
    return msgspec.structs.replace(it, programs={LAUNCHER: OURS, name: program})


def with_policies(family: Family, *policies: dict[str, Any], **changed: Any) -> Seen:
    found = tuple(Policy(f"/etc/p/{n}.json", values) for n, values in enumerate(policies, 1))
    return msgspec.structs.replace(seen(family, **changed), policies=found)


def allowed(family: Family) -> str:
    return "allowed_extensions" if family == "gecko" else "allowed_origins"


def lets_in(family: Family, value: object) -> Found:
    return right(family, **{allowed(family): value})


def whole(family: Family, it: Seen) -> str:
    """The manifest that is used; what is broken is no such."""
    link = first_broken(it, HOST)
    assert isinstance(link, Whole), (family, link)
    return link.manifest


def broken(it: Seen) -> tuple[str, str, bool]:
    link = first_broken(it, HOST)
    assert isinstance(link, Broken), link
    return link.message, link.next, link.can_fix


ABSENT = "It does not know flattr-host: there is no manifest in /home/jo/m."
NOT_JSON = f"{OWN} is not JSON, or begins with a byte order mark."

#: What is at the place of one's own manifest, what is said of it; all of it mended by registering.
MANIFESTS = {
    "absent": (lambda _: Found(), ABSENT),
    "unreadable": (lambda _: Found("file"), f"{OWN} cannot be read."),
    "empty": (lambda _: Found("file", b""), NOT_JSON),
    "cut off": (lambda f: Found("file", manifest(HOST, f)[:40]), NOT_JSON),
    "with a byte order mark": (
        lambda f: Found("file", b"\xef\xbb\xbf" + manifest(HOST, f)),
        NOT_JSON,
    ),
    "no object": (lambda _: Found("file", b"[]"), NOT_JSON),
    "another's name": (
        lambda f: right(f, name="org.x"),
        f"{OWN} names the host 'org.x' and not '{HOST.name}'.",
    ),
    "no name": (
        lambda f: right(f, name=None),
        f"{OWN} names the host None and not '{HOST.name}'.",
    ),
    "no description": (lambda f: right(f, description=None), f"{OWN} has no description."),
    "no path": (lambda f: right(f, path=None), f"{OWN} has no path."),
    "an empty path": (lambda f: right(f, path=""), f"{OWN} has no path."),
    "a path that is a number": (lambda f: right(f, path=3), f"{OWN} has no path."),
    "no type": (lambda f: right(f, type=None), f"{OWN} is not of type “stdio”."),
    "a relative path": (
        lambda f: right(f, path="bin/x"),
        f"{OWN} names 'bin/x', which is no absolute path.",
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("make", "said"), MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_that_is_wrong(family: Family, make: Any, said: str) -> None:
    assert broken(seen(family, make(family))) == (said, REGISTER, True)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("value", [None, [], ["other@x"], 3, {}, "ours", [None, 3]])
def test_a_manifest_that_does_not_let_us_in(family: Family, value: object) -> None:
    value = f"not {OURS_LET_IN[family]}" if value == "ours" else value  # a text that holds it
    said = (
        f"{OWN} does not let this extension in (its {allowed(family)} lack {OURS_LET_IN[family]})."
    )
    assert broken(seen(family, lets_in(family, value))) == (said, REGISTER, True)


def test_only_firefox_minds_both_lists() -> None:
    other = {"allowed_origins": ["chrome-extension://x/"], "allowed_extensions": ["x"]}
    gecko = right("gecko", **other | {"allowed_extensions": [OURS_LET_IN["gecko"]]})
    chromium = right("chromium", **other | {"allowed_origins": [OURS_LET_IN["chromium"]]})
    said = f"{OWN} has both allow lists, which Firefox refuses."
    assert broken(seen("gecko", gecko)) == (said, REGISTER, True)
    assert whole("chromium", seen("chromium", chromium)) == OWN


#: What is wrong with our launcher: what differs, what is said, what to do, whether that is done.
LAUNCHERS: dict[str, tuple[dict[str, Any], str, str, bool]] = {
    "gone": ({}, f"{OWN} leads to {LAUNCHER}, which is not there any more.", REGISTER, True),
    "no file": (
        {"kind": "other"},
        f"{LAUNCHER} is not a file.",
        f"Move it away, then: {REGISTER}",
        False,
    ),
    "on noexec": (
        {"is_on_noexec": True},
        f"{LAUNCHER} lies on a file system that is mounted “noexec”, so nothing in it may start.",
        "Mount it without, or set FLATTR_HOST_HOME to a folder elsewhere and register again.",
        False,
    ),
    "not executable": (
        {"is_executable": False},
        f"{LAUNCHER} may not be executed.",
        REGISTER,
        True,
    ),
    "its Python is gone": (
        {"interpreter": "/old/python", "has_interpreter": False},
        f"{LAUNCHER} starts /old/python, and that Python is gone or was moved.",
        REGISTER,
        True,
    ),
    "another's": (
        {"script": b"#!/bin/sh\n"},
        f"{LAUNCHER} starts another flattr-host than this one: it was written by an older "
        "version, or for another Python.",
        REGISTER,
        True,
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("about", "said", "then", "can_fix"), LAUNCHERS.values(), ids=LAUNCHERS)
def test_a_launcher_that_is_wrong(
    family: Family, about: dict[str, Any], said: str, then: str, can_fix: bool
) -> None:
    assert broken(with_program(family, **about)) == (said, then, can_fix)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "about",
    [it[0] for name, it in LAUNCHERS.items() if name != "another's"],
    ids=[name for name in LAUNCHERS if name != "another's"],
)
def test_any_other_program_that_is_wrong_makes_way_for_ours(
    family: Family, about: dict[str, Any]
) -> None:
    message, then, can_fix = broken(with_program(family, "/old/run", **about))
    assert "/old/run" in message
    assert (then, can_fix) == (REGISTER, True)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_program_of_another_installation_is_as_good(family: Family) -> None:
    it = with_program(family, "/other/run", script=b"\x7fELF", interpreter=None)
    assert first_broken(it, HOST) == Whole(OWN, REGISTER, True)


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_is_broken(family: Family) -> None:
    advice = "The log may say more; `flattr-host register` writes everything anew."
    assert first_broken(seen(family), HOST) == Whole(OWN, advice, True)
    assert whole(family, seen(family, Found(), right(family))) == FOR_ALL
    assert whole(family, seen(family, right(family), Found("file", b"bad"))) == OWN


# ---- What registering cannot do, and so is not said to do ----

NOT_OURS = {
    "a link": (
        {"kind": "link"},
        "is a symbolic link, so something else manages it; remove the link and register again.",
    ),
    "a folder": ({"kind": "folder"}, "is not a file; move it away and register again."),
    "root's": (
        {"owner": "root"},
        "belongs to root; have root remove it, and register again.",
    ),
    "in root's folder": (
        {"folder": "/home/jo/m", "folder_owner": "root"},
        "would go into /home/jo/m, which belongs to root; register as root, without sudo.",
    ),
    "in a closed folder": (
        {"folder": "/home/jo/m", "writable": False},
        "cannot be written, since /home/jo/m is read-only for you.",
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("about", "why"), NOT_OURS.values(), ids=NOT_OURS)
def test_a_manifest_that_is_not_ours_to_write(
    family: Family, about: dict[str, Any], why: str
) -> None:
    wrong, stale = right(family, type="pipe"), right(family, path="/old/run")
    for found in (wrong, stale):
        _, then, can_fix = broken(seen(family, msgspec.structs.replace(found, **about)))
        assert (then, can_fix) == (f"{OWN} {why}", False)
    other = msgspec.structs.replace(right(family, path="/other/run"), **about)
    works = msgspec.structs.replace(seen(family, other), programs={"/other/run": OURS})
    assert first_broken(works, HOST) == Whole(OWN, f"{OWN} {why}", False)


def test_no_place_to_write_to() -> None:
    closed = Found(folder="/home/jo", folder_owner="root")
    _, then, can_fix = broken(seen("gecko", closed))
    assert then.startswith(f"{OWN} would go into /home/jo, which belongs to root")
    assert not can_fix


@pytest.mark.parametrize("family", FAMILIES)
def test_a_browser_with_no_place_for_one_person(family: Family) -> None:
    for found in (Found(), Found("file", b"{}", owner="root")):
        it = Seen(row(family), ((FOR_ALL, found),), 0)
        assert broken(it)[1:] == ("Run `sudo flattr-host register --system`.", False)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_browser_of_which_no_place_is_known(family: Family) -> None:
    message, then, can_fix = broken(Seen(row(family)))
    assert message == "Where it looks for programs like this is not known."
    assert "--manifest-dir" in then
    assert not can_fix


# ---- Several manifests ----


def test_a_wrong_manifest_hides_a_right_one_from_chromium_and_not_from_firefox() -> None:
    wrong = Found("file", b"{")
    said = f"{NOT_JSON} It hides {FOR_ALL}, which is right."
    it = seen("chromium", wrong, right("chromium"))
    assert broken(it) == (said, REGISTER, True)
    assert whole("gecko", seen("gecko", wrong, right("gecko"))) == FOR_ALL


@pytest.mark.parametrize("family", FAMILIES)
def test_one_of_ones_own_goes_before_a_wrong_one_for_all(family: Family) -> None:
    it = seen(family, Found(), Found("file", b"{", owner="root"))
    said = f"{FOR_ALL} is not JSON, or begins with a byte order mark."
    assert broken(it) == (said, REGISTER, True)


@pytest.mark.parametrize("family", FAMILIES)
def test_where_all_are_wrong_the_first_is_named(family: Family) -> None:
    message, _, _ = broken(seen(family, Found("file", b"{"), Found("file", b"{")))
    assert message == NOT_JSON


# ---- What an administrator forbids ----

FORBIDDEN: dict[str, tuple[Family | None, dict[str, Any], str]] = {
    "this host": (
        None,
        {"NativeMessagingBlocklist": [HOST.name]},
        "forbids this host (NativeMessagingBlocklist)",
    ),
    "every host": (
        None,
        {"NativeMessagingBlocklist": ["*"], "NativeMessagingAllowlist": ["org.other"]},
        "forbids this host (NativeMessagingBlocklist)",
    ),
    "hosts of one person": (
        None,
        {"NativeMessagingUserLevelHosts": False},
        "forbids manifests of one person (NativeMessagingUserLevelHosts)",
    ),
    "hosts of one person, as a number": (
        None,
        {"NativeMessagingUserLevelHosts": 0},
        "forbids manifests of one person (NativeMessagingUserLevelHosts)",
    ),
    "every extension": (
        "chromium",
        {"ExtensionInstallBlocklist": ["*"]},
        "forbids this extension (ExtensionInstallBlocklist)",
    ),
    "this extension": (
        "chromium",
        {"ExtensionInstallBlocklist": [HOST.extensions["chromium"]]},
        "forbids this extension (ExtensionInstallBlocklist)",
    ),
    "every extension, by its settings": (
        None,
        {"ExtensionSettings": {"*": {"installation_mode": "blocked"}}},
        "forbids this extension (ExtensionSettings)",
    ),
    "this extension, by its settings": (
        "gecko",
        {"ExtensionSettings": {HOST.extensions["gecko"]: {"installation_mode": "blocked"}}},
        "forbids this extension (ExtensionSettings)",
    ),
    "by settings that are a text": (
        "chromium",
        {"ExtensionSettings": '{"*": {"installation_mode": "blocked"}}'},
        "forbids this extension (ExtensionSettings)",
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("only", "values", "said"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_is_forbidden(
    family: Family, only: Family | None, values: dict[str, Any], said: str
) -> None:
    if only in (None, family):
        it = with_policies(family, {}, values)
        assert broken(it) == (f"/etc/p/2.json {said}.", ASK, False)


ALLOWED: dict[str, dict[str, Any]] = {
    "nothing is said": {},
    "another host": {"NativeMessagingBlocklist": ["org.other"]},
    "all but ours": {
        "NativeMessagingBlocklist": ["*"],
        "NativeMessagingAllowlist": [HOST.name],
    },
    "hosts of one person": {"NativeMessagingUserLevelHosts": True},
    "other extensions": {"ExtensionInstallBlocklist": ["b" * 32]},
    "this extension alone": {
        "ExtensionInstallBlocklist": ["*"],
        "ExtensionInstallAllowlist": list(HOST.extensions.values()),
    },
    "this extension alone, by its settings": {
        "ExtensionSettings": {
            "*": {"installation_mode": "blocked"},
            HOST.extensions["gecko"]: {"installation_mode": "allowed"},
            HOST.extensions["chromium"]: {"installation_mode": "allowed"},
        },
    },
    "what is no list": {"NativeMessagingBlocklist": "*", "ExtensionSettings": ["*"]},
    "settings that are no JSON": {"ExtensionSettings": "blocked"},
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("values", ALLOWED.values(), ids=ALLOWED)
def test_what_is_allowed(family: Family, values: dict[str, Any]) -> None:
    assert whole(family, with_policies(family, values)) == OWN


def test_chromium_reads_all_files_as_one() -> None:
    nothing, ours = {"NativeMessagingBlocklist": ["*"]}, {"NativeMessagingAllowlist": [HOST.name]}
    assert whole("chromium", with_policies("chromium", nothing, ours)) == OWN
    assert whole("chromium", with_policies("chromium", ours, nothing)) == OWN
    again: dict[str, Any] = {"NativeMessagingAllowlist": []}
    said = "/etc/p/1.json forbids this host (NativeMessagingBlocklist)."
    assert broken(with_policies("chromium", nothing, ours, again)) == (said, ASK, False)
    assert broken(with_policies("gecko", nothing, ours)) == (said, ASK, False)


@pytest.mark.parametrize("family", FAMILIES)
def test_where_ones_own_are_forbidden_those_for_all_are_used(family: Family) -> None:
    policy = {"NativeMessagingUserLevelHosts": False}
    for own in (Found(), right(family), Found("file", b"{")):
        it = with_policies(family, policy, own=own, for_all=right(family))
        assert whole(family, it) == FOR_ALL
    it = with_policies(family, policy, own=right(family), for_all=Found("file", b"{"))
    said = f"{FOR_ALL} is not JSON, or begins with a byte order mark."
    assert broken(it) == (said, "Run `sudo flattr-host register --system`.", False)


# ---- Sandboxes ----

FLATPAK = Confinement("Locked in.", "open {app}", ("/proxy",), ("/overrides", "x"))


@pytest.mark.parametrize(
    ("confinement", "can_work", "is_allowed", "said"),
    [
        (FLATPAK, True, True, None),
        (FLATPAK, True, False, ("Locked in.", "Allow it: open org.x")),
        (
            FLATPAK,
            False,
            True,
            ("Locked in. That package is not installed.", "Allow it: open org.x"),
        ),
        (
            FLATPAK,
            False,
            False,
            ("Locked in. That package is not installed.", "Allow it: open org.x"),
        ),
        (Confinement("No way out."), True, False, ("No way out.", "")),
    ],
)
def test_a_sandbox(
    confinement: Confinement, can_work: bool, is_allowed: bool, said: tuple[str, str] | None
) -> None:
    it = msgspec.structs.replace(
        seen("gecko"),
        row=Row("It", "gecko", "linux", "run", ("~/x",), confinement="c", app="org.x"),
        confinement=confinement,
        can_work=can_work,
        is_allowed=is_allowed,
    )
    if said is None:
        assert whole("gecko", it) == OWN
        absent = msgspec.structs.replace(it, places=((OWN, Found()),))
        assert broken(absent)[0] == ABSENT  # then the other links count
    else:
        assert broken(it) == (*said, False)


def test_a_sandbox_that_asks_the_person_itself_is_no_broken_link() -> None:
    asks = Confinement("It asks you once.", asks=True)
    it = msgspec.structs.replace(seen("gecko"), confinement=asks, can_work=False)
    assert whole("gecko", it) == OWN


# ---- Whatever is there ----

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["name", "description", "path", "type", "allowed_extensions", "allowed_origins"]
)
POLICIES = st.sampled_from(
    [
        "NativeMessagingUserLevelHosts",
        "NativeMessagingBlocklist",
        "NativeMessagingAllowlist",
        "ExtensionInstallBlocklist",
        "ExtensionSettings",
    ]
)
Kind = Literal["absent", "file", "link", "folder", "other"]
KINDS: st.SearchStrategy[Kind] = st.sampled_from(get_args(Kind))
MANIFEST = st.none() | st.binary(max_size=200) | JSON.map(lambda it: json.dumps(it).encode())


@st.composite
def founds(draw: st.DrawFn) -> Found:
    """Any bytes, or a manifest of ours with some fields that are not."""
    family = draw(st.sampled_from(FAMILIES))
    wrong = draw(st.dictionaries(FIELDS, JSON, max_size=2))
    nearly = st.just(right(family, **wrong).content)
    return Found(draw(KINDS), draw(MANIFEST | nearly), owner=draw(st.sampled_from(["", "root"])))


@given(
    places=st.lists(founds(), max_size=3),
    own=st.integers(0, 3),
    policies=st.lists(st.dictionaries(POLICIES | st.text(), JSON, max_size=3), max_size=3),
    family=st.sampled_from(FAMILIES),
    platform=st.sampled_from(["linux", "windows"]),
)
def test_whatever_is_there_one_sentence_comes_of_it(
    places: list[Found],
    own: int,
    policies: list[dict[str, Any]],
    family: Family,
    platform: Any,
) -> None:
    registry = ("k",) if platform == "windows" else ()
    it = Seen(
        Row("It", family, platform, "run", ("~/x",), registry=registry),
        tuple((f"/{number}/x.json", found) for number, found in enumerate(places)),
        min(own, len(places)),
        {LAUNCHER: OURS},
        tuple(Policy("/p", values) for values in policies),
    )
    link = first_broken(it, HOST)
    if isinstance(link, Broken):
        assert link.message.endswith(".")
        assert link.next
        assert not link.can_fix or "register" in link.next
    else:
        assert link.manifest in dict(it.places)
