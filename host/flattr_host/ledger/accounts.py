"""Who may use a served ledger: users with passwords, applications, tokens.

Secrets are random and are stored hashed: SHA-256 for the tokens and client secrets that are made
here (256 bits each: nothing is gained by a slow hash), Argon2id for the passwords of people.
"""

import hashlib
import re
import secrets
import sqlite3
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

from ..api.errors import FlattrError
from .formats import SUFFIXES
from .store import Store

if TYPE_CHECKING:
    from argon2 import PasswordHasher

#: The scopes of the API.
SCOPES = ("flattr", "thing", "email", "extendedread")

#: What a URL calls the machine itself.
LOOPBACK = ("127.0.0.1", "::1", "localhost")

#: The application that every ledger has: flattr-host itself.
OWN_CLIENT_ID = "flattr-host"

MIN_PASSWORD = 8
MAX_PASSWORD = 1024


class AccountError(FlattrError):
    """What was asked for cannot be done with these accounts; ``detail`` says why."""

    code = "account_error"


class Account(msgspec.Struct, frozen=True):
    """A user with an account. ``means``: hundredths a month, 0 for none, None for not counted."""

    username: str
    has_password: bool
    means: int | None
    hides_flattrs: bool
    flattrs: int
    registered_at: int


class App(msgspec.Struct, frozen=True):
    """An application. One that is not ``confidential`` has no secret and needs PKCE."""

    client_id: str
    name: str
    redirect_uri: str
    confidential: bool


class Access(msgspec.Struct, frozen=True):
    """What a token gives: to whom, and what for."""

    token_id: int
    username: str
    scope: frozenset[str]
    means: int | None


class TokenRow(msgspec.Struct, frozen=True):
    """A token as it is listed; what it is itself is not stored. ``app`` "" for the terminal."""

    id: int
    username: str
    app: str
    scope: str
    created_at: int
    revoked_at: int | None


class Accounts:
    """The accounts of one ledger. Everything raises ``LedgerUnavailable`` as well."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def add_user(
        self,
        username: str,
        password: str | None,
        means: int | None = None,
        hides_flattrs: bool = False,
    ) -> None:
        """Gives somebody an account. Without a password they can only use tokens.

        A name that the ledger knows as an owner of things gets the account for it, and with that
        what is theirs. Raises ``AccountError`` for a name that is taken or none, and for a
        password that is too short or too long.
        """
        _check_name(username)
        hashed = _hasher().hash(_checked(password)) if password is not None else None
        with self._store.transaction() as db:
            row = db.execute(
                "SELECT registered_at FROM users WHERE username = ?", (username,)
            ).fetchone()
            if row and row[0] is not None:
                raise AccountError(f"There is a user {username} already.")
            db.execute(
                "INSERT INTO users (username, password, means, hides_flattrs, registered_at)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (username) DO UPDATE SET"
                " username = excluded.username, password = excluded.password,"
                " means = excluded.means, hides_flattrs = excluded.hides_flattrs,"
                " registered_at = excluded.registered_at",
                (username, hashed, means, hides_flattrs, int(self._now())),
            )

    def set_password(self, username: str, password: str) -> None:
        """Gives them another password. Raises ``AccountError`` as :meth:`add_user` does."""
        hashed = _hasher().hash(_checked(password))
        with self._store.transaction() as db:
            user = _account_id(db, username)
            db.execute("UPDATE users SET password = ? WHERE id = ?", (hashed, user))

    def change_user(
        self,
        username: str,
        means: int | UnsetType | None = UNSET,
        hides_flattrs: bool | UnsetType = UNSET,
    ) -> None:
        """Changes what is given. Raises ``AccountError`` for a name that has no account."""
        with self._store.transaction() as db:
            user = _account_id(db, username)
            if means is not UNSET:
                db.execute("UPDATE users SET means = ? WHERE id = ?", (means, user))
            if hides_flattrs is not UNSET:
                query = "UPDATE users SET hides_flattrs = ? WHERE id = ?"
                db.execute(query, (hides_flattrs, user))

    def users(self) -> list[Account]:
        """Everybody with an account, by name."""
        query = (
            "SELECT username, password IS NOT NULL, means, hides_flattrs, flattrs, registered_at"
            " FROM users WHERE registered_at IS NOT NULL ORDER BY username"
        )
        with self._store.reading() as db:
            return [
                Account(name, bool(has_password), means, bool(hides), flattrs, since)
                for name, has_password, means, hides, flattrs, since in db.execute(query)
            ]

    def check_password(self, username: str, password: str) -> str | None:
        """The name as it was registered, if the password is theirs. Takes as long if not."""
        query = "SELECT username, password FROM users WHERE username = ?"
        with self._store.reading() as db:
            row = db.execute(query, (username,)).fetchone()
        name, hashed = row or (None, None)
        from argon2.exceptions import Argon2Error, InvalidHashError

        try:
            _hasher().verify(hashed or _nobodys_hash(), password[:MAX_PASSWORD])
        except (Argon2Error, InvalidHashError):
            return None
        return name if hashed else None

    def add_token(self, username: str, scope: frozenset[str], client_id: str | None = None) -> str:
        """A new token, which is told this once. Raises ``AccountError``."""
        if not scope or not scope <= set(SCOPES):
            raise AccountError(f"A scope is one or more of: {' '.join(SCOPES)}.")
        token = secrets.token_urlsafe(32)
        with self._store.transaction() as db:
            user = _account_id(db, username)
            app = None
            if client_id is not None:
                (app,) = db.execute(
                    "SELECT id FROM apps WHERE client_id = ?", (client_id,)
                ).fetchone() or (None,)
                if app is None:
                    raise AccountError("There is no such application.")
            db.execute(
                "INSERT INTO tokens (token, user_id, app_id, scope, created_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (_hash(token), user, app, " ".join(sorted(scope)), int(self._now())),
            )
        return token

    def tokens(self, username: str | None = None) -> list[TokenRow]:
        """All tokens, of one user or of all, oldest first."""
        query = (
            "SELECT tokens.id, username, coalesce(apps.name, ''), scope, tokens.created_at,"
            " revoked_at FROM tokens JOIN users ON users.id = user_id"
            " LEFT JOIN apps ON apps.id = app_id WHERE ?1 IS NULL OR username = ?1"
            " ORDER BY tokens.id"
        )
        with self._store.reading() as db:
            return [TokenRow(*row) for row in db.execute(query, (username,))]

    def revoke_token(self, token_id: int) -> None:
        """Makes a token useless. Raises ``AccountError`` if there is none with that id."""
        with self._store.transaction() as db:
            changed = db.execute(
                "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?",
                (int(self._now()), token_id),
            )
            if not changed.rowcount:
                raise AccountError(f"There is no token with the id {token_id}.")

    def access(self, token: str) -> Access | None:
        """What a token gives; None if it gives nothing (any more)."""
        query = (
            "SELECT tokens.id, username, scope, means FROM tokens"
            " JOIN users ON users.id = user_id WHERE token = ? AND revoked_at IS NULL"
        )
        with self._store.reading() as db:
            row = db.execute(query, (_hash(token),)).fetchone()
        return Access(row[0], row[1], frozenset(row[2].split()), row[3]) if row else None

    def add_app(self, name: str, redirect_uri: str, confidential: bool = True) -> tuple[App, str]:
        """A new application and its secret ("" for a public one), told this once.

        Raises ``AccountError`` for a ``redirect_uri`` that is no absolute URL without a fragment,
        https or http to the loopback.
        """
        check_redirect_uri(redirect_uri)
        if not name.strip() or not name.isprintable():
            raise AccountError("An application needs a name that can be shown to people.")
        client_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32) if confidential else ""
        with self._store.transaction() as db:
            db.execute(
                "INSERT INTO apps (client_id, name, secret, redirect_uri, created_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    client_id,
                    name.strip(),
                    _hash(secret) if secret else None,
                    redirect_uri,
                    int(self._now()),
                ),
            )
        return App(client_id, name.strip(), redirect_uri, confidential), secret

    def remove_app(self, client_id: str) -> None:
        """Removes an application, and all tokens that people have let it have.

        Raises ``AccountError`` if there is none with that client id, and for flattr-host itself.
        """
        if client_id == OWN_CLIENT_ID:
            raise AccountError("flattr-host is in every ledger: buttons are connected through it.")
        with self._store.transaction() as db:
            query = "SELECT id FROM apps WHERE client_id = ?"
            found = db.execute(query, (client_id,)).fetchone()
            if found is None:
                raise AccountError(f"There is no application with the client id {client_id}.")
            db.execute("DELETE FROM tokens WHERE app_id = ?", found)
            db.execute("DELETE FROM apps WHERE id = ?", found)

    def apps(self) -> list[App]:
        """All applications, oldest first."""
        with self._store.reading() as db:
            return [_app(row) for row in db.execute(f"{_APPS} ORDER BY id")]

    def app(self, client_id: str) -> App | None:
        """The application with that client id."""
        with self._store.reading() as db:
            row = db.execute(f"{_APPS} WHERE client_id = ?", (client_id,)).fetchone()
        return _app(row) if row else None

    def check_secret(self, client_id: str, secret: str) -> bool:
        """Whether the secret is that confidential application's, in constant time."""
        with self._store.reading() as db:
            query = "SELECT secret FROM apps WHERE client_id = ?"
            row = db.execute(query, (client_id,)).fetchone()
        known = (row[0] if row else None) or ""
        return secrets.compare_digest(known, _hash(secret)) and bool(known)


_APPS = "SELECT client_id, name, redirect_uri, secret IS NOT NULL FROM apps"

#: A user name can stand in an auto-submit URL and in a path; a colon is for owners of sites.
_NAME = re.compile(r"[\w.+-]{1,64}", re.ASCII)


def _app(row: tuple[str, str, str, int]) -> App:
    client_id, name, redirect_uri, has_secret = row
    return App(client_id, name, redirect_uri, bool(has_secret))


def _check_name(username: str) -> None:
    if not _NAME.fullmatch(username) or not any(it.isalnum() for it in username):
        raise AccountError("A user name has 1 to 64 letters, digits and . _ + - in it.")
    if username.lower().rpartition(".")[2] in SUFFIXES and "." in username:
        raise AccountError("A user name does not end like a format, as .json: addresses do.")


def _checked(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise AccountError(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    return password


def check_redirect_uri(uri: str) -> None:
    """Raises ``AccountError`` where a code must not be sent to ``uri`` (RFC 8252, RFC 9700)."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        parts, host = None, None
    is_safe = parts and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
    if not parts or not host or not is_safe or parts.fragment or "@" in parts.netloc:
        raise AccountError(
            "A redirect URI is an absolute https URL without a fragment; http goes to the"
            " loopback alone."
        )


def _account_id(db: sqlite3.Connection, username: str) -> int:
    row = db.execute(
        "SELECT id FROM users WHERE username = ? AND registered_at IS NOT NULL", (username,)
    ).fetchone()
    if row is None:
        raise AccountError(f"There is no user {username}.")
    return int(row[0])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # for those few calls that a person waits for anyway

    return PasswordHasher()  # Argon2id, by the second of RFC 9106's recommendations


@cache
def _nobodys_hash() -> str:
    """What a password is compared with where there is none, so that it takes as long."""
    return _hasher().hash(secrets.token_urlsafe(32))
