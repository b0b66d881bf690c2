"""python-flattr (PyPI: flattrclient 0.2), which nobody here wrote, against the real server.

Only where it finds the server is changed. Subscriptions and activities are not served.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flattrclient.api  # type: ignore[import-untyped]
import flattrclient.base  # type: ignore[import-untyped]
import flattrclient.exc  # type: ignore[import-untyped]
import flattrclient.oauth  # type: ignore[import-untyped]
import pytest

from tests.ledger.served import Served, run

REPOSITORY = "https://github.com/smgt/flattr"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "ledger.sqlite3") as it:
        it.add_user("alice")
        it.add_user("bob")
        yield it


@pytest.fixture
def as_user(served: Served, monkeypatch: pytest.MonkeyPatch) -> Any:
    def start(self: Any, session: Any) -> None:
        self._session, self._api_url = session, served.url

    monkeypatch.setattr(flattrclient.base.BaseApi, "__init__", start)
    return lambda name: flattrclient.api.get(served.token(name))


def test_things(as_user: Any) -> None:
    alice, bob = as_user("alice"), as_user("bob")
    thing = alice.things.new(url="https://alice.example/", title="A", tags=["x", "y"])
    assert thing.commit()["message"] == "ok"
    (one,) = [alice.things.get(str(thing.id))]
    assert (one.title, one.tags, one.hidden, one.flattred) == ("A", ["x", "y"], False, False)
    one.title = "B"
    assert one.commit()["message"] == "ok"
    assert alice.things.get(str(thing.id)).title == "B"
    other = alice.things.new(url="https://alice.example/2", title="C")
    other.commit()
    both = list(alice.things.get(str(thing.id), str(other.id)))
    assert sorted(it.title for it in both) == ["B", "C"]
    found = bob.things.lookup("https://alice.example/")
    assert (found.id, found.flattred) == (thing.id, False)
    assert other.delete() == ""
    with pytest.raises(flattrclient.exc.NotFoundError):
        alice.things.get(str(other.id or 2))
    with pytest.raises(flattrclient.exc.NotFoundError):
        bob.things.lookup("https://nobody.example/")


def test_flattring(as_user: Any) -> None:
    alice, bob = as_user("alice"), as_user("bob")
    thing = alice.things.new(url="https://alice.example/", title="A")
    thing.commit()
    seen = bob.things.get(str(thing.id))
    assert seen.support()["thing"]["flattrs"] == 1
    with pytest.raises(flattrclient.exc.FlattrApiError, match="already flattred"):
        seen.support()
    with pytest.raises(flattrclient.exc.FlattrApiError, match="owner"):
        thing.support()
    assert bob.things.get(str(thing.id)).flattred is True
    (flattr,) = seen.get_flattrs()
    assert flattr.owner["username"] == "bob"
    (flattr,) = bob.authenticated.get_flattrs(count=5, page=1, full=False)
    assert flattr.thing["id"] == thing.id
    (flattr,) = bob.users("bob").get_flattrs()
    assert flattr.thing["owner"]["username"] == "alice"


def test_users_and_search(as_user: Any) -> None:
    alice = as_user("alice")
    alice.things.new(url="https://alice.example/", title="Needle").commit()
    assert alice.users.get("bob").username == "bob"
    assert [thing.title for thing in alice.users("alice").get_things()] == ["Needle"]
    assert [thing.title for thing in alice.authenticated.get_things(full=True)] == ["Needle"]
    result = alice.things.search(query="needle", sort="flattrs", count=5)
    assert (result.total_items, [thing.title for thing in result.things]) == (1, ["Needle"])


def test_what_is_not_served_is_told_as_such(as_user: Any) -> None:
    alice = as_user("alice")
    with pytest.raises(flattrclient.exc.NotFoundError):
        alice.authenticated.get_subscriptions()
    thing = alice.things.new(url="https://alice.example/", title="A")
    thing.commit()
    for call in (thing.subscribe, thing.pause_subscription):
        with pytest.raises(flattrclient.exc.NotFoundError):
            call()
    with pytest.raises(flattrclient.exc.NotFoundError):
        alice.authenticated.get_activities()


def test_a_token_that_is_none(served: Served, as_user: Any) -> None:
    alice = as_user("alice")
    run("tokens", "revoke", "1", "--ledger", served.file)
    with pytest.raises(flattrclient.exc.UnauthorizedError):
        list(alice.authenticated.get_flattrs())


def test_oauth(served: Served) -> None:
    client = flattrclient.oauth.get()
    client._api_url = served.url
    client.set_auth("nobody", "secret")
    asked = client.authorize("flattr-host", "flattr,thing", "http://127.0.0.1/")
    assert asked.startswith(f"{served.url}/oauth/authorize?client_id=flattr-host")
    with pytest.raises(flattrclient.exc.FlattrApiError, match="client id"):
        client.token("code", "http://127.0.0.1/")
