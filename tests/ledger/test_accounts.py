"""Users, applications and tokens of a served ledger."""

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from flattr_host.ledger import Ledger, Person, Store
from flattr_host.ledger.accounts import AccountError, Accounts

FLATTR = frozenset({"flattr"})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "ledger.sqlite3"))


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return Accounts(store)


def test_users(accounts: Accounts) -> None:
    accounts.add_user("bob", None, means=0, hides_flattrs=True)
    accounts.add_user("Alice", "correct horse")
    alice, bob = accounts.users()
    assert (alice.username, alice.has_password, alice.means) == ("Alice", True, None)
    assert (bob.username, bob.has_password, bob.means, bob.hides_flattrs) == ("bob", False, 0, True)
    with pytest.raises(AccountError, match="already"):
        accounts.add_user("ALICE", None)


@pytest.mark.parametrize(
    "name", ["", "a b", "github:smgt", "é", "../x", "...", "a" * 65, "a\n", "a.JSON", ".as"]
)
def test_what_is_no_name(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError):
        accounts.add_user(name, None)


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_what_is_no_password(accounts: Accounts, password: str) -> None:
    with pytest.raises(AccountError):
        accounts.add_user("alice", password)
    assert accounts.users() == []


def test_who_was_known_as_an_owner_gets_what_is_theirs(store: Store, accounts: Accounts) -> None:
    link = "https://flattr.com/submit/auto?user_id=alice&url=https%3A%2F%2Fblog.example%2F"
    Ledger(store, Person("bob")).flattr(link)
    assert accounts.users() == []
    accounts.add_user("Alice", None)
    (thing,) = Ledger(store, Person("Alice")).user_things()
    assert thing.url == "https://blog.example/"


def test_passwords(accounts: Accounts) -> None:
    accounts.add_user("Alice", "correct horse")
    accounts.add_user("bob", None)
    assert accounts.check_password("aLICE", "correct horse") == "Alice"
    for name, password in (("alice", "wrong horse"), ("bob", ""), ("carol", "correct horse")):
        assert accounts.check_password(name, password) is None


def test_a_name_that_nobody_has_takes_as_long_as_a_wrong_password(accounts: Accounts) -> None:
    accounts.add_user("alice", "correct horse")

    def seconds(name: str) -> float:
        begun = time.process_time()  # of all its threads; others may keep the processors busy
        accounts.check_password(name, "wrong horse")
        return time.process_time() - begun

    seconds("nobody")  # makes the hash that is compared with
    known = min(seconds("alice") for _ in range(5))
    unknown = min(seconds("nobody") for _ in range(5))
    assert 0.5 < unknown / known < 2


def test_tokens(accounts: Accounts) -> None:
    accounts.add_user("alice", None, means=500)
    first = accounts.add_token("ALICE", FLATTR | {"thing"})
    second = accounts.add_token("alice", FLATTR, "flattr-host")
    access = accounts.access(first)
    assert access
    assert (access.username, access.scope, access.means) == ("alice", FLATTR | {"thing"}, 500)
    listed = accounts.tokens("Alice")
    assert [(it.app, it.scope) for it in listed] == [
        ("", "flattr thing"),
        ("flattr-host", "flattr"),
    ]
    accounts.revoke_token(listed[0].id)
    assert accounts.access(first) is None
    assert accounts.access(second)
    assert accounts.tokens()[0].revoked_at
    assert accounts.tokens("bob") == []
    for bad in ("", first + "x", "\ud800", "x" * 100_000):
        assert accounts.access(bad) is None


@pytest.mark.parametrize("scope", [frozenset[str](), frozenset({"everything"})])
def test_what_is_no_scope(accounts: Accounts, scope: frozenset[str]) -> None:
    accounts.add_user("alice", None)
    with pytest.raises(AccountError, match="scope"):
        accounts.add_token("alice", scope)


def test_tokens_are_for_those_with_an_account(store: Store, accounts: Accounts) -> None:
    Ledger(store, Person()).flattr("https://github.com/smgt")
    for name in ("nobody", "local:me", "github:smgt"):
        with pytest.raises(AccountError, match="no user"):
            accounts.add_token(name, FLATTR)
    with pytest.raises(AccountError, match="no token"):
        accounts.revoke_token(1)


def test_applications(accounts: Accounts) -> None:
    app, secret = accounts.add_app(" Reader ", "https://reader.example/back?a=1")
    assert (app.name, app.confidential) == ("Reader", True)
    assert accounts.check_secret(app.client_id, secret)
    assert not accounts.check_secret(app.client_id, "")
    assert not accounts.check_secret("nobody", secret)
    public, no_secret = accounts.add_app("Phone", "http://127.0.0.1/back", confidential=False)
    assert no_secret == ""
    assert not accounts.check_secret(public.client_id, "")
    assert [it.client_id for it in accounts.apps()] == [
        "flattr-host",
        app.client_id,
        public.client_id,
    ]
    assert accounts.app(app.client_id) == app
    assert accounts.app("nobody") is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/back",
        "http://reader.example/",
        "https://reader.example/#x",
        "https://a@reader.example/",
        "javascript:alert(1)",
        "http://[",
    ],
)
def test_what_is_no_redirect_uri(accounts: Accounts, uri: str) -> None:
    with pytest.raises(AccountError, match="redirect URI"):
        accounts.add_app("Reader", uri)


def test_removing_an_application(accounts: Accounts) -> None:
    accounts.add_user("alice", None)
    removed, _ = accounts.add_app("Reader", "https://reader.example/")
    kept, _ = accounts.add_app("Pod", "https://pod.example/")
    theirs = accounts.add_token("alice", FLATTR, removed.client_id)
    others = [accounts.add_token("alice", FLATTR, it) for it in (kept.client_id, None)]
    accounts.remove_app(removed.client_id)
    assert accounts.access(theirs) is None
    assert all(accounts.access(token) for token in others)
    assert [app.name for app in accounts.apps()] == ["flattr-host", "Pod"]
    assert len(accounts.tokens()) == 2
    for client_id, words in (
        (removed.client_id, "no application"),
        ("flattr-host", "every ledger"),
    ):
        with pytest.raises(AccountError, match=words):
            accounts.remove_app(client_id)


def test_no_secret_is_stored_as_it_is(store: Store, accounts: Accounts, tmp_path: Path) -> None:
    accounts.add_user("alice", "correct horse")
    token = accounts.add_token("alice", FLATTR)
    _, secret = accounts.add_app("Reader", "https://reader.example/")
    store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.sqlite3")) as db:
        dump = "\n".join(db.iterdump())
    assert "argon2id" in dump
    for hidden in ("correct horse", token, secret):
        assert hidden not in dump
