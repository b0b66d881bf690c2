"""Whose token is sent, whatever somebody else signs in as meanwhile."""

import time

import pytest

from flattr_host import settings
from flattr_host.account import connecting, record, secret_file, token_store
from flattr_host.account.connected import Connections
from flattr_host.account.errors import NotConnected
from flattr_host.account.record import Account
from flattr_host.api.objects import User
from flattr_host.api.remote import RemoteBackend
from flattr_host.api.secret import Secret
from tests.conftest import Home

SERVER = "https://server.example/rest/v2"


def account(username: str) -> Account:
    return Account(SERVER, username, "file", "flattr", "flattr-host", time.time_ns())


@pytest.fixture
def alice(flattr_home: Home) -> Account:
    assert flattr_home
    secret_file.save(SERVER, Secret("alice-token"))
    one = account("alice")
    record.write(one)
    return one


def test_a_login_in_between_is_noticed(alice: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token of somebody else is never sent for who was there before."""
    bob = account("bob")
    load, logins = token_store.load, iter([True])

    def load_after_a_login(name: str, place: record.Place) -> Secret | None:
        if next(logins, False):
            record.remove(alice)
            secret_file.save(SERVER, Secret("bob-token"))
            record.write(bob)
        return load(name, place)

    monkeypatch.setattr(token_store, "load", load_after_a_login)
    _, whose = Connections().open(SERVER, lambda _: None)
    assert whose == bob


class Killed(BaseException):
    """As if the process had ended there."""


def test_a_login_that_was_killed_leaves_nobody_connected(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the new token and the new record, the old record does not go with the new token."""
    assert alice

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(RemoteBackend, "user", lambda _: User(username="bob"))
    monkeypatch.setattr(connecting, "_remember", killed)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    mine = settings.Settings(api_url=SERVER)
    with pytest.raises(Killed):
        connecting.connect_with_token(mine, "bob-token")
    stored = secret_file.load(SERVER)
    assert stored
    assert stored.reveal() == "bob-token"
    with pytest.raises(NotConnected):
        Connections().open(SERVER, lambda _: None)
