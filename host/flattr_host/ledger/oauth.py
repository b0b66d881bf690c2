"""OAuth 2 for the applications of a served ledger: the authorization code grant with PKCE.

RFC 6749 (4.1), RFC 7636 (S256 alone), RFC 8252 (7.3). No HTTP in here.

Not oauthlib's server half: this is one grant out of all that it knows, it makes tokens of its own
with a lifetime where the API's have none, and it checks a code and uses it up in two steps, between
which the same code could be redeemed a second time.
"""

import hashlib
import re
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .accounts import LOOPBACK, SCOPES, Accounts, App

#: A code is good for so many seconds, and once.
CODE_SECONDS = 60

#: Used and expired codes are known for so long, to find out that one was stolen.
REMEMBERED_SECONDS = 3600

#: No more codes than this at once; the oldest go first.
MAX_CODES = 10_000

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class UntrustedRequest(Exception):
    """An authorization request that must not be sent back to anywhere; the argument says why."""


class Refused(Exception):
    """An error word of OAuth: ``error``, ``error_description``, and the status for an answer."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


class SentBack(Exception):
    """An authorization that is refused where the application can see it: at ``location``."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


class Authorization(NamedTuple):
    """What an application asks a person for. ``challenge`` "": it has a secret and no PKCE.

    ``names_redirect_uri``: the request had one, so that the token request must have it again.
    """

    app: App
    redirect_uri: str
    names_redirect_uri: bool
    scope: frozenset[str]
    state: str
    challenge: str

    def granted(self, code: str) -> str:
        """Where the browser goes with the person's yes."""
        return self._back({"code": code})

    def refused(self, error: str, description: str) -> str:
        """Where the browser goes with a no."""
        return self._back({"error": error, "error_description": description})

    def _back(self, answer: dict[str, str]) -> str:
        parts = urlsplit(self.redirect_uri)
        given = parse_qsl(parts.query, keep_blank_values=True)
        state = [("state", self.state)] if self.state else []
        query = urlencode([*given, *answer.items(), *state])
        return urlunsplit(parts._replace(query=query, path=parts.path or "/"))


def read_authorization(accounts: Accounts, pairs: Iterable[tuple[str, str]]) -> Authorization:
    """The authorization request with these parameters.

    Raises ``UntrustedRequest`` where the application or its address is in doubt, and ``SentBack``
    for everything else that is wrong.
    """
    listed = list(pairs)
    fields = dict(listed)
    if len(fields) != len(listed):
        raise UntrustedRequest("A parameter stands in it twice.")
    app = accounts.app(fields.get("client_id", ""))
    if app is None:
        raise UntrustedRequest("No application with this client_id is known here.")
    given = fields.get("redirect_uri", "")
    if given and not _is_address_of(app, given):
        raise UntrustedRequest(f"Its redirect_uri is not the one that {app.name} registered.")
    scope = frozenset(re.split(r"[ ,]+", fields.get("scope", "").strip(" ,"))) - {""}
    asked = Authorization(
        app=app,
        redirect_uri=given or app.redirect_uri,
        names_redirect_uri=bool(given),
        scope=scope or frozenset({"flattr"}),
        state=fields.get("state", ""),
        challenge=fields.get("code_challenge", ""),
    )
    _check(asked, fields)
    return asked


def _check(asked: Authorization, fields: dict[str, str]) -> None:
    kind = fields.get("response_type")
    method = fields.get("code_challenge_method", "plain" if asked.challenge else "")
    if not kind:
        problem = "invalid_request", "response_type is missing"
    elif kind != "code":
        problem = "unsupported_response_type", "Only response_type=code is offered"
    elif not asked.scope <= set(SCOPES):
        problem = "invalid_scope", f"The scopes are: {' '.join(SCOPES)}"
    elif not asked.challenge and not asked.app.confidential:
        problem = "invalid_request", "A code_challenge is required (PKCE, RFC 7636)"
    elif asked.challenge and (method != "S256" or not _CHALLENGE.fullmatch(asked.challenge)):
        problem = "invalid_request", "A code_challenge is one by code_challenge_method=S256"
    else:
        return
    raise SentBack(asked.refused(*problem))


#: The whole of it: urlsplit takes "[::1].example.org" for the address that it begins with.
_LOOPBACK_NETLOC = re.compile(r"(?:127\.0\.0\.1|\[::1\]|localhost)(?::[0-9]{1,5})?")


def is_loopback(uri: str) -> bool:
    """Whether a redirect to this URI stays on the person's own machine."""
    return urlsplit(uri).hostname in LOOPBACK


def _is_address_of(app: App, given: str) -> bool:
    """Whether ``given`` is what the app registered; at the loopback, any port is (RFC 8252, 7.3).

    Its path is the registered one too, so that no other page on the machine gets a code.
    """
    if given == app.redirect_uri:
        return True
    try:
        ours, theirs = urlsplit(app.redirect_uri), urlsplit(given)
        _ = theirs.port
    except ValueError:
        return False
    return (
        ours.scheme == theirs.scheme == "http"
        and all(_LOOPBACK_NETLOC.fullmatch(it.netloc) for it in (ours, theirs))
        and (ours.path or "/", ours.query) == (theirs.path or "/", theirs.query)
        and "#" not in given
        and given.isascii()
        and given.isprintable()
    )


class _Grant:
    """A code that was given out. ``token_id`` is there when it was used."""

    def __init__(self, asked: Authorization, username: str, since: float) -> None:
        self.asked, self.username, self.since = asked, username, since
        self.is_used = False
        self.token_id: int | None = None


class Codes:
    """The authorization codes under way, in the process's memory. For several threads.

    ``now`` gives the Unix time in seconds.
    """

    def __init__(self, accounts: Accounts, now: Callable[[], float] = time.time) -> None:
        self._accounts = accounts
        self._now = now
        self._lock = threading.Lock()
        self._grants: dict[str, _Grant] = {}

    def issue(self, asked: Authorization, username: str) -> str:
        """A code for what ``username`` has said yes to."""
        code = secrets.token_urlsafe(32)
        now = self._now()
        with self._lock:
            while self._grants:
                oldest = next(iter(self._grants))  # they stand in the order of their time
                is_old = self._grants[oldest].since < now - REMEMBERED_SECONDS
                if not is_old and len(self._grants) < MAX_CODES:
                    break
                del self._grants[oldest]
            self._grants[code] = _Grant(asked, username, now)
        return code

    def redeem(self, fields: dict[str, str], basic: tuple[str, str] | None) -> str:
        """The access token for a token request. Raises ``Refused``.

        ``basic`` is the client's id and secret from ``Authorization``, if it has one.
        """
        app = _authenticated(self._accounts, fields, basic)
        kind = fields.get("grant_type", "")
        if not kind:
            raise Refused("invalid_request", "grant_type is missing")
        if kind != "authorization_code":
            raise Refused("unsupported_grant_type", "Only grant_type=authorization_code is offered")
        if not fields.get("code"):
            raise Refused("invalid_request", "code is missing")
        with self._lock:
            return self._token(app, fields)

    def _token(self, app: App, fields: dict[str, str]) -> str:
        grant = self._grants.get(fields["code"])
        if grant is None or grant.asked.app.client_id != app.client_id:
            raise Refused("invalid_grant", "The code is none that this application was given")
        if grant.is_used:
            # Two have the code, one of them a thief: neither keeps what was got with it.
            if grant.token_id is not None:
                self._accounts.revoke_token(grant.token_id)
            raise Refused("invalid_grant", "The code was used before; its token is revoked")
        if self._now() > grant.since + CODE_SECONDS:
            raise Refused("invalid_grant", "The code has expired")
        grant.is_used = True
        _check_redemption(grant.asked, fields)
        token = self._accounts.add_token(grant.username, grant.asked.scope, app.client_id)
        access = self._accounts.access(token)
        grant.token_id = access.token_id if access else None
        return token


def _authenticated(
    accounts: Accounts, fields: dict[str, str], basic: tuple[str, str] | None
) -> App:
    client_id, secret = basic or (fields.get("client_id", ""), fields.get("client_secret", ""))
    app = accounts.app(client_id)
    if app is None or (app.confidential and not accounts.check_secret(client_id, secret)):
        raise Refused("invalid_client", "No application has this client id and secret", 401)
    return app


def _check_redemption(asked: Authorization, fields: dict[str, str]) -> None:
    """Whether the token request fits the authorization request."""
    given = fields.get("redirect_uri", "")
    # The Ruby gem asks for its token without a redirect_uri; where none was asked for, none is due.
    if given != asked.redirect_uri and (given or asked.names_redirect_uri):
        raise Refused("invalid_grant", "redirect_uri is not that of the authorization request")
    verifier = fields.get("code_verifier", "")
    if bool(verifier) != bool(asked.challenge):
        raise Refused("invalid_grant", "code_verifier and code_challenge go together")
    if verifier and not (
        _VERIFIER.fullmatch(verifier)
        and secrets.compare_digest(challenge_of(verifier), asked.challenge)
    ):
        raise Refused("invalid_grant", "code_verifier is not that of the code_challenge")


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
