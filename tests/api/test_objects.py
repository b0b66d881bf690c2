"""Every recorded quirk is read, the documented form is emitted."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from flattr_host.api.objects import (
    Flattr,
    Flattred,
    Lookup,
    RateLimitStatus,
    SearchResult,
    Thing,
    ThingChange,
    User,
    read,
)

USER = {
    "type": "user",
    "resource": "https://api.flattr.com/rest/v2/users/qzio",
    "link": "https://flattr.com/user/qzio",
    "username": "qzio",
}
THING = {
    "type": "thing",
    "resource": "https://api.flattr.com/rest/v2/things/313733",
    "link": "https://flattr.com/thing/313733",
    "id": 313733,
    "url": "https://flattr.com/profile/gnuproject",
    "title": "GNU's not Unix!",
    "image": "https://flattr.com/thing/image/3/1/3/7/3/3/medium.png",
    "flattrs": 3,
    "owner": USER,
}
FLATTR = {"type": "flattr", "thing": THING, "owner": USER, "created_at": 1316697578}


def test_the_documented_form_is_read_and_written_as_it_is() -> None:
    assert msgspec.json.encode(read([FLATTR], list[Flattr])) == as_printed([FLATTR])
    mini = {name: value for name, value in THING.items() if name != "owner"}
    told = {"message": "ok", "description": "Thing was successfully flattred", "thing": mini}
    emitted = json.loads(msgspec.json.encode(read(told, Flattred)))
    assert emitted == told
    assert "owner" not in emitted["thing"]


def as_printed(value: Any) -> bytes:
    """The fields in the order of the documentation."""
    return json.dumps(value, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("name", "told", "meant"),
    [
        ("created_at", 1316697578, 1316697578),
        ("created_at", "1316697578", 1316697578),
        ("hidden", 0, False),
        ("hidden", 1, True),
        ("hidden", "0", False),
        ("hidden", "1", True),
        ("hidden", False, False),
        ("hidden", True, True),
        ("hidden", "true", True),
        ("hidden", None, UNSET),
        ("flattrs_user_count", "2", 2),
        ("flattrs_user_count", None, UNSET),
        ("flattrs", "3", 3),
        ("image", "", ""),
        ("image", None, ""),
        ("title", None, ""),
        ("tags", [], ()),
        ("tags", ["a", "b"], ("a", "b")),
        ("tags", None, UNSET),
        ("language", "sv", "sv"),
        ("description", None, UNSET),
        ("owner", None, UNSET),
        ("flattred", 1, True),
        ("updated_at", "0", 0),
        ("id", "7", 7),
    ],
)
def test_each_quirk_of_a_thing(name: str, told: object, meant: object) -> None:
    thing = read({"id": 1, "url": "https://a.example/", name: told}, Thing)
    assert getattr(thing, name) == meant
    # As JSON text, where 0 and false differ.
    emitted = {name: meant} if meant is not UNSET else {}
    assert msgspec.json.encode(emitted)[1:-1] in msgspec.json.encode(thing)


def test_live_extras_of_a_user() -> None:
    live = {**USER, "id": "3bpQBK", "active_supporter": 1, "url": None, "avatar": "", "about": None}
    user = read(live, User)
    assert (user.username, user.url, user.avatar, user.about) == ("qzio", UNSET, "", UNSET)
    assert "active_supporter" not in json.loads(msgspec.json.encode(user))


def test_a_flattr_s_time_is_emitted_as_a_number() -> None:
    flattr = read({**FLATTR, "created_at": "1316697578"}, Flattr)
    assert json.loads(msgspec.json.encode(flattr))["created_at"] == 1316697578


def test_missing_and_unknown_fields() -> None:
    thing = read({"id": 1, "url": "https://a.example/", "new": {"nested": None}}, Thing)
    assert json.loads(msgspec.json.encode(thing)) == {
        "type": "thing",
        "id": 1,
        "url": "https://a.example/",
        "title": "",
        "image": "",
    }


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"url": "https://a.example/"}, Thing),
        ({"id": 1}, Thing),
        ({"id": None, "url": "https://a.example/"}, Thing),
        ({"id": -1, "url": "https://a.example/"}, Thing),
        ({"id": 2**63, "url": "https://a.example/"}, Thing),
        ({"id": 1, "url": "https://a.example/", "created_at": 10**12}, Thing),
        ({"id": 1, "url": "https://a.example/", "created_at": "yesterday"}, Thing),
        ({"id": 1, "url": "https://a.example/", "hidden": "perhaps"}, Thing),
        ({"id": 1, "url": ["https://a.example/"]}, Thing),
        ({"type": "user", "id": 1, "url": "https://a.example/"}, Thing),
        ({"username": 5}, User),
        ({"message": "ok"}, Flattred),
        ({"thing": None}, Flattred),
        ({"message": "perhaps"}, Lookup),
        ([], Thing),
        ("thing", Thing),
        (None, Flattr),
    ],
)
def test_what_is_none_of_the_api_s_objects(value: object, kind: type) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(value, kind)


def test_the_odd_rate_limit_and_search() -> None:
    status = read(
        {
            "hourly_limit": 1000,
            "remaining_hits": 986,
            "current_hits": 14,
            "reset_time_in_seconds": 1342521939,
            "reset_time": "Tue, 17 Jul 2012 10:45:39 +0000 GMT",
        },
        RateLimitStatus,
    )
    assert status.reset_time_in_seconds == 1342521939
    found = read({"total_items": "1", "items": 1, "page": 1, "things": [THING]}, SearchResult)
    assert (found.total_items, found.things[0].id) == (1, 313733)


def test_a_change_says_only_what_changes() -> None:
    assert msgspec.to_builtins(ThingChange(title="")) == {"title": ""}


numbers = st.integers(0, 2**63 - 1)
times = st.integers(0, 253_402_300_799)
texts = st.text()
users = st.builds(User, username=texts, url=texts, email=texts, registered_at=times)
things = st.builds(
    Thing,
    id=numbers,
    url=texts,
    title=texts,
    flattrs=numbers,
    owner=users | st.just(UNSET),
    tags=st.lists(texts).map(tuple),
    created_at=times,
    hidden=st.booleans(),
    flattred=st.booleans() | st.just(UNSET),
)
flattrs = st.builds(Flattr, thing=things, owner=users, created_at=times)


@given(flattrs)
def test_what_is_emitted_is_read_back(flattr: Flattr) -> None:
    assert read(msgspec.json.decode(msgspec.json.encode(flattr)), Flattr) == flattr


@given(flattrs)
def test_with_every_quirk_at_once_it_is_the_same(flattr: Flattr) -> None:
    told = msgspec.to_builtins(flattr)
    told["created_at"] = str(told["created_at"])
    told["thing"].update(
        hidden=int(told["thing"]["hidden"]),
        flattrs=str(told["thing"]["flattrs"]),
        subscribed=None,
        location="https://a.example/",
    )
    assert read(told, Flattr) == flattr


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


@given(json_values | st.fixed_dictionaries(dict.fromkeys(("id", "url", "owner"), json_values)))
def test_anything_is_read_or_refused(value: object) -> None:
    try:
        thing = read(value, Thing)
    except msgspec.ValidationError:
        return
    assert isinstance(thing, Thing)
